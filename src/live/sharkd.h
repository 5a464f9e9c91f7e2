/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sharkd - Wireshark's own dissection of one packet, where it is installed: its sharkd, kept running as a
 * child that is given a small file with the packet and what came before of its conversation, and asked for
 * the last frame's tree. It reads strangers' bytes with thousands of dissectors, so it has no network, no
 * file it may write, bounded memory, and is killed when it takes too long; then the next question starts
 * another one.
 *
 * Any thread; one question at a time.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"

enum {
    SHARKD_TIME_MS = 3000,   /* for one question */
    SHARKD_START_MS = 10000, /* the first one of a process: a busy machine takes long to load it */
    SHARKD_ANSWER_LIMIT_BYTES = 8 << 20, /* a longer tree is none */
    SHARKD_MEMORY_BYTES = 1 << 30,
    SHARKD_DEPTH_LIMIT = 24, /* of the tree; what lies deeper is left out */
};

struct sharkd;

struct sharkd *sharkd_new(void); /* NULL without memory; starts nothing */
void sharkd_free(struct sharkd *sharkd);

bool sharkd_is_installed(void);

/* capture: a whole pcapng; n_frames in it, of which the last is asked for. Writes the layers as
 * openapi.json's Layer, an array. False with *error: not installed, too slow, no answer. */
bool sharkd_layers(struct sharkd *sharkd, struct bytes capture, uint32_t n_frames, struct buffer *layers,
                   struct error *error);

struct sharkd_statistics {
    uint64_t n_answers, n_restarts, n_timeouts;
};
void sharkd_statistics(struct sharkd *sharkd, struct sharkd_statistics *statistics);
