/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls - records (RFC 5246 section 6.2, RFC 8446 section 5.1):
 *
 *    0      1      2      3      4
 *   +------+-------------+-------------+- - -
 *   | type |   version   |   length    | body
 *   +------+-------------+-------------+- - -
 *
 * One layer for the whole records that TCP hands over at a time. Handshake messages may go over several
 * records: their pieces are put together in dissect_state_handshakes, by direction. What messages say is read
 * in tls_handshake.c. Ciphertext is left alone; whoever decrypts one day lays the opened bytes in layers of
 * their own (dissection_aside) where application_data stands.
 */
#include "protocol/tls.h"

#include "base/lru_table.h"
#include "protocol/dissection.h"
#include "protocol/flow.h"
#include "protocol/state.h"
#include "protocol/tls_application.h"
#include "protocol/tls_handshake.h"
#include "protocol/tls_names.h"
#include "protocol/tls_sslv2.h"
#include "protocol/tls_turn.h"
#include "protocol/x509.h"

enum {
    RECORD_HEADER_BYTES = 5,
    MESSAGE_HEADER_BYTES = 4,
    MESSAGE_BYTES_MAX = 0xffff, /* longer ones are taken for ciphertext, as Wireshark does */
    SESSIONS_LIMIT = 1 << 14,
    CHANGE_CIPHER_SPEC = 20,
    ALERT = 21,
    HANDSHAKE = 22,
    APPLICATION_DATA = 23,
    HEARTBEAT = 24,
    CONNECTION_ID = 25,
};

/* ---- sessions ---- */

static void *tls_state_new(uint64_t hash_seed)
{
    const struct lru_table_options options = {
        .key_bytes = sizeof(struct flow_key),
        .value_bytes = sizeof(struct tls_session),
        .limit = SESSIONS_LIMIT,
        .hash_seed = hash_seed,
    };

    return lru_table_new(&options);
}

static void tls_state_free(void *state)
{
    lru_table_free(state);
}

static uint64_t tls_state_forgotten(const void *state)
{
    return lru_table_forgotten(state);
}

static bool is_server_end(const struct tls_turn *turn, bool is_forward)
{
    if (turn->session->server == TLS_SERVER_UNKNOWN)
        return tls_application_has_port(false, turn->ends.source_port);
    return (turn->session->server == TLS_SERVER_LOW) == is_forward;
}

/* The session of the conversation; *alone when nothing is remembered. */
static void turn_begin(struct tls_turn *turn, struct dissection *d, struct tls_session *alone)
{
    struct lru_table *sessions = dissect_state_of(d->state, PROTOCOL_TLS);

    memset(turn, 0, sizeof *turn);
    memset(alone, 0, sizeof *alone);
    turn->d = d;
    turn->session = alone;
    turn->has_ends = dissection_ends(d, &turn->ends);
    if (!turn->has_ends)
        return;
    if (sessions) {
        struct tls_session *known = lru_table_put(sessions, &turn->ends.flow, NULL);

        if (known)
            turn->session = known;
    }
    turn->is_server = is_server_end(turn, turn->ends.is_forward);
}

/* ---- handshake messages ---- */

static struct tls_message handshake_of(const struct tls_turn *turn, uint8_t type)
{
    return (struct tls_message) {
        .d = turn->d,
        .session = turn->session,
        .first_field = TLS_ID(TLS_SHARED),
        .is_server = turn->is_server,
        .type = type,
        .cid_length = -1,
    };
}

/* A whole message, with its header; is_first: of its record. False: malformed. */
static bool whole_message(struct tls_turn *turn, struct reader r, bool is_first)
{
    struct dissection *d = turn->d;
    struct tls_message h;
    uint32_t length;
    uint8_t type;
    bool is_known;

    if (!reader_u8(&r, &type) || !reader_u24(&r, &length))
        return false;
    is_known = tls_is_handshake_type(type);
    if (!is_known && !is_first)
        return true;
    dissection_add_number(d, TLS_SHARED_ID(HANDSHAKE), 1);
    if (!is_known)
        return true;
    dissection_add_number(d, TLS_SHARED_ID(HANDSHAKE_TYPE), type);
    dissection_add_number(d, TLS_SHARED_ID(HANDSHAKE_LENGTH), length);
    if (type == TLS_CLIENT_HELLO && turn->has_ends) {
        turn->session->server = turn->ends.is_forward ? TLS_SERVER_HIGH : TLS_SERVER_LOW;
        turn->is_server = false;
    }
    h = handshake_of(turn, type);
    return handshake_body(&h, &r);
}

