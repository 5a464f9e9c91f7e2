/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/program.h"

#include <stdlib.h>

struct emitter {
    struct program *program;
    uint32_t cap;
    struct arena *arena;
    struct error *error;
    bool is_denied; /* under an odd number of "not" */
};

static bool no_room(struct emitter *emitter)
{
    return error_set(emitter->error, ERROR_USAGE, "this filter needs too much memory");
}

static void *take(struct emitter *emitter, size_t n, size_t size)
{
    void *piece = n <= FILTER_ARENA_BYTES / size ? arena_take(emitter->arena, n * size) : NULL;

    if (piece == NULL)
        no_room(emitter);
    return piece;
}

static uint32_t count_tests(const struct node *node)
{
    uint64_t n = 0;

    if (!node_is_row(node))
        return 1;
    for (const struct node *part = node->first; part; part = part->next)
        n += count_tests(part);
    if (node->kind == NODE_XOR) /* each part is written twice: emit_xor */
        n *= 2;
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

/* ---- computed operands ---- */

static uint32_t count_steps(const struct node *node)
{
    uint32_t n = 1;

    if (node->kind == NODE_FUNCTION) {
        for (const struct node *argument = node->first; argument; argument = argument->next)
            n += count_steps(argument);
        return n;
    }
    if (node->kind == NODE_FIELD || node->kind == NODE_PROTOCOL || node->kind == NODE_CONSTANT)
        return 1;
    n += count_steps(node->first);
    if (node->kind == NODE_ARITH)
        n += count_steps(node->second);
    return n;
}

static struct step *write_steps(struct step *at, const struct node *node)
{
    static const enum step_kind kinds[] = {
        [NODE_FIELD] = STEP_FIELD,       [NODE_PROTOCOL] = STEP_PROTOCOL, [NODE_CONSTANT] = STEP_CONSTANT,
        [NODE_NEGATE] = STEP_NEGATE,     [NODE_ARITH] = STEP_ARITH,       [NODE_SLICE] = STEP_SLICE,
        [NODE_FUNCTION] = STEP_FUNCTION,
    };
    uint32_t n_arguments = 0;

    switch (node->kind) {
    case NODE_FUNCTION:
        for (const struct node *argument = node->first; argument; argument = argument->next) {
            at = write_steps(at, argument);
            n_arguments++;
        }
        break;
    case NODE_ARITH:
        at = write_steps(at, node->first);
        at = write_steps(at, node->second);
        break;
    case NODE_NEGATE:
    case NODE_SLICE:
        at = write_steps(at, node->first);
        n_arguments = 1;
        break;
    default:
        break;
    }
    *at = (struct step) { kinds[node->kind], n_arguments, node };
    return at + 1;
}

/* How many lists lie on the stack at most when the steps run. */
static uint32_t most_lists(const struct steps *steps)
{
    uint32_t n = 0, most = 0;

    for (uint32_t i = 0; i < steps->n; i++) {
        if (steps->items[i].kind <= STEP_CONSTANT)
            n++;
        else if (steps->items[i].kind == STEP_ARITH)
            n--;
        else if (steps->items[i].kind == STEP_FUNCTION)
            n -= steps->items[i].n_arguments - 1;
        if (n > most)
            most = n;
    }
    return most;
}

static bool emit_steps(struct emitter *emitter, const struct node *node, struct steps *steps)
{
    uint32_t n = count_steps(node);
    struct step *items = take(emitter, n, sizeof *items);

    if (items == NULL)
        return false;
    write_steps(items, node);
    *steps = (struct steps) { items, n };
    if (most_lists(steps) > OPERAND_LISTS)
        return error_set(emitter->error, ERROR_USAGE, "this filter computes with too many values at once");
    return true;
}

/* The protocols without which an operand has no value, and its test is false; 0 when there is more to it. */
static uint64_t protocols_of(const struct node *node)
{
    while (node->kind == NODE_SLICE || node->kind == NODE_NEGATE)
        node = node->first;
    if (node->kind == NODE_FIELD)
        return PROTOCOL_BIT(node->protocol) | protocols[node->protocol]->lends_to |
               field_of(node->field)->lends_to;
    return node->kind == NODE_PROTOCOL ? PROTOCOL_BIT(node->protocol) : 0;
}

static bool emit_general(struct emitter *emitter, struct instruction *instruction, const struct node *node)
{
    struct general *general = take(emitter, 1, sizeof *general);
    struct general_right *rights;
    uint32_t n = 0;

    if (general == NULL || !emit_steps(emitter, node->first, &general->left))
        return false;
    instruction->op = OP_GENERAL;
    instruction->mask = protocols_of(node->first);
    instruction->general = general;
    instruction->is_all = node->quantifier == QUANTIFIER_ALL;
    general->is_set = node->kind == NODE_IN;
    general->relation = node->kind == NODE_COMPARE ? node->relation : RELATION_EQ;
    if (node->kind == NODE_EXISTS)
        return true;
    for (const struct node *element = node->second; element; element = element->next)
        n++;
    rights = take(emitter, n, sizeof *rights);
    if (rights == NULL)
        return false;
    general->rights = rights;
    general->n_rights = n;
    for (const struct node *element = node->second; element; element = element->next, rights++) {
        const struct node *low = element->kind == NODE_RANGE ? element->first : element;

        if (!emit_steps(emitter, low, &rights->low) ||
            (element->kind == NODE_RANGE && !emit_steps(emitter, element->second, &rights->high)))
            return false;
    }
    return true;
}

/* ---- fields against constants ---- */

static void members_of(uint16_t field_id, struct instruction *instruction)
{
    const struct field *field = field_of(field_id);
    enum protocol_id protocol = FIELD_PROTOCOL(field_id);

    instruction->protocol = (uint8_t)protocol;
    instruction->mask = PROTOCOL_BIT(protocol) | protocols[protocol]->lends_to | field->lends_to;
    instruction->fields[0] = field_id;
    instruction->n_places = 1;
    if (field->any_of[0] != field->any_of[1]) {
        instruction->fields[0] = FIELD_ID(protocol, field->any_of[0]);
        instruction->fields[1] = FIELD_ID(protocol, field->any_of[1]);
        instruction->n_places = 2;
    }
}

/* Fills the places; false unless every member lies at a fixed one that a 64-bit load reaches. */
static bool places_of(struct instruction *instruction)
{
    for (unsigned i = 0; i < instruction->n_places; i++)
        instruction->has_fixed |= field_of(instruction->fields[i])->n_bits > 0;
    for (unsigned i = 0; i < instruction->n_places; i++) {
        const struct field *field = field_of(instruction->fields[i]);
        struct place *place = &instruction->places[i];
        unsigned end = field->at_bit + field->n_bits;

        if (field->n_bits == 0 || field->n_bits > 64 || field->type == FIELD_INT)
            return false;
        place->end_byte = (end + 7) / 8;
        place->load_at = place->end_byte > 8 ? place->end_byte - 8 : 0;
        if (field->at_bit < place->load_at * 8)
            return false; /* spread over nine bytes */
        place->zero_is_all = field->zero_is_all;
        place->shift = (uint8_t)(64 - (end - place->load_at * 8));
        place->mask = field->n_bits == 64 ? UINT64_MAX : (UINT64_C(1) << field->n_bits) - 1;
    }
    return true;
}

static bool is_stored(const struct instruction *instruction)
{
    for (unsigned i = 0; i < instruction->n_places; i++)
        if (field_of(instruction->fields[i])->n_bits > 0)
            return false;
    return true;
}

static bool is_fixed_wide(const struct instruction *instruction)
{
    for (unsigned i = 0; i < instruction->n_places; i++)
        if (field_of(instruction->fields[i])->n_bits != 128)
            return false;
    return true;
}

static int number_range_order(const void *a, const void *b)
{
    const struct number_range *x = a, *y = b;

    return x->low < y->low ? -1 : x->low > y->low;
}

static int wide_range_order(const void *a, const void *b)
{
    const struct wide_range *x = a, *y = b;

    return x->low < y->low ? -1 : x->low > y->low;
}

static int bytes_order(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* Which keys a relation with low..high admits, NE aside; false when none. */
static bool range_of(enum relation relation, wide most, wide *low, wide *high)
{
    switch (relation) {
    case RELATION_GT:
        if (*high == most)
            return false;
        *low = *high + 1;
        *high = most;
        return true;
    case RELATION_GE:
        *high = most;
        return true;
    case RELATION_LT:
        if (*low == 0)
            return false;
        *high = *low - 1;
        *low = 0;
        return true;
    case RELATION_LE:
        *low = 0;
        return true;
    default:
        return *low <= *high;
    }
}

/* The ranges of a comparison or set, sorted and joined; false without room. */
static bool ranges_of(struct emitter *emitter, const struct node *node, wide most, struct wide_range **ranges,
                      uint32_t *n_ranges)
{
    struct wide_range *set;
    uint32_t n = 0, n_joined = 0;
    enum relation relation = node->kind == NODE_COMPARE ? node->relation : RELATION_EQ;

    for (const struct node *element = node->second; element; element = element->next)
        n++;
    set = take(emitter, n, sizeof *set);
    if (set == NULL)
        return false;
    n = 0;
    for (const struct node *element = node->second; element; element = element->next) {
        bool is_range = element->kind == NODE_RANGE;
        wide low = is_range ? element->first->constant.low : element->constant.low;
        wide high = is_range ? element->second->constant.high : element->constant.high;

        if (range_of(relation, most, &low, &high))
            set[n++] = (struct wide_range) { low, high };
    }
    qsort(set, n, sizeof *set, wide_range_order);
    for (uint32_t i = 0; i < n; i++) {
        if (n_joined && (set[n_joined - 1].high == most || set[i].low <= set[n_joined - 1].high + 1)) {
            if (set[i].high > set[n_joined - 1].high)
                set[n_joined - 1].high = set[i].high;
        } else {
            set[n_joined++] = set[i];
        }
    }
    *ranges = set;
    *n_ranges = n_joined;
    return true;
}

static bool emit_numbers(struct emitter *emitter, struct instruction *instruction, const struct node *node)
{
    struct wide_range *ranges;
    struct number_range *numbers;
    uint32_t n;

    if (!ranges_of(emitter, node, UINT64_MAX, &ranges, &n))
        return false;
    numbers = take(emitter, n, sizeof *numbers);
    if (numbers == NULL)
        return false;
    for (uint32_t i = 0; i < n; i++)
        numbers[i] = (struct number_range) { (uint64_t)ranges[i].low, (uint64_t)ranges[i].high };
    qsort(numbers, n, sizeof *numbers, number_range_order);
    instruction->numbers = numbers;
    instruction->n_set = n;
    if (!places_of(instruction)) {
        instruction->op = OP_NUMBER_SET;
        return true;
    }
    instruction->op = n == 1 ? OP_BITS_RANGE : OP_BITS_SET;
    if (n == 1) {
        instruction->low = numbers->low;
        instruction->span = numbers->high - numbers->low;
    }
    return true;
}

static bool emit_texts(struct emitter *emitter, struct instruction *instruction, const struct node *node)
{
    struct bytes *texts;
    uint32_t n = 0;

    for (const struct node *element = node->second; element; element = element->next)
        n++;
    texts = take(emitter, n, sizeof *texts);
    if (texts == NULL)
        return false;
    instruction->op = OP_BYTES_SET;
    instruction->texts = texts;
    instruction->n_set = n;
    for (const struct node *element = node->second; element; element = element->next)
        *texts++ = element->constant.bytes;
    qsort(texts - n, n, sizeof *texts, bytes_order);
    return true;
}

/* A constant that a field's values can be held against as they are. */
static bool is_key(const struct node *node)
{
    return node->kind == NODE_CONSTANT && !node->is_negative;
}

/* A field in all its layers against constants has instructions of its own; the rest is general. */
static bool emit_against_constants(struct emitter *emitter, struct instruction *instruction,
                                   const struct node *node, bool *is_done)
{
    const struct node *field = node->first;
    enum relation relation = node->kind == NODE_COMPARE ? node->relation : RELATION_EQ;
    bool has_range = false;

    *is_done = false;
    if (field->kind != NODE_FIELD || field->layers || field->is_reference || relation > RELATION_LE)
        return true;
    if (node->kind == NODE_IN && node->quantifier == QUANTIFIER_ALL && node->second->next)
        return true; /* not every one in the set, but every one the same element's */
    for (const struct node *element = node->second; element; element = element->next) {
        bool is_range = element->kind == NODE_RANGE;

        has_range = has_range || is_range;
        if (!is_key(is_range ? element->first : element) || (is_range && !is_key(element->second)))
            return true;
    }
    members_of(field->field, instruction);
    instruction->is_all = node->quantifier == QUANTIFIER_ALL;
    instruction->is_negated = relation == RELATION_NE;
    instruction->relation = relation == RELATION_NE ? RELATION_EQ : relation;

    switch (field->type) {
    case FIELD_IPV6:
        if (!is_fixed_wide(instruction))
            return true;
        *is_done = true;
        instruction->op = OP_WIDE_SET;
        {
            struct wide_range *ranges;

            if (!ranges_of(emitter, node, ~(wide)0, &ranges, &instruction->n_set))
                return false;
            instruction->wides = ranges;
        }
        return true;
    case FIELD_BYTES:
    case FIELD_STRING:
        if (has_range || (relation > RELATION_NE && field->type == FIELD_BYTES))
            return true;
        *is_done = true;
        return emit_texts(emitter, instruction, node);
    case FIELD_NONE:
    case FIELD_DOUBLE:
        return true;
    default:
        if (!places_of(instruction) && !is_stored(instruction))
            return true;
        *is_done = true;
        return emit_numbers(emitter, instruction, node);
    }
}

static bool emit_exists(struct emitter *emitter, struct instruction *instruction, const struct node *node)
{
    const struct node *operand = node->first;

    if (operand->kind == NODE_PROTOCOL && operand->layers == NULL && !operand->is_reference) {
        instruction->op = OP_PRESENT;
        instruction->mask = PROTOCOL_BIT(operand->protocol);
        return true;
    }
    if (operand->kind == NODE_FIELD && operand->layers == NULL) {
        members_of(operand->field, instruction);
        instruction->op = places_of(instruction) ? OP_BITS_EXISTS : OP_EXISTS;
        return true;
    }
    return emit_general(emitter, instruction, node);
}

static bool emit(struct emitter *emitter, const struct node *node, uint32_t on_true, uint32_t on_false,
                 uint32_t *entry);

/* The parts of a row, in order; NULL without room. */
static const struct node **parts_of(struct emitter *emitter, const struct node *row, uint32_t *n)
{
    const struct node **parts;

    *n = 0;
    for (const struct node *part = row->first; part; part = part->next)
        ++*n;
    parts = take(emitter, *n, sizeof(const struct node *));
    for (const struct node *part = row->first; parts && part; part = part->next)
        *parts++ = part;
    return parts ? parts - *n : NULL;
}

/* Each part stands there twice: for an even and for an odd number of true ones before it. */
static bool emit_xor(struct emitter *emitter, const struct node *node, uint32_t on_true, uint32_t on_false,
                     uint32_t *entry)
{
    uint32_t n, even = on_false, odd = on_true;
    const struct node **parts = parts_of(emitter, node, &n);

    if (parts == NULL)
        return false;
    emitter->program->is_mixed = true;
    while (n-- > 0) {
        uint32_t next_even = even, next_odd = odd;

        if (!emit(emitter, parts[n], next_odd, next_even, &even) ||
            !emit(emitter, parts[n], next_even, next_odd, &odd))
            return false;
    }
    *entry = even;
    return true;
}

/* Writes the tests of a tree, last first, so that a jump's target is known; answers where it begins. */
static bool emit(struct emitter *emitter, const struct node *node, uint32_t on_true, uint32_t on_false,
                 uint32_t *entry)
{
    struct instruction *instruction;
    const struct node **parts;
    uint32_t n = 0;
    bool is_done = false;

    switch (node->kind) {
    case NODE_NOT:
        emitter->is_denied = !emitter->is_denied;
        is_done = emit(emitter, node->first, on_false, on_true, entry);
        emitter->is_denied = !emitter->is_denied;
        return is_done;
    case NODE_XOR:
        return emit_xor(emitter, node, on_true, on_false, entry);
    case NODE_AND:
    case NODE_OR:
        parts = parts_of(emitter, node, &n);
        if (parts == NULL)
            return false;
        *entry = node->kind == NODE_AND ? on_true : on_false;
        while (n-- > 0) {
            bool is_good = node->kind == NODE_AND ? emit(emitter, parts[n], *entry, on_false, entry)
                                                  : emit(emitter, parts[n], on_true, *entry, entry);

            if (!is_good)
                return false;
        }
        return true;
    default:
        break;
    }
    if (emitter->program->n == emitter->cap)
        return no_room(emitter);
    *entry = emitter->program->n++;
    instruction = &emitter->program->instructions[*entry];
    *instruction =
        (struct instruction) { .on_true = on_true, .on_false = on_false, .is_denied = emitter->is_denied };
    if (node->kind == NODE_EXTERNAL) {
        emitter->program->is_mixed = true;
        instruction->op = OP_EXTERNAL;
        instruction->external = (uint32_t)node->number;
        return true;
    }
    if (node->kind == NODE_EXISTS)
        return emit_exists(emitter, instruction, node);
    if (!emit_against_constants(emitter, instruction, node, &is_done))
        return false;
    if (is_done)
        return true;
    *instruction =
        (struct instruction) { .on_true = on_true, .on_false = on_false, .is_denied = emitter->is_denied };
    return emit_general(emitter, instruction, node);
}

bool program_compile(struct program *program, const struct node *root, struct arena *arena,
                     struct error *error)
{
    struct emitter emitter = { program, count_tests(root), arena, error, false };

    *program = (struct program) { .limits = arena_take(arena, sizeof *program->limits) };
    if (program->limits == NULL)
        return no_room(&emitter);
    program->instructions = take(&emitter, emitter.cap, sizeof *program->instructions);
    return program->instructions && emit(&emitter, root, PROGRAM_TRUE, PROGRAM_FALSE, &program->entry);
}
