/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dtls_handshake - every fragment shows its header; a message shows its body on the frame that completes it,
 * whatever the order the fragments came in (Wireshark shows it only when the last one in the message came
 * last).
 *
 * The identity of a ClientKeyExchange is only told from an RSA secret or a public key by the cipher suite,
 * which the ServerHello chose: it is remembered by conversation. When it was not seen, a body that is exactly
 * one length-prefixed string of another length than RSA's is taken for a PSK identity (RFC 4279 section 2).
 */
#include "protocol/dtls_handshake.h"

#include "protocol/dtls.h"
#include "protocol/state.h"

enum {
    MESSAGE_HEADER_BYTES = 12,
    EXTENSION_SERVER_NAME = 0,
    EXTENSION_ALPN = 16,
    EXTENSION_CONNECTION_ID_DRAFT = 53, /* drafts of RFC 9146 up to -07 */
    EXTENSION_CONNECTION_ID = 54,
    EXTENSIONS_LIMIT = 64,
};

struct message {
    uint8_t type;
    uint32_t length;
    uint16_t message_seq;
    uint32_t fragment_offset, fragment_length;
};

/* The number of the innermost IP layer; UINT32_MAX when there is none. */
static uint32_t ip_layer(const struct dissection *d)
{
    for (uint32_t i = d->n_layers; i-- > 0;) {
        if (d->layers[i].protocol == PROTOCOL_IPV4 || d->layers[i].protocol == PROTOCOL_IPV6)
            return i;
    }
    return UINT32_MAX;
}

struct ends {
    struct flow_key flow;
    struct ip_address source, destination;
    uint16_t source_port, destination_port;
};

static bool find_ends(const struct dissection *d, struct ends *ends)
{
    uint32_t i = ip_layer(d);
    bool is_forward;

    if (i == UINT32_MAX || !dissection_flow(d, i, &ends->flow, &is_forward))
        return false;
    ends->source = is_forward ? ends->flow.low : ends->flow.high;
    ends->destination = is_forward ? ends->flow.high : ends->flow.low;
    ends->source_port = is_forward ? ends->flow.port_low : ends->flow.port_high;
    ends->destination_port = is_forward ? ends->flow.port_high : ends->flow.port_low;
    return true;
}

bool dtls_destination(const struct dissection *d, struct ip_address *address, uint16_t *port)
{
    const struct layer *udp, *ip;
    struct reader r;
    uint16_t source;

    if (d->n_layers < 2)
        return false;
    udp = d->top > d->layers && d->top[0].protocol == PROTOCOL_DTLS ? d->top - 1 : NULL;
    if (udp == NULL || udp <= d->layers || udp->protocol != PROTOCOL_UDP)
        return false;
    ip = udp - 1;
    if (ip->protocol == PROTOCOL_IPV4)
        *address = ip_address_of(bytes_of(ip->data + 16, 4));
    else if (ip->protocol == PROTOCOL_IPV6)
        *address = ip_address_of(bytes_of(ip->data + 24, 16));
    else
        return false;
    r = reader_over(bytes_of(udp->data, udp->header_len));
    return reader_u16(&r, &source) && reader_u16(&r, port);
}

/* Suites whose ClientKeyExchange begins with a PSK identity: RFC 4279, 5487, 5489, 6655, 7905, 8442 and ARIA,
 * Camellia. */
static bool is_psk_suite(uint16_t suite)
{
    static const struct {
        uint16_t first, last;
    } ranges[] = {
        { 0x002c, 0x002e }, { 0x008a, 0x0095 }, { 0x00a8, 0x00b9 }, { 0xc033, 0xc03b }, { 0xc064, 0xc071 },
        { 0xc08e, 0xc09b }, { 0xc0a4, 0xc0ab }, { 0xccab, 0xccae }, { 0xd001, 0xd005 },
    };

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (suite >= ranges[i].first && suite <= ranges[i].last)
            return true;
    }
    return false;
}

static uint16_t remembered_suite(const struct dissection *d)
{
    struct dtls_association *association;
    struct ends ends;

    if (d->state == NULL || !find_ends(d, &ends))
        return 0;
    association = dissect_state_dtls(d->state, &ends.flow);
    return association ? association->cipher_suite : 0;
}

