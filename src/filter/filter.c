/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/filter.h"

#include <stdlib.h>

#include "filter/arena.h"
#include "filter/check.h"
#include "filter/explain.h"
#include "filter/parser.h"
#include "filter/program.h"
#include "filter/suspect.h"

struct filter {
    struct arena arena; /* text, tree, program and hint */
    struct regex_list regexes;
    struct bytes text;
    const struct node *root;
    const struct hint *hint;
    struct program program;
    struct demand demand;
    struct check_outside outside;
};

static const struct hint no_hint = { .kind = HINT_ALL };

static bool compile(struct filter *filter, const char *text, struct error *error)
{
    size_t len = strlen(text);
    uint8_t *copy;
    struct node *root;

    if (len > FILTER_TEXT_BYTES)
        return error_set(error, ERROR_USAGE, "this filter has %zu bytes, %d are the most", len,
                         FILTER_TEXT_BYTES);
    copy = arena_take(&filter->arena, len + 1);
    if (copy == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory for the filter");
    memcpy(copy, text, len);
    filter->text = (struct bytes) { copy, len };

    root = parser_parse(filter->text, &filter->arena, error);
    if (root == NULL ||
        !check_tree(root, filter->text, &filter->arena, &filter->demand, &filter->regexes, &filter->outside,
                    error) ||
        !program_compile(&filter->program, root, &filter->arena, error))
        return false;
    demand_settle(&filter->demand);
    filter->root = root;
    filter->hint =
        hint_memory_of(&filter->demand) < HINT_MEMORY_ALL ? hint_of(root, &filter->arena) : &no_hint;
    return filter->hint || error_set(error, ERROR_USAGE, "this filter needs too much memory");
}

struct filter *filter_compile(const char *text, struct error *error)
{
    struct filter_outside nobody = { 0 };

    return filter_compile_with(text, &nobody, error);
}

struct filter *filter_compile_with(const char *text, struct filter_outside *outside, struct error *error)
{
    bool is_good;
    struct filter *filter = calloc(1, sizeof *filter);

    error->kind = ERROR_NONE;
    if (filter == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory for the filter");
        return NULL;
    }
    arena_init(&filter->arena, FILTER_ARENA_BYTES);
    demand_init(&filter->demand);
    filter->outside.knows = outside->knows;
    filter->outside.context = outside->context;
    is_good = compile(filter, text, error);
    outside->has_unknown = filter->outside.has_unknown;
    if (is_good)
        return filter;
    filter_free(filter);
    return NULL;
}

void filter_free(struct filter *filter)
{
    if (filter == NULL)
        return;
    regex_list_clear(&filter->regexes);
    arena_clear(&filter->arena);
    free(filter);
}

const struct demand *filter_demand(const struct filter *filter)
{
    return &filter->demand;
}

bool filter_match(const struct filter *filter, const struct dissection *d)
{
    return program_match(&filter->program, d);
}

void filter_suspects(const struct filter *filter, void (*function)(void *context, const char *text),
                     void *context)
{
    suspect_tree(filter->root, filter->text, function, context);
}

/* A slice of what is there, its length or a part of it is more than whether it is there. */
static void tell_mentions(const struct node *node, bool is_presence, mention_function *function,
                          void *context)
{
    for (; node; node = node->next) {
        struct filter_mention mention = {
            .protocol = node->protocol, .is_presence = is_presence, .at = node->span.at, .len = node->span.len
        };

        if (node->kind == NODE_FIELD)
            mention.field = node->field;
        if (node->kind == NODE_FIELD || node->kind == NODE_PROTOCOL)
            function(context, &mention);
        tell_mentions(node->first, node->kind == NODE_EXISTS, function, context);
        tell_mentions(node->second, false, function, context);
    }
}

void filter_mentions(const struct filter *filter, mention_function *function, void *context)
{
    tell_mentions(filter->root, false, function, context);
}

const char *const *filter_external_tests(const struct filter *filter, uint32_t *n)
{
    *n = filter->outside.n_tests;
    return filter->outside.tests;
}

enum filter_verdict filter_judge(const struct filter *filter, const struct dissection *d)
{
    switch (program_judge(&filter->program, d)) {
    case PROGRAM_NEVER:
        return FILTER_NEVER;
    case PROGRAM_ALWAYS:
        return FILTER_ALWAYS;
    default:
        return FILTER_DEPENDS;
    }
}

void filter_set_answers(struct filter *filter, const struct external_answers *answers)
{
    filter->program.answers = answers;
}

void filter_limits(const struct filter *filter, uint64_t *n_operands_cut, uint64_t *n_patterns_cut)
{
    struct program_limits *limits = filter->program.limits;

    *n_operands_cut = atomic_load_explicit(&limits->n_operands_cut, memory_order_relaxed);
    *n_patterns_cut = atomic_load_explicit(&limits->n_patterns_cut, memory_order_relaxed);
}

const struct program *filter_program(const struct filter *filter)
{
    return &filter->program;
}

const struct hint *filter_hint(const struct filter *filter)
{
    return filter->hint;
}

void filter_explain(const struct filter *filter, struct buffer *text)
{
    explain_tree(filter->root, filter->text, text);
    explain_demand(&filter->demand, text);
    explain_hint(filter->hint, text);
}
