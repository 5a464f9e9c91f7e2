/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/hint.h"

#include "filter/arena.h"
#include "filter/regex.h"
#include "filter/tree.h"
#include "protocol/demand.h"

static const struct hint hint_all = { .kind = HINT_ALL }, hint_none = { .kind = HINT_NONE };

/* A NULL among the arguments, for want of memory, is handed on. */
static const struct hint *join(struct arena *arena, enum hint_kind kind, const struct hint *left,
                               const struct hint *right)
{
    /* What "and" gives way to, "or" is decided by, and the other way round. */
    enum hint_kind neutral = kind == HINT_AND ? HINT_ALL : HINT_NONE;
    enum hint_kind decisive = kind == HINT_AND ? HINT_NONE : HINT_ALL;
    struct hint *hint;

    if (left == NULL || right == NULL)
        return NULL;
    if (left->kind == neutral || right->kind == decisive)
        return right;
    if (right->kind == neutral || left->kind == decisive)
        return left;
    hint = arena_take(arena, sizeof *hint);
    if (hint)
        *hint = (struct hint) { .kind = kind, .left = left, .right = right };
    return hint;
}

/* Joins n hints as a balanced tree: a set of a thousand addresses is ten levels deep. */
static const struct hint *join_many(struct arena *arena, enum hint_kind kind, const struct hint *const *hints,
                                    size_t n)
{
    if (n == 0)
        return kind == HINT_AND ? &hint_all : &hint_none;
    if (n == 1)
        return hints[0];
    return join(arena, kind, join_many(arena, kind, hints, n / 2),
                join_many(arena, kind, hints + n / 2, n - n / 2));
}

/* The indexed protocols that protocol may lie in, directly or in others of which indexes say nothing. */
static uint64_t carriers_of(enum protocol_id protocol)
{
    uint64_t unknown = PROTOCOL_BIT(protocol), before, carriers = 0;

    do {
        before = unknown;
        for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
            if (!(protocols[p]->may_carry & unknown))
                continue;
            *(PROTOCOLS_INDEXED >> p & 1 ? &carriers : &unknown) |= PROTOCOL_BIT(p);
        }
    } while (unknown != before);
    return carriers;
}

static const struct hint *indexed_hint(struct arena *arena, enum protocol_id protocol)
{
    struct hint *hint = arena_take(arena, sizeof *hint);

    if (hint)
        *hint = (struct hint) { .kind = HINT_PROTOCOL, .protocol = protocol };
    return hint;
}

static const struct hint *protocol_hint(struct arena *arena, enum protocol_id protocol)
{
    const struct hint *hint = &hint_none;
    uint64_t carriers;

    if (PROTOCOLS_INDEXED >> protocol & 1)
        return indexed_hint(arena, protocol);
    /* Every packet is a frame; data and what is malformed can lie anywhere. */
    if (protocol == PROTOCOL_FRAME || protocol == PROTOCOL_DATA || protocol == PROTOCOL_MALFORMED)
        return &hint_all;
    carriers = carriers_of(protocol);
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++)
        if (carriers >> p & 1)
            hint = join(arena, HINT_OR, hint, indexed_hint(arena, (enum protocol_id)p));
    return hint;
}

/* What lies at a fixed place of a header lies in that header; what is added may be lent. */
static bool is_lent(uint16_t id)
{
    const struct field *field = field_of(id);

    if (field->any_of[0] == field->any_of[1])
        return field->n_bits == 0;
    for (unsigned i = 0; i < 2; i++)
        if (field_of(FIELD_ID(FIELD_PROTOCOL(id), field->any_of[i]))->n_bits == 0)
            return true;
    return false;
}

/* A field may lie in layers of other protocols than the one whose table it is in. */
static const struct hint *field_hint(struct arena *arena, const struct node *node)
{
    const struct hint *hint = protocol_hint(arena, node->protocol);
    uint64_t lent = 0;

    if (node->kind == NODE_FIELD) {
        lent = field_of(node->field)->lends_to;
        if (is_lent(node->field))
            lent |= protocols[node->protocol]->lends_to;
    }
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++)
        if (lent >> p & 1)
            hint = join(arena, HINT_OR, hint, protocol_hint(arena, (enum protocol_id)p));
    return hint;
}

/* An operand without a value makes its test false, so what its fields lie in must be there. */
static const struct hint *operand_hint(struct arena *arena, const struct node *node)
{
    switch (node->kind) {
    case NODE_FIELD:
    case NODE_PROTOCOL:
        return field_hint(arena, node);
    case NODE_ARITH:
        return join(arena, HINT_AND, operand_hint(arena, node->first), operand_hint(arena, node->second));
    case NODE_NEGATE:
    case NODE_SLICE:
        return operand_hint(arena, node->first);
    case NODE_FUNCTION: /* max and min are content with one of their fields */
        return node->first->next ? &hint_all : operand_hint(arena, node->first);
    default:
        return &hint_all;
    }
}