/*
 * What looks like ciphertext (RFC 5246 does not mark it): all behind a ChangeCipherSpec of an earlier frame,
 * and what no message begins with. Records shorter than a MAC are plain.
 */
static bool is_ciphertext(const struct tls_turn *turn, const struct reader *r, bool may_be)
{
    enum { MAC_BYTES_LEAST = 16 };
    static const uint8_t nonce[5] = { 0 };
    struct reader peek = *r;
    uint64_t changed_at;
    uint32_t length;
    uint8_t type;

    if (reader_left(r) < MAC_BYTES_LEAST || !reader_u8(&peek, &type) || !reader_u24(&peek, &length))
        return false;
    changed_at = turn->session->cipher_change_at[turn->is_server];
    if (may_be && (memcmp(r->at, nonce, sizeof nonce) == 0 ||
                   (changed_at != 0 && turn->d->packet->number > changed_at)))
        return true;
    return !tls_is_handshake_type(type) || length > MESSAGE_BYTES_MAX;
}

static struct reassembly_key pending_key(const struct tls_turn *turn, const struct tls_pending *pending)
{
    return (struct reassembly_key) {
        .source = turn->ends.source,
        .destination = turn->ends.destination,
        .source_port = turn->ends.source_port,
        .destination_port = turn->ends.destination_port,
        .protocol = turn->ends.flow.protocol,
        .kind = PROTOCOL_TLS,
        .id = pending->id,
    };
}

static void pending_drop(struct tls_turn *turn, struct tls_pending *pending)
{
    if (pending->have >= MESSAGE_HEADER_BYTES && turn->d->state) {
        struct reassembly_key key = pending_key(turn, pending);

        reassembly_drop(dissect_state_handshakes(turn->d->state), &key);
    }
    pending->have = 0;
    pending->n_head = 0;
    pending->n_pieces = 0;
}

/*
 * Takes from *r what belongs to the message under way. Waits: *r is at its end. Complete: *message is the
 * whole of it, and *r stands behind its last piece.
 */
static enum reassembly_result pending_add(struct tls_turn *turn, struct tls_pending *pending,
                                          struct reader *r, struct bytes *message)
{
    struct reassembly *handshakes = dissect_state_handshakes(turn->d->state);
    struct reassembly_key key;
    struct bytes piece;
    size_t n;

    if (pending->n_pieces < TLS_PENDING_FRAMES)
        pending->frames[pending->n_pieces] = (uint32_t)turn->d->packet->number;
    if (pending->n_pieces < UINT16_MAX)
        pending->n_pieces++;
    while (pending->n_head < MESSAGE_HEADER_BYTES) {
        uint8_t byte;

        if (!reader_u8(r, &byte))
            return REASSEMBLY_WAITS;
        pending->head[pending->n_head++] = byte;
        pending->have++;
        if (pending->n_head < MESSAGE_HEADER_BYTES)
            continue;
        pending->total = MESSAGE_HEADER_BYTES + ((uint32_t)pending->head[1] << 16 |
                                                 (uint32_t)pending->head[2] << 8 | pending->head[3]);
        pending->id++;
        key = pending_key(turn, pending);
        reassembly_drop(handshakes, &key);
        if (reassembly_add(handshakes, &key, turn->d->packet->ts_ns, 0,
                           bytes_of(pending->head, MESSAGE_HEADER_BYTES), pending->total,
                           message) == REASSEMBLY_REFUSED)
            return REASSEMBLY_REFUSED;
    }
    n = pending->total - pending->have;
    if (n > reader_left(r))
        n = reader_left(r);
    if (n == 0 || !reader_bytes(r, n, &piece))
        return REASSEMBLY_WAITS;
    key = pending_key(turn, pending);
    pending->have += (uint32_t)n;
    return reassembly_add(handshakes, &key, turn->d->packet->ts_ns, pending->have - (uint32_t)n, piece,
                          pending->total, message);
}

/* Goes on with the message under way. False: *r is used up. */
static bool pending_continue(struct tls_turn *turn, struct tls_pending *pending, struct reader *r,
                             bool *is_good)
{
    struct bytes message;

    dissection_add_number(turn->d, TLS_SHARED_ID(HANDSHAKE), 1);
    switch (pending_add(turn, pending, r, &message)) {
    case REASSEMBLY_COMPLETE:
        dissection_add_number(turn->d, TLS_ID(TLS_FRAGMENTS), 1);
        dissection_add_number(turn->d, TLS_ID(TLS_FRAGMENT_COUNT), pending->n_pieces);
        for (unsigned i = 0; i < pending->n_pieces && i < TLS_PENDING_FRAMES; i++)
            dissection_add_number(turn->d, TLS_ID(TLS_FRAGMENT), pending->frames[i]);
        pending->have = 0;
        pending->n_head = 0;
        pending->n_pieces = 0;
        *is_good = whole_message(turn, reader_over(message), true);
        return true;
    case REASSEMBLY_REFUSED:
        pending_drop(turn, pending);
        return false;
    default:
        return false;
    }
}

