/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match - runs a program over one packet. On the road of every packet: no allocation, no recursion, and no
 * call through a pointer for a value.
 */
#include "filter/external.h"
#include "filter/operand.h"
#include "filter/program.h"
#include "protocol/dissection.h"

/* The value at a place; false where the capture ends before its end. */
static inline bool place_load(const struct layer *layer, const struct place *place, uint64_t *key)
{
    uint64_t word = 0;

    if (place->end_byte > layer->header_len)
        return false;
    if (place->load_at + 8 <= layer->header_len) {
        memcpy(&word, layer->data + place->load_at, 8);
        word = __builtin_bswap64(word);
    } else { /* a header of less than eight bytes: load_at is zero */
        for (uint32_t i = 0; i < place->end_byte; i++)
            word |= (uint64_t)layer->data[i] << (56 - 8 * i);
    }
    *key = word >> place->shift & place->mask;
    if (__builtin_expect(*key == 0 && place->zero_is_all, 0))
        *key = (layer->header_len + layer->payload_len) & 0xffff;
    return true;
}

/*
 * Both quantifiers in one: for "any" the first value that agrees decides, for "all" the first that does not;
 * what is left when none decided is whether there was one.
 */
struct verdict {
    bool has_value;
    bool is_decided;
};

static inline __attribute__((always_inline)) void weigh(struct verdict *verdict,
                                                        const struct instruction *test, bool is_in_set)
{
    verdict->has_value = true;
    verdict->is_decided = (is_in_set != test->is_negated) != test->is_all;
}

static inline bool settle(const struct verdict *verdict, const struct instruction *test)
{
    return verdict->is_decided ? !test->is_all : test->is_all && verdict->has_value;
}

/* How an instruction holds one kind of value against its set: weighs the place-th of its fields in a layer,
 * if it is there. */
typedef void weigh_place(struct verdict *verdict, const struct instruction *test, const struct layer *layer,
                         unsigned place);

/* Every value at fixed places of the protocol's headers. Inlined with its function, which is known there. */
static inline __attribute__((always_inline)) bool
match_places(const struct instruction *test, const struct dissection *d, weigh_place *weigh_one)
{
    struct verdict verdict = { 0 };

    for (uint32_t i = 0; i < d->n_layers; i++) {
        if (d->layers[i].protocol != test->protocol)
            continue;
        for (unsigned p = 0; p < test->n_places; p++) {
            weigh_one(&verdict, test, &d->layers[i], p);
            if (verdict.is_decided)
                return settle(&verdict, test);
        }
    }
    return settle(&verdict, test);
}

static inline void weigh_bits_range(struct verdict *verdict, const struct instruction *test,
                                    const struct layer *layer, unsigned place)
{
    uint64_t key;

    if (place_load(layer, &test->places[place], &key))
        weigh(verdict, test, key - test->low <= test->span);
}

static inline void weigh_bits_set(struct verdict *verdict, const struct instruction *test,
                                  const struct layer *layer, unsigned place)
{
    uint64_t key;

    if (place_load(layer, &test->places[place], &key))
        weigh(verdict, test, program_has_number(test, key));
}

static inline void weigh_wide_set(struct verdict *verdict, const struct instruction *test,
                                  const struct layer *layer, unsigned place)
{
    uint32_t at = field_of(test->fields[place])->at_bit / 8u;
    uint64_t high, low;

    if (at + 16 > layer->header_len)
        return;
    memcpy(&high, layer->data + at, 8);
    memcpy(&low, layer->data + at + 8, 8);
    weigh(verdict, test,
          program_has_wide(test, (wide)__builtin_bswap64(high) << 64 | __builtin_bswap64(low)));
}

static bool match_bits_exists(const struct instruction *test, const struct dissection *d)
{
    for (uint32_t i = 0; i < d->n_layers; i++)
        if (d->layers[i].protocol == test->protocol)
            for (unsigned p = 0; p < test->n_places; p++)
                if (test->places[p].end_byte <= d->layers[i].header_len)
                    return true;
    return false;
}

/* What a value that a dissector added is compared by. */
static inline uint64_t value_key(const struct value *value)
{
    uint64_t key = 0;

    switch ((enum field_type)value->type) {
    case FIELD_IPV4:
    case FIELD_ETHER:
        for (size_t i = 0; i < value->bytes.len && i < 8; i++)
            key = key << 8 | value->bytes.data[i];
        return key;
    case FIELD_INT:
    case FIELD_TIME:
    case FIELD_DURATION:
        return key_of_signed(value->number);
    default:
        return value->number;
    }
}

static inline bool is_of_test(const struct instruction *test, const struct value *value)
{
    return value->field == test->fields[0] || (test->n_places == 2 && value->field == test->fields[1]);
}

