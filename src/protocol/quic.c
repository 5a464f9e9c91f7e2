/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quic - packets of RFC 9000 (section 17), RFC 9369 and the drafts from 11 on: one layer a datagram, which
 * may hold several packets. Initials are opened with the keys that everybody can make (quic_crypto.c), and
 * their frames read; of all others the header is what there is.
 *
 *    1 1 T T . . . .   long header: version, both connection ids, by type a token, a length
 *    0 1 S . . . . .   short header: the destination's id, of a length that is not on the wire
 */
#include "protocol/quic.h"

#include "protocol/quic_frame.h"
#include "protocol/state.h"
#include "protocol/tls_names.h"

static const struct value_name header_form_names[] = { { 0, "Short Header" },
                                                       { 1, "Long Header" },
                                                       { 0, NULL } };
static const struct value_name type_names[] = {
    { 0, "Initial" }, { 3, "Retry" }, { 2, "Handshake" }, { 1, "0-RTT" }, { 0, NULL }
};
static const struct value_name type_v2_names[] = {
    { 0, "Retry" }, { 1, "Initial" }, { 2, "0-RTT" }, { 3, "Handshake" }, { 0, NULL }
};
static const struct value_name number_length_names[] = {
    { 0, "1 bytes" }, { 1, "2 bytes" }, { 2, "3 bytes" }, { 3, "4 bytes" }, { 0, NULL }
};

#define QUIC_NUMBER(text, words, bits)                                \
    {                                                                 \
        "quic." text, FIELD_UINT, .title = (words), .ft_bits = (bits) \
    }
#define QUIC_BYTES(text, words)                     \
    {                                               \
        "quic." text, FIELD_BYTES, .title = (words) \
    }

