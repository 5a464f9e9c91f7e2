/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pin_sweeper - deletes pins that were taken away for longer than can be undone, and the holds that kept
 * their packets: a minute after somebody took one away, and once at the start. In a worker, now and then.
 */
#pragma once

#include "base/error.h"

struct site;
struct pin_sweeper;

/* NULL with *error set. */
struct pin_sweeper *pin_sweeper_new(struct site *site, struct error *error);
void pin_sweeper_free(struct pin_sweeper *sweeper); /* NULL is fine; when no job runs any more */

/* One was taken away just now. NULL is fine. */
void pin_sweeper_expect(struct pin_sweeper *sweeper);
