/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/flow_set.h"

#include <stdlib.h>

enum kind {
    EXACT,
    WITHOUT_PORTS,
    ANY_OF_PAIR
}; /* what was added; that it was so; that something of the pair was */

static uint64_t hash_of(const struct flow_key *key, enum kind kind)
{
    struct flow_key pair = *key;

    if (kind != EXACT) {
        pair.port_low = pair.port_high = 0;
        pair.any_port = FLOW_ANY_NONE;
    }
    return flow_key_hash(&pair, kind) | 1;
}

static bool has_hash(const struct flow_set *set, uint64_t hash)
{
    for (uint32_t at = (uint32_t)(hash >> 32); set->n_slots; at++) {
        uint64_t found = set->hashes[at & (set->n_slots - 1)];

        if (found == 0 || found == hash)
            return found != 0;
    }
    return false;
}

static void put_hash(struct flow_set *set, uint64_t hash)
{
    uint32_t at = (uint32_t)(hash >> 32);

    while (set->hashes[at & (set->n_slots - 1)])
        at++;
    set->hashes[at & (set->n_slots - 1)] = hash;
    set->n++;
}

static bool make_room(struct flow_set *set)
{
    struct flow_set larger = { .n_slots = set->n_slots ? set->n_slots * 2 : 1024 };

    if (set->n < set->n_slots / 2)
        return true;
    if (set->n >= FLOW_SET_LIMIT || (larger.hashes = calloc(larger.n_slots, sizeof *larger.hashes)) == NULL)
        return false;
    for (uint32_t i = 0; i < set->n_slots; i++) {
        if (set->hashes[i])
            put_hash(&larger, set->hashes[i]);
    }
    free(set->hashes);
    *set = larger;
    return true;
}

static void add_hash(struct flow_set *set, uint64_t hash)
{
    if (set->is_everything || has_hash(set, hash))
        return;
    if (make_room(set))
        put_hash(set, hash);
    else
        set->is_everything = true;
}

void flow_set_clear(struct flow_set *set)
{
    free(set->hashes);
    *set = (struct flow_set) { 0 };
}

void flow_set_add(struct flow_set *set, const struct flow_key *key)
{
    if (key->low.family == 0 || key->high.family == 0)
        set->is_everything = true;
    add_hash(set, key->any_port ? hash_of(key, WITHOUT_PORTS) : hash_of(key, EXACT));
    add_hash(set, hash_of(key, ANY_OF_PAIR));
}

bool flow_set_has(const struct flow_set *set, const struct flow_key *key)
{
    if (set->is_everything || key->low.family == 0 || key->high.family == 0)
        return true;
    if (key->any_port)
        return has_hash(set, hash_of(key, ANY_OF_PAIR));
    return has_hash(set, hash_of(key, EXACT)) || has_hash(set, hash_of(key, WITHOUT_PORTS));
}