static void remember_suite(struct dissection *d, uint16_t suite)
{
    struct ends ends;

    if (d->state && find_ends(d, &ends))
        dissect_state_dtls_remember(d->state, &ends.flow)->cipher_suite = suite;
}

/* Who says an id in a hello wants to receive it: RFC 9146 section 3. */
static void learn_cid_len(struct dissection *d, uint8_t len)
{
    struct ends ends;

    if (d->state && len > 0 && find_ends(d, &ends))
        dissect_state_cid_learn(d->state, &ends.source, ends.source_port, len);
}

static bool read_server_name(struct dissection *d, struct reader *r)
{
    uint16_t list_len, name_len;
    struct bytes name;
    uint8_t type;

    if (reader_left(r) == 0)
        return true; /* in a ServerHello: accepted */
    if (!reader_u16(r, &list_len) || !reader_u8(r, &type) || !reader_u16(r, &name_len) ||
        !reader_bytes(r, name_len, &name))
        return false;
    dissection_add_bytes(d, DTLS_ID(DTLS_HANDSHAKE_SERVER_NAME), name);
    return true;
}

static bool read_alpn(struct dissection *d, struct reader *r)
{
    uint16_t list_len;

    if (!reader_u16(r, &list_len))
        return false;
    while (reader_left(r) > 0) {
        struct bytes name;
        uint8_t len;

        if (!reader_u8(r, &len) || !reader_bytes(r, len, &name))
            return false;
        dissection_add_bytes(d, DTLS_ID(DTLS_HANDSHAKE_ALPN), name);
    }
    return true;
}

static bool read_extension(struct dissection *d, uint16_t type, struct reader *r)
{
    struct bytes cid;
    uint8_t len;

    switch (type) {
    case EXTENSION_SERVER_NAME:
        return read_server_name(d, r);
    case EXTENSION_ALPN:
        return read_alpn(d, r);
    case EXTENSION_CONNECTION_ID:
    case EXTENSION_CONNECTION_ID_DRAFT:
        if (!reader_u8(r, &len) || !reader_bytes(r, len, &cid))
            return false;
        dissection_add_number(d, DTLS_ID(DTLS_CONNECTION_ID_LENGTH), len);
        if (len > 0)
            dissection_add_bytes(d, DTLS_ID(DTLS_CONNECTION_ID), cid);
        learn_cid_len(d, len);
        return true;
    default:
        return true;
    }
}

static bool read_extensions(struct dissection *d, struct reader *r)
{
    struct reader extensions;
    uint16_t total;

    if (reader_left(r) == 0)
        return true;
    if (!reader_u16(r, &total) || !reader_sub(r, total, &extensions))
        return false;
    for (unsigned n = 0; reader_left(&extensions) > 0 && n < EXTENSIONS_LIMIT; n++) {
        struct reader body;
        uint16_t type, len;

        if (!reader_u16(&extensions, &type) || !reader_u16(&extensions, &len))
            return false;
        dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_EXTENSION_TYPE), type);
        dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_EXTENSION_LEN), len);
        if (!reader_sub(&extensions, len, &body) || !read_extension(d, type, &body))
            return false;
    }
    return true;
}

static bool read_session_id(struct dissection *d, struct reader *r)
{
    struct bytes session_id;
    uint8_t len;

    if (!reader_u8(r, &len) || !reader_bytes(r, len, &session_id))
        return false;
    dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_SESSION_ID_LENGTH), len);
    if (len > 0)
        dissection_add_bytes(d, DTLS_ID(DTLS_HANDSHAKE_SESSION_ID), session_id);
    return true;
}

static bool read_cookie(struct dissection *d, struct reader *r)
{
    struct bytes cookie;
    uint8_t len;

    if (!reader_u8(r, &len) || !reader_bytes(r, len, &cookie))
        return false;
    dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_COOKIE_LENGTH), len);
    if (len > 0)
        dissection_add_bytes(d, DTLS_ID(DTLS_HANDSHAKE_COOKIE), cookie);
    return true;
}

static bool read_version_random(struct dissection *d, struct reader *r)
{
    struct bytes random;
    uint16_t version;

    if (!reader_u16(r, &version) || !reader_bytes(r, 32, &random))
        return false;
    dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_VERSION), version);
    dissection_add_bytes(d, DTLS_ID(DTLS_HANDSHAKE_RANDOM), random);
    return true;
}

