/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_walk - which control packets of a segment must be read for what is asked for, and what is known of
 * their connection: looked up once a segment, and not at all when no packet's fields depend on it.
 */
#pragma once

#include "protocol/mqtt.h"
#include "protocol/mqtt_session.h"

/* What a message may be, by its content type. */
#define MQTT_CONTENT_MASK                                                                          \
    (PROTOCOL_BIT(PROTOCOL_JSON) | PROTOCOL_BIT(PROTOCOL_CBOR) | PROTOCOL_BIT(PROTOCOL_LWM2MTLV) | \
     PROTOCOL_BIT(PROTOCOL_TEXT_LINES))

struct mqtt_walk {
    struct dissection *d;
    uint64_t wanted;                /* fields of the demand's first word, as if no packet had others */
    bool needs_session;             /* the version, or an alias, matters to what is asked for */
    bool has_looked;                /* what follows is known */
    struct mqtt_sessions *sessions; /* NULL: nothing is remembered */
    struct conversation_ends ends;
    struct mqtt_session session;
};

void mqtt_walk_begin(struct mqtt_walk *walk, struct dissection *d);

/* Looks the connection up, if that was not done before: walk->session is valid from then on. */
void mqtt_walk_look_up(struct mqtt_walk *walk);

/* A CONNECT of that version begins the session anew, if it matters to anyone. */
void mqtt_walk_connect(struct mqtt_walk *walk, uint8_t version);

/* Is a packet of that type worth reading? */
bool mqtt_walk_wants(const struct mqtt_walk *walk, uint8_t type);
