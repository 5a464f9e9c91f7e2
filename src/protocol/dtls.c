/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dtls - records of DTLS 1.0 and 1.2 (RFC 6347 section 4.1), with connection ids (RFC 9146 section 4):
 *
 *    0      1      2      3      4      5 ..10      11     12     13
 *   +------+-------------+-------------+- - - - -+------+-------------+- - -
 *   | type |   version   |    epoch    | sequence| [connection id] length | body
 *   +------+-------------+-------------+- - - - -+------+-------------+- - -
 *
 * One layer a datagram, whatever the number of records in it, as Wireshark shows it. Handshake messages are
 * read in dtls_handshake.c; everything of epoch 1 and up is ciphertext and left alone.
 *
 * The length of a connection id is not on the wire: it is what the ServerHello said (dissect_state), else the
 * one length with which the records fill the datagram exactly; two such lengths mean that nobody can tell.
 */
#include "protocol/dtls.h"

#include "protocol/dissection.h"
#include "protocol/dtls_handshake.h"
#include "protocol/state.h"
#include "protocol/tls_application.h"
#include "protocol/tls_names.h"
#include "protocol/x509.h"

enum {
    RECORD_HEADER_BYTES = 13,
    RECORD_CID_AT = 11,
    CID_GUESS_BYTES = 32, /* the longest length tried when nobody said it */
};

static const struct value_name srtp_profile_names[] = { /* RFC 5764 section 4.1.2, RFC 7714 */
                                                        { 0x0001, "SRTP_AES128_CM_HMAC_SHA1_80" },
                                                        { 0x0002, "SRTP_AES128_CM_HMAC_SHA1_32" },
                                                        { 0x0005, "SRTP_NULL_HMAC_SHA1_80" },
                                                        { 0x0006, "SRTP_NULL_HMAC_SHA1_32" },
                                                        { 0x0007, "SRTP_AEAD_AES_128_GCM" },
                                                        { 0x0008, "SRTP_AEAD_AES_256_GCM" },
                                                        { 0, NULL }
};

#define DTLS_SHARED_ID(field) DTLS_ID(DTLS_SHARED + SHARED_##field)

static const struct field dtls_fields[] = {
    [DTLS_RECORD] = { "dtls.record", FIELD_NONE, .title = "Record Layer" },
    [DTLS_RECORD_CONTENT_TYPE] = { "dtls.record.content_type", FIELD_UINT, .title = "Content Type",
                                   .ft_bits = 8, .names = tls_content_types },
    [DTLS_RECORD_SPECIAL_TYPE] = { "dtls.record.special_type", FIELD_UINT, .title = "Special Type",
                                   .ft_bits = 8, .names = tls_content_types },
    [DTLS_RECORD_VERSION] = { "dtls.record.version", FIELD_UINT, FIELD_BASE_HEX, "Version", .ft_bits = 16,
                              .names = tls_versions },
    [DTLS_RECORD_EPOCH] = { "dtls.record.epoch", FIELD_UINT, .title = "Epoch", .ft_bits = 16 },
    [DTLS_RECORD_SEQUENCE_NUMBER] = { "dtls.record.sequence_number", FIELD_UINT, .title = "Sequence Number",
                                      .ft_bits = 64 },
    [DTLS_RECORD_CONNECTION_ID] = { "dtls.record.connection_id", FIELD_BYTES, .title = "Connection ID" },
    [DTLS_RECORD_LENGTH] = { "dtls.record.length", FIELD_UINT, .title = "Length", .ft_bits = 16 },
    [DTLS_ENC_CONTENT] = { "dtls.enc_content", FIELD_BYTES, .title = "Encrypted Record Content" },
    [DTLS_HANDSHAKE_COOKIE_LENGTH] = { "dtls.handshake.cookie_length", FIELD_UINT, .title = "Cookie Length",
                                       .ft_bits = 8 },
    [DTLS_HANDSHAKE_COOKIE] = { "dtls.handshake.cookie", FIELD_BYTES, .title = "Cookie" },
    [DTLS_USE_SRTP_PROFILES_LENGTH] = { "dtls.use_srtp.protection_profiles_length", FIELD_UINT,
                                        .title = "SRTP Protection Profiles Length", .ft_bits = 16 },
    [DTLS_USE_SRTP_PROFILE] = { "dtls.use_srtp.protection_profile", FIELD_UINT, FIELD_BASE_HEX,
                                "SRTP Protection Profile", .ft_bits = 16, .names = srtp_profile_names },
    [DTLS_USE_SRTP_MKI_LENGTH] = { "dtls.use_srtp.mki_length", FIELD_UINT, .title = "MKI Length",
                                   .ft_bits = 8 },
    [DTLS_USE_SRTP_MKI] = { "dtls.use_srtp.mki", FIELD_BYTES, .title = "MKI" },
    [DTLS_HANDSHAKE_MESSAGE_SEQ] = { "dtls.handshake.message_seq", FIELD_UINT, .title = "Message Sequence",
                                     .ft_bits = 16 },
    [DTLS_HANDSHAKE_FRAGMENT_OFFSET] = { "dtls.handshake.fragment_offset", FIELD_UINT,
                                         .title = "Fragment Offset", .ft_bits = 24 },
    [DTLS_HANDSHAKE_FRAGMENT_LENGTH] = { "dtls.handshake.fragment_length", FIELD_UINT,
                                         .title = "Fragment Length", .ft_bits = 24 },
    [DTLS_FRAGMENTS] = { "dtls.fragments", FIELD_NONE, .title = "Message fragments" },
    [DTLS_FRAGMENT] = { "dtls.fragment", FIELD_FRAME, .title = "Message fragment" },
    [DTLS_FRAGMENT_COUNT] = { "dtls.fragment.count", FIELD_UINT, .title = "Message fragment count",
                              .ft_bits = 32 },
    [DTLS_REASSEMBLED_IN] = { "dtls.reassembled.in", FIELD_FRAME, .title = "Reassembled in" },
    [DTLS_REASSEMBLED_LENGTH] = { "dtls.reassembled.length", FIELD_UINT, .title = "Reassembled DTLS length",
                                  .ft_bits = 32 },
#define X(id, suffix, kind, shown, text, bits, texts)                                      \
    [DTLS_SHARED + SHARED_##id] = { "dtls." suffix, FIELD_##kind,      FIELD_BASE_##shown, \
                                    text,           .ft_bits = (bits), .names = (texts) },
    TLS_SHARED_RECORD_FIELDS(X) TLS_SHARED_HANDSHAKE_FIELDS(X)
#undef X
};