/* The messages that are whole in a record that the capture cut. What goes on behind the cut never comes. */
static bool cut_handshake_record(struct tls_turn *turn, struct reader *r)
{
    struct tls_pending *pending = &turn->session->pending[turn->is_server];
    bool is_first = true;

    if (pending->have > 0 || is_ciphertext(turn, r, true)) {
        pending_drop(turn, pending);
        return true;
    }
    for (;;) {
        struct reader peek = *r, message;
        uint8_t type;
        uint32_t length;

        if (!reader_u8(&peek, &type) || !reader_u24(&peek, &length) ||
            !reader_sub(r, MESSAGE_HEADER_BYTES + (size_t)length, &message))
            return true;
        if (!whole_message(turn, message, is_first))
            return false;
        is_first = false;
    }
}

/* The handshake part of a record. False: malformed. */
static bool handshake_record(struct tls_turn *turn, struct reader *r, bool may_be_ciphertext)
{
    struct tls_pending *pending = &turn->session->pending[turn->is_server];
    bool is_first = true, is_good = true;

    if (pending->have > 0) {
        if (!pending_continue(turn, pending, r, &is_good) || !is_good)
            return is_good;
        is_first = false;
    } else if (is_ciphertext(turn, r, may_be_ciphertext)) {
        dissection_add_number(turn->d, TLS_SHARED_ID(HANDSHAKE), 1);
        return true;
    }
    while (reader_left(r) > 0) {
        struct reader peek = *r, message;
        uint8_t type;
        uint32_t length;

        if (!reader_u8(&peek, &type) || !reader_u24(&peek, &length) ||
            !reader_sub(r, MESSAGE_HEADER_BYTES + (size_t)length, &message)) {
            struct bytes whole;

            dissection_add_number(turn->d, TLS_SHARED_ID(HANDSHAKE), 1);
            if (turn->d->state && turn->has_ends &&
                pending_add(turn, pending, r, &whole) == REASSEMBLY_REFUSED)
                pending_drop(turn, pending);
            return true;
        }
        if (!whole_message(turn, message, is_first))
            return false;
        is_first = false;
    }
    return true;
}

/* ---- records ---- */

static void alert(struct tls_turn *turn, struct reader *r)
{
    uint8_t level, description;

    dissection_add_number(turn->d, TLS_SHARED_ID(ALERT_MESSAGE), 1);
    if (reader_left(r) != 2 || !reader_u8(r, &level) || !reader_u8(r, &description))
        return; /* ciphertext */
    dissection_add_number(turn->d, TLS_SHARED_ID(ALERT_LEVEL), level);
    dissection_add_number(turn->d, TLS_SHARED_ID(ALERT_DESC), description);
}

static void change_cipher_spec(struct tls_turn *turn)
{
    struct tls_session *session = turn->session;

    if (session->version == TLS_1_3 && session->draft > 0 && session->draft < 22)
        return; /* there is none */
    dissection_add_number(turn->d, TLS_SHARED_ID(CHANGE_CIPHER_SPEC), 1);
    if (session->version == TLS_1_3) {
        if (turn->is_server)
            session->is_resumed = false;
        return;
    }
    if (session->cipher_change_at[turn->is_server] == 0)
        session->cipher_change_at[turn->is_server] = turn->d->packet->number;
    if (turn->is_server && session->is_resumed)
        dissection_add_number(turn->d, TLS_SHARED_ID(RESUMED), 1);
    if (turn->is_server)
        session->is_resumed = false;
}

static void application_data(struct tls_turn *turn, struct reader *r)
{
    const char *name;

    dissection_add_bytes(turn->d, TLS_SHARED_ID(APP_DATA), reader_rest(r));
    if (!dissection_wants(turn->d, PROTOCOL_TLS, TLS_SHARED + SHARED_APP_DATA_PROTO))
        return;
    name = tls_application_name(turn->session, false, turn->ends.source_port, turn->ends.destination_port);
    if (name)
        dissection_add_bytes(turn->d, TLS_SHARED_ID(APP_DATA_PROTO), bytes_text(name));
}