enum meaning { MEANING_NONE, MEANING_ADDRESS, MEANING_PORT, MEANING_IDENTITY, MEANING_TIME };

static enum meaning meaning_of(const struct node *operand)
{
    static const struct {
        const char *name;
        enum meaning meaning;
    } meanings[] = {
        { "ip.addr", MEANING_ADDRESS },
        { "ip.src", MEANING_ADDRESS },
        { "ip.dst", MEANING_ADDRESS },
        { "ipv6.addr", MEANING_ADDRESS },
        { "ipv6.src", MEANING_ADDRESS },
        { "ipv6.dst", MEANING_ADDRESS },
        { "udp.port", MEANING_PORT },
        { "udp.srcport", MEANING_PORT },
        { "udp.dstport", MEANING_PORT },
        { "tcp.port", MEANING_PORT },
        { "tcp.srcport", MEANING_PORT },
        { "tcp.dstport", MEANING_PORT },
        { "frame.time", MEANING_TIME },
        { "frame.time_epoch", MEANING_TIME },
        { "dtls.handshake.identity", MEANING_IDENTITY },
    };

    if (operand->kind != NODE_FIELD)
        return MEANING_NONE;
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (strcmp(field_of(operand->field)->name, meanings[i].name) == 0)
            return meanings[i].meaning;
    return MEANING_NONE;
}

static const struct hint *address_hint(struct arena *arena, enum field_type type, wide low, wide high)
{
    unsigned n_bits_all = type == FIELD_IPV4 ? 32 : 128, n_bits = 0;
    struct hint *hint = arena_take(arena, sizeof *hint);

    if (hint == NULL)
        return NULL;
    hint->kind = HINT_ADDRESS;
    while (n_bits < n_bits_all && (low >> (n_bits_all - 1 - n_bits)) == (high >> (n_bits_all - 1 - n_bits)))
        n_bits++;
    hint->prefix.n_bits = n_bits;
    hint->prefix.address.family = type == FIELD_IPV4 ? 4 : 6;
    for (unsigned i = 0; i < n_bits_all / 8; i++)
        hint->prefix.address.bytes[i] = (uint8_t)(low >> (n_bits_all - 8 * (i + 1)));
    return hint;
}

static const struct hint *with_pieces_before(struct arena *arena, const struct hint *hint)
{
    struct hint *before = arena_take(arena, HINT_PIECES_NODES * sizeof *before);

    return before ? hint_with_pieces(hint, &before) : NULL;
}

static const struct hint *range_hint(struct arena *arena, enum meaning meaning, enum field_type type,
                                     wide low, wide high)
{
    struct hint *hint;

    if (meaning == MEANING_ADDRESS)
        return address_hint(arena, type, low, high);
    hint = arena_take(arena, sizeof *hint);
    if (hint == NULL)
        return NULL;
    if (meaning == MEANING_PORT) {
        hint->kind = HINT_PORT;
        hint->port.low = (uint16_t)low;
        hint->port.high = (uint16_t)high;
        return hint;
    }
    hint->kind = HINT_TIME;
    hint->time.from_ns = (int64_t)key_of_signed((uint64_t)low);
    hint->time.to_ns = (int64_t)key_of_signed((uint64_t)high);
    return hint->time.from_ns == INT64_MIN ? hint : with_pieces_before(arena, hint);
}

/* The values for which operand relation low..high holds; as an index knows them. */
static const struct hint *relation_hint(struct arena *arena, enum meaning meaning, enum field_type type,
                                        enum relation relation, wide low, wide high)
{
    wide most = meaning == MEANING_PORT   ? UINT16_MAX
                : meaning == MEANING_TIME ? UINT64_MAX
                : type == FIELD_IPV4      ? UINT32_MAX
                                          : ~(wide)0;

    switch (relation) {
    case RELATION_EQ:
        break;
    case RELATION_GT:
        if (high == most)
            return &hint_none;
        low = high + 1;
        high = most;
        break;
    case RELATION_GE:
        high = most;
        break;
    case RELATION_LT:
        if (low == 0)
            return &hint_none;
        high = low - 1;
        low = 0;
        break;
    case RELATION_LE:
        low = 0;
        break;
    default: /* what differs from a value says little */
        return &hint_all;
    }
    return low > high ? &hint_none : range_hint(arena, meaning, type, low, high);
}

static const struct hint *identity_hint(struct arena *arena, struct bytes identity)
{
    struct hint *hint = arena_take(arena, sizeof *hint);

    if (hint)
        *hint = (struct hint) { .kind = HINT_IDENTITY, .identity = identity };
    return hint;
}

