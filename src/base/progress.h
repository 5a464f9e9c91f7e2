/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress - one line on a terminal, redrawn while long work goes on: how much, how fast, how long still.
 * Nothing at all where standard error is no terminal. The caller names the time, so it costs no system call
 * when it is not yet due.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct progress {
    const char *what; /* "import", borrowed */
    int64_t started_ns, drawn_ns;
    bool is_terminal;
    bool is_drawn;
};

/* now_ns: timestamp_now(), here and below. */
void progress_init(struct progress *progress, const char *what, int64_t now_ns);

/* Redraws some five times a second. size_bytes 0: unknown. */
void progress_show(struct progress *progress, uint64_t done_bytes, uint64_t size_bytes, uint64_t n_packets,
                   int64_t now_ns);

/* Wipes the line, so that what is printed next stands alone. */
void progress_clear(struct progress *progress);

/* The line itself: "import 45 % 460 MB of 1.02 GB, 230 MB/s, 1,982,345 packets, 2.4s left". */
bool progress_format(struct buffer *line, const char *what, uint64_t done_bytes, uint64_t size_bytes,
                     uint64_t n_packets, int64_t elapsed_ns);
