/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity_mqttsn - MQTT-SN 1.2 over UDP: the client id of a CONNECT (section 5.4.4), and that of a PINGREQ,
 * by which a client that slept says who it is (section 5.4.22).
 *
 * Read from the payload and not from fields: the protocol has no port of its own, so it is dissected by a
 * decode rule alone; here the first bytes must do. They are checked to the last one. A message in a
 * forwarder's wrapping (section 5.5) is not looked for.
 */
#include "device/identity.h"

enum {
    CONNECT = 0x04,
    CONNACK = 0x05,
    PINGREQ = 0x16,
    PINGRESP = 0x17,
    PROTOCOL_ID = 0x01,
    CONNECT_HEAD_BYTES = 6, /* length, type, flags, protocol id, duration */
    FLAGS_UNUSED = 0xf3,    /* a CONNECT has will and clean session only */
    CLIENT_ID_BYTES = 23,   /* section 5.3.1 */
};

/* The type of a message whose length of one byte fits the datagram; 0 for none. */
static uint8_t type_of(struct bytes payload)
{
    return payload.len >= 2 && payload.data[0] == payload.len ? payload.data[1] : 0;
}

static bool is_client_id(struct bytes id)
{
    for (size_t i = 0; i < id.len; i++) {
        if (id.data[i] < 0x20 || id.data[i] > 0x7e)
            return false;
    }
    return id.len > 0 && id.len <= CLIENT_ID_BYTES;
}

static struct bytes client_id(struct bytes payload)
{
    size_t head = type_of(payload) == CONNECT ? CONNECT_HEAD_BYTES : 2;

    return payload.len > head ? bytes_of(payload.data + head, payload.len - head) : (struct bytes) { 0 };
}

static bool mqttsn_is_mine(const struct glance *glance)
{
    const struct bytes payload = glance->payload;

    switch (type_of(payload)) {
    case CONNECT:
        return payload.len > CONNECT_HEAD_BYTES && (payload.data[2] & FLAGS_UNUSED) == 0 &&
               payload.data[3] == PROTOCOL_ID && is_client_id(client_id(payload));
    case PINGREQ:
        return is_client_id(client_id(payload));
    case CONNACK:
        return glance->is_expected && payload.len == 3;
    case PINGRESP:
        return glance->is_expected && payload.len == 2;
    default:
        return false;
    }
}

static void mqttsn_glance(struct glance *glance)
{
    glance->is_news = true;
}

static void mqttsn_look(const struct look *look, struct sighting *seen)
{
    uint8_t type = type_of(look->payload);

    seen->is_plain = true;
    switch (type) {
    case CONNECT:
    case PINGREQ:
        seen->steps = SEEN_BEGIN;
        seen->reason = type == CONNECT ? BINDING_CONNECT : BINDING_REQUEST;
        seen->instance = identity_hash(look->payload, type);
        sighting_name(seen, IDENTITY_MQTTSN_CLIENT_ID, client_id(look->payload));
        break;
    case CONNACK:
        seen->steps = look->payload.data[2] == 0 ? SEEN_ACCEPTED : SEEN_REFUSED;
        break;
    default:
        seen->steps = SEEN_ACCEPTED;
        break;
    }
}

const struct identity_source identity_mqttsn = {
    .protocol = PROTOCOL_MQTTSN,
    .ip_protocol = 17,
    .is_mine = mqttsn_is_mine,
    .glance = mqttsn_glance,
    .look = mqttsn_look,
};