static const struct field quic_fields[] = {
    [QUIC_CONNECTION_NUMBER] = { "quic.connection.number", FIELD_UINT, .title = "Connection Number",
                                 .ft_bits = 32, .counts_packets = true },
    [QUIC_PACKET_LENGTH] = QUIC_NUMBER("packet_length", "Packet Length", 32),
    [QUIC_HEADER_FORM] = { "quic.header_form", FIELD_UINT, .title = "Header Form", .ft_bits = 8,
                           .names = header_form_names },
    [QUIC_LONG_PACKET_TYPE] = { "quic.long.packet_type", FIELD_UINT, .title = "Packet Type", .ft_bits = 8,
                                .names = type_names },
    [QUIC_LONG_PACKET_TYPE_V2] = { "quic.long.packet_type_v2", FIELD_UINT, .title = "Packet Type",
                                   .ft_bits = 8, .names = type_v2_names },
    [QUIC_LONG_RESERVED] = QUIC_NUMBER("long.reserved", "Reserved", 8),
    [QUIC_PACKET_NUMBER_LENGTH] = { "quic.packet_number_length", FIELD_UINT, .title = "Packet Number Length",
                                    .ft_bits = 8, .names = number_length_names },
    [QUIC_DCID] = QUIC_BYTES("dcid", "Destination Connection ID"),
    [QUIC_SCID] = QUIC_BYTES("scid", "Source Connection ID"),
    [QUIC_DCIL] = QUIC_NUMBER("dcil", "Destination Connection ID Length", 8),
    [QUIC_SCIL] = QUIC_NUMBER("scil", "Source Connection ID Length", 8),
    [QUIC_TOKEN_LENGTH] = QUIC_NUMBER("token_length", "Token Length", 64),
    [QUIC_TOKEN] = QUIC_BYTES("token", "Token"),
    [QUIC_LENGTH] = QUIC_NUMBER("length", "Length", 64),
    [QUIC_PACKET_NUMBER] = QUIC_NUMBER("packet_number", "Packet Number", 64),
    [QUIC_VERSION] = { "quic.version", FIELD_UINT, FIELD_BASE_HEX, "Version", .ft_bits = 32 },
    [QUIC_SUPPORTED_VERSION] = { "quic.supported_version", FIELD_UINT, FIELD_BASE_HEX, "Supported Version",
                                 .ft_bits = 32 },
    [QUIC_VN_UNUSED] = { "quic.vn.unused", FIELD_UINT, FIELD_BASE_HEX, "Unused", .ft_bits = 8 },
    [QUIC_SHORT_HEADER] = { "quic.short", FIELD_NONE, .title = "QUIC Short Header" },
    [QUIC_FIXED_BIT] = { "quic.fixed_bit", FIELD_BOOL, .title = "Fixed Bit" },
    [QUIC_SPIN_BIT] = { "quic.spin_bit", FIELD_BOOL, .title = "Spin Bit" },
    [QUIC_PAYLOAD] = QUIC_BYTES("payload", "Payload"),
    [QUIC_REMAINING_PAYLOAD] = QUIC_BYTES("remaining_payload", "Remaining Payload"),
    [QUIC_ODCIL] = QUIC_NUMBER("odcil", "Original Destination Connection ID Length", 8),
    [QUIC_ODCID] = QUIC_BYTES("odcid", "Original Destination Connection ID"),
    [QUIC_RETRY_TOKEN] = QUIC_BYTES("retry_token", "Retry Token"),
    [QUIC_RETRY_INTEGRITY_TAG] = QUIC_BYTES("retry_integrity_tag", "Retry Integrity Tag"),
    [QUIC_FRAME] = { "quic.frame", FIELD_NONE, .title = "Frame" },
    [QUIC_FRAME_TYPE] = { "quic.frame_type", FIELD_UINT, .title = "Frame Type", .ft_bits = 64 },
    [QUIC_PADDING_LENGTH] = QUIC_NUMBER("padding_length", "Padding Length", 32),
    [QUIC_ACK_LARGEST_ACKNOWLEDGED] = QUIC_NUMBER("ack.largest_acknowledged", "Largest Acknowledged", 64),
    [QUIC_ACK_ACK_DELAY] = QUIC_NUMBER("ack.ack_delay", "ACK Delay", 64),
    [QUIC_ACK_ACK_RANGE_COUNT] = QUIC_NUMBER("ack.ack_range_count", "ACK Range Count", 64),
    [QUIC_ACK_FIRST_ACK_RANGE] = QUIC_NUMBER("ack.first_ack_range", "First ACK Range", 64),
    [QUIC_ACK_GAP] = QUIC_NUMBER("ack.gap", "Gap", 64),
    [QUIC_ACK_ACK_RANGE] = QUIC_NUMBER("ack.ack_range", "ACK Range", 64),
    [QUIC_ACK_ECT0_COUNT] = QUIC_NUMBER("ack.ect0_count", "ECT(0) Count", 64),
    [QUIC_ACK_ECT1_COUNT] = QUIC_NUMBER("ack.ect1_count", "ECT(1) Count", 64),
    [QUIC_ACK_ECN_CE_COUNT] = QUIC_NUMBER("ack.ecn_ce_count", "ECN-CE Count", 64),
    [QUIC_CRYPTO_OFFSET] = QUIC_NUMBER("crypto.offset", "Offset", 64),
    [QUIC_CRYPTO_LENGTH] = QUIC_NUMBER("crypto.length", "Length", 64),
    [QUIC_CRYPTO_DATA] = { "quic.crypto.crypto_data", FIELD_NONE, .title = "Crypto Data" },
    [QUIC_CC_ERROR_CODE] = QUIC_NUMBER("cc.error_code", "Error code", 64),
    [QUIC_CC_ERROR_CODE_APP] = QUIC_NUMBER("cc.error_code.app", "Application Error code", 64),
    [QUIC_CC_TLS_ALERT] = { "quic.cc.error_code.tls_alert", FIELD_UINT, .title = "TLS Alert Description",
                            .ft_bits = 8, .names = tls_alert_descriptions },
    [QUIC_CC_FRAME_TYPE] = QUIC_NUMBER("cc.frame_type", "Frame Type", 64),
    [QUIC_CC_REASON_PHRASE_LENGTH] = QUIC_NUMBER("cc.reason_phrase.length", "Reason phrase Length", 64),
    [QUIC_CC_REASON_PHRASE] = { "quic.cc.reason_phrase", FIELD_STRING, .title = "Reason phrase" },
};

/* What the packets of a datagram share. */
struct datagram {
    struct dissection *d;
    struct quic_state *state; /* may be NULL */
    struct quic_connection *connection;
    bool is_server;
};

static enum quic_packet_type long_type(uint8_t first, uint32_t version)
{
    static const enum quic_packet_type v1[] = { QUIC_INITIAL, QUIC_0RTT, QUIC_HANDSHAKE, QUIC_RETRY };
    static const enum quic_packet_type v2[] = { QUIC_RETRY, QUIC_INITIAL, QUIC_0RTT, QUIC_HANDSHAKE };

