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
 * memory: of the question; HINT_MEMORY_ALL leaves nothing but the time's end. The answer is freed by free().
 * NULL with *error set.
 */
struct hint *search_hint_new(const struct time_range *range, const struct hint *filter,
                             const struct device_match *match, enum hint_memory memory, struct error *error);

/*
 * For HINT_MEMORY_CONVERSATION: what came before of the conversations the hint is about. Freed by free().
 * NULL with *error set.
 */
struct hint *search_past_new(const struct hint *hint, struct error *error);
