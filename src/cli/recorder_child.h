/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder_child - the recorder that `tapdeck serve` starts: this same program, as `tapdeck record`, in a
 * process of its own. It opens its sources, gives up root and parses strangers' bytes without the web's
 * secrets; if the web side dies, it records on, and the next serve takes it over by its tap.
 *
 * In a process group of its own: Ctrl-C comes to serve alone, which ends it in order. Started again when it
 * dies, later each time.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"

struct recorder_child;

enum { RECORDER_READY_MS = 10000 }; /* for its tap to be there */

/*
 * arguments: those of `tapdeck record`, NULL at their end, argv[0] left out; copied. directory and node: the
 * archive, and what it is called there. tap: a unix socket's path that the arguments make it listen on. One
 * that listens there already is taken over. Waits until it is ready. NULL with *error set: it did not start;
 * why, it has said itself.
 */
struct recorder_child *recorder_child_start(char *const *arguments, const char *directory, const char *node,
                                            const char *tap, struct error *error);

/* Now and then: notices that it died, and starts it again. */
void recorder_child_look(struct recorder_child *child);

/* Ends it in order, and waits for that. NULL is fine. */
void recorder_child_stop(struct recorder_child *child);

uint64_t recorder_child_restarts(const struct recorder_child *child);
