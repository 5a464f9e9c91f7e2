/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dtls_handshake - every fragment shows its header; a message shows its body on the frame that completes it,
 * whatever the order the fragments came in (Wireshark shows it only when the last one in the message came
 * last). The bodies are TLS's: tls_handshake.c.
 */
#include "protocol/dtls_handshake.h"

#include "protocol/dtls.h"
#include "protocol/flow.h"
#include "protocol/fragment.h"
#include "protocol/state.h"
#include "protocol/tls_application.h"
#include "protocol/tls_handshake.h"

struct message {
    uint8_t type;
    uint32_t length;
    uint16_t message_seq;
    uint32_t fragment_offset, fragment_length;
};

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

struct tls_session *dtls_session(const struct dissection *d, struct tls_session *alone,
                                 struct conversation_ends *ends)
{
    struct tls_session *session;

    memset(alone, 0, sizeof *alone);
    memset(ends, 0, sizeof *ends);
    if (!dissection_ends(d, ends) || d->state == NULL)
        return alone;
    session = dissect_state_dtls(d->state, &ends->flow);
    return session ? session : alone;
}

bool dtls_is_server(const struct tls_session *session, const struct conversation_ends *ends)
{
    if (session->server == TLS_SERVER_UNKNOWN)
        return tls_application_has_port(true, ends->source_port);
    return (session->server == TLS_SERVER_LOW) == ends->is_forward;
}

/* RFC 6347 section 4.2.1 */
static bool hello_verify_request(struct tls_message *h, struct reader *r)
{
    struct bytes cookie;
    uint8_t length;

    if (!handshake_take(h, r, 2, SHARED_VERSION, NULL) || !reader_u8(r, &length))
        return false;
    dissection_add_number(h->d, DTLS_ID(DTLS_HANDSHAKE_COOKIE_LENGTH), length);
    if (!reader_bytes(r, length, &cookie))
        return false;
    if (length > 0)
        dissection_add_bytes(h->d, DTLS_ID(DTLS_HANDSHAKE_COOKIE), cookie);
    return true;
}

/* Nothing of a hello, or a certificate, is asked for: what key exchanges and headers say is all. */
static bool is_quiet(const struct dissection *d)
{
    static const uint64_t spared[4] = {
        [DTLS_HANDSHAKE_TYPE >> 6] =
            (UINT64_C(1) << DTLS_HANDSHAKE) | (UINT64_C(1) << DTLS_HANDSHAKE_TYPE) |
            (UINT64_C(1) << DTLS_HANDSHAKE_LENGTH) | (UINT64_C(1) << DTLS_HANDSHAKE_IDENTITY) |
            (UINT64_C(1) << DTLS_HANDSHAKE_RANDOM) | (UINT64_C(1) << DTLS_HANDSHAKE_SESSION_ID) |
            (UINT64_C(1) << DTLS_CONNECTION_ID) | (UINT64_C(1) << DTLS_CONNECTION_ID_LENGTH) |
            DTLS_RECORD_FIELDS,
        [DTLS_HANDSHAKE_MESSAGE_SEQ >> 6] = UINT64_C(7) << (DTLS_HANDSHAKE_MESSAGE_SEQ & 63),
    };
    const uint64_t *wanted = d->demand->fields[PROTOCOL_DTLS];

    return !((wanted[0] & ~spared[0]) | (wanted[1] & ~spared[1]) | (wanted[2] & ~spared[2]) |
             (wanted[3] & ~spared[3]));
}

/*
 * A ClientHello begins a handshake anew, in which messages are numbered from 0 again (RFC 6347
 * section 4.2.2): unless it was sent twice (it has the same random), or is the second one of the same
 * handshake, with the server's cookie.
 */
static void begin_handshake(struct tls_session *session, struct reader hello)
{
    enum { VERSION_AND_CLOCK_BYTES = 6, REST_OF_RANDOM_BYTES = 28 - sizeof session->client_random };
    struct bytes random, session_id;
    uint8_t session_id_len, cookie_len;

    if (!reader_skip(&hello, VERSION_AND_CLOCK_BYTES) ||
        !reader_bytes(&hello, sizeof session->client_random, &random) ||
        !reader_skip(&hello, REST_OF_RANDOM_BYTES) || !reader_u8(&hello, &session_id_len) ||
        !reader_bytes(&hello, session_id_len, &session_id) || !reader_u8(&hello, &cookie_len) ||
        cookie_len > 0 || memcmp(session->client_random, random.data, random.len) == 0)
        return;
    memcpy(session->client_random, random.data, random.len);
    session->handshake++;
    session->awaits_server_hello = true;
}

