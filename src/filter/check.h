/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check - gives names and literals of a parsed tree their meaning: which field, which type, which constant;
 * and refuses what compares apples with pears. Afterwards no NODE_WORD, NODE_STRING or NODE_CHAR is left.
 */
#pragma once

#include "filter/arena.h"
#include "filter/external.h"
#include "filter/regex.h"
#include "filter/tree.h"
#include "protocol/demand.h"

/* What is known outside (filter.h, struct filter_outside), and what came of asking. */
struct check_outside {
    bool (*knows)(void *context, const char *name); /* NULL: nobody to ask */
    void *context;
    const char *tests[EXTERNAL_TESTS]; /* the texts of NODE_EXTERNAL, by their number; in the arena */
    uint32_t n_tests;
    bool has_unknown; /* a name was met that is none here */
};

/* Adds the tree's fields to demand and its patterns to regexes. False with *error set. */
bool check_tree(struct node *root, struct bytes text, struct arena *arena, struct demand *demand,
                struct regex_list *regexes, struct check_outside *outside, struct error *error);
