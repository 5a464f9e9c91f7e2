/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/explain.h"

#include <inttypes.h>

#include "base/timestamp.h"

const char *relation_text(enum relation relation, enum quantifier quantifier)
{
    static const char *const texts[][2] = {
        [RELATION_EQ] = { "==", "===" },
        [RELATION_NE] = { "!==", "!=" },
        [RELATION_GT] = { ">", "all >" },
        [RELATION_GE] = { ">=", "all >=" },
        [RELATION_LT] = { "<", "all <" },
        [RELATION_LE] = { "<=", "all <=" },
        [RELATION_CONTAINS] = { "contains", "all contains" },
        [RELATION_MATCHES] = { "matches", "all matches" },
    };

    return texts[relation][quantifier];
}

const char *operation_text(enum operation operation)
{
    static const char *const texts[] = {
        [OPERATION_ADD] = "+",    [OPERATION_SUBTRACT] = "-", [OPERATION_MULTIPLY] = "*",
        [OPERATION_DIVIDE] = "/", [OPERATION_MODULO] = "%",   [OPERATION_AND] = "&",
    };

    return texts[operation];
}

const char *function_text(enum function_id function)
{
    static const char *const texts[] = {
        [FUNCTION_LOWER] = "lower", [FUNCTION_UPPER] = "upper",   [FUNCTION_LEN] = "len",
        [FUNCTION_COUNT] = "count", [FUNCTION_STRING] = "string", [FUNCTION_MAX] = "max",
        [FUNCTION_MIN] = "min",     [FUNCTION_ABS] = "abs",
    };

    return texts[function];
}

const char *type_text(enum field_type type)
{
    static const char *const texts[] = {
        [FIELD_NONE] = "a mark without a value",
        [FIELD_UINT] = "an unsigned number",
        [FIELD_INT] = "a signed number",
        [FIELD_DOUBLE] = "a floating-point number",
        [FIELD_BOOL] = "a boolean",
        [FIELD_IPV4] = "an IPv4 address",
        [FIELD_IPV6] = "an IPv6 address",
        [FIELD_ETHER] = "an Ethernet address",
        [FIELD_BYTES] = "a run of bytes",
        [FIELD_STRING] = "a text",
        [FIELD_TIME] = "a date and time",
        [FIELD_DURATION] = "a time span",
        [FIELD_FRAME] = "a frame number",
    };

    return texts[type];
}

static void indent(struct buffer *text, unsigned depth)
{
    buffer_printf(text, "%*s", (int)(2 * depth), "");
}

static void source(const struct node *node, struct bytes filter_text, struct buffer *text)
{
    buffer_put(text, filter_text.data + node->span.at, node->span.len);
}

static void test(const struct node *node, struct bytes filter_text, struct buffer *text)
{
    const struct node *operand = node->first;

    if (node->kind == NODE_EXTERNAL) {
        source(node, filter_text, text);
        buffer_put_text(text, "   (handed over to tshark)\n");
        return;
    }
    source(operand, filter_text, text);
    if (node->kind == NODE_EXISTS) {
        buffer_put_text(text, operand->kind == NODE_ARITH && operand->operation == OPERATION_AND
                                  ? " is not zero\n"
                                  : " is there\n");
        return;
    }
    if (node->kind == NODE_IN) {
        buffer_printf(text, " in %s", "{ ");
        for (const struct node *element = node->second; element; element = element->next) {
            source(element, filter_text, text);
            buffer_put_text(text, element->next ? ", " : " }");
        }
    } else {
        buffer_printf(text, " %s ", relation_text(node->relation, node->quantifier));
        source(node->second, filter_text, text);
    }
    buffer_printf(text, "   (%s; %s)\n", type_text(operand->type),
                  node->quantifier == QUANTIFIER_ALL ? "for every value, and there is one" : "for any value");
}

