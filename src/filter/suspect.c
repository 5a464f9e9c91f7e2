/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/suspect.h"

#include <stdarg.h>
#include <stdio.h>

struct suspect {
    struct bytes text;
    suspect_function *function;
    void *context;
};

__attribute__((format(printf, 4, 5))) static void say(const struct suspect *suspect, struct span span,
                                                      const char *advice, const char *format, ...)
{
    struct error error = { 0 };
    char sentence[256];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    fault_set(&error, suspect->text, span, advice, "%s", sentence);
    suspect->function(suspect->context, error.text);
}

static int shown(const struct node *node)
{
    return node->span.len < 60 ? (int)node->span.len : 60;
}

static const char *source(const struct suspect *suspect, const struct node *node)
{
    return (const char *)suspect->text.data + node->span.at;
}

/* A flag is there whenever its header is, set or not. */
static void look_at_mark(const struct suspect *suspect, const struct node *test)
{
    const struct node *field = test->first;
    char advice[120];

    if (field->kind != NODE_FIELD || field->type != FIELD_BOOL || field_of(field->field)->n_bits == 0)
        return;
    snprintf(advice, sizeof advice, "%.*s == 1 asks whether it is set", shown(field), source(suspect, field));
    say(suspect, field->span, advice, "%.*s is there in every %s packet, whether it is set or not",
        shown(field), source(suspect, field), protocols[field->protocol]->name);
}

static bool has_reference(const struct node *node)
{
    for (; node; node = node->next)
        if (node->is_reference || has_reference(node->first) || has_reference(node->second))
            return true;
    return false;
}

static bool stands_for_several(const struct node *node)
{
    const struct field *field = node->kind == NODE_FIELD ? field_of(node->field) : NULL;

    return field && field->any_of[0] != field->any_of[1] && node->layers == NULL;
}

/* What unsigned numbers of that width never are. */
static bool never_holds(const struct node *test)
{
    const struct node *constant = test->second;
    uint64_t most;

    if (test->first->kind != NODE_FIELD || constant->kind != NODE_CONSTANT || test->first->n_bits == 0 ||
        (test->first->type != FIELD_UINT && test->first->type != FIELD_FRAME))
        return false;
    if (constant->is_negative)
        return test->quantifier == QUANTIFIER_ANY;
    most = test->first->n_bits >= 64 ? UINT64_MAX : (UINT64_C(1) << test->first->n_bits) - 1;
    return (test->relation == RELATION_LT && constant->constant.high == 0) ||
           (test->relation == RELATION_GT && constant->constant.low == most);
}

static void look_at_comparison(const struct suspect *suspect, const struct node *test)
{
    if (has_reference(test->first) || has_reference(test->second))
        say(suspect, test->span, NULL,
            "a ${field} is of the selected packet; none is selected, so this never holds");
    else if (never_holds(test))
        say(suspect, test->span, NULL, "this never holds: %.*s is not negative and has %u bits",
            shown(test->first), source(suspect, test->first), test->first->n_bits);
    else if (test->relation == RELATION_NE && test->quantifier == QUANTIFIER_ANY &&
             stands_for_several(test->first))
        say(suspect, test->span, "!= asks that both differ",
            "%.*s stands for two fields, and this holds when either differs: nearly always",
            shown(test->first), source(suspect, test->first));
}

static void look_at_set(const struct suspect *suspect, const struct node *test)
{
    for (const struct node *element = test->second; element; element = element->next) {
        const struct node *low = element->first, *high = element->second;

        if (element->kind != NODE_RANGE || low->kind != NODE_CONSTANT || high->kind != NODE_CONSTANT ||
            low->is_negative || high->is_negative || test->first->type == FIELD_DOUBLE)
            continue;
        if (low->constant.low > high->constant.high)
            say(suspect, element->span, NULL,
                "there is nothing in this range: its ends are the wrong way round");
    }
}

/* The protocol a test that stands by itself wants in the packet, when it is one of those. */
static bool wants_protocol(const struct node *test, enum protocol_id protocol)
{
    const struct node *operand = test->first;

    return (test->kind == NODE_EXISTS || test->kind == NODE_COMPARE || test->kind == NODE_IN) &&
           (operand->kind == NODE_FIELD || operand->kind == NODE_PROTOCOL) && operand->protocol == protocol;
}

static void look_at_row(const struct suspect *suspect, const struct node *row)
{
    const struct node *udp = NULL, *tcp = NULL;

    for (const struct node *part = row->first; part; part = part->next) {
        if (udp == NULL && wants_protocol(part, PROTOCOL_UDP))
            udp = part;
        if (tcp == NULL && wants_protocol(part, PROTOCOL_TCP))
            tcp = part;
    }
    if (udp && tcp)
        say(suspect, span_join(udp->span, tcp->span), "\"or\" finds the packets of either",
            "a packet has both UDP and TCP only where one lies in the other: tunnels, ICMP errors");
}

static void look_at_quantifier(const struct suspect *suspect, const struct node *node)
{
    if (node->kind == NODE_AND)
        say(suspect, node->span, "write each comparison by itself: all a < b and all b < c",
            "\"any\" and \"all\" say nothing before a chain of comparisons, as in Wireshark");
    else
        say(suspect, node->span, "it asks that no value is one of these",
            "\"any\" and \"all\" say nothing before \"not in\", as in Wireshark");
}

static void walk(const struct suspect *suspect, const struct node *node)
{
    if (node->has_idle_quantifier)
        look_at_quantifier(suspect, node);
    switch (node->kind) {
    case NODE_AND:
        look_at_row(suspect, node);
        break;
    case NODE_EXISTS:
        look_at_mark(suspect, node);
        return;
    case NODE_COMPARE:
        look_at_comparison(suspect, node);
        return;
    case NODE_IN:
        look_at_set(suspect, node);
        return;
    default:
        break;
    }
    if (node_is_row(node))
        for (const struct node *part = node->first; part; part = part->next)
            walk(suspect, part);
}

void suspect_tree(const struct node *root, struct bytes filter_text, suspect_function *function,
                  void *context)
{
    struct suspect suspect = { filter_text, function, context };

    walk(&suspect, root);
}