    if (version == 0)
        return QUIC_NEGOTIATION;
    return (quic_draft(version) == 100 ? v2 : v1)[first >> 4 & 3];
}

static bool take_cid(struct reader *r, uint8_t len, struct quic_cid *cid)
{
    struct bytes bytes;

    if (!reader_bytes(r, len, &bytes))
        return false;
    memset(cid, 0, sizeof *cid);
    if (len > QUIC_CID_BYTES)
        return true; /* of no version that is known: nobody asks for it */
    cid->len = len;
    if (len > 0)
        memcpy(cid->bytes, bytes.data, len);
    return true;
}

/* The header of the packet at r, as far as it says where it belongs. */
static bool peek_header(struct reader r, struct quic_header *header)
{
    uint8_t first, dcil, scil;

    memset(header, 0, sizeof *header);
    if (!reader_u8(&r, &first))
        return false;
    if (!(first & 0x80)) {
        size_t left = reader_left(&r);

        header->type = QUIC_SHORT;
        return take_cid(&r, (uint8_t)(left < QUIC_CID_BYTES ? left : QUIC_CID_BYTES), &header->dcid);
    }
    if (!reader_u32(&r, &header->version) || !reader_u8(&r, &dcil) || !take_cid(&r, dcil, &header->dcid) ||
        !reader_u8(&r, &scil) || !take_cid(&r, scil, &header->scid))
        return false;
    header->type = long_type(first, header->version);
    return true;
}

/* Version and connection ids, which all long headers have. */
static bool long_header(struct dissection *d, struct reader *r, struct quic_header *header)
{
    struct bytes cid;
    uint8_t len;

    if (!reader_u32(r, &header->version))
        return false;
    dissection_add_number(d, QUIC_ID(QUIC_VERSION), header->version);
    if (!reader_u8(r, &len))
        return false;
    dissection_add_number(d, QUIC_ID(QUIC_DCIL), len);
    if (!reader_bytes(r, len, &cid))
        return false;
    if (len > 0)
        dissection_add_bytes(d, QUIC_ID(QUIC_DCID), cid);
    if (!reader_u8(r, &len))
        return false;
    dissection_add_number(d, QUIC_ID(QUIC_SCIL), len);
    if (!reader_bytes(r, len, &cid))
        return false;
    if (len > 0)
        dissection_add_bytes(d, QUIC_ID(QUIC_SCID), cid);
    return true;
}

static void remaining(struct dissection *d, const struct reader *r)
{
    if (reader_left(r) > 0)
        dissection_add_bytes(d, QUIC_ID(QUIC_REMAINING_PAYLOAD), reader_rest(r));
}

/* RFC 9000 section 17.2.1 */
static enum dissect_result version_negotiation(struct datagram *datagram, uint8_t first, struct reader *r)
{
    struct quic_header header;
    uint32_t version;

    dissection_add_number(datagram->d, QUIC_ID(QUIC_VN_UNUSED), first & 0x7f);
    if (!long_header(datagram->d, r, &header))
        return DISSECT_MALFORMED;
    while (reader_u32(r, &version))
        dissection_add_number(datagram->d, QUIC_ID(QUIC_SUPPORTED_VERSION), version);
    return DISSECT_OK;
}

static void add_long_type(struct dissection *d, uint8_t first, uint32_t version)
{
    dissection_add_number(
        d, quic_draft(version) == 100 ? QUIC_ID(QUIC_LONG_PACKET_TYPE_V2) : QUIC_ID(QUIC_LONG_PACKET_TYPE),
        first >> 4 & 3);
}

/* RFC 9000 section 17.2.5 */
static enum dissect_result retry(struct datagram *datagram, uint8_t first, uint32_t version, struct reader *r)
{
    struct dissection *d = datagram->d;
    bool has_tag = quic_draft(version) > 24 || quic_draft(version) == 0;
    struct quic_header header;
    struct bytes part;
    size_t n;

