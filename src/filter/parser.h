/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parser - tokens to a tree, by Wireshark 4.0's grammar, and the xor of later ones: from loosest to tightest
 *
 *   or ||  |  xor ^^  |  and &&  |  not !  |  == != > in contains ...  |  &  |  + -  |  * / %  |  unary -  |
 * # [] f()
 *
 * Recursive descent, its depth bounded; knows no field.
 */
#pragma once

#include "filter/arena.h"
#include "filter/tree.h"

/* The tree, in arena; NULL with *error set. text must outlive the tree. */
struct node *parser_parse(struct bytes text, struct arena *arena, struct error *error);
