/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/search_hint.h"

#include <stdlib.h>

#include "device/binding.h"

enum {
    /* the answer, the time, two ANDs, and a HINT_NONE for a device without spans */
    QUESTION_HINTS = 5 + HINT_PIECES_NODES,
    SPAN_HINTS = 4, /* for one more span: its flow, or its address, the time and an AND; and an OR above */
};

static const struct hint *both(const struct hint *left, const struct hint *right, struct hint **next)
{
    struct hint *hint = (*next)++;

    *hint = (struct hint) { .kind = HINT_AND, .left = left, .right = right };
    return hint;
}

static const struct hint *time_hint(int64_t from_ns, int64_t to_ns, struct hint **next)
{
    struct hint *hint = (*next)++;

    *hint = (struct hint) { .kind = HINT_TIME };
    hint->time.from_ns = from_ns;
    hint->time.to_ns = to_ns;
    return hint;
}

static const struct hint *one_span(const struct device_span *span, struct hint **next)
{
    struct hint *hint = (*next)++;

    if (flow_key_is_address(&span->flow)) {
        *hint = (struct hint) { .kind = HINT_ADDRESS };
        hint->prefix.address = span->flow.low;
        hint->prefix.n_bits = ip_address_bits(&span->flow.low);
        return both(hint, time_hint(span->from_ns, span->to_ns, next), next);
    }
    *hint = (struct hint) { .kind = HINT_FLOW };
    hint->flow.key = span->flow;
    hint->flow.from_ns = span->from_ns;
    hint->flow.to_ns = span->to_ns;
    return hint;
}

/* Any of the spans: a tree of ORs as flat as can be. *next: room for SPAN_HINTS nodes a span, and one. */
static const struct hint *any_span(const struct device_span *spans, uint32_t n, struct hint **next)
{
    struct hint *hint;

    if (n > 1) {
        const struct hint *left = any_span(spans, n / 2, next);
        const struct hint *right = any_span(spans + n / 2, n - n / 2, next);

        hint = (*next)++;
        *hint = (struct hint) { .kind = HINT_OR, .left = left, .right = right };
        return hint;
    }
    if (n == 1)
        return one_span(spans, next);
    hint = (*next)++;
    *hint = (struct hint) { .kind = HINT_NONE };
    return hint;
}

struct hint *search_hint_new(const struct time_range *range, const struct hint *filter,
                             const struct device_match *match, enum hint_memory memory, struct error *error)
{
    const struct device_span *spans = NULL;
    const struct hint *all;
    struct hint *hints, *next;
    uint32_t n_spans = 0;

    if (match && memory < HINT_MEMORY_ALL)
        spans = device_match_spans(match, &n_spans);
    hints = calloc((size_t)n_spans * SPAN_HINTS + QUESTION_HINTS, sizeof *hints);
    if (hints == NULL) {
        error_system(error, "no memory for the search");
        return NULL;
    }
    next = hints + 1; /* the first one is the answer, for it is what is freed */
    all = time_hint(memory < HINT_MEMORY_ALL ? range->from_ns : INT64_MIN, range->to_ns, &next);
    if (all->time.from_ns != INT64_MIN)
        all = hint_with_pieces(all, &next);
    if (filter && memory < HINT_MEMORY_ALL)
        all = both(all, filter, &next);
    if (match && memory < HINT_MEMORY_ALL)
        all = both(all, any_span(spans, n_spans, &next), &next);
    hints[0] = *all;
    return hints;
}

struct hint *search_past_new(const struct hint *hint, struct error *error)
{
    struct hint *past = calloc(hint_nodes(hint), sizeof *past), *next = past;

    if (past == NULL) {
        error_system(error, "no memory for the search");
        return NULL;
    }
    hint_of_past(hint, &next);
    return past;
}