/* RFC 6520 */
static void heartbeat(struct tls_turn *turn, struct reader *r)
{
    enum { PADDING_LEAST = 16, HEADER = 3 };
    bool is_plain = turn->session->cipher_change_at[turn->is_server] == 0;
    size_t left = reader_left(r);
    struct bytes payload;
    uint16_t length;
    uint8_t type;

    if (turn->session->version == TLS_1_3)
        return;
    dissection_add_number(turn->d, TLS_SHARED_ID(HEARTBEAT_MESSAGE), 1);
    if (!is_plain || !reader_u8(r, &type) || !reader_u16(r, &length) || (type != 1 && type != 2))
        return;
    dissection_add_number(turn->d, TLS_SHARED_ID(HEARTBEAT_MESSAGE_TYPE), type);
    dissection_add_number(turn->d, TLS_SHARED_ID(HEARTBEAT_MESSAGE_PAYLOAD_LENGTH), length);
    if (HEADER + (size_t)length + PADDING_LEAST > left)
        length = left > HEADER ? (uint16_t)(left - HEADER) : 0; /* it lies: Heartbleed */
    if (!reader_bytes(r, length, &payload))
        return;
    dissection_add_bytes(turn->d, TLS_SHARED_ID(HEARTBEAT_MESSAGE_PAYLOAD), payload);
    if (reader_left(r) > 0)
        dissection_add_bytes(turn->d, TLS_SHARED_ID(HEARTBEAT_MESSAGE_PADDING), reader_rest(r));
}

/* What a record carries. False: malformed. */
static bool record_body(struct tls_turn *turn, uint8_t type, struct reader *body)
{
    switch (type) {
    case CHANGE_CIPHER_SPEC:
        change_cipher_spec(turn);
        return true;
    case ALERT:
        alert(turn, body);
        return true;
    case HANDSHAKE:
        return reader_left(body) == 0 || handshake_record(turn, body, true);
    case APPLICATION_DATA:
        application_data(turn, body);
        return true;
    case HEARTBEAT:
        heartbeat(turn, body);
        return true;
    default:
        return true;
    }
}

static bool is_content_type(uint8_t type)
{
    return type >= CHANGE_CIPHER_SPEC && type <= CONNECTION_ID;
}

/* One record; *r moves behind it, or to the end where no record begins. wire_len: with what the capture cut.
 */
static enum dissect_result record(struct tls_turn *turn, struct reader *r, size_t wire_len)
{
    struct tls_session *session = turn->session;
    struct dissection *d = turn->d;
    struct reader body;
    uint16_t version, length;
    uint8_t type;

    if (tls_is_sslv2_hello(r))
        return tls_sslv2_hello(turn, r);
    if (!reader_u8(r, &type) || !reader_u16(r, &version) || !reader_u16(r, &length)) {
        r->at = r->end;
        return wire_len >= RECORD_HEADER_BYTES ? DISSECT_TRUNCATED : DISSECT_OK;
    }
    if (!is_content_type(type) || (session->version == 0 && !tls_is_version(version)) ||
        wire_len < RECORD_HEADER_BYTES + (size_t)length) {
        if (session->version >= 0x0301 && session->version <= TLS_1_2 && !is_content_type(type))
            dissection_add_number(d, TLS_ID(TLS_IGNORED_UNKNOWN_RECORD), 1);
        r->at = r->end; /* what follows cannot be told */
        return DISSECT_OK;
    }
    dissection_add_number(d, TLS_ID(TLS_RECORD), 1);
    dissection_add_number(d,
                          session->version == TLS_1_3 && type == APPLICATION_DATA
                              ? TLS_ID(TLS_RECORD_OPAQUE_TYPE)
                              : TLS_ID(TLS_RECORD_CONTENT_TYPE),
                          type);
    dissection_add_number(d, TLS_ID(TLS_RECORD_VERSION), version);
    dissection_add_number(d, TLS_ID(TLS_RECORD_LENGTH), length);
    if (session->version == 0)
        tls_session_learn_version(session, type, reader_left(r) ? r->at[0] : 0, false, version);
    if (!reader_sub(r, length, &body)) {
        body = *r;
        r->at = r->end;
        return type != HANDSHAKE || cut_handshake_record(turn, &body) ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
    }
    return record_body(turn, type, &body) ? DISSECT_OK : DISSECT_MALFORMED;
}