/*
 * A ServerHello with another random than the last one, and no ClientHello between, belongs to a handshake
 * whose ClientHello was not seen (lost, or before the capture began): what is under way is of the one before.
 * Pieces of two handshakes of which neither hello was seen look alike, record numbers and all: they are held
 * to be of one, as long as reassembly keeps them (120 s).
 */
static void join_handshake(struct tls_session *session, struct reader hello)
{
    enum { VERSION_AND_CLOCK_BYTES = 6 };
    struct bytes random;

    if (!reader_skip(&hello, VERSION_AND_CLOCK_BYTES) ||
        !reader_bytes(&hello, sizeof session->server_random, &random))
        return;
    if (!session->awaits_server_hello && memcmp(session->server_random, random.data, random.len) != 0)
        session->handshake++;
    memcpy(session->server_random, random.data, random.len);
    session->awaits_server_hello = false;
}

static bool read_body(struct dissection *d, uint8_t type, struct reader *r)
{
    struct conversation_ends ends;
    struct tls_session alone;
    struct tls_session *session = dtls_session(d, &alone, &ends);
    struct tls_message h;

    if ((type == TLS_CLIENT_HELLO || type == TLS_SERVER_HELLO) && session == &alone && d->state &&
        ends.flow.protocol != 0) {
        session = dissect_state_dtls_remember(d->state, &ends.flow);
        if (session == NULL)
            session = &alone;
    }
    if (type == TLS_CLIENT_HELLO) {
        session->server = ends.is_forward ? TLS_SERVER_HIGH : TLS_SERVER_LOW;
        begin_handshake(session, *r);
    } else if (type == TLS_SERVER_HELLO) {
        join_handshake(session, *r);
    }
    h = (struct tls_message) {
        .d = d,
        .session = session,
        .first_field = DTLS_ID(DTLS_SHARED),
        .is_dtls = true,
        .is_server = dtls_is_server(session, &ends),
        .is_quiet = is_quiet(d),
        .type = type,
        .cid_length = -1,
    };
    if (type == TLS_HELLO_VERIFY_REQUEST)
        return hello_verify_request(&h, r);
    if (!handshake_body(&h, r))
        return false;
    /* Who says an id in a hello wants to receive it: RFC 9146 section 3. */
    if (h.cid_length > 0 && d->state)
        dissect_state_cid_learn(d->state, &ends.source, ends.source_port, (uint8_t)h.cid_length);
    return true;
}

/* What is left over from an earlier handshake on the same ports is not mixed in: its number is another. */
static bool message_key(const struct dissection *d, const struct message *message, struct reassembly_key *key)
{
    struct conversation_ends ends;
    struct tls_session alone;
    const struct tls_session *session = dtls_session(d, &alone, &ends);

    if (ends.flow.protocol == 0)
        return false;
    *key = (struct reassembly_key) {
        .source = ends.source,
        .destination = ends.destination,
        .source_port = ends.source_port,
        .destination_port = ends.destination_port,
        .kind = message->type,
        .id = (uint32_t)session->handshake << 16 | message->message_seq,
    };
    return true;
}

static enum dissect_result read_fragment(struct dissection *d, const struct message *message,
                                         struct bytes piece)
{
    static const struct fragment_fields fields = { .fragment = DTLS_ID(DTLS_FRAGMENT),
                                                   .count = DTLS_ID(DTLS_FRAGMENT_COUNT) };
    struct reassembly *handshakes;
    struct reassembly_key key;
    struct bytes whole;
    struct reader body;

    if (message->fragment_length == message->length) {
        body = reader_over(piece);
        return read_body(d, message->type, &body) ? DISSECT_OK : DISSECT_MALFORMED;
    }
    if (d->state == NULL || !message_key(d, message, &key))
        return DISSECT_OK;
    handshakes = dissect_state_handshakes(d->state);
    reassembly_at(handshakes, d->packet->number);
    if (reassembly_add(handshakes, &key, d->packet->ts_ns, message->fragment_offset, piece, message->length,
                       &whole) != REASSEMBLY_COMPLETE)
        return DISSECT_OK;
    dissection_add_number(d, DTLS_ID(DTLS_FRAGMENTS), 1);
    fragment_add_pieces(d, handshakes, &fields);
    dissection_add_number(d, DTLS_ID(DTLS_REASSEMBLED_LENGTH), (uint32_t)whole.len);
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
        dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE), 1);
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
