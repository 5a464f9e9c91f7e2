/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scope - what of a source somebody may see, and what he asks for within that. Everything that answers with
 * packets, counts or names takes a question, and a question carries its scope: nothing answers without.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/time_range.h"
#include "live/number_ranges.h"

enum bytes_level { BYTES_NONE, BYTES_HEADERS, BYTES_FULL }; /* docs/live-protocol.md, "Bytes levels" */

struct scope {
    const char *source;      /* NULL: every one */
    const char *filter;      /* NULL: every packet */
    const char *device;      /* an identity as a person writes it; NULL: every device, and nobody's packets */
    struct time_range range; /* INT64_MIN, INT64_MAX: open; both ends included */
    struct number_ranges numbers; /* of its one source */
    enum bytes_level bytes;
};

/* What is asked: packets that are in the scope, and match the asker's own filter and device. Texts are
 * borrowed. */
struct question {
    const char *filter; /* NULL or "": all */
    const char *device; /* NULL: all */
    struct scope scope;
};

static inline struct scope scope_of_all(void)
{
    return (struct scope) { .range = { INT64_MIN, INT64_MAX }, .bytes = BYTES_FULL };
}

struct filter;

/*
 * Whether who sees so much of packets may ask this filter, which text was compiled to: a filter is a question
 * about bytes (docs/live-protocol.md, "Bytes levels"). False with *error set, the place marked. The filter of
 * a scope itself is its giver's, and asks what it likes.
 */
bool scope_allows(enum bytes_level level, const struct filter *filter, const char *text, struct error *error);

bool scope_has_source(const struct scope *scope, const char *source);
bool scope_is_all(const struct scope *scope); /* of its sources, it covers every packet */

/* A packet's source, number and time say alone whether it covers it: it names no filter and no device. */
bool scope_is_of_numbers_and_times(const struct scope *scope);
bool scope_has_number_and_time(const struct scope *scope, uint64_t number, int64_t ts_ns);

/* Its packets were picked, by a filter or one by one: what a device did besides is not in it, so it shows
 * packets, and no devices. */
bool scope_is_of_packets(const struct scope *scope);

const char *bytes_level_name(enum bytes_level level); /* "headers" */
bool bytes_level_parse(struct bytes text, enum bytes_level *level);
