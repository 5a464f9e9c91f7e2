/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_export - packets that answer a question as one pcapng section, written as they are found: with what
 * people said about a packet as its comments, and what is missing, and why, as the section's. And before: how
 * much that would be.
 */
#pragma once

#include "live/archive_rows.h"

enum { EXPORT_ESTIMATE_MS = 1000, EXPORT_COMMENT_LIMIT_BYTES = 60000 };

struct export_comment { /* sorted by number */
    uint64_t number;
    const char *text; /* UTF-8 */
};

struct export_question {
    struct question question;
    uint64_t first, last; /* both included; last UINT64_MAX: to the end */
    const char *words;    /* of the section's comment: what this is; NULL: nothing */
    const struct export_comment *comments;
    uint32_t n_comments;
    const atomic_bool *stop;
    /* Takes the next bytes; false: enough. */
    bool (*write)(void *context, struct bytes bytes);
    void *context;
};

/* Everything, as long as it takes: ANSWER_FAULT with *error, also when write had enough. Nothing is written
 * before the question is known to be a good one. */
enum answer_result archive_export(struct archive_reader *reader, struct archive_devices *devices,
                                  const struct export_question *question, struct error *error);

struct export_estimate {
    uint64_t n_packets, n_bytes; /* of the file, about */
    uint32_t n_comments;
    int64_t from_ns; /* of the first packet; 0: there is none */
    bool is_complete;
};

enum answer_result archive_export_estimate(struct archive_reader *reader, struct archive_devices *devices,
                                           const struct export_question *question,
                                           struct export_estimate *estimate, struct error *error);
