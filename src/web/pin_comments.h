/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pin_comments - what people said about packets of a source, as comments of the packets in a download: "Ann,
 * 2026-11-22 14:00:00Z: replies twice", and the replies below. In a worker, on its own connection.
 *
 * Whether a packet may be seen is not asked: a comment goes out with its packet only, and that is asked for
 * by the download's question.
 */
#pragma once

#include "live/archive_export.h"

struct pin_comments {
    struct export_comment *comments; /* by number; texts owned */
    uint32_t n;
};

/* What cannot be read is left out. */
void pin_comments_load(const char *directory, const char *source, struct pin_comments *pins);
void pin_comments_clear(struct pin_comments *pins);
