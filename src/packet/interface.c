/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table finds an interface by (what it says, how many equal ones come before it), so that both questions,
 * "the nth equal one" and "how many are there", cost one look. A plain scan was rejected: a file may describe
 * 65536 interfaces, and strangers write files. For the same reason the hash is seeded.
 */
#include "packet/interface.h"

#include <stdlib.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct interface_slot {
    uint64_t hash;    /* of the description and the ordinal */
    uint32_t number;  /* in items, plus 1; 0: the slot is free */
    uint32_t n_equal; /* in the slot of ordinal 0: how many equal ones the table holds */
    uint32_t ordinal;
};

enum { SLOTS_FIRST = 64, ITEMS_FIRST = 8 };

void interface_table_clear(struct interface_table *table)
{
    free(table->items);
    free(table->slots);
    *table = (struct interface_table) { 0 };
}

static uint64_t hash_text(const char text[static INTERFACE_TEXT_BYTES], uint64_t seed)
{
    return XXH3_64bits_withSeed(text, strnlen(text, INTERFACE_TEXT_BYTES), seed);
}

static uint64_t hash_description(const struct interface *interface, uint64_t seed)
{
    uint32_t numbers[3] = { interface->linktype, interface->snaplen, interface->tsresol };
    uint64_t hash = XXH3_64bits_withSeed(numbers, sizeof numbers, seed);

    hash = hash_text(interface->name, hash);
    hash = hash_text(interface->description, hash);
    hash = hash_text(interface->filter, hash);
    return hash_text(interface->os, hash);
}

static uint64_t hash_ordinal(uint64_t hash, uint32_t ordinal)
{
    return XXH3_64bits_withSeed(&ordinal, sizeof ordinal, hash);
}

static bool descriptions_equal(const struct interface *a, const struct interface *b)
{
    return a->linktype == b->linktype && a->snaplen == b->snaplen && a->tsresol == b->tsresol &&
           strncmp(a->name, b->name, INTERFACE_TEXT_BYTES) == 0 &&
           strncmp(a->description, b->description, INTERFACE_TEXT_BYTES) == 0 &&
           strncmp(a->filter, b->filter, INTERFACE_TEXT_BYTES) == 0 &&
           strncmp(a->os, b->os, INTERFACE_TEXT_BYTES) == 0;
}

/* The slot that holds it, else the free one where it would go. At most half of the slots are taken. */
static struct interface_slot *find_slot(const struct interface_table *table,
                                        const struct interface *interface, uint64_t description_hash,
                                        uint32_t ordinal)
{
    uint64_t hash = hash_ordinal(description_hash, ordinal);

    for (uint32_t i = (uint32_t)hash;; i++) {
        struct interface_slot *slot = &table->slots[i & (table->n_slots - 1)];

        if (slot->number == 0 || (slot->hash == hash && slot->ordinal == ordinal &&
                                  descriptions_equal(&table->items[slot->number - 1], interface)))
            return slot;
    }
}

static bool grow_items(struct interface_table *table)
{
    uint32_t cap = table->cap ? table->cap * 2 : ITEMS_FIRST;
    struct interface *items = realloc(table->items, cap * sizeof *items);

    if (items == NULL)
        return false;
    table->items = items;
    table->cap = cap;
    return true;
}

static bool grow_slots(struct interface_table *table)
{
    uint32_t n_slots = table->n_slots ? table->n_slots * 2 : SLOTS_FIRST;
    struct interface_slot *slots = calloc(n_slots, sizeof *slots);

    if (slots == NULL)
        return false;
    if (table->n_slots == 0 && getrandom(&table->seed, sizeof table->seed, GRND_NONBLOCK) < 0)
        table->seed = (uint64_t)(uintptr_t)slots; /* no entropy yet at early boot: the address must do */
    for (uint32_t i = 0; i < table->n_slots; i++) {
        const struct interface_slot *old = &table->slots[i];
        uint32_t at = (uint32_t)old->hash & (n_slots - 1);

        if (old->number == 0)
            continue;
        while (slots[at].number != 0)
            at = (at + 1) & (n_slots - 1);
        slots[at] = *old;
    }
    free(table->slots);
    table->slots = slots;
    table->n_slots = n_slots;
    return true;
}

static bool make_room(struct interface_table *table, struct error *error)
{
    if (table->n == INTERFACE_LIMIT)
        return error_set(error, ERROR_LIMIT,
                         "more than %d interfaces are described in one stream; read fewer files at once",
                         INTERFACE_LIMIT);
    if (table->n == table->cap && !grow_items(table))
        return error_set(error, ERROR_SYSTEM, "no memory for the description of interface %u", table->n);
    if (table->n >= table->n_slots / 2 && !grow_slots(table))
        return error_set(error, ERROR_SYSTEM, "no memory for the description of interface %u", table->n);
    return true;
}

static uint32_t append(struct interface_table *table, const struct interface *interface, uint64_t hash)
{
    struct interface_slot *first = find_slot(table, interface, hash, 0);
    uint32_t ordinal = first->number ? first->n_equal : 0;
    struct interface_slot *slot = find_slot(table, interface, hash, ordinal);

    *slot = (struct interface_slot) {
        .hash = hash_ordinal(hash, ordinal),
        .number = table->n + 1,
        .ordinal = ordinal,
    };
    first->n_equal = ordinal + 1;
    table->items[table->n] = *interface;
    return table->n++;
}

uint32_t interface_table_add(struct interface_table *table, const struct interface *interface,
                             struct error *error)
{
    if (!make_room(table, error))
        return UINT32_MAX;
    return append(table, interface, hash_description(interface, table->seed));
}

uint32_t interface_table_map(struct interface_table *table, const struct interface *interface, uint32_t nth,
                             struct error *error)
{
    if (table->n > 0) {
        uint64_t hash = hash_description(interface, table->seed);
        const struct interface_slot *slot = find_slot(table, interface, hash, nth);

        if (slot->number != 0)
            return slot->number - 1;
    }
    return interface_table_add(table, interface, error);
}

void interface_twins_restart(struct interface_twins *twins)
{
    if (twins->n_met)
        memset(twins->n_met, 0, twins->cap * sizeof *twins->n_met);
}

void interface_twins_clear(struct interface_twins *twins)
{
    free(twins->n_met);
    *twins = (struct interface_twins) { 0 };
}

uint32_t interface_table_enter(struct interface_table *table, struct interface_twins *twins,
                               const struct interface *interface, struct error *error)
{
    uint32_t first = interface_table_map(table, interface, 0, error);

    if (first == UINT32_MAX)
        return UINT32_MAX;
    if (first >= twins->cap) {
        uint32_t cap = table->cap;
        uint32_t *n_met = realloc(twins->n_met, cap * sizeof *n_met);

        if (n_met == NULL) {
            error_system(error, "no memory for interface %u", first);
            return UINT32_MAX;
        }
        memset(n_met + twins->cap, 0, (cap - twins->cap) * sizeof *n_met);
        twins->n_met = n_met;
        twins->cap = cap;
    }
    return interface_table_map(table, interface, twins->n_met[first]++, error);
}
