/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack - a stream of bytes as it was before gzip, zstd or lz4: told by content, in bounded memory, also one
 * inside the other (a .gz of a .zst). Bytes that are not packed pass through.
 *
 * Knows nothing of packets, and of files only the function that brings bytes. One thread.
 *
 * Several members or frames in a row are one stream, as their own tools take them; skippable frames are
 * skipped. A zstd window is memory that the file asks for: over 64 MiB it is refused, so that a search stays
 * within 128 MiB. zstd -d takes 128 MiB unasked; only --long=27 and --ultra -22 write such files.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

enum unpack_result {
    UNPACK_BYTES, /* at least one */
    UNPACK_IDLE,  /* none now: the input has none ready */
    UNPACK_END,   /* there are no more */
    UNPACK_FAULT, /* *error says what; bytes before it were delivered */
};

/* Brings at most cap bytes; answers as above. */
typedef enum unpack_result unpack_input(void *context, uint8_t *data, size_t cap, size_t *len,
                                        struct error *error);

struct unpack;

struct unpack *unpack_new(unpack_input *input, void *context, struct error *error); /* context is borrowed */
void unpack_free(struct unpack *unpack);

/* At most cap bytes into data, *len of them: those that need no further waiting. */
enum unpack_result unpack_read(struct unpack *unpack, uint8_t *data, size_t cap, size_t *len,
                               struct error *error);

/* True once anything packed was met: then offsets into the stream are not offsets into the file. */
bool unpack_is_packed(const struct unpack *unpack);
