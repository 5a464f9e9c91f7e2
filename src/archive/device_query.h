/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_query - which devices of a device table fit a question, in which order, and each one's spans.
 * Answers stream: what a million devices take is room in a temporary file, not memory.
 */
#pragma once

#include "archive/device_table.h"
#include "base/buffer.h"

enum device_order {
    DEVICE_BY_LAST_SEEN, /* newest first */
    DEVICE_BY_FIRST_SEEN,
    DEVICE_BY_PACKETS, /* most first */
    DEVICE_BY_NAME,
};

struct device_question {
    const char *like;          /* in a name as it is shown, upper and lower case alike; NULL: any */
    enum identity_scheme kind; /* that some name has; IDENTITY_NONE: any that names devices */
    int64_t from_ns, to_ns;    /* spans that touch this time; INT64_MIN and INT64_MAX: any */
    int64_t seen_since_ns;     /* seen at all since; INT64_MIN: any */
    struct ip_address address; /* that the device was at; family 0: any */
    int32_t port;              /* with an address; -1: any */
    enum device_order order;
};

struct device_query;

/* The table is borrowed. One query of a table at a time. */
struct device_query *device_query_new(struct device_table *table, const struct device_question *question,
                                      struct error *error);
void device_query_free(struct device_query *query);

uint64_t device_query_count(const struct device_query *query);

enum device_query_result { DEVICE_QUERY_DEVICE, DEVICE_QUERY_END, DEVICE_QUERY_FAULT };

/* The next device: every span of it that fits, of all of its names, by time. */
enum device_query_result device_query_next(struct device_query *query, binding_function *function,
                                           void *context, struct error *error);

/*
 * Of an address asked for at a time that no span there covers: the last span that ended before it. *is_there
 * says whether there is one; it is told to the function.
 */
bool device_query_before(struct device_table *table, const struct device_question *question,
                         binding_function *function, void *context, bool *is_there, struct error *error);

/* A name as people are shown it: its text, or hex where it is none. */
bool device_name_put(struct buffer *text, struct bytes identity);
