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

enum {
    RECORD_HEADER_BYTES = 13,
    RECORD_CID_AT = 11,
    CID_GUESS_BYTES = 32, /* the longest length tried when nobody said it */
};

static const struct value_name content_type_names[] = {
    { DTLS_CHANGE_CIPHER_SPEC_RECORD, "Change Cipher Spec" },
    { DTLS_ALERT_RECORD, "Alert" },
    { DTLS_HANDSHAKE_RECORD, "Handshake" },
    { DTLS_APPLICATION_RECORD, "Application Data" },
    { DTLS_HEARTBEAT_RECORD, "Heartbeat" },
    { DTLS_CID_RECORD, "Connection ID" },
    { 0, NULL },
};

static const struct value_name version_names[] = {
    { 0xfeff, "DTLS 1.0" }, { 0xfefd, "DTLS 1.2" }, { 0x0100, "DTLS 1.0 (OpenSSL pre 0.9.8f)" }, { 0, NULL }
};

static const struct value_name alert_level_names[] = { { 1, "Warning" }, { 2, "Fatal" }, { 0, NULL } };

static const struct value_name alert_names[] = {
    { 0, "Close Notify" },
    { 10, "Unexpected Message" },
    { 20, "Bad Record MAC" },
    { 22, "Record Overflow" },
    { 40, "Handshake Failure" },
    { 42, "Bad Certificate" },
    { 43, "Unsupported Certificate" },
    { 44, "Certificate Revoked" },
    { 45, "Certificate Expired" },
    { 46, "Certificate Unknown" },
    { 47, "Illegal Parameter" },
    { 48, "Unknown CA" },
    { 49, "Access Denied" },
    { 50, "Decode Error" },
    { 51, "Decrypt Error" },
    { 70, "Protocol Version" },
    { 71, "Insufficient Security" },
    { 80, "Internal Error" },
    { 90, "User Canceled" },
    { 100, "No Renegotiation" },
    { 110, "Unsupported Extension" },
    { 112, "Unrecognized Name" },
    { 113, "Bad Certificate Status Response" },
    { 115, "Unknown PSK Identity" },
    { 116, "Certificate Required" },
    { 120, "No application Protocol" },
    { 0, NULL },
};

static const struct value_name handshake_type_names[] = {
    { 0, "Hello Request" },
    { DTLS_CLIENT_HELLO, "Client Hello" },
    { DTLS_SERVER_HELLO, "Server Hello" },
    { DTLS_HELLO_VERIFY_REQUEST, "Hello Verify Request" },
    { DTLS_NEW_SESSION_TICKET, "New Session Ticket" },
    { DTLS_CERTIFICATE, "Certificate" },
    { DTLS_SERVER_KEY_EXCHANGE, "Server Key Exchange" },
    { 13, "Certificate Request" },
    { DTLS_SERVER_HELLO_DONE, "Server Hello Done" },
    { 15, "Certificate Verify" },
    { DTLS_CLIENT_KEY_EXCHANGE, "Client Key Exchange" },
    { 20, "Finished" },
    { 0, NULL },
};

