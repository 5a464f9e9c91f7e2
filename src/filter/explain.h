/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain - a filter's tree, what it asks of packets and what an index may use, written for people.
 */
#pragma once

#include "base/buffer.h"
#include "filter/hint.h"
#include "filter/tree.h"
#include "protocol/demand.h"

void explain_tree(const struct node *root, struct bytes filter_text, struct buffer *text);
void explain_demand(const struct demand *demand, struct buffer *text);
void explain_hint(const struct hint *hint, struct buffer *text);