static void tree(const struct node *node, struct bytes filter_text, unsigned depth, struct buffer *text)
{
    static const char *const names[] = { [NODE_AND] = "and",
                                         [NODE_OR] = "or",
                                         [NODE_XOR] = "either of, but not both (an odd number)",
                                         [NODE_NOT] = "not" };

    indent(text, depth);
    if (!node_is_row(node)) {
        test(node, filter_text, text);
        return;
    }
    buffer_printf(text, "%s\n", names[node->kind]);
    for (const struct node *part = node->first; part; part = part->next)
        tree(part, filter_text, depth + 1, text);
}

void explain_tree(const struct node *root, struct bytes filter_text, struct buffer *text)
{
    buffer_put_text(text, "filter:\n");
    tree(root, filter_text, 1, text);
}

void explain_demand(const struct demand *demand, struct buffer *text)
{
    buffer_put_text(text, "wants:");
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
        if ((demand->protocols >> p & 1) == 0)
            continue;
        buffer_printf(text, " %s", protocols[p]->name);
    }
    buffer_put_text(text, "\nfields:");
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++)
        for (unsigned i = 0; i < protocols[p]->n_fields; i++)
            if (demand_has_field(demand, (enum protocol_id)p, i))
                buffer_printf(text, " %s", protocols[p]->fields[i].name);
    buffer_put_text(text, "\npasses through:");
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++)
        if ((demand->passable & ~demand->protocols) >> p & 1)
            buffer_printf(text, " %s", protocols[p]->name);
    buffer_put_text(text, "\n");
}

static void identity(struct bytes bytes, struct buffer *text)
{
    buffer_put_text(text, "identity \"");
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.data[i] >= ' ' && bytes.data[i] < 0x7f && bytes.data[i] != '"' && bytes.data[i] != '\\')
            buffer_put_u8(text, bytes.data[i]);
        else
            buffer_printf(text, "\\x%02x", bytes.data[i]);
    buffer_put_text(text, "\"\n");
}

static void hint_text(const struct hint *hint, unsigned depth, struct buffer *text)
{
    char from[TIMESTAMP_TEXT_BYTES], to[TIMESTAMP_TEXT_BYTES], address[IP_ADDRESS_TEXT_BYTES];

    indent(text, depth);
    switch (hint->kind) {
    case HINT_ALL:
        buffer_put_text(text, "nothing can be ruled out\n");
        return;
    case HINT_NONE:
        buffer_put_text(text, "no packet can match\n");
        return;
    case HINT_AND:
    case HINT_OR:
        buffer_put_text(text, hint->kind == HINT_AND ? "and\n" : "or\n");
        hint_text(hint->left, depth + 1, text);
        hint_text(hint->right, depth + 1, text);
        return;
    case HINT_PROTOCOL:
        if (hint->protocol == PROTOCOL_NONE)
            buffer_put_text(text, "pieces of datagrams\n");
        else
            buffer_printf(text, "protocol %s\n", protocols[hint->protocol]->name);
        return;
    case HINT_ADDRESS:
        buffer_printf(text, "address %s/%u\n", ip_address_format(&hint->prefix.address, address),
                      hint->prefix.n_bits);
        return;
    case HINT_PORT:
        buffer_printf(text, "port %u..%u\n", hint->port.low, hint->port.high);
        return;
    case HINT_FLOW:
        buffer_put_text(text, "one conversation\n");
        return;
    case HINT_IDENTITY:
        identity(hint->identity, text);
        return;
    case HINT_IDENTITY_LIKE:
        buffer_printf(text, "identity for which \"%s\" holds\n",
                      relation_text(hint->like.test->relation, QUANTIFIER_ANY));
        return;
    case HINT_TIME:
        if (hint->time.from_ns == INT64_MIN)
            buffer_printf(text, "time up to %s\n", timestamp_format(hint->time.to_ns, false, to));
        else if (hint->time.to_ns == INT64_MAX)
            buffer_printf(text, "time from %s\n", timestamp_format(hint->time.from_ns, false, from));
        else
            buffer_printf(text, "time %s to %s\n", timestamp_format(hint->time.from_ns, false, from),
                          timestamp_format(hint->time.to_ns, false, to));
        return;
    }
}

void explain_hint(const struct hint *hint, struct buffer *text)
{
    buffer_put_text(text, "an index may look for:\n");
    hint_text(hint, 1, text);
}
