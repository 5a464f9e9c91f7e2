/* SPDX-License-Identifier: Apache-2.0 */
/*
 * external - tests of a filter that only another program can answer (tshark knows thousands of protocols
 * more): which they are, and the answers for the packets they were asked about.
 *
 * The filter knows nothing of how they are asked (pipeline/handover.h): it says which packets depend on them
 * (filter_judge), and looks answers up by a packet's number.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { EXTERNAL_TESTS = 64 }; /* in one filter */

struct external_answers;

struct external_answers *external_answers_new(void); /* NULL without memory */
void external_answers_free(struct external_answers *answers);

/* Test number `test` holds for the packet of that number. False without memory, or beyond 2^32 packets. */
bool external_answers_put(struct external_answers *answers, uint32_t test, uint64_t packet);
bool external_answers_find(const struct external_answers *answers, uint32_t test, uint64_t packet);
