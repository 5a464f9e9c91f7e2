/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tshark - asks an installed tshark what tapdeck does not know: whether a name is a field, and for which
 * packets of a capture file a filter holds.
 *
 * It runs as a child with the caller's rights, reads an open file that has no name, prints numbers only, and
 * resolves no names (-n). Whoever filters with it must count on what it costs: about a second before the
 * first packet. Linking against its library was rejected: it is another licence's, and another's crashes.
 */
#pragma once

#include "base/error.h"
#include "base/option.h"

struct tshark_options { /* handed on as they are; NULL for none */
    const struct text_list *preferences, *decode_as;
};

bool tshark_is_installed(void); /* somewhere in PATH */

/* Whether it takes the name for a field or protocol. For filter_outside: context is unused. */
bool tshark_knows(void *context, const char *name);

/*
 * Calls take for the number of each packet of the capture (an open file, at whatever offset) for which the
 * filter holds, in order. False with *error set: it could not be run, refused the filter, or failed; or take
 * answered false.
 */
bool tshark_filter(const struct tshark_options *options, int capture, const char *filter,
                   bool (*take)(void *context, uint64_t number), void *context, struct error *error);