/* RFC 6347 section 4.2.1 */
static bool read_client_hello(struct dissection *d, struct reader *r)
{
    struct reader suites, methods;
    uint16_t suites_len;
    uint8_t methods_len;

    if (!read_version_random(d, r) || !read_session_id(d, r) || !read_cookie(d, r) ||
        !reader_u16(r, &suites_len) || !reader_sub(r, suites_len, &suites))
        return false;
    dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_CIPHER_SUITES_LENGTH), suites_len);
    if (dissection_wants(d, PROTOCOL_DTLS, DTLS_HANDSHAKE_CIPHERSUITE)) {
        uint16_t suite;

        while (reader_u16(&suites, &suite))
            dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_CIPHERSUITE), suite);
    }
    if (!reader_u8(r, &methods_len) || !reader_sub(r, methods_len, &methods))
        return false;
    for (uint8_t method; reader_u8(&methods, &method);)
        dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_COMP_METHOD), method);
    return read_extensions(d, r);
}

/* RFC 5246 section 7.4.1.3 */
static bool read_server_hello(struct dissection *d, struct reader *r)
{
    uint16_t suite;
    uint8_t method;

    if (!read_version_random(d, r) || !read_session_id(d, r) || !reader_u16(r, &suite) ||
        !reader_u8(r, &method))
        return false;
    dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_CIPHERSUITE), suite);
    dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_COMP_METHOD), method);
    remember_suite(d, suite);
    return read_extensions(d, r);
}

static bool read_hello_verify_request(struct dissection *d, struct reader *r)
{
    uint16_t version;

    if (!reader_u16(r, &version))
        return false;
    dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_VERSION), version);
    return read_cookie(d, r);
}

/* RFC 5077 section 3.3 */
static bool read_new_session_ticket(struct dissection *d, struct reader *r)
{
    struct bytes ticket;
    uint32_t lifetime;
    uint16_t len;

    if (!reader_u32(r, &lifetime) || !reader_u16(r, &len) || !reader_bytes(r, len, &ticket))
        return false;
    dissection_add_bytes(d, DTLS_ID(DTLS_HANDSHAKE_SESSION_TICKET), ticket);
    return true;
}

static bool read_certificates(struct dissection *d, struct reader *r)
{
    struct reader list;
    uint32_t total;

    if (!reader_u24(r, &total) || !reader_sub(r, total, &list))
        return false;
    while (reader_left(&list) > 0) {
        struct bytes certificate;
        uint32_t len;

        if (!reader_u24(&list, &len) || !reader_bytes(&list, len, &certificate))
            return false;
        dissection_add_bytes(d, DTLS_ID(DTLS_HANDSHAKE_CERTIFICATE), certificate);
    }
    return true;
}

static bool read_server_key_exchange(struct dissection *d, struct reader *r)
{
    struct bytes hint;
    uint16_t len;

    if (!is_psk_suite(remembered_suite(d)))
        return true;
    if (!reader_u16(r, &len) || !reader_bytes(r, len, &hint))
        return false;
    dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_HINT_LEN), len);
    if (len > 0)
        dissection_add_bytes(d, DTLS_ID(DTLS_HANDSHAKE_HINT), hint);
    return true;
}

static bool read_client_key_exchange(struct dissection *d, struct reader *r)
{
    uint16_t suite = remembered_suite(d), len;
    size_t body_len = reader_left(r);
    struct bytes identity;

    if (suite != 0 && !is_psk_suite(suite))
        return true;
    if (!reader_u16(r, &len))
        return suite == 0;
    if (suite == 0 && (len != body_len - 2 || (len >= 128 && len % 64 == 0)))
        return true; /* nobody said, and it does not look like one: RSA moduli have such lengths */
    if (!reader_bytes(r, len, &identity))
        return false;
    dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_IDENTITY_LEN), len);
    if (len > 0)
        dissection_add_bytes(d, DTLS_ID(DTLS_HANDSHAKE_IDENTITY), identity);
    return true;
}

