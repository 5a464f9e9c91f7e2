/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error - a fault: a kind to act on, and one sentence that names the thing, gaining context on its way up:
 * "segment x.pcapng.zst: block 17: checksum differs". Printed once, where it ends. What is put into it from
 * elsewhere (names of files, words of a packet) is escaped as by utf8_put_escaped, so it can be printed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum error_kind {
    ERROR_NONE,
    ERROR_USAGE,       /* the caller's words are off */
    ERROR_SYSTEM,      /* the system refused: file, socket, memory */
    ERROR_NO_SPACE,    /* the disk is full */
    ERROR_DAMAGED,     /* bytes are not what their format says */
    ERROR_UNSUPPORTED, /* legal, but not understood here */
    ERROR_LIMIT,       /* a named bound was reached */
};

struct error {
    enum error_kind kind;
    uint32_t at, len; /* the part of the caller's words that is meant, in bytes; len 0: none in particular */
    char text[768];
};

/* Sets kind and sentence; returns false, so that a fault can be returned in one line. */
__attribute__((format(printf, 3, 4))) bool error_set(struct error *error, enum error_kind kind,
                                                     const char *format, ...);

/* The same for a failed system call: adds ": " and what errno says; ENOSPC and EDQUOT become ERROR_NO_SPACE.
 */
__attribute__((format(printf, 2, 3))) bool error_system(struct error *error, const char *format, ...);

/* Puts "context: " before the sentence. */
__attribute__((format(printf, 2, 3))) void error_context(struct error *error, const char *format, ...);

/* Puts advice behind it, on a line of its own. */
__attribute__((format(printf, 2, 3))) void error_append(struct error *error, const char *format, ...);