static bool is_content_type(uint8_t type)
{
    return type >= DTLS_CHANGE_CIPHER_SPEC_RECORD && type <= DTLS_ACK_RECORD;
}

static bool is_version(uint16_t version)
{
    return version == 0xfefd || version == 0xfeff || version == 0x0100;
}

static bool is_record_start(const uint8_t *at)
{
    return is_content_type(at[0]) && is_version((uint16_t)(at[1] << 8 | at[2]));
}

/* How long it says it is, header and all, when there is no connection id in it. */
static size_t record_bytes(const uint8_t *at)
{
    return RECORD_HEADER_BYTES + ((size_t)at[RECORD_HEADER_BYTES - 2] << 8 | at[RECORD_HEADER_BYTES - 1]);
}

/*
 * The one length of connection id with which the record at *r ends where the datagram ends, or where another
 * record starts; 0 when there is none or more than one.
 */
static unsigned guess_cid_len(const struct reader *r, uint32_t wire_len)
{
    size_t left = reader_left(r);
    unsigned found = 0;

    for (unsigned n = 1; n <= CID_GUESS_BYTES; n++) {
        size_t header = RECORD_HEADER_BYTES + n, end;

        if (header > left)
            break;
        end = header + ((size_t)r->at[header - 2] << 8 | r->at[header - 1]);
        if (end == wire_len || (end + RECORD_HEADER_BYTES <= left && is_record_start(r->at + end))) {
            if (found)
                return 0;
            found = n;
        }
    }
    return found;
}

bool dtls_is_likely(const struct reader *r, uint32_t wire_len)
{
    size_t left = reader_left(r), at = 0;

    if (left < RECORD_HEADER_BYTES || !is_record_start(r->at))
        return false;
    if (left < wire_len)
        return true; /* cut by the capture: what is seen must do */
    while (at + RECORD_HEADER_BYTES <= left && is_record_start(r->at + at)) {
        size_t header = RECORD_HEADER_BYTES;

        if (r->at[at] == DTLS_CID_RECORD) {
            struct reader record = { r->at + at, r->end };
            unsigned n = guess_cid_len(&record, (uint32_t)(left - at));

            if (n == 0)
                return true; /* several lengths would do: still records */
            header += n;
        }
        at += header + ((size_t)r->at[at + header - 2] << 8 | r->at[at + header - 1]);
        if (at == left)
            return true;
    }
    return false;
}

