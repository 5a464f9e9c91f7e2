/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field_values - which values of a field there were lately, most frequent first: what a filter that is typed
 * may be completed with. Looks at the newest packets of what was asked for, for a bounded time.
 */
#pragma once

#include "live/archive_rows.h"

enum {
    FIELD_VALUES_LIMIT = 200,      /* told */
    FIELD_VALUES_COUNTED = 4096,   /* different ones counted; further ones are left out, and told */
    FIELD_VALUE_BYTES = 256,       /* longer ones are left out: nobody would type them */
    FIELD_VALUES_PACKETS = 100000, /* looked at */
    FIELD_VALUES_TIME_MS = 300,
};

struct field_value {
    struct bytes value, text; /* as a filter writes it; for people */
    uint64_t n;
};

struct field_values {
    struct field_value values[FIELD_VALUES_LIMIT];
    uint32_t n;
    uint64_t n_seen; /* packets */
    bool is_complete;
    struct buffer texts;
};

/* field: a name that field_find knows; whether it may be asked for at the scope's level is the caller's to
 * see (filter_report_make: a field is a filter, too). *values is cleared by the caller in any case. */
enum answer_result field_values_find(struct archive_reader *reader, struct archive_devices *devices,
                                     const struct question *question, const char *field, uint32_t n,
                                     const atomic_bool *stop, struct field_values *values,
                                     struct error *error);
void field_values_clear(struct field_values *values);