    add_long_type(d, first, version);
    if (!long_header(d, r, &header))
        return DISSECT_MALFORMED;
    if (!has_tag) {
        uint8_t len;

        if (!reader_u8(r, &len))
            return DISSECT_MALFORMED;
        dissection_add_number(d, QUIC_ID(QUIC_ODCIL), len);
        if (!reader_bytes(r, len, &part))
            return DISSECT_MALFORMED;
        dissection_add_bytes(d, QUIC_ID(QUIC_ODCID), part);
    }
    n = reader_left(r);
    if (has_tag && n >= QUIC_TAG_BYTES)
        n -= QUIC_TAG_BYTES;
    if (reader_bytes(r, n, &part))
        dissection_add_bytes(d, QUIC_ID(QUIC_RETRY_TOKEN), part);
    if (has_tag && reader_bytes(r, QUIC_TAG_BYTES, &part))
        dissection_add_bytes(d, QUIC_ID(QUIC_RETRY_INTEGRITY_TAG), part);
    return DISSECT_OK;
}

/* RFC 9000 appendix A.3: the number nearest to the one expected that ends so. */
static uint64_t whole_number(uint64_t expected, uint32_t truncated, unsigned n_bytes)
{
    uint64_t window = UINT64_C(1) << 8 * n_bytes;
    uint64_t candidate = (expected & ~(window - 1)) | truncated;

    if (candidate + window / 2 <= expected && candidate < (UINT64_C(1) << 62) - window)
        return candidate + window;
    if (candidate > expected + window / 2 && candidate >= window)
        return candidate - window;
    return candidate;
}

struct opening { /* of an Initial's protection */
    uint8_t first;
    uint64_t number;
    unsigned number_bytes;
    struct bytes header; /* without protection */
};

/* Takes the protection off the header; start is the packet's, r stands at its number. False: it cannot be. */
static bool open_header(struct datagram *datagram, struct reader start, const struct reader *r,
                        struct opening *opening)
{
    struct quic_connection *connection = datagram->connection;
    enum { SAMPLE_AT = 4 };
    size_t header_bytes = (size_t)(r->at - start.at);
    uint8_t mask[QUIC_SAMPLE_BYTES], *header;
    uint32_t truncated = 0;

    if (!connection || !connection->has_keys || reader_left(r) < SAMPLE_AT + QUIC_SAMPLE_BYTES ||
        !quic_header_mask(quic_state_ciphers(datagram->state), &connection->keys[datagram->is_server],
                          r->at + SAMPLE_AT, mask))
        return false;
    opening->first = (uint8_t)(start.at[0] ^ (mask[0] & 0x0f));
    opening->number_bytes = (opening->first & 3u) + 1;
    header = dissection_scratch(datagram->d, header_bytes + opening->number_bytes);
    if (header == NULL)
        return false;
    memcpy(header, start.at, header_bytes + opening->number_bytes);
    header[0] = opening->first;
    for (unsigned i = 0; i < opening->number_bytes; i++) {
        header[header_bytes + i] ^= mask[1 + i];
        truncated = truncated << 8 | header[header_bytes + i];
    }
    opening->number =
        whole_number(connection->next_packet_number[datagram->is_server], truncated, opening->number_bytes);
    opening->header = bytes_of(header, header_bytes + opening->number_bytes);
    return true;
}

/* What an Initial holds; r stands behind its number. */
static enum dissect_result initial_payload(struct datagram *datagram, const struct opening *opening,
                                           struct reader *r)
{
    struct quic_connection *connection = datagram->connection;
    struct dissection *d = datagram->d;
    struct bytes sealed = reader_rest(r);
    struct reader frames;
    uint8_t *opened;

    dissection_add_bytes(d, QUIC_ID(QUIC_PAYLOAD), sealed);
    if (sealed.len <= QUIC_TAG_BYTES)
        return DISSECT_OK;
    opened = dissection_scratch(d, sealed.len - QUIC_TAG_BYTES);
    if (opened == NULL ||
        !quic_open(quic_state_ciphers(datagram->state), &connection->keys[datagram->is_server],
                   opening->number, opening->header, sealed, opened))
        return DISSECT_OK;
    if (opening->number >= connection->next_packet_number[datagram->is_server])
        connection->next_packet_number[datagram->is_server] = opening->number + 1;
    frames = reader_over(bytes_of(opened, sealed.len - QUIC_TAG_BYTES));
    return quic_frames(d, connection, datagram->is_server, &frames) ? DISSECT_OK : DISSECT_MALFORMED;
}

