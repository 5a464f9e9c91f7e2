/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_feeder - keeps an archive's device table (archive/device_table) up with its segments, from a thread
 * of its own: whoever seals or deletes a segment wakes it and goes on.
 *
 * There is no queue: it looks at what the directory holds and what the table lacks. So what a killed recorder
 * left, what was copied in, and what was deleted by hand is noticed in the same way as what was just sealed.
 * A fault with the table is logged once and tried again with the next segment: recording goes on without it,
 * and questions are answered from the indexes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct device_feeder;
struct session_keys;

/* Begins with what the table lacks now. keys: told of all that could wake a session; borrowed. NULL with
 * *error without memory or a thread. */
struct device_feeder *device_feeder_start(const char *directory, struct session_keys *keys,
                                          struct error *error);

/* Waits until what the table has can be asked for, or, wants_all, until it lacks nothing (or cannot be had).
 */
void device_feeder_await(struct device_feeder *feeder, bool wants_all);

/* Segments came or went. Never waits. */
void device_feeder_wake(struct device_feeder *feeder);

/* Ends the thread once the table fits, or after so long: the rest is left to whoever comes next. wait_ns
 * INT64_MAX: however long it takes. Frees. */
void device_feeder_finish(struct device_feeder *feeder, int64_t wait_ns);
