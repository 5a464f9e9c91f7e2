/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signals - SIGINT and SIGTERM ask a command to end in order; SIGHUP asks a recorder to begin a new segment.
 * A signal handler can only reach what is global: the two flags behind these functions are the program's only
 * such state.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

/* A second SIGINT or SIGTERM ends the process at once, as if nobody listened. */
void signals_listen(void);

const atomic_bool *signals_stop(void);

/* True once for each SIGHUP (or run of them). */
bool signals_take_rotate(void);
