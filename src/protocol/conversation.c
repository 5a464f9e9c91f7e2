/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/conversation.h"

#include <stdlib.h>

#include "base/lru_table.h"

struct conversations {
    struct lru_table *table;
    uint32_t n_streams;
};

struct conversations *conversations_new(size_t value_bytes, uint32_t limit, uint64_t hash_seed,
                                        void (*let_go)(void *context, const void *key, void *value),
                                        void *context)
{
    struct lru_table_options options = { .key_bytes = sizeof(struct flow_key),
                                         .value_bytes = value_bytes,
                                         .limit = limit,
                                         .hash_seed = hash_seed,
                                         .let_go = let_go,
                                         .context = context };
    struct conversations *conversations = calloc(1, sizeof *conversations);

    if (conversations == NULL)
        return NULL;
    conversations->table = lru_table_new(&options);
    if (conversations->table == NULL) {
        free(conversations);
        return NULL;
    }
    return conversations;
}

void conversations_free(struct conversations *conversations)
{
    if (conversations == NULL)
        return;
    lru_table_free(conversations->table);
    free(conversations);
}

void conversations_renew(struct conversations *conversations, struct conversation *conversation,
                         int64_t ts_ns)
{
    *conversation =
        (struct conversation) { .first_ts_ns = ts_ns, .previous_ts_ns = ts_ns, conversations->n_streams++ };
}

void *conversations_meet(struct conversations *conversations, const struct flow_key *flow, int64_t ts_ns,
                         bool *is_new)
{
    void *value = lru_table_put(conversations->table, flow, is_new);

    if (value && *is_new)
        conversations_renew(conversations, value, ts_ns);
    return value;
}

uint64_t conversations_forgotten(const struct conversations *conversations)
{
    return lru_table_forgotten(conversations->table);
}
