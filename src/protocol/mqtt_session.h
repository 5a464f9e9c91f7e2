/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_session - what MQTT leaves unsaid once a connection stands: its version, which only CONNECT tells, and
 * the topics behind version 5's aliases (section 3.3.2.3.4), which each side gives for itself and for as long
 * as the connection lasts.
 *
 * Bounded: the conversations and aliases used longest ago go first, and longer topics than
 * MQTT_ALIAS_TOPIC_BYTES are not remembered; both are counted.
 */
#pragma once

#include "base/bytes.h"
#include "protocol/flow.h"

enum {
    MQTT_SESSIONS = 1 << 14,
    MQTT_ALIASES = 1 << 14,
    MQTT_ALIAS_TOPIC_BYTES = 1024,
};

struct mqtt_sessions;

/* For struct protocol: state_new, state_free, state_forgotten. */
void *mqtt_sessions_new(uint64_t hash_seed); /* NULL without memory */
void mqtt_sessions_free(void *sessions);
uint64_t mqtt_sessions_forgotten(const void *sessions);

struct mqtt_session {
    uint32_t connection; /* one more with each CONNECT: aliases do not outlive theirs */
    uint8_t version;     /* as CONNECT had it */
};

/* False: no CONNECT was seen. */
bool mqtt_session_find(struct mqtt_sessions *sessions, const struct flow_key *flow,
                       struct mqtt_session *session);

/* A CONNECT of this version was seen; *session is written in any case. */
void mqtt_session_begin(struct mqtt_sessions *sessions, const struct flow_key *flow, uint8_t version,
                        struct mqtt_session *session);

/* ends: as the PUBLISH goes. *topic is borrowed until the next call of mqtt_alias_remember. */
bool mqtt_alias_find(struct mqtt_sessions *sessions, const struct conversation_ends *ends,
                     uint32_t connection, uint16_t alias, struct bytes *topic);
void mqtt_alias_remember(struct mqtt_sessions *sessions, const struct conversation_ends *ends,
                         uint32_t connection, uint16_t alias, struct bytes topic);