static const struct field dtls_fields[] = {
    [DTLS_RECORD_CONTENT_TYPE] = { "dtls.record.content_type", FIELD_UINT, .title = "Content Type",
                                   .ft_bits = 8, .names = content_type_names },
    [DTLS_RECORD_SPECIAL_TYPE] = { "dtls.record.special_type", FIELD_UINT, .title = "Special Type",
                                   .ft_bits = 8, .names = content_type_names },
    [DTLS_RECORD_VERSION] = { "dtls.record.version", FIELD_UINT, FIELD_BASE_HEX, "Version", .ft_bits = 16,
                              .names = version_names },
    [DTLS_RECORD_EPOCH] = { "dtls.record.epoch", FIELD_UINT, .title = "Epoch", .ft_bits = 16 },
    [DTLS_RECORD_SEQUENCE_NUMBER] = { "dtls.record.sequence_number", FIELD_UINT, .title = "Sequence Number",
                                      .ft_bits = 64 },
    [DTLS_RECORD_CONNECTION_ID] = { "dtls.record.connection_id", FIELD_BYTES, .title = "Connection ID" },
    [DTLS_RECORD_LENGTH] = { "dtls.record.length", FIELD_UINT, .title = "Length", .ft_bits = 16 },
    [DTLS_CHANGE_CIPHER_SPEC] = { "dtls.change_cipher_spec", FIELD_NONE,
                                  .title = "Change Cipher Spec Message" },
    [DTLS_APP_DATA] = { "dtls.app_data", FIELD_BYTES, .title = "Encrypted Application Data" },
    [DTLS_ENC_CONTENT] = { "dtls.enc_content", FIELD_BYTES, .title = "Encrypted Record Content" },
    [DTLS_ALERT_LEVEL] = { "dtls.alert_message.level", FIELD_UINT, .title = "Level", .ft_bits = 8,
                           .names = alert_level_names },
    [DTLS_ALERT_DESC] = { "dtls.alert_message.desc", FIELD_UINT, .title = "Description", .ft_bits = 8,
                          .names = alert_names },
    [DTLS_HANDSHAKE_TYPE] = { "dtls.handshake.type", FIELD_UINT, .title = "Handshake Type", .ft_bits = 8,
                              .names = handshake_type_names },
    [DTLS_HANDSHAKE_LENGTH] = { "dtls.handshake.length", FIELD_UINT, .title = "Length", .ft_bits = 24 },
    [DTLS_HANDSHAKE_MESSAGE_SEQ] = { "dtls.handshake.message_seq", FIELD_UINT, .title = "Message Sequence",
                                     .ft_bits = 16 },
    [DTLS_HANDSHAKE_FRAGMENT_OFFSET] = { "dtls.handshake.fragment_offset", FIELD_UINT,
                                         .title = "Fragment Offset", .ft_bits = 24 },
    [DTLS_HANDSHAKE_FRAGMENT_LENGTH] = { "dtls.handshake.fragment_length", FIELD_UINT,
                                         .title = "Fragment Length", .ft_bits = 24 },
    [DTLS_HANDSHAKE_VERSION] = { "dtls.handshake.version", FIELD_UINT, FIELD_BASE_HEX, "Version",
                                 .ft_bits = 16, .names = version_names },
    [DTLS_HANDSHAKE_RANDOM] = { "dtls.handshake.random", FIELD_BYTES, .title = "Random" },
    [DTLS_HANDSHAKE_SESSION_ID_LENGTH] = { "dtls.handshake.session_id_length", FIELD_UINT,
                                           .title = "Session ID Length", .ft_bits = 8 },
    [DTLS_HANDSHAKE_SESSION_ID] = { "dtls.handshake.session_id", FIELD_BYTES, .title = "Session ID" },
    [DTLS_HANDSHAKE_COOKIE_LENGTH] = { "dtls.handshake.cookie_length", FIELD_UINT, .title = "Cookie Length",
                                       .ft_bits = 8 },
    [DTLS_HANDSHAKE_COOKIE] = { "dtls.handshake.cookie", FIELD_BYTES, .title = "Cookie" },
    [DTLS_HANDSHAKE_CIPHER_SUITES_LENGTH] = { "dtls.handshake.cipher_suites_length", FIELD_UINT,
                                              .title = "Cipher Suites Length", .ft_bits = 16 },
    [DTLS_HANDSHAKE_CIPHERSUITE] = { "dtls.handshake.ciphersuite", FIELD_UINT, FIELD_BASE_HEX, "Cipher Suite",
                                     .ft_bits = 16 },
    [DTLS_HANDSHAKE_COMP_METHOD] = { "dtls.handshake.comp_method", FIELD_UINT, .title = "Compression Method",
                                     .ft_bits = 8 },
    [DTLS_HANDSHAKE_EXTENSION_TYPE] = { "dtls.handshake.extension.type", FIELD_UINT, .title = "Type",
                                        .ft_bits = 16 },
    [DTLS_HANDSHAKE_EXTENSION_LEN] = { "dtls.handshake.extension.len", FIELD_UINT, .title = "Length",
                                       .ft_bits = 16 },
    [DTLS_HANDSHAKE_SERVER_NAME] = { "dtls.handshake.extensions_server_name", FIELD_STRING,
                                     .title = "Server Name" },
    [DTLS_HANDSHAKE_ALPN] = { "dtls.handshake.extensions_alpn_str", FIELD_STRING,
                              .title = "ALPN Next Protocol" },
    [DTLS_CONNECTION_ID_LENGTH] = { "dtls.connection_id_length", FIELD_UINT, .title = "Connection ID Length",
                                    .ft_bits = 8 },
    [DTLS_CONNECTION_ID] = { "dtls.connection_id", FIELD_BYTES, .title = "Connection ID" },
    [DTLS_HANDSHAKE_SESSION_TICKET] = { "dtls.handshake.session_ticket", FIELD_BYTES,
                                        .title = "Session Ticket" },
    [DTLS_HANDSHAKE_CERTIFICATE] = { "dtls.handshake.certificate", FIELD_BYTES, .title = "Certificate" },
    [DTLS_HANDSHAKE_HINT_LEN] = { "dtls.handshake.hint_len", FIELD_UINT, .title = "Hint Length",
                                  .ft_bits = 16 },
    [DTLS_HANDSHAKE_HINT] = { "dtls.handshake.hint", FIELD_BYTES, .title = "Hint" },
    [DTLS_HANDSHAKE_IDENTITY_LEN] = { "dtls.handshake.identity_len", FIELD_UINT, .title = "Identity Length",
                                      .ft_bits = 16 },
    [DTLS_HANDSHAKE_IDENTITY] = { "dtls.handshake.identity", FIELD_BYTES, .title = "Identity" },
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
    length =
        RECORD_HEADER_BYTES + ((size_t)r->at[RECORD_HEADER_BYTES - 2] << 8 | r->at[RECORD_HEADER_BYTES - 1]);
    if (length > *wire_len || length > left)
        return false;
    r->at += length;
    *wire_len -= (uint32_t)length;
    return true;
}