/* Initial, 0-RTT, Handshake: RFC 9000 section 17.2. r is the packet alone. */
static enum dissect_result long_packet(struct datagram *datagram, struct reader start, uint8_t first,
                                       enum quic_packet_type type, uint32_t version, struct reader *r)
{
    struct dissection *d = datagram->d;
    struct opening opening = { 0 };
    struct quic_header header;
    struct reader peek = *r;
    struct bytes token;
    uint64_t length;
    uint8_t cid_len;
    bool is_open = false;

    /* The bits that come next in Wireshark's order are behind the protection. */
    if (type == QUIC_INITIAL && reader_skip(&peek, 4) && reader_u8(&peek, &cid_len) &&
        reader_skip(&peek, cid_len) && reader_u8(&peek, &cid_len) && reader_skip(&peek, cid_len) &&
        quic_varint(&peek, &length) && reader_skip(&peek, length) && quic_varint(&peek, &length))
        is_open = open_header(datagram, start, &peek, &opening);
    dissection_add_number(d, QUIC_ID(QUIC_FIXED_BIT), first >> 6 & 1);
    add_long_type(d, first, version);
    if (is_open) {
        dissection_add_number(d, QUIC_ID(QUIC_LONG_RESERVED), opening.first >> 2 & 3);
        dissection_add_number(d, QUIC_ID(QUIC_PACKET_NUMBER_LENGTH), opening.first & 3);
    }
    if (!long_header(d, r, &header))
        return DISSECT_MALFORMED;
    if (type == QUIC_INITIAL) {
        if (!quic_varint(r, &length))
            return DISSECT_MALFORMED;
        dissection_add_number(d, QUIC_ID(QUIC_TOKEN_LENGTH), length);
        if (!reader_bytes(r, length, &token))
            return DISSECT_MALFORMED;
        if (length > 0)
            dissection_add_bytes(d, QUIC_ID(QUIC_TOKEN), token);
    }
    if (!quic_varint(r, &length))
        return DISSECT_MALFORMED;
    dissection_add_number(d, QUIC_ID(QUIC_LENGTH), length);
    if (!is_open) {
        remaining(d, r);
        return DISSECT_OK;
    }
    dissection_add_number(d, QUIC_ID(QUIC_PACKET_NUMBER), opening.number);
    if (!reader_skip(r, opening.number_bytes))
        return DISSECT_MALFORMED;
    return initial_payload(datagram, &opening, r);
}

/* RFC 9000 section 17.3 */
static enum dissect_result short_packet(struct datagram *datagram, uint8_t first, struct reader *r)
{
    struct quic_connection *connection = datagram->connection;
    struct dissection *d = datagram->d;
    struct bytes cid;
    uint8_t len = 0;

    dissection_add_number(d, QUIC_ID(QUIC_SHORT_HEADER), 1);
    dissection_add_number(d, QUIC_ID(QUIC_HEADER_FORM), 0);
    dissection_add_number(d, QUIC_ID(QUIC_FIXED_BIT), first >> 6 & 1);
    dissection_add_number(d, QUIC_ID(QUIC_SPIN_BIT), first >> 5 & 1);
    if (connection)
        len = datagram->is_server ? connection->client.len : connection->server.len;
    if (!reader_bytes(r, len, &cid))
        return DISSECT_MALFORMED;
    if (len > 0)
        dissection_add_bytes(d, QUIC_ID(QUIC_DCID), cid);
    remaining(d, r);
    return DISSECT_OK;
}

/* How long the packet at r is: the whole rest for all that do not say it. */
static size_t packet_bytes(struct reader r, enum quic_packet_type type)
{
    size_t left = reader_left(&r);
    const uint8_t *start = r.at;
    uint64_t length;
    uint8_t len;

    if (type != QUIC_INITIAL && type != QUIC_0RTT && type != QUIC_HANDSHAKE)
        return left;
    if (!reader_skip(&r, 5) || !reader_u8(&r, &len) || !reader_skip(&r, len) || !reader_u8(&r, &len) ||
        !reader_skip(&r, len))
        return left;
    if (type == QUIC_INITIAL && (!quic_varint(&r, &length) || !reader_skip(&r, length)))
        return left;
    if (!quic_varint(&r, &length) || length > reader_left(&r))
        return left;
    return (size_t)(r.at - start) + length;
}