/* An index knows all identities that were spelt, so it can be asked for parts of them, too. */
static const struct hint *identity_like_hint(struct arena *arena, const struct node *test)
{
    struct hint *hint = arena_take(arena, sizeof *hint);

    if (hint)
        *hint = (struct hint) { .kind = HINT_IDENTITY_LIKE, .like.test = test };
    return hint;
}

bool hint_takes_identity(const struct hint *hint, struct bytes identity)
{
    const struct node *test = hint->like.test, *constant = test->second;
    struct bytes needle = constant->constant.bytes;
    bool is_cut = false;

    if (test->relation == RELATION_MATCHES)
        return constant->regex == NULL || regex_match(constant->regex, identity, &is_cut) || is_cut;
    return needle.len == 0 ||
           (identity.len > 0 && memmem(identity.data, identity.len, needle.data, needle.len));
}

/* "any" and "all" both need a value for which the test holds, so they give the same hint. */
static const struct hint *element_hint(struct arena *arena, const struct node *operand,
                                       enum relation relation, const struct node *element)
{
    enum meaning meaning = meaning_of(operand);
    bool is_range = element->kind == NODE_RANGE;
    const struct node *low = is_range ? element->first : element;
    const struct node *high = is_range ? element->second : element;

    if (low->kind != NODE_CONSTANT || high->kind != NODE_CONSTANT) /* field against field */
        return join(arena, HINT_AND, operand_hint(arena, low), operand_hint(arena, high));
    if (meaning == MEANING_NONE)
        return &hint_all;
    if (meaning == MEANING_IDENTITY)
        return relation == RELATION_EQ && !is_range ? identity_hint(arena, low->constant.bytes) : &hint_all;
    return relation_hint(arena, meaning, operand->type, relation, low->constant.low, high->constant.high);
}

static const struct hint *test_hint(struct arena *arena, const struct node *node)
{
    const struct hint *elements = &hint_none;

    if (node->kind == NODE_COMPARE && meaning_of(node->first) == MEANING_IDENTITY &&
        (node->relation == RELATION_CONTAINS || node->relation == RELATION_MATCHES) &&
        node->second->kind == NODE_CONSTANT)
        return join(arena, HINT_AND, operand_hint(arena, node->first), identity_like_hint(arena, node));
    if (node->kind == NODE_COMPARE)
        elements = element_hint(arena, node->first, node->relation, node->second);
    else
        for (const struct node *element = node->second; element; element = element->next)
            elements = join(arena, HINT_OR, elements, element_hint(arena, node->first, RELATION_EQ, element));
    if (elements && elements->kind != HINT_ALL &&
        (meaning_of(node->first) == MEANING_ADDRESS || meaning_of(node->first) == MEANING_IDENTITY))
        return elements; /* these say which protocol by themselves */
    return join(arena, HINT_AND, operand_hint(arena, node->first), elements);
}

static const struct hint *hint_of_test(const struct node *node, bool is_denied, struct arena *arena);

static const struct hint *row_hint(const struct node *node, bool is_denied, struct arena *arena)
{
    /* Not all of them is one that is not; none of them is all that are not. */
    enum hint_kind kind = (node->kind == NODE_AND) != is_denied ? HINT_AND : HINT_OR;
    const struct hint **hints;
    size_t n = 0;

    for (const struct node *part = node->first; part; part = part->next)
        n++;
    hints = arena_take(arena, n * sizeof(const struct hint *));
    if (hints == NULL)
        return NULL;
    n = 0;
    for (const struct node *part = node->first; part; part = part->next)
        hints[n++] = hint_of_test(part, is_denied, arena);
    return join_many(arena, kind, hints, n);
}

/* Every packet has one time, so that not before is after. */
static const struct hint *denied_hint(struct arena *arena, const struct node *node)
{
    static const enum relation opposites[] = {
        [RELATION_GT] = RELATION_LE,
        [RELATION_GE] = RELATION_LT,
        [RELATION_LT] = RELATION_GE,
        [RELATION_LE] = RELATION_GT,
    };
    bool is_order = node->relation == RELATION_GT || node->relation == RELATION_GE ||
                    node->relation == RELATION_LT || node->relation == RELATION_LE;

    if (node->kind != NODE_COMPARE || !is_order || meaning_of(node->first) != MEANING_TIME ||
        node->first->layers || node->first->is_reference || node->second->kind != NODE_CONSTANT)
        return &hint_all;
    return element_hint(arena, node->first, opposites[node->relation], node->second);
}