static bool read_body(struct dissection *d, uint8_t type, struct reader *r)
{
    switch (type) {
    case DTLS_CLIENT_HELLO:
        return read_client_hello(d, r);
    case DTLS_SERVER_HELLO:
        return read_server_hello(d, r);
    case DTLS_HELLO_VERIFY_REQUEST:
        return read_hello_verify_request(d, r);
    case DTLS_NEW_SESSION_TICKET:
        return read_new_session_ticket(d, r);
    case DTLS_CERTIFICATE:
        return read_certificates(d, r);
    case DTLS_SERVER_KEY_EXCHANGE:
        return read_server_key_exchange(d, r);
    case DTLS_CLIENT_KEY_EXCHANGE:
        return read_client_key_exchange(d, r);
    default:
        return true;
    }
}

static bool message_key(const struct dissection *d, const struct message *message, struct reassembly_key *key)
{
    struct ends ends;

    if (!find_ends(d, &ends))
        return false;
    *key = (struct reassembly_key) {
        .source = ends.source,
        .destination = ends.destination,
        .source_port = ends.source_port,
        .destination_port = ends.destination_port,
        .kind = message->type,
        .id = message->message_seq,
    };
    return true;
}

/*
 * A ClientHello begins a handshake anew: what is left over from an earlier one on the same ports must not be
 * mixed into it (messages are numbered from 0 again: RFC 6347 section 4.2.2).
 */
static void forget_leftovers(struct dissection *d)
{
    static const uint8_t of_client[] = { DTLS_CERTIFICATE, DTLS_CLIENT_KEY_EXCHANGE };
    static const uint8_t of_server[] = { DTLS_SERVER_HELLO, DTLS_CERTIFICATE, DTLS_SERVER_KEY_EXCHANGE };
    enum { FLIGHT_MESSAGES = 8 };
    struct reassembly *handshakes = dissect_state_handshakes(d->state);
    struct reassembly_key key;
    struct message first = { 0 };

    if (!message_key(d, &first, &key))
        return;
    for (uint32_t seq = 0; seq < FLIGHT_MESSAGES; seq++) {
        struct reassembly_key back = key;

        key.id = seq;
        for (size_t i = 0; i < sizeof of_client; i++) {
            key.kind = of_client[i];
            reassembly_drop(handshakes, &key);
        }
        back.source = key.destination;
        back.destination = key.source;
        back.source_port = key.destination_port;
        back.destination_port = key.source_port;
        back.id = seq;
        for (size_t i = 0; i < sizeof of_server; i++) {
            back.kind = of_server[i];
            reassembly_drop(handshakes, &back);
        }
    }
}

static enum dissect_result read_fragment(struct dissection *d, const struct message *message,
                                         struct bytes piece)
{
    struct reassembly_key key;
    struct bytes whole;
    struct reader body;

    if (message->fragment_length == message->length) {
        body = reader_over(piece);
        if (message->type == DTLS_CLIENT_HELLO && d->state)
            forget_leftovers(d);
        return read_body(d, message->type, &body) ? DISSECT_OK : DISSECT_MALFORMED;
    }
    if (d->state == NULL || !message_key(d, message, &key) ||
        reassembly_add(dissect_state_handshakes(d->state), &key, d->packet->ts_ns, message->fragment_offset,
                       piece, message->length, &whole) != REASSEMBLY_COMPLETE)
        return DISSECT_OK;
    body = reader_over(whole);
    return read_body(d, message->type, &body) ? DISSECT_OK : DISSECT_MALFORMED;
}

enum dissect_result dtls_handshake_messages(struct dissection *d, struct reader *r)
{
    while (reader_left(r) > 0) {
        struct message message;
        struct bytes piece;
        enum dissect_result result;

        if (!reader_u8(r, &message.type) || !reader_u24(r, &message.length) ||
            !reader_u16(r, &message.message_seq) || !reader_u24(r, &message.fragment_offset) ||
            !reader_u24(r, &message.fragment_length))
            return DISSECT_TRUNCATED;
        dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_TYPE), message.type);
        dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_LENGTH), message.length);
        dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_MESSAGE_SEQ), message.message_seq);
        dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_FRAGMENT_OFFSET), message.fragment_offset);
        dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE_FRAGMENT_LENGTH), message.fragment_length);
        if (message.fragment_offset + message.fragment_length > message.length)
            return DISSECT_MALFORMED;
        if (!reader_bytes(r, message.fragment_length, &piece))
            return DISSECT_TRUNCATED;
        result = read_fragment(d, &message, piece);
        if (result != DISSECT_OK)
            return result;
    }
    return DISSECT_OK;
}
