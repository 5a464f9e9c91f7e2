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

/*
 * Where names are known that are none here (tshark): a test with such a name becomes an external one, whose
 * answers are put in later.
 */
struct filter_outside {
    bool (*knows)(void *context, const char *name); /* NULL: nobody to ask */
    void *context;
    bool has_unknown; /* out: the filter was refused for, or handed over, a name that is none here */
};
struct filter *filter_compile_with(const char *text, struct filter_outside *outside, struct error *error);
void filter_free(struct filter *filter);

/* What a dissection must be asked for so that filter_match can tell. Lives as long as the filter. */
const struct demand *filter_demand(const struct filter *filter);

/* One packet, dissected with at least the filter's demand. No allocation. Thread-safe: the filter is not
 * changed. */
bool filter_match(const struct filter *filter, const struct dissection *d);

/*
 * Calls for each part that is legal but can hardly be meant, with a sentence, the filter and the place
 * marked.
 */
void filter_suspects(const struct filter *filter, void (*function)(void *context, const char *text),
                     void *context);

/*
 * Calls for each field and protocol that the filter names. is_presence: all that is asked is whether the
 * packet has it; at and len: where in the text.
 */
struct filter_mention {
    uint16_t field; /* FIELD_ID_NONE: the protocol itself */
    enum protocol_id protocol;
    bool is_presence;
    uint32_t at, len;
};
typedef void mention_function(void *context, const struct filter_mention *mention);
void filter_mentions(const struct filter *filter, mention_function *function, void *context);

/* Its external tests, as they are written; how many in *n. They live as long as the filter. */
const char *const *filter_external_tests(const struct filter *filter, uint32_t *n);

/* What can be told of a packet without them. */
enum filter_verdict { FILTER_NEVER, FILTER_ALWAYS, FILTER_DEPENDS };
enum filter_verdict filter_judge(const struct filter *filter, const struct dissection *d);

/* Answers to them, for filter_match; borrowed. Without, all of them are false. */
struct external_answers;
void filter_set_answers(struct filter *filter, const struct external_answers *answers);

/* What was left undone for want of room: computed values left out, patterns that ran into their bound. */
void filter_limits(const struct filter *filter, uint64_t *n_operands_cut, uint64_t *n_patterns_cut);

/* The checked tree, its demand and its hint, for people (find --explain). */
void filter_explain(const struct filter *filter, struct buffer *text);

/* What it compiled to; lives as long as the filter. */
struct program;
const struct program *filter_program(const struct filter *filter);

/* What an index may rule out; never NULL. Lives as long as the filter. */
const struct hint *filter_hint(const struct filter *filter);
