/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/mqtt_session.h"

#include <stdlib.h>

#include "base/lru_table.h"

struct alias_key { /* hashed and compared whole */
    struct flow_key flow;
    uint32_t connection;
    uint16_t alias;
    uint8_t is_forward;
    uint8_t zero;
};

static_assert(sizeof(struct alias_key) == sizeof(struct flow_key) + 8, "no hidden padding");

struct alias_topic {
    uint8_t *bytes; /* owned */
    size_t len, cap;
};

struct mqtt_sessions {
    struct lru_table *by_flow;
    struct lru_table *aliases;
    uint32_t n_connections;
    uint64_t n_topics_too_long;
};

static void let_topic_go(void *context, const void *key, void *value)
{
    struct alias_topic *topic = value;

    (void)context;
    (void)key;
    free(topic->bytes);
}

void *mqtt_sessions_new(uint64_t hash_seed)
{
    struct mqtt_sessions *sessions = calloc(1, sizeof *sessions);

    if (sessions == NULL)
        return NULL;
    sessions->by_flow =
        lru_table_new(&(struct lru_table_options) { .key_bytes = sizeof(struct flow_key),
                                                    .value_bytes = sizeof(struct mqtt_session),
                                                    .limit = MQTT_SESSIONS,
                                                    .hash_seed = hash_seed });
    sessions->aliases = lru_table_new(&(struct lru_table_options) { .key_bytes = sizeof(struct alias_key),
                                                                    .value_bytes = sizeof(struct alias_topic),
                                                                    .limit = MQTT_ALIASES,
                                                                    .hash_seed = hash_seed,
                                                                    .let_go = let_topic_go });
    if (sessions->by_flow == NULL || sessions->aliases == NULL) {
        mqtt_sessions_free(sessions);
        return NULL;
    }
    return sessions;
}

void mqtt_sessions_free(void *state)
{
    struct mqtt_sessions *sessions = state;

    if (sessions == NULL)
        return;
    lru_table_free(sessions->by_flow);
    lru_table_free(sessions->aliases);
    free(sessions);
}

uint64_t mqtt_sessions_forgotten(const void *state)
{
    const struct mqtt_sessions *sessions = state;

    return lru_table_forgotten(sessions->by_flow) + lru_table_forgotten(sessions->aliases) +
           sessions->n_topics_too_long;
}

bool mqtt_session_find(struct mqtt_sessions *sessions, const struct flow_key *flow,
                       struct mqtt_session *session)
{
    const struct mqtt_session *known = lru_table_find(sessions->by_flow, flow);

    if (known)
        *session = *known;
    return known != NULL;
}

void mqtt_session_begin(struct mqtt_sessions *sessions, const struct flow_key *flow, uint8_t version,
                        struct mqtt_session *session)
{
    struct mqtt_session *kept = lru_table_put(sessions->by_flow, flow, NULL);

    *session = (struct mqtt_session) { .connection = ++sessions->n_connections, .version = version };
    if (kept)
        *kept = *session;
}

static struct alias_key alias_key_of(const struct conversation_ends *ends, uint32_t connection,
                                     uint16_t alias)
{
    return (struct alias_key) {
        .flow = ends->flow, .connection = connection, .alias = alias, .is_forward = ends->is_forward
    };
}

bool mqtt_alias_find(struct mqtt_sessions *sessions, const struct conversation_ends *ends,
                     uint32_t connection, uint16_t alias, struct bytes *topic)
{
    struct alias_key key = alias_key_of(ends, connection, alias);
    const struct alias_topic *known = lru_table_find(sessions->aliases, &key);

    if (known == NULL)
        return false;
    *topic = bytes_of(known->bytes, known->len);
    return true;
}

void mqtt_alias_remember(struct mqtt_sessions *sessions, const struct conversation_ends *ends,
                         uint32_t connection, uint16_t alias, struct bytes topic)
{
    struct alias_key key = alias_key_of(ends, connection, alias);
    struct alias_topic *kept;

    if (topic.len > MQTT_ALIAS_TOPIC_BYTES) {
        sessions->n_topics_too_long++;
        lru_table_remove(sessions->aliases, &key); /* what it stood for before is past in any case */
        return;
    }
    kept = lru_table_put(sessions->aliases, &key, NULL);
    if (kept == NULL)
        return;
    if (topic.len > kept->cap) {
        uint8_t *grown = realloc(kept->bytes, topic.len);

        if (grown == NULL) {
            lru_table_remove(sessions->aliases, &key);
            return;
        }
        kept->bytes = grown;
        kept->cap = topic.len;
    }
    memcpy(kept->bytes, topic.data, topic.len);
    kept->len = topic.len;
}