static enum dissect_result packet(struct datagram *datagram, struct reader *r,
                                  const struct quic_header *header)
{
    struct reader start = *r;
    uint8_t first;

    if (!reader_u8(r, &first))
        return DISSECT_OK;
    if (header->type == QUIC_SHORT)
        return short_packet(datagram, first, r);
    dissection_add_number(datagram->d, QUIC_ID(QUIC_HEADER_FORM), 1);
    if (header->type == QUIC_NEGOTIATION)
        return version_negotiation(datagram, first, r);
    if (header->type == QUIC_RETRY)
        return retry(datagram, first, header->version, r);
    return long_packet(datagram, start, first, header->type, header->version, r);
}

/* Behind the first packet, another one must go to the same id; else it is padding (RFC 9000 section 12.2). */
static bool is_coalesced(const struct datagram *datagram, const struct quic_cid *first,
                         const struct quic_header *header)
{
    struct quic_cid cid = header->dcid;

    if (header->type == QUIC_SHORT) {
        const struct quic_connection *connection = datagram->connection;
        uint8_t len;

        if (connection == NULL)
            return true;
        len = datagram->is_server ? connection->client.len : connection->server.len;
        if (cid.len > len) {
            memset(cid.bytes + len, 0, (size_t)(cid.len - len));
            cid.len = len;
        }
    }
    return memcmp(&cid, first, sizeof cid) == 0;
}

static enum dissect_result quic_dissect(struct dissection *d, struct reader *r)
{
    struct datagram datagram = { .d = d };
    struct conversation_ends ends;
    struct quic_header header;
    struct quic_cid first;
    enum dissect_result result = DISSECT_OK;
    size_t wire_len = d->left_wire;

    datagram.state = dissect_state_of(d->state, PROTOCOL_QUIC);
    if (!dissection_ends(d, &ends))
        datagram.state = NULL;
    if (!dissection_push(d, PROTOCOL_QUIC, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    if (!peek_header(*r, &header))
        return reader_left(r) < d->left_wire ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
    if (datagram.state)
        datagram.connection = quic_connection_meet(datagram.state, &ends, &header, &datagram.is_server);
    if (datagram.connection)
        dissection_add_number(d, QUIC_ID(QUIC_CONNECTION_NUMBER), datagram.connection->number);
    first = header.dcid;
    for (bool is_first = true; result == DISSECT_OK && reader_left(r) > 0; is_first = false) {
        struct reader one;
        size_t n;

        if (!peek_header(*r, &header))
            return DISSECT_MALFORMED;
        if (!is_first && !is_coalesced(&datagram, &first, &header))
            break;
        n = packet_bytes(*r, header.type);
        if (!reader_sub(r, n, &one))
            break;
        /* the last one may be cut by the capture */
        dissection_add_number(d, QUIC_ID(QUIC_PACKET_LENGTH), reader_left(r) == 0 ? wire_len : n);
        wire_len -= n;
        result = packet(&datagram, &one, &header);
        if (datagram.connection)
            quic_connection_hold(datagram.state, datagram.connection, datagram.is_server);
    }
    return result;
}

bool quic_is_likely(const struct dissection *d, const struct reader *r)
{
    enum { DATAGRAM_LEAST = 13, DRAFT_LEAST = 11 };
    struct quic_state *state = dissect_state_of(d->state, PROTOCOL_QUIC);
    struct conversation_ends ends;
    struct reader peek = *r;
    uint8_t first, dcil, scil;
    uint32_t version;

    if (state && dissection_ends(d, &ends) && quic_flow_is_known(state, &ends.flow))
        return true;
    return reader_left(r) >= DATAGRAM_LEAST && reader_u8(&peek, &first) && first & 0x80 &&
           reader_u32(&peek, &version) && quic_draft(version) >= DRAFT_LEAST && reader_u8(&peek, &dcil) &&
           dcil <= QUIC_CID_BYTES && reader_skip(&peek, dcil) && reader_u8(&peek, &scil) &&
           scil <= QUIC_CID_BYTES;
}

const struct protocol protocol_quic = {
    .name = "quic",
    .title = "QUIC IETF",
    .fields = quic_fields,
    .n_fields = sizeof quic_fields / sizeof quic_fields[0],
    .may_carry = PROTOCOL_BIT(PROTOCOL_TLS),
    .needs_flow = true,
    .dissect = quic_dissect,
    .state_new = quic_state_new,
    .state_free = quic_state_free,
    .state_forgotten = quic_state_forgotten,
};
