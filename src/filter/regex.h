/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex - "matches": PCRE2 patterns, case-insensitive as Wireshark's, with a bound on the work a pattern may
 * cause.
 *
 * A match takes its memory from the caller's stack, so that filters can be shared by threads and nothing is
 * allocated for a packet. Keeping match data with the pattern was rejected: two threads would need two.
 */
#pragma once

#include "base/bytes.h"

struct regex;

struct regex_list {
    struct regex *first;
};

/* NULL when the pattern is wrong; then message says why. The list owns the pattern. */
const struct regex *regex_compile(struct regex_list *list, struct bytes pattern, char *message,
                                  size_t message_cap);
void regex_list_clear(struct regex_list *list);

/* False also when the bound on work is reached: then *is_cut is set. */
bool regex_match(const struct regex *regex, struct bytes subject, bool *is_cut);