static const struct hint *hint_of_test(const struct node *node, bool is_denied, struct arena *arena)
{
    switch (node->kind) {
    case NODE_AND:
    case NODE_OR:
        return row_hint(node, is_denied, arena);
    case NODE_XOR: /* an odd number of them: one at least; of what is denied, perhaps none */
        return is_denied ? &hint_all : row_hint(node, false, arena);
    case NODE_NOT:
        return hint_of_test(node->first, !is_denied, arena);
    case NODE_EXISTS:
        return is_denied ? &hint_all : operand_hint(arena, node->first);
    case NODE_COMPARE:
    case NODE_IN:
        return is_denied ? denied_hint(arena, node) : test_hint(arena, node);
    default: /* the opposite of what must be there is not what cannot be there */
        return &hint_all;
    }
}

const struct hint *hint_of(const struct node *root, struct arena *arena)
{
    return hint_of_test(root, false, arena);
}

/* Read field by field: no packet but their own, and those it is a piece of, says what they hold. */
static const uint64_t remember_nothing = (PROTOCOLS_INDEXED & ~PROTOCOL_BIT(PROTOCOL_DTLS)) |
                                         PROTOCOL_BIT(PROTOCOL_FRAME) | PROTOCOL_BIT(PROTOCOL_DHCP) |
                                         PROTOCOL_BIT(PROTOCOL_NTP) | PROTOCOL_BIT(PROTOCOL_MQTTSN);

/* A checksum is of its datagram. */
static bool is_of_datagram(const struct field *field)
{
    return strncmp(field->name, "udp.checksum", strlen("udp.checksum")) == 0;
}

static bool remembers(const struct demand *demand, enum protocol_id p)
{
    const struct field *field;

    for (unsigned i = 0; i < protocols[p]->n_fields; i++) {
        field = &protocols[p]->fields[i];
        if (demand_has_field(demand, p, i) && !is_of_datagram(field) &&
            (field->counts_packets || field->needs_flow || field->type == FIELD_FRAME) &&
            (p != PROTOCOL_FRAME))
            return true;
    }
    return false;
}

static bool has_field_of(const struct demand *demand, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t id = field_find(names[i], strlen(names[i]));

        if (id && demand_has_field(demand, FIELD_PROTOCOL(id), FIELD_INDEX(id)))
            return true;
    }
    return false;
}

enum hint_memory hint_memory_of(const struct demand *demand)
{
    static const char *const of_all[] = {
        "frame.time_delta", "frame.time_relative", "frame.time_delta_displayed", "frame.interface_id",
        "tcp.stream",       "udp.stream",          "quic.connection.number"
    };
    static const char *const of_conversations[] = { "icmp.resptime", "icmpv6.resptime", "frame.protocols" };

    if (has_field_of(demand, of_all, sizeof of_all / sizeof *of_all))
        return HINT_MEMORY_ALL;
    if (demand->is_whole || (demand->protocols & ~remember_nothing) ||
        has_field_of(demand, of_conversations, sizeof of_conversations / sizeof *of_conversations))
        return HINT_MEMORY_CONVERSATION;
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
        if (demand->protocols >> p & 1 && remembers(demand, (enum protocol_id)p))
            return HINT_MEMORY_CONVERSATION;
    }
    return HINT_MEMORY_NONE;
}

const struct hint *hint_with_pieces(const struct hint *time, struct hint **next)
{
    struct hint *either = (*next)++, *both = (*next)++, *before = (*next)++, *pieces = (*next)++;

    *before = (struct hint) { .kind = HINT_TIME };
    before->time.to_ns = time->time.from_ns;
    if (__builtin_sub_overflow(time->time.from_ns, HINT_FRAGMENT_AGE_NS, &before->time.from_ns))
        before->time.from_ns = INT64_MIN;
    *pieces = (struct hint) { .kind = HINT_PROTOCOL, .protocol = PROTOCOL_NONE }; /* INDEXED_FRAGMENTS */
    *both = (struct hint) { .kind = HINT_AND, .left = before, .right = pieces };
    *either = (struct hint) { .kind = HINT_OR, .left = time, .right = both };
    return either;
}

size_t hint_nodes(const struct hint *hint)
{
    bool is_joined = hint->kind == HINT_AND || hint->kind == HINT_OR;

    return is_joined ? 1 + hint_nodes(hint->left) + hint_nodes(hint->right) : 1;
}

const struct hint *hint_of_past(const struct hint *hint, struct hint **next)
{
    struct hint *copy = (*next)++;

    *copy = *hint;
    if (hint->kind == HINT_AND || hint->kind == HINT_OR) {
        copy->left = hint_of_past(hint->left, next);
        copy->right = hint_of_past(hint->right, next);
    } else if (hint->kind == HINT_TIME) {
        copy->time.from_ns = INT64_MIN;
    } else if (hint->kind == HINT_FLOW) {
        copy->flow.from_ns = INT64_MIN;
    } else if (hint->kind == HINT_IDENTITY || hint->kind == HINT_IDENTITY_LIKE) {
        copy->kind = HINT_ALL; /* only some packets of a conversation spell it */
    }
    return copy;
}
