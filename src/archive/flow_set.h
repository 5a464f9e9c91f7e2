/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_set - conversations whose earlier packets are looked for. Bounded; past its bound it holds every one,
 * so that more is read and nothing is missed. Internal to this folder.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "protocol/flow.h"

enum { FLOW_SET_LIMIT = 1 << 17 };

struct flow_set {
    uint64_t *hashes; /* open addressing, 0 free; two equal ones of different keys only read more */
    uint32_t n_slots, n;
    bool is_everything;
};

void flow_set_clear(struct flow_set *set);

/* A key without a port stands for all conversations that differ from it in that port only. */
void flow_set_add(struct flow_set *set, const struct flow_key *key);
bool flow_set_has(const struct flow_set *set, const struct flow_key *key);
