/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity_handshake - what the messages of a handshake (RFC 5246 section 7.4, RFC 8446 section 4) say about
 * who is there: TLS and DTLS have them alike.
 *
 * An external PSK is told from a ticket of (D)TLS 1.3 by its age, which RFC 8446 section 4.2.11 wants to be
 * 0, and by its bytes: tickets are sealed, and so long and random; a name is short, or text.
 */
#include "device/identity.h"
#include "protocol/tls_handshake.h"

enum {
    EXTENSION_SESSION_TICKET = 35, /* RFC 5077 section 3.2 */
    NAME_BYTES = 64,               /* no ticket is shorter than a key name, an IV, a state and a MAC */
};

static bool is_text(struct bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] < 0x20 || bytes.data[i] == 0x7f)
            return false;
    }
    return bytes.len > 0;
}

static bool is_name(struct bytes identity)
{
    return identity.len < NAME_BYTES || is_text(identity);
}

static void begin_message(struct handshake_reading *reading, struct sighting *seen, uint8_t type)
{
    reading->type = type;
    reading->extension = UINT16_MAX;
    reading->n_psks = 0;
    reading->has_certificate = false;
    if (type == TLS_CLIENT_KEY_EXCHANGE)
        seen->steps |= SEEN_KEYS;
}

static void take_hello_value(struct handshake_reading *reading, struct sighting *seen,
                             enum handshake_field field, const struct value *value)
{
    bool is_client = reading->type == TLS_CLIENT_HELLO;

    switch (field) {
    case HANDSHAKE_RANDOM:
        seen->steps |= is_client ? SEEN_BEGIN : SEEN_ANSWER;
        seen->reason = BINDING_HANDSHAKE;
        if (is_client)
            seen->instance = identity_hash(value->bytes, 0);
        break;
    case HANDSHAKE_SESSION_ID:
        if (is_client)
            token_digest(&seen->offered[0], value->bytes, NULL);
        else
            seen->session_id = value->bytes;
        break;
    case HANDSHAKE_EXTENSION_TYPE:
        reading->extension = (uint16_t)value->number;
        break;
    case HANDSHAKE_EXTENSION_DATA:
        if (is_client && reading->extension == EXTENSION_SESSION_TICKET && value->bytes.len > 0)
            token_digest(&seen->offered[1], value->bytes, NULL);
        break;
    case HANDSHAKE_SERVER_NAME:
        if (is_client)
            sighting_name(seen, IDENTITY_TLS_SNI, value->bytes);
        break;
    case HANDSHAKE_CONNECTION_ID:
        seen->has_cid = true;
        seen->cid = value->bytes;
        break;
    case HANDSHAKE_PSK_IDENTITY:
        if (is_name(value->bytes)) {
            sighting_name(seen, IDENTITY_EXTERNAL_PSK, value->bytes);
            seen->names[seen->n_names - 1].number = reading->n_psks;
        }
        reading->n_psks++;
        break;
    case HANDSHAKE_PSK_AGE:
        if (value->number != 0 && seen->n_names > 0 &&
            seen->names[seen->n_names - 1].scheme == IDENTITY_EXTERNAL_PSK &&
            seen->names[seen->n_names - 1].number + 1 == reading->n_psks)
            seen->n_names--; /* a ticket after all */
        break;
    case HANDSHAKE_PSK_SELECTED:
        seen->has_selected = true;
        seen->selected = (uint16_t)value->number;
        break;
    case HANDSHAKE_SUPPORTED_VERSION:
        if (!is_client)
            seen->is_other_version = true; /* the extension is of 1.3 and later alone */
        break;
    default:
        break;
    }
}

void handshake_take_value(struct handshake_reading *reading, struct sighting *seen,
                          enum handshake_field field, const struct value *value)
{
    if (field == HANDSHAKE_TYPE) {
        begin_message(reading, seen, (uint8_t)value->number);
        return;
    }
    switch (reading->type) {
    case TLS_CLIENT_HELLO:
    case TLS_SERVER_HELLO:
        take_hello_value(reading, seen, field, value);
        break;
    case TLS_CLIENT_KEY_EXCHANGE:
        if (field == HANDSHAKE_IDENTITY)
            sighting_name(seen, IDENTITY_DTLS_PSK, value->bytes);
        break;
    case TLS_CERTIFICATE:
        if (field == HANDSHAKE_CERTIFICATE && !reading->has_certificate)
            identity_certificate(value->bytes, seen);
        reading->has_certificate |= field == HANDSHAKE_CERTIFICATE;
        break;
    case TLS_NEW_SESSION_TICKET:
        if (field == HANDSHAKE_TICKET && value->bytes.len > 0)
            token_digest(&seen->ticket, value->bytes, NULL);
        break;
    default:
        break;
    }
}
