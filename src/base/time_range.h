/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time_range - what --from and --to together mean.
 *
 * A lone time of day in --to is the first such moment that is not before --from, so that
 * "--from 'thu 14:00' --to 15:00" is Thursday's hour and not the time up to today's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct time_range {
    int64_t from_ns, to_ns; /* both included; INT64_MIN and INT64_MAX where nothing was given */
};

/* Texts as timestamp_parse takes them; NULL: not given. False with *error naming the option. */
bool time_range_parse(const char *from, const char *to, int64_t now_ns, bool is_local,
                      struct time_range *range, struct error *error);