/* How long the connection id of a record on its way to the datagram's destination is; 0 when nobody can tell.
 */
static unsigned cid_len(const struct dissection *d, const struct reader *r, uint32_t wire_len)
{
    unsigned known = 0;

    if (d->state) {
        struct ip_address destination;
        uint16_t port;

        if (dtls_destination(d, &destination, &port))
            known = dissect_state_cid_len(d->state, &destination, port);
    }
    if (known == 0 && (d->preferences->dtls_client_cid_length | d->preferences->dtls_server_cid_length)) {
        struct tls_session alone;
        struct conversation_ends ends;
        const struct tls_session *session = dtls_session(d, &alone, &ends);

        known = dtls_is_server(session, &ends) ? d->preferences->dtls_client_cid_length
                                               : d->preferences->dtls_server_cid_length;
    }
    if (known && RECORD_HEADER_BYTES + known <= reader_left(r)) {
        size_t header = RECORD_HEADER_BYTES + known;

        if (header + ((size_t)r->at[header - 2] << 8 | r->at[header - 1]) <= wire_len)
            return known;
    }
    return guess_cid_len(r, wire_len);
}

/* True when a handshake record may begin behind the first byte: where none does, lengths need not be known.
 */
static bool may_hold_handshake(const struct reader *r)
{
    const uint8_t *at = r->at + 1;

    while (r->end - at >= RECORD_HEADER_BYTES) {
        at = memchr(at, DTLS_HANDSHAKE_RECORD, (size_t)(r->end - at) - (RECORD_HEADER_BYTES - 1));
        if (at == NULL)
            return false;
        if (is_record_start(at))
            return true;
        at++;
    }
    return false;
}

/*
 * When only handshake messages are asked for, records that cannot hold one in the clear are passed over: by
 * their length, and behind a connection id, whose length is not known at once, by looking for another record.
 * False: this one must be read; true: *r and *wire_len are behind it, or behind the last one that matters.
 */
static bool pass_over(struct reader *r, uint32_t *wire_len)
{
    size_t left = reader_left(r), length;

    if (left < RECORD_HEADER_BYTES || !is_record_start(r->at) || r->at[0] == DTLS_HANDSHAKE_RECORD)
        return false;
    if (r->at[0] == DTLS_CID_RECORD) {
        if (may_hold_handshake(r))
            return false;
        *wire_len = 0;
        return true;
    }
    length = record_bytes(r->at);
    if (length > *wire_len || length > left)
        return false;
    r->at += length;
    *wire_len -= (uint32_t)length;
    return true;
}

static void app_data(struct dissection *d, struct reader *body)
{
    struct tls_session alone, *session;
    struct conversation_ends ends = { 0 };
    const char *name;

    dissection_add_bytes(d, DTLS_ID(DTLS_APP_DATA), reader_rest(body));
    if (!dissection_wants(d, PROTOCOL_DTLS, DTLS_SHARED + SHARED_APP_DATA_PROTO))
        return;
    session = dtls_session(d, &alone, &ends);
    name = tls_application_name(session, true, ends.source_port, ends.destination_port);
    if (name)
        dissection_add_bytes(d, DTLS_SHARED_ID(APP_DATA_PROTO), bytes_text(name));
}

static void alert(struct dissection *d, struct reader *body)
{
    uint8_t level, description;

    dissection_add_number(d, DTLS_SHARED_ID(ALERT_MESSAGE), 1);
    if (!reader_u8(body, &level) || !reader_u8(body, &description))
        return;
    for (size_t i = 0; tls_alert_descriptions[i].name && (level == 1 || level == 2); i++) {
        if (tls_alert_descriptions[i].value != description)
            continue; /* ciphertext, most likely */
        dissection_add_number(d, DTLS_ID(DTLS_ALERT_LEVEL), level);
        dissection_add_number(d, DTLS_ID(DTLS_ALERT_DESC), description);
        return;
    }
}

static void change_cipher_spec(struct dissection *d)
{
    struct tls_session alone, *session;
    struct conversation_ends ends;

    dissection_add_number(d, DTLS_ID(DTLS_CHANGE_CIPHER_SPEC), 1);
    if (!dissection_wants(d, PROTOCOL_DTLS, DTLS_SHARED + SHARED_RESUMED))
        return;
    session = dtls_session(d, &alone, &ends);
    if (!dtls_is_server(session, &ends))
        return;
    if (session->is_resumed)
        dissection_add_number(d, DTLS_SHARED_ID(RESUMED), 1);
    session->is_resumed = false;
}

