/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_rows - rows on request: from a number on, before a number, or at a time, that answer a question
 * (docs/live-protocol.md, "Rows on request"). In bounded time: what is not done by then is asked for again.
 */
#pragma once

#include "live/archive_scan.h"
#include "live/row.h"

enum {
    ARCHIVE_ROWS_LIMIT = 250,
    ARCHIVE_GAPS_LIMIT = 250,
    ROWS_TIME_MS = 1000,      /* for one answer */
    ROWS_WINDOW_LEAST = 4096, /* numbers looked at at once when going backwards with a filter */
};

enum rows_mode { ROWS_FROM, ROWS_BEFORE, ROWS_AT, ROWS_FROM_START };

struct rows_question {
    struct question question;
    enum rows_mode mode;
    uint64_t number; /* FROM, BEFORE */
    int64_t at_ns;   /* AT */
    uint32_t n;
    const atomic_bool *stop; /* may be NULL */
};

struct rows_answer {
    struct row rows[ARCHIVE_ROWS_LIMIT]; /* texts in `texts` */
    uint32_t n;
    struct hub_gap gaps[ARCHIVE_GAPS_LIMIT];
    uint32_t n_gaps;
    uint64_t first, last; /* numbers looked at; 0: none */
    bool is_complete;
    uint64_t span_first, span_end; /* that may be asked for now; 0: none */
    struct buffer texts;
};

enum answer_result {
    ANSWER_DONE,
    ANSWER_REFUSED, /* the asker's filter: *error with its place */
    ANSWER_FAULT,
};

/* *answer is cleared by the caller in any case. */
enum answer_result archive_rows(struct archive_reader *reader, struct archive_devices *devices,
                                const struct rows_question *question, struct rows_answer *answer,
                                struct error *error);
void rows_answer_clear(struct rows_answer *answer);

/* What a scope lets see of the source's numbers. False: nothing is there. */
bool scope_span(struct archive_reader *reader, const struct scope *scope, uint64_t *first, uint64_t *end);
