/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity_tls - TLS over TCP: the service a client asks for, its PSK identity, its certificate up to version
 * 1.2, and the tickets and session ids that tie one connection to another (RFC 5246, RFC 5077, RFC 8446).
 *
 * A side has finished when it changed its cipher, or when it sends application data, which 1.3 does without.
 */
#include "device/identity.h"
#include "protocol/tls_handshake.h"

enum {
    FIELD_CONTENT_TYPE = HANDSHAKE_FIELDS,
    FIELD_OPAQUE_TYPE,
    RECORD_HEADER_BYTES = 5,
    CHANGE_CIPHER_SPEC = 20,
    HANDSHAKE = 22,
    APPLICATION_DATA = 23,
};

static bool tls_is_mine(const struct glance *glance)
{
    const uint8_t *at = glance->payload.data;

    return glance->payload.len > RECORD_HEADER_BYTES && at[0] == HANDSHAKE && at[1] == 3 &&
           at[RECORD_HEADER_BYTES] == TLS_CLIENT_HELLO;
}

static void tls_glance(struct glance *glance)
{
    glance->is_news = true;
}

static void tls_look(const struct look *look, struct sighting *seen)
{
    struct handshake_reading reading = { 0 };
    const struct value *value;
    unsigned field;

    for (uint32_t at = 0; look_next(look, &at, &field, &value);) {
        if (field < HANDSHAKE_FIELDS)
            handshake_take_value(&reading, seen, (enum handshake_field)field, value);
        else if (value->number == CHANGE_CIPHER_SPEC || value->number == APPLICATION_DATA)
            seen->steps |= SEEN_DONE;
    }
}

static const char *const fields[] = {
    HANDSHAKE_FIELD_NAMES("tls."),
    [FIELD_CONTENT_TYPE] = "tls.record.content_type",
    [FIELD_OPAQUE_TYPE] = "tls.record.opaque_type",
    NULL,
};

const struct identity_source identity_tls = {
    .protocol = PROTOCOL_TLS,
    .ip_protocol = 6,
    .fields = fields,
    .is_mine = tls_is_mine,
    .glance = tls_glance,
    .look = tls_look,
};
