/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity_coap - CoAP over UDP (RFC 7252):
 *  - LwM2M and resource directories: the endpoint name "ep" of a registration or bootstrap request, the
 *    location path that a 2.01 gives it, and that path in updates and de-registrations (RFC 9176 section 5).
 *  - OSCORE: the key id of a request, behind its context when it spells one (RFC 8613 section 6.1).
 *
 * Message ids go up by one from message to message of an endpoint (RFC 7252 section 4.4 advises it): by them
 * the tracker tells a device that was silent from another one that got its address.
 */
#include "device/identity.h"

enum {
    FIELD_CODE,
    FIELD_TOKEN,
    FIELD_PATH,
    FIELD_QUERY,
    FIELD_LOCATION,
    FIELD_HAS_KID,
    FIELD_KID,
    FIELD_KID_CONTEXT,
    COAP_PORT = 5683,
    HEAD_BYTES = 4,
    VERSION_MASK = 0xc0,
    VERSION_1 = 0x40,
    TOKEN_LENGTH_MASK = 0x0f,
    TOKEN_BYTES = 8,
    TYPE_SHIFT = 4,
    TYPE_ACKNOWLEDGEMENT = 2, /* and 3, reset: what answers has the number of what it answers to */
    CODE_POST = 0x02,
    CODE_DELETE = 0x04,
    CODE_FETCH = 0x05,
    CODE_CREATED = 0x41,
    CODE_CLASS_SHIFT = 5,
};

static bool coap_is_mine(const struct glance *glance)
{
    const uint8_t *at = glance->payload.data;

    return (glance->source_port == COAP_PORT || glance->destination_port == COAP_PORT) &&
           glance->payload.len >= HEAD_BYTES && (at[0] & VERSION_MASK) == VERSION_1 &&
           (at[0] & TOKEN_LENGTH_MASK) <= TOKEN_BYTES;
}

static void coap_glance(struct glance *glance)
{
    const uint8_t *at = glance->payload.data;
    uint8_t code = at[1];

    glance->is_news = code == CODE_POST || code == CODE_DELETE || code == CODE_FETCH ||
                      code == CODE_CREATED || (glance->is_expected && code >> CODE_CLASS_SHIFT >= 2);
    glance->has_sequence = true;
    glance->sequence = (uint64_t)at[2] << 8 | at[3];
    glance->is_echo = (at[0] >> TYPE_SHIFT & 3) >= TYPE_ACKNOWLEDGEMENT;
}

/* What a message says, gathered from its options. */
struct message {
    uint64_t code;
    struct bytes token, endpoint, first_path;
    struct bytes kid, kid_context;
    bool has_kid;
    unsigned n_paths;
    size_t path_len;
    uint8_t path[LOCATION_BYTES]; /* each segment behind a '/' */
};

static void add_segment(struct message *message, struct bytes segment)
{
    if (message->n_paths++ == 0)
        message->first_path = segment;
    if (segment.len + 1 > LOCATION_BYTES - message->path_len)
        return;
    message->path[message->path_len++] = '/';
    if (segment.len)
        memcpy(message->path + message->path_len, segment.data, segment.len);
    message->path_len += segment.len;
}

static void read_message(const struct look *look, struct message *message)
{
    const struct value *value;
    unsigned field;

    for (uint32_t at = 0; look_next(look, &at, &field, &value);) {
        switch (field) {
        case FIELD_CODE:
            if (message->code == 0) /* the outer one */
                message->code = value->number;
            break;
        case FIELD_TOKEN:
            message->token = value->bytes;
            break;
        case FIELD_PATH:
        case FIELD_LOCATION:
            add_segment(message, value->bytes);
            break;
        case FIELD_QUERY:
            if (value->bytes.len > 3 && memcmp(value->bytes.data, "ep=", 3) == 0)
                message->endpoint = bytes_of(value->bytes.data + 3, value->bytes.len - 3);
            break;
        case FIELD_HAS_KID:
            message->has_kid = value->number != 0;
            break;
        case FIELD_KID:
            message->kid = value->bytes;
            break;
        case FIELD_KID_CONTEXT:
            message->kid_context = value->bytes;
            break;
        default:
            break;
        }
    }
}

static bool is_directory(struct bytes segment)
{
    return bytes_equal(segment, bytes_text("rd")) || bytes_equal(segment, bytes_text("bs"));
}

static void take_request(const struct look *look, const struct message *message, struct sighting *seen)
{
    bool is_from_server = look->source_port == COAP_PORT && look->destination_port != COAP_PORT;

    /* Its number, too: a token may be empty. A request sent again has the same one. */
    seen->instance =
        identity_hash(bytes_of(look->payload.data, HEAD_BYTES), identity_hash(message->token, 0));
    seen->answer = identity_hash(message->token, 0);
    if (message->has_kid && !is_from_server) { /* one of the server's names nobody of ours */
        struct bytes context = message->kid_context, kid = message->kid;

        if (context.len + kid.len > sizeof seen->joined)
            return;
        if (context.len)
            memcpy(seen->joined, context.data, context.len);
        if (kid.len)
            memcpy(seen->joined + context.len, kid.data, kid.len);
        seen->steps |= SEEN_BEGIN;
        seen->reason = BINDING_REQUEST;
        sighting_name(seen, IDENTITY_OSCORE_KID, bytes_of(seen->joined, context.len + kid.len));
        return;
    }
    if (!is_directory(message->first_path) || is_from_server)
        return;
    if (message->code == CODE_POST && message->endpoint.len > 0) {
        seen->steps |= SEEN_BEGIN;
        seen->reason = BINDING_REGISTRATION;
        sighting_name(seen, IDENTITY_LWM2M_ENDPOINT, message->endpoint);
    } else if (message->n_paths > 1) {
        seen->steps |= SEEN_BEGIN;
        seen->reason = BINDING_LOCATION;
        token_digest(&seen->offered[0], bytes_of(message->path, message->path_len), &look->destination);
    }
}

static void coap_look(const struct look *look, struct sighting *seen)
{
    struct message message = { 0 };

    read_message(look, &message);
    seen->is_plain = true;
    switch (message.code) {
    case CODE_POST:
    case CODE_DELETE:
    case CODE_FETCH:
        take_request(look, &message, seen);
        break;
    default:
        if (message.code >> CODE_CLASS_SHIFT < 2)
            break;
        seen->steps |= message.code >> CODE_CLASS_SHIFT == 2 ? SEEN_ACCEPTED : SEEN_REFUSED;
        seen->answer = identity_hash(message.token, 0);
        if (message.code == CODE_CREATED && message.n_paths > 0)
            token_digest(&seen->ticket, bytes_of(message.path, message.path_len), &look->source);
        break;
    }
}

static const char *const fields[] = {
    [FIELD_CODE] = "coap.code",
    [FIELD_TOKEN] = "coap.token",
    [FIELD_PATH] = "coap.opt.uri_path",
    [FIELD_QUERY] = "coap.opt.uri_query",
    [FIELD_LOCATION] = "coap.opt.location_path",
    [FIELD_HAS_KID] = "coap.opt.object_security_kid_present",
    [FIELD_KID] = "coap.opt.object_security_kid",
    [FIELD_KID_CONTEXT] = "coap.opt.object_security_kid_context",
    NULL,
};

const struct identity_source identity_coap = {
    .protocol = PROTOCOL_COAP,
    .ip_protocol = 17,
    .fields = fields,
    .is_mine = coap_is_mine,
    .glance = coap_glance,
    .look = coap_look,
};
