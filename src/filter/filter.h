/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter - Wireshark's display-filter language: text in, yes or no for each packet out.
 *
 *   text -> lexer -> tokens -> parser -> tree -> check -> typed tree -> program -> match
 *                                                            \-> hint: what an index may rule out
 *
 * Field names, types and the meaning of several values are Wireshark 4.0's: == is true when any value equals,
 * != when all differ.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "filter/hint.h"
#include "protocol/dissection.h"

struct filter;

/*
 * Compiles text (all of it copied). NULL with *error set on a fault: ERROR_USAGE, a sentence that repeats the
 * filter, marks the column with ^ on a line of its own, says what was expected and names the nearest field.
 */
struct filter *filter_compile(const char *text, struct error *error);
void filter_free(struct filter *filter);

/* What a dissection must be asked for so that filter_match can tell. Lives as long as the filter. */
const struct demand *filter_demand(const struct filter *filter);

/* One packet, dissected with at least the filter's demand. No allocation. Thread-safe: the filter is not
 * changed. */
bool filter_match(const struct filter *filter, const struct dissection *d);

/* The checked tree, its demand and its hint, for people (find --explain). */
void filter_explain(const struct filter *filter, struct buffer *text);

/* What it compiled to; lives as long as the filter. */
struct program;
const struct program *filter_program(const struct filter *filter);

/* What an index may rule out; never NULL. Lives as long as the filter. */
const struct hint *filter_hint(const struct filter *filter);