static bool is_in_texts(const struct instruction *test, struct bytes text)
{
    uint32_t low = 0, high = test->n_set;

    if (test->relation != RELATION_EQ) {
        int order = bytes_compare(text, test->texts[0]);

        return test->relation == RELATION_GT   ? order > 0
               : test->relation == RELATION_GE ? order >= 0
               : test->relation == RELATION_LT ? order < 0
                                               : order <= 0;
    }
    if (high == 1)
        return bytes_equal(text, test->texts[0]);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = bytes_compare(test->texts[middle], text);

        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* Every value that the dissector added. */
typedef bool is_in_set(const struct instruction *test, const struct value *value);

static inline __attribute__((always_inline)) bool match_values(const struct instruction *test,
                                                               const struct dissection *d, is_in_set *is_in,
                                                               struct verdict verdict)
{
    for (uint32_t i = 0; i < d->n_values && !verdict.is_decided; i++)
        if (is_of_test(test, &d->values[i]))
            weigh(&verdict, test, is_in(test, &d->values[i]));
    return settle(&verdict, test);
}

static inline bool is_number_in(const struct instruction *test, const struct value *value)
{
    return program_has_number(test, value_key(value));
}

static inline bool is_text_in(const struct instruction *test, const struct value *value)
{
    return is_in_texts(test, value->bytes);
}

static bool match_bytes_set(const struct instruction *test, const struct dissection *d)
{
    struct verdict verdict = { 0 };

    for (unsigned p = 0; test->has_fixed && p < test->n_places; p++) {
        if (field_of(test->fields[p])->n_bits == 0)
            continue;
        for (uint32_t i = 0; i < d->n_layers && !verdict.is_decided; i++) {
            struct value value;

            if (d->layers[i].protocol == test->protocol &&
                layer_value(&d->layers[i], test->fields[p], &value))
                weigh(&verdict, test, is_in_texts(test, value.bytes));
        }
    }
    return match_values(test, d, is_text_in, verdict);
}

static bool match_exists(const struct instruction *test, const struct dissection *d)
{
    for (uint32_t i = 0; i < d->n_values; i++)
        if (is_of_test(test, &d->values[i]))
            return true;
    for (unsigned p = 0; p < test->n_places; p++)
        for (uint32_t i = 0; i < d->n_layers; i++) {
            struct value value;

            if (d->layers[i].protocol == test->protocol &&
                layer_value(&d->layers[i], test->fields[p], &value))
                return true;
        }
    return false;
}

static inline bool match_one(const struct program *program, const struct instruction *test,
                             const struct dissection *d)
{
    if ((d->present & test->mask) == 0 && (test->mask || test->op < OP_GENERAL))
        return false;
    switch ((enum op)test->op) {
    case OP_PRESENT:
        return true;
    case OP_BITS_RANGE:
        return match_places(test, d, weigh_bits_range);
    case OP_BITS_SET:
        return match_places(test, d, weigh_bits_set);
    case OP_BITS_EXISTS:
        return match_bits_exists(test, d);
    case OP_NUMBER_SET:
        return match_values(test, d, is_number_in, (struct verdict) { 0 });
    case OP_WIDE_SET:
        return match_places(test, d, weigh_wide_set);
    case OP_BYTES_SET:
        return match_bytes_set(test, d);
    case OP_EXISTS:
        return match_exists(test, d);
    case OP_GENERAL:
        return operand_test(test->general, test->is_all, d, program->limits);
    case OP_EXTERNAL:
        return program->answers && external_answers_find(program->answers, test->external, d->packet->number);
    }
    return false;
}

bool program_match(const struct program *program, const struct dissection *d)
{
    uint32_t at = program->entry;

    while (at < PROGRAM_FALSE) {
        const struct instruction *test = &program->instructions[at];

        at = match_one(program, test, d) ? test->on_true : test->on_false;
    }
    return at == PROGRAM_TRUE;
}

/*
 * Goes both ways where an external test stands, until they are known to differ. *left bounds the ways: parts
 * that share what follows could double them each time, and "depends" is never wrong.
 */
static enum program_verdict judge(const struct program *program, const struct dissection *d, uint32_t at,
                                  uint32_t *left)
{
    while (at < PROGRAM_FALSE) {
        const struct instruction *test = &program->instructions[at];
        enum program_verdict yes;

        if (test->op != OP_EXTERNAL) {
            at = match_one(program, test, d) ? test->on_true : test->on_false;
            continue;
        }
        if (*left == 0)
            return PROGRAM_DEPENDS;
        --*left;
        yes = judge(program, d, test->on_true, left);
        return yes != PROGRAM_DEPENDS && yes == judge(program, d, test->on_false, left) ? yes
                                                                                        : PROGRAM_DEPENDS;
    }
    return at == PROGRAM_TRUE ? PROGRAM_ALWAYS : PROGRAM_NEVER;
}

enum program_verdict program_judge(const struct program *program, const struct dissection *d)
{
    uint32_t left = 256;

    return judge(program, d, program->entry, &left);
}