/* RFC 6520; of epoch 0 all that is not plausible is ciphertext. */
static void heartbeat(struct dissection *d, struct reader *body)
{
    enum { PADDING_LEAST = 16, HEADER = 3 };
    size_t left = reader_left(body);
    struct bytes payload;
    uint16_t length;
    uint8_t type;

    dissection_add_number(d, DTLS_SHARED_ID(HEARTBEAT_MESSAGE), 1);
    if (!reader_u8(body, &type) || !reader_u16(body, &length) || (type != 1 && type != 2) ||
        HEADER + (size_t)length + PADDING_LEAST > left || !reader_bytes(body, length, &payload))
        return;
    dissection_add_number(d, DTLS_SHARED_ID(HEARTBEAT_MESSAGE_TYPE), type);
    dissection_add_number(d, DTLS_SHARED_ID(HEARTBEAT_MESSAGE_PAYLOAD_LENGTH), length);
    dissection_add_bytes(d, DTLS_SHARED_ID(HEARTBEAT_MESSAGE_PAYLOAD), payload);
    dissection_add_bytes(d, DTLS_SHARED_ID(HEARTBEAT_MESSAGE_PADDING), reader_rest(body));
}

static enum dissect_result dtls_body(struct dissection *d, uint8_t type, uint16_t epoch, struct reader *body)
{
    switch (type) {
    case DTLS_HANDSHAKE_RECORD:
        if (epoch == 0)
            return dtls_handshake_messages(d, body);
        dissection_add_number(d, DTLS_ID(DTLS_HANDSHAKE), 1);
        return DISSECT_OK;
    case DTLS_APPLICATION_RECORD:
        app_data(d, body);
        return DISSECT_OK;
    case DTLS_CID_RECORD:
        dissection_add_bytes(d, DTLS_ID(DTLS_ENC_CONTENT), reader_rest(body));
        return DISSECT_OK;
    case DTLS_CHANGE_CIPHER_SPEC_RECORD:
        change_cipher_spec(d);
        return DISSECT_OK;
    case DTLS_ALERT_RECORD:
        alert(d, body);
        return DISSECT_OK;
    case DTLS_HEARTBEAT_RECORD:
        heartbeat(d, body);
        return DISSECT_OK;
    default:
        return DISSECT_OK;
    }
}

/* One record; moves *r and *wire_len behind it. */
static __attribute__((noinline)) enum dissect_result dtls_record(struct dissection *d, struct reader *r,
                                                                 uint32_t *wire_len)
{
    struct reader start = *r, body;
    uint16_t version, epoch, length;
    uint64_t sequence;
    struct bytes cid = { 0 };
    uint8_t type;

    if (!reader_u8(r, &type) || !reader_u16(r, &version) || !reader_u16(r, &epoch) ||
        !reader_u48(r, &sequence))
        return DISSECT_TRUNCATED;
    if (!is_content_type(type)) /* the version is not checked: GnuTLS sends an alert with TLS's */
        return DISSECT_MALFORMED;
    dissection_add_number(d, DTLS_ID(DTLS_RECORD), 1);
    dissection_add_number(
        d, type == DTLS_CID_RECORD ? DTLS_ID(DTLS_RECORD_SPECIAL_TYPE) : DTLS_ID(DTLS_RECORD_CONTENT_TYPE),
        type);
    dissection_add_number(d, DTLS_ID(DTLS_RECORD_VERSION), version);
    dissection_add_number(d, DTLS_ID(DTLS_RECORD_EPOCH), epoch);
    dissection_add_number(d, DTLS_ID(DTLS_RECORD_SEQUENCE_NUMBER), sequence);
    if (type == DTLS_CID_RECORD) {
        unsigned n = cid_len(d, &start, *wire_len);

        if (n == 0)
            return DISSECT_TRUNCATED; /* what lies where is not to be known */
        if (!reader_bytes(r, n, &cid))
            return DISSECT_TRUNCATED;
        dissection_add_bytes(d, DTLS_ID(DTLS_RECORD_CONNECTION_ID), cid);
    }
    if (!reader_u16(r, &length))
        return DISSECT_TRUNCATED;
    dissection_add_number(d, DTLS_ID(DTLS_RECORD_LENGTH), length);
    *wire_len -= (uint32_t)(r->at - start.at);
    if (length > *wire_len)
        return DISSECT_MALFORMED;
    if (!reader_sub(r, length, &body)) {
        enum dissect_result result = dtls_body(d, type, epoch, r);

        return result == DISSECT_OK ? DISSECT_TRUNCATED : result;
    }
    *wire_len -= length;
    return dtls_body(d, type, epoch, &body);
}

