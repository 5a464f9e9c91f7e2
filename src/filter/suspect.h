/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suspect - what a filter says that is legal but can hardly be meant: a test that never or always holds, a
 * mark asked for where its value was meant. Only what is so for certain: a warning that is often wrong is not
 * read.
 */
#pragma once

#include "filter/tree.h"

/* Calls for each, with the sentence, the filter and the place marked, as in a fault. */
typedef void suspect_function(void *context, const char *text);
void suspect_tree(const struct node *root, struct bytes filter_text, suspect_function *function,
                  void *context);