/* Text is not TLS, whatever the port. */
static bool is_text(const struct reader *r)
{
    enum { PEEK = 4 };

    for (size_t i = 0; i < PEEK; i++) {
        if (reader_left(r) <= PEEK || r->at[i] < 0x20 || r->at[i] > 0x7e)
            return false;
    }
    return true;
}

static enum dissect_result tls_dissect(struct dissection *d, struct reader *r)
{
    const uint64_t *wanted = d->demand->fields[PROTOCOL_TLS];
    enum dissect_result result = DISSECT_OK;
    size_t wire_len = d->left_wire;
    struct tls_session alone;
    struct tls_turn turn;

    if (is_text(r)) {
        dissection_next(d, r, PROTOCOL_DATA, d->left_wire);
        return DISSECT_OK;
    }
    turn_begin(&turn, d, &alone);
    if (!dissection_push(d, PROTOCOL_TLS, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    if (!(wanted[0] | wanted[1] | wanted[2] | wanted[3]) && !d->demand->is_whole &&
        !(d->demand->protocols & X509_PROTOCOLS))
        return DISSECT_OK; /* presence is all that is asked */
    while (result == DISSECT_OK && reader_left(r) > 0) {
        const uint8_t *before = r->at;

        result = record(&turn, r, wire_len);
        wire_len -= (size_t)(r->at - before);
    }
    return result;
}

void tls_crypto_stream(struct dissection *d, struct bytes stream, bool is_server)
{
    struct reader r = reader_over(stream);
    struct layer *aside = dissection_aside(d);
    struct tls_session alone;
    struct tls_turn turn;

    if (!(d->demand->passable & PROTOCOL_BIT(PROTOCOL_TLS)))
        return;
    turn_begin(&turn, d, &alone);
    turn.is_server = is_server;
    if (turn.session->version == 0)
        turn.session->version = TLS_1_3; /* RFC 9001 section 4.2 */
    if (!dissection_push(d, PROTOCOL_TLS, &r, (uint32_t)stream.len))
        return;
    if (reader_left(&r) > 0 && !handshake_record(&turn, &r, false))
        d->top->result = DISSECT_MALFORMED;
    dissection_aside_end(d, aside);
}

static uint32_t tls_pdu_length(struct dissection *d, struct bytes stream)
{
    struct reader r = reader_over(stream);
    struct tls_session alone;
    struct tls_turn turn;
    uint16_t version, length;
    uint8_t type;

    if (tls_is_sslv2_hello(&r))
        return 2 + (uint32_t)((stream.data[0] & 0x7f) << 8 | stream.data[1]);
    if (is_text(&r))
        return (uint32_t)stream.len;
    if (!reader_u8(&r, &type) || !reader_u16(&r, &version) || !reader_u16(&r, &length))
        return PDU_MORE;
    if (!is_content_type(type))
        return (uint32_t)stream.len; /* as far as there is something: it is no record */
    if (!tls_is_version(version)) {
        turn_begin(&turn, d, &alone);
        if (turn.session->version == 0)
            return (uint32_t)stream.len;
    }
    return RECORD_HEADER_BYTES + (uint32_t)length;
}

bool tls_is_likely(const struct reader *r)
{
    enum { LENGTH_MAX = (1 << 14) + 2048, SSLV2_HELLO_LEAST = 46, CHALLENGE = 32 };
    struct reader peek = *r;
    uint16_t version, length, suites, session_id, challenge;
    uint8_t type;

    if (!reader_u8(&peek, &type) || !reader_u16(&peek, &version) || !reader_u16(&peek, &length))
        return false;
    if ((type == HANDSHAKE || type == APPLICATION_DATA) && tls_is_version(version) && length > 0 &&
        length < LENGTH_MAX)
        return true;
    if (reader_left(r) < SSLV2_HELLO_LEAST || !tls_is_sslv2_hello(r) || !reader_u16(&peek, &suites) ||
        !reader_u16(&peek, &session_id) || !reader_u16(&peek, &challenge))
        return false;
    return suites > 0 && suites % 3 == 0 && (session_id == 0 || session_id == 16) && challenge == CHALLENGE;
}

const struct protocol protocol_tls = {
    .name = "tls",
    .title = "Transport Layer Security",
    .fields = tls_fields,
    .n_fields = sizeof tls_fields / sizeof tls_fields[0],
    .may_carry = X509_PROTOCOLS | PROTOCOL_BIT(PROTOCOL_DATA),
    .needs_flow = true,
    .dissect = tls_dissect,
    .pdu_length = tls_pdu_length,
    .shows_begun = true,
    .state_new = tls_state_new,
    .state_free = tls_state_free,
    .state_forgotten = tls_state_forgotten,
};