static enum dissect_result dtls_dissect(struct dissection *d, struct reader *r)
{
    const uint64_t *wanted = d->demand->fields[PROTOCOL_DTLS];
    bool wants_records = wanted[0] & DTLS_RECORD_FIELDS;
    uint32_t wire_len = d->left_wire;
    enum dissect_result result;

    if (!dissection_push(d, PROTOCOL_DTLS, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    /* Presence is all that is asked: the records need not be walked. */
    if (!(wanted[0] | wanted[1] | wanted[2] | wanted[3]) && !d->demand->is_whole &&
        !(d->demand->protocols & X509_PROTOCOLS))
        return DISSECT_OK;
    do {
        result = DISSECT_OK;
        if (wants_records || !pass_over(r, &wire_len))
            result = dtls_record(d, r, &wire_len);
    } while (result == DISSECT_OK && wire_len > 0);
    return result;
}

/* True when somebody asks for what a HelloVerifyRequest, in which nothing is remembered, shows. */
static bool wants_verify_request(const struct demand *demand)
{
    static const uint8_t shown[] = {
        DTLS_HANDSHAKE,
        DTLS_HANDSHAKE_TYPE,
        DTLS_HANDSHAKE_LENGTH,
        DTLS_HANDSHAKE_MESSAGE_SEQ,
        DTLS_HANDSHAKE_FRAGMENT_OFFSET,
        DTLS_HANDSHAKE_FRAGMENT_LENGTH,
        DTLS_HANDSHAKE_VERSION,
        DTLS_HANDSHAKE_COOKIE,
        DTLS_HANDSHAKE_COOKIE_LENGTH,
    };

    for (size_t i = 0; i < sizeof shown; i++)
        if (demand_has_field(demand, PROTOCOL_DTLS, shown[i]))
            return true;
    return false;
}

#define FIELD_BIT(field) (UINT64_C(1) << ((field)&63))

static bool wants_no_more(const struct demand *demand, const uint64_t spared[4])
{
    const uint64_t *wanted = demand->fields[PROTOCOL_DTLS];

    return !((wanted[0] & ~spared[0]) | (wanted[1] & ~spared[1]) | (wanted[2] & ~spared[2]) |
             (wanted[3] & ~spared[3]) | (demand->protocols & X509_PROTOCOLS));
}

/*
 * Is it only who the client is, in a ClientKeyExchange, that the filter asks for? And of packets that show
 * that, only what stands in them, or follows from the ServerHello?
 */
static bool wants_only_identities(const struct demand *asked, const struct demand *demand)
{
    static const uint64_t identities[4] = {
        [DTLS_HANDSHAKE_IDENTITY >> 6] = FIELD_BIT(DTLS_HANDSHAKE_IDENTITY),
        [DTLS_HANDSHAKE_IDENTITY_LEN >> 6] = FIELD_BIT(DTLS_HANDSHAKE_IDENTITY_LEN),
    };
    static const uint8_t headers[] = { DTLS_ALERT_LEVEL,
                                       DTLS_ALERT_DESC,
                                       DTLS_HANDSHAKE,
                                       DTLS_HANDSHAKE_TYPE,
                                       DTLS_HANDSHAKE_LENGTH,
                                       DTLS_HANDSHAKE_MESSAGE_SEQ,
                                       DTLS_HANDSHAKE_FRAGMENT_OFFSET,
                                       DTLS_HANDSHAKE_FRAGMENT_LENGTH,
                                       DTLS_HANDSHAKE_IDENTITY,
                                       DTLS_HANDSHAKE_IDENTITY_LEN };
    uint64_t plain[4] = { DTLS_RECORD_FIELDS };

    if (!wants_no_more(asked, identities))
        return false;
    for (size_t i = 0; i < sizeof headers; i++)
        plain[headers[i] >> 6] |= FIELD_BIT(headers[i]);
    return wants_no_more(demand, plain);
}

static bool has_cookie(struct reader hello)
{
    enum { VERSION_AND_RANDOM_BYTES = 34 };
    uint8_t session_id_len, cookie_len;

    return reader_skip(&hello, VERSION_AND_RANDOM_BYTES) && reader_u8(&hello, &session_id_len) &&
           reader_skip(&hello, session_id_len) && reader_u8(&hello, &cookie_len) && cookie_len > 0;
}

/*
 * Are these messages that cannot be what names a client (with the needle, if there is one), nor the
 * ServerHello that says how to read it, nor begin a handshake?
 */
static bool are_of_no_identity(struct bytes needle, struct reader messages)
{
    uint32_t message_length, offset, fragment_length;
    struct bytes fragment;
    uint8_t type;

    do {
        if (!reader_u8(&messages, &type) || type == DTLS_SERVER_HELLO ||
            !reader_u24(&messages, &message_length) || !reader_skip(&messages, 2) ||
            !reader_u24(&messages, &offset) || !reader_u24(&messages, &fragment_length) ||
            offset + fragment_length > message_length || !reader_bytes(&messages, fragment_length, &fragment))
            return false;
        if (type == DTLS_CLIENT_HELLO &&
            (fragment_length != message_length || !has_cookie(reader_over(fragment))))
            return false;
        if (type == DTLS_CLIENT_KEY_EXCHANGE &&
            (fragment_length != message_length || needle.len == 0 ||
             memmem(fragment.data, fragment.len, needle.data, needle.len) != NULL))
            return false;
    } while (reader_left(&messages) > 0);
    return true;
}

static bool is_whole_verify_request(struct reader message)
{
    uint32_t message_length, offset, fragment_length;
    uint8_t type;

    return reader_u8(&message, &type) && type == DTLS_HELLO_VERIFY_REQUEST &&
           reader_u24(&message, &message_length) && reader_skip(&message, 2) &&
           reader_u24(&message, &offset) && reader_u24(&message, &fragment_length) && offset == 0 &&
           fragment_length == message_length && reader_left(&message) == message_length;
}

/*
 * Passes over a whole handshake record of which nothing is asked, and nothing would be remembered that has a
 * say in what is: ciphertext; a HelloVerifyRequest; for identities all but what bears them.
 */
static bool pass_over_handshake(const struct idle_question *question, struct reader *r, uint32_t *wire_len)
{
    struct reader rest = *r, body;
    uint16_t epoch, length;

    if (reader_left(r) < RECORD_HEADER_BYTES || !is_record_start(r->at) ||
        r->at[0] != DTLS_HANDSHAKE_RECORD || !reader_skip(&rest, 3) || !reader_u16(&rest, &epoch) ||
        !reader_skip(&rest, 6) || !reader_u16(&rest, &length) || !reader_sub(&rest, length, &body) ||
        (uint32_t)(rest.at - r->at) > *wire_len)
        return false;
    if (epoch > 0 && demand_has_field(question->asked, PROTOCOL_DTLS, DTLS_HANDSHAKE))
        return false;
    if (epoch == 0 && !(wants_only_identities(question->asked, question->demand)
                            ? are_of_no_identity(question->needle, body)
                            : !wants_verify_request(question->asked) && is_whole_verify_request(body)))
        return false;
    *wire_len -= (uint32_t)(rest.at - r->at);
    *r = rest;
    return true;
}

/* Records that cannot hold a handshake message of interest, when it is not records that are asked for. */
static bool dtls_is_idle(const struct idle_question *question, const struct reader *r, uint32_t wire_len)
{
    const struct demand *asked = question->asked;
    struct reader rest = *r;
    size_t left = reader_left(r);

    if (asked->fields[PROTOCOL_DTLS][0] & DTLS_RECORD_FIELDS || asked->is_whole)
        return false;
    /* Most are one record of data, and nothing else. */
    if (left >= RECORD_HEADER_BYTES && left == wire_len && r->at[0] == DTLS_APPLICATION_RECORD &&
        is_record_start(r->at) && record_bytes(r->at) == left)
        return true;
    do {
        if (!pass_over(&rest, &wire_len) && !pass_over_handshake(question, &rest, &wire_len))
            return false;
    } while (wire_len > 0);
    return true;
}

const struct protocol protocol_dtls = {
    .name = "dtls",
    .title = "Datagram Transport Layer Security",
    .fields = dtls_fields,
    .n_fields = sizeof dtls_fields / sizeof dtls_fields[0],
    .may_carry = X509_PROTOCOLS,
    .needs_flow = true,
    .dissect = dtls_dissect,
    .is_idle = dtls_is_idle,
};

static_assert(DTLS_HANDSHAKE < 64,
              "dtls_dissect looks for fields of records in the first word of the demand");
static_assert(DTLS_COUNT <= 256, "a field's index has eight bits");
