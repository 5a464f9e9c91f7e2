/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_hint - what a whole question lets an index rule out: its time, and its filter's hint, and one of the
 * spans of the device it asks for.
 */
#pragma once

#include "base/error.h"
#include "base/time_range.h"
#include "device/device_match.h"
#include "filter/hint.h"

/*
 * filter, match (settled): NULL when the question has none; filter's hint is borrowed for the answer's life.
 * The answer is freed by free(). NULL with *error set.
 */
struct hint *search_hint_new(const struct time_range *range, const struct hint *filter,
                             const struct device_match *match, struct error *error);