/* The fields of records, not of what is in them. */
#define DTLS_RECORD_FIELDS ((UINT64_C(1) << DTLS_HANDSHAKE_TYPE) - 1)

static enum dissect_result dtls_body(struct dissection *d, uint8_t type, uint16_t epoch, struct reader *body)
{
    uint8_t level, description;

    switch (type) {
    case DTLS_HANDSHAKE_RECORD:
        if (epoch == 0)
            return dtls_handshake_messages(d, body);
        return DISSECT_OK;
    case DTLS_APPLICATION_RECORD:
        dissection_add_bytes(d, DTLS_ID(DTLS_APP_DATA), reader_rest(body));
        return DISSECT_OK;
    case DTLS_CID_RECORD:
        dissection_add_bytes(d, DTLS_ID(DTLS_ENC_CONTENT), reader_rest(body));
        return DISSECT_OK;
    case DTLS_CHANGE_CIPHER_SPEC_RECORD:
        dissection_add_number(d, DTLS_ID(DTLS_CHANGE_CIPHER_SPEC), 1);
        return DISSECT_OK;
    case DTLS_ALERT_RECORD:
        if (reader_left(body) == 2 && reader_u8(body, &level) && reader_u8(body, &description)) {
            dissection_add_number(d, DTLS_ID(DTLS_ALERT_LEVEL), level);
            dissection_add_number(d, DTLS_ID(DTLS_ALERT_DESC), description);
        }
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
    bool wants_records = d->demand->fields[PROTOCOL_DTLS][0] & DTLS_RECORD_FIELDS;
    uint32_t wire_len = d->left_wire;
    enum dissect_result result;

    if (!dissection_push(d, PROTOCOL_DTLS, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    /* Presence is all that is asked: the records need not be walked. */
    if (!(d->demand->fields[PROTOCOL_DTLS][0]))
        return DISSECT_OK;
    do {
        result = DISSECT_OK;
        if (wants_records || !pass_over(r, &wire_len))
            result = dtls_record(d, r, &wire_len);
    } while (result == DISSECT_OK && wire_len > 0);
    return result;
}

#define DTLS_BIT(index) (UINT64_C(1) << (index))

/* Those that a HelloVerifyRequest, in which nothing is remembered, does not have. */
#define NOT_IN_VERIFY_REQUEST                                                      \
    (DTLS_BIT(DTLS_HANDSHAKE_IDENTITY) | DTLS_BIT(DTLS_HANDSHAKE_IDENTITY_LEN) |   \
     DTLS_BIT(DTLS_HANDSHAKE_HINT) | DTLS_BIT(DTLS_HANDSHAKE_HINT_LEN) |           \
     DTLS_BIT(DTLS_HANDSHAKE_CERTIFICATE) | DTLS_BIT(DTLS_HANDSHAKE_SERVER_NAME) | \
     DTLS_BIT(DTLS_HANDSHAKE_ALPN) | DTLS_BIT(DTLS_HANDSHAKE_CIPHERSUITE) |        \
     DTLS_BIT(DTLS_HANDSHAKE_SESSION_TICKET) | DTLS_BIT(DTLS_CONNECTION_ID))

/* Passes over a whole handshake record of which nothing is asked: ciphertext, or a whole HelloVerifyRequest.
 */
static bool pass_over_handshake(uint64_t fields, struct reader *r, uint32_t *wire_len)
{
    struct reader rest = *r, body;
    uint16_t epoch, length, message_seq;
    uint32_t message_length, offset, fragment_length;
    uint8_t type;

    if (reader_left(r) < RECORD_HEADER_BYTES || !is_record_start(r->at) ||
        r->at[0] != DTLS_HANDSHAKE_RECORD || !reader_skip(&rest, 3) || !reader_u16(&rest, &epoch) ||
        !reader_skip(&rest, 6) || !reader_u16(&rest, &length) || !reader_sub(&rest, length, &body) ||
        (uint32_t)(rest.at - r->at) > *wire_len)
        return false;
    if (epoch == 0 &&
        (fields & ~NOT_IN_VERIFY_REQUEST || !reader_u8(&body, &type) || type != DTLS_HELLO_VERIFY_REQUEST ||
         !reader_u24(&body, &message_length) || !reader_u16(&body, &message_seq) ||
         !reader_u24(&body, &offset) || !reader_u24(&body, &fragment_length) || offset != 0 ||
         fragment_length != message_length || reader_left(&body) != message_length))
        return false;
    *wire_len -= (uint32_t)(rest.at - r->at);
    *r = rest;
    return true;
}

/* Records that cannot hold a handshake message of interest, when it is not records that are asked for. */
static bool dtls_is_idle(const struct demand *demand, const struct reader *r, uint32_t wire_len)
{
    const uint64_t *fields = demand->fields[PROTOCOL_DTLS];
    struct reader rest = *r;

    if (fields[0] & DTLS_RECORD_FIELDS)
        return false;
    do {
        if (!pass_over(&rest, &wire_len) &&
            (fields[1] | fields[2] | fields[3] || !pass_over_handshake(fields[0], &rest, &wire_len)))
            return false;
    } while (wire_len > 0);
    return true;
}

const struct protocol protocol_dtls = {
    .name = "dtls",
    .title = "Datagram Transport Layer Security",
    .fields = dtls_fields,
    .n_fields = sizeof dtls_fields / sizeof dtls_fields[0],
    .may_carry =
        PROTOCOL_BIT(PROTOCOL_X509SAT) | PROTOCOL_BIT(PROTOCOL_X509CE) | PROTOCOL_BIT(PROTOCOL_X509AF),
    .needs_flow = true,
    .dissect = dtls_dissect,
    .is_idle = dtls_is_idle,
};

static_assert(sizeof dtls_fields / sizeof dtls_fields[0] <= 64,
              "dtls_dissect looks at the first word of the demand");
