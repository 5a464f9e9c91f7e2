/* SPDX-License-Identifier: Apache-2.0 */
/*
 * express - the headers that nearly every packet begins with (Ethernet, IPv4 or IPv6, UDP, VXLAN and the same
 * again), walked in one loop with the cursor in registers.
 *
 * It does nothing that the protocols' own dissect functions do not do: it stops before the first header that
 * is cut, wrong, unusual (options, fragments, extension headers, odd lengths), or has a field in demand that
 * must be added, and leaves it to them. express_test.c holds the two against each other. Worth it: a scan
 * spends half its time in these headers, and calls that pass the cursor through memory cost three times as
 * much.
 */
#pragma once

#include "protocol/dissection.h"

/* Goes as far as it can from d->next at *r; then d->next, d->left_wire and *r stand before what is left to
 * do. */
void express_walk(struct dissection *d, struct reader *r);
