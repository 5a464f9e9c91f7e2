/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer - how complete an answer is, in words and as JSON: what of the asked time the archive covers, with
 * which gaps and drops, what could not be read, and what of the found packets was cut at capture.
 *
 * One text for the terminal, for the comment of a written file, and for a person at a pipe's standard error;
 * so what they say cannot differ.
 */
#pragma once

#include "archive/coverage.h"
#include "base/json_writer.h"

struct answer {
    const struct coverage *coverage; /* NULL: capture files */
    bool is_local;
    bool is_of_device;             /* devices that indexes had no room for are missed */
    bool was_interrupted;          /* by a signal */
    uint64_t n_found, n_found_cut; /* packets; those shorter than they were on the wire */
    uint64_t n_dropped_before;     /* capture files: by whoever wrote them, as they say */
    uint64_t n_damaged;            /* parts that could not be read */
    const char *damage;            /* the first of them */
};

bool answer_is_complete(const struct answer *answer);

/* Lines, each ended; "" when there is nothing to be said of capture files. */
void answer_put_text(struct buffer *out, const struct answer *answer);

/* One line of what the reading itself brought to light; "" when nothing did. */
void answer_put_remark(struct buffer *out, const struct answer *answer);

/* The value of "coverage": an object. */
void answer_put_json(struct json_writer *json, const struct answer *answer);

/*
 * On standard error: always when it is a terminal or is_wanted, else only when the answer is not complete.
 * An answer that lacks nothing is quiet on a pipe, and so is one whose packets were merely cut: each of those
 * says so itself (frame.cap_len < frame.len).
 */
void answer_tell(const struct answer *answer, bool is_wanted);
