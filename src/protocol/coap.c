/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coap - RFC 7252, in datagrams (UDP, DTLS):
 *
 *    0 1 2 3 4 5 6 7   1        2   3        4
 *   +---+---+-------+--------+----------+- - - - - - - -+ - - - - - -+----+ - - - -
 *   |Ver|Typ|  TKL  |  Code  |Message ID| [ext] Token   |  Options   |0xff| Payload
 *   +---+---+-------+--------+----------+- - - - - - - -+ - - - - - -+----+ - - - -
 *
 * and in streams (TCP, TLS: RFC 8323 section 3.2), where a length stands for type and message id:
 *
 *   +-------+-------+- - - - - -+--------+- - - - - - - -+ - - - - - -+----+ - - - -
 *   |  Len  |  TKL  | [ext] Len |  Code  | [ext] Token   |  Options   |0xff| Payload
 *   +-------+-------+- - - - - -+--------+- - - - - - - -+ - - - - - -+----+ - - - -
 *
 * Which of the two is told by the layer below. Tokens have lengths up to 65804 (RFC 8974). No field is at a
 * fixed place for all carriers, so all are added as they are met, and who asks for none behind the header
 * does not pay for the options. What is remembered of requests and of blocks is in coap_exchange and
 * coap_blocks.
 *
 * The payload goes to what its Content-Format says, as Wireshark has it: formats it knows nothing for go to
 * nobody. It is called from here and not named as what follows, because a protected one goes to two, and
 * because other messages of the stream may come behind it.
 */
#include "protocol/coap_blocks.h"
#include "protocol/coap_exchange.h"
#include "protocol/coap_option.h"
#include "protocol/coap_payload.h"
#include "protocol/state.h"
#include "protocol/payload_text.h"

#include <stdlib.h>

enum {
    COAP_LENGTH,
    COAP_VERSION,
    COAP_TYPE,
    COAP_TOKEN_LEN,
    COAP_MID,
    COAP_TOKEN,
    COAP_SHARED, /* COAP_SHARED_CODE is the last one of the header */
    COAP_RESPONSE_IN = COAP_SHARED + COAP_SHARED_COUNT,
    COAP_RESPONSE_TO,
    COAP_RESPONSE_TIME,
    COAP_REQUEST_FIRST_IN,
    COAP_RESPONSE_FIRST_IN,
    COAP_RETRANSMITTED,
    COAP_OSCORE_KID,
    COAP_OSCORE_KID_CONTEXT,
    COAP_OSCORE_PIV,
    COAP_BLOCK_PAYLOAD,
    COAP_BLOCK_LENGTH,
    COAP_BLOCKS,
    COAP_BLOCK,
    COAP_BLOCK_OVERLAP,
    COAP_BLOCK_CONFLICTS,
    COAP_BLOCK_MULTIPLE_TAILS,
    COAP_BLOCK_TOO_LONG,
    COAP_BLOCK_ERROR,
    COAP_BLOCK_COUNT,
    COAP_BLOCK_REASSEMBLED_IN,
    COAP_BLOCK_REASSEMBLED_LENGTH,
    COAP_FIELDS,
};

enum { /* RFC 7252 section 3 */
       TYPE_CONFIRMABLE = 0,
       TYPE_NON_CONFIRMABLE = 1,
       TYPE_NONE = 255, /* in streams */
};

#define COAP_ID(index) FIELD_ID(PROTOCOL_COAP, index)

static const struct value_name type_names[] = {
    { 0, "Confirmable" }, { 1, "Non-Confirmable" }, { 2, "Acknowledgement" }, { 3, "Reset" }, { 0, NULL },
};

#define COAP_FRAME(name_text, title_text)                                                    \
    {                                                                                        \
        name_text, FIELD_FRAME, .title = (title_text), .ft_bits = 32, .counts_packets = true \
    }

static const struct field coap_fields[] = {
    [COAP_LENGTH] = { "coap.length", FIELD_UINT, .title = "Length", .ft_bits = 32 },
    [COAP_VERSION] = { "coap.version", FIELD_UINT, .title = "Version", .ft_bits = 8 },
    [COAP_TYPE] = { "coap.type", FIELD_UINT, .title = "Type", .ft_bits = 8, .names = type_names },
    [COAP_TOKEN_LEN] = { "coap.token_len", FIELD_UINT, .title = "Token Length", .ft_bits = 8 },
    [COAP_MID] = { "coap.mid", FIELD_UINT, .title = "Message ID", .ft_bits = 16 },
    [COAP_TOKEN] = { "coap.token", FIELD_BYTES, .title = "Token" },
    COAP_SHARED_FIELDS(COAP_SHARED, "coap"),
    [COAP_RESPONSE_IN] = COAP_FRAME("coap.response_in", "Response In"),
    [COAP_RESPONSE_TO] = COAP_FRAME("coap.response_to", "Request In"),
    [COAP_RESPONSE_TIME] = { "coap.response_time", FIELD_DURATION, .title = "Response Time" },
    [COAP_REQUEST_FIRST_IN] = COAP_FRAME("coap.request_first_in", "Retransmission of request in"),
    [COAP_RESPONSE_FIRST_IN] = COAP_FRAME("coap.response_first_in", "Retransmission of response in"),
    [COAP_RETRANSMITTED] = { "coap.retransmitted", FIELD_NONE, .title = "Retransmitted" },
    [COAP_OSCORE_KID] = { "coap.oscore_kid", FIELD_BYTES, .title = "OSCORE Key ID" },
    [COAP_OSCORE_KID_CONTEXT] = { "coap.oscore_kid_context", FIELD_BYTES, .title = "OSCORE Key ID Context" },
    [COAP_OSCORE_PIV] = { "coap.oscore_piv", FIELD_BYTES, .title = "OSCORE Partial IV" },
    [COAP_BLOCK_PAYLOAD] = { "coap.block_payload", FIELD_BYTES, .title = "Block Payload" },
    [COAP_BLOCK_LENGTH] = { "coap.block_length", FIELD_UINT, .title = "Block Length", .ft_bits = 32 },
    [COAP_BLOCKS] = { "coap.blocks", FIELD_NONE, .title = "Blocks" },
    [COAP_BLOCK] = COAP_FRAME("coap.block", "Block"),
    [COAP_BLOCK_OVERLAP] = { "coap.block.overlap", FIELD_BOOL, .title = "Block overlap" },
    [COAP_BLOCK_CONFLICTS] = { "coap.block.overlap.conflicts", FIELD_BOOL,
                               .title = "Block overlapping with conflicting data" },
    [COAP_BLOCK_MULTIPLE_TAILS] = { "coap.block.multiple_tails", FIELD_BOOL,
                                    .title = "Block has multiple tails" },
    [COAP_BLOCK_TOO_LONG] = { "coap.block.too_long", FIELD_BOOL, .title = "Block too long" },
    [COAP_BLOCK_ERROR] = COAP_FRAME("coap.block.error", "Block defragmentation error"),
    [COAP_BLOCK_COUNT] = { "coap.block.count", FIELD_UINT, .title = "Block count", .ft_bits = 32 },
    [COAP_BLOCK_REASSEMBLED_IN] = COAP_FRAME("coap.block.reassembled.in", "Reassembled in"),
    [COAP_BLOCK_REASSEMBLED_LENGTH] = { "coap.block.reassembled.length", FIELD_UINT,
                                        .title = "Reassembled block length", .ft_bits = 32 },
};

static_assert(sizeof coap_fields / sizeof coap_fields[0] == COAP_FIELDS, "a name for each");

/* ---- what is asked for ---- */

/* Any of the fields from first to last. */
static bool wants_some(const struct dissection *d, unsigned first, unsigned last)
{
    for (unsigned i = first; i <= last; i++)
        if (dissection_wants(d, PROTOCOL_COAP, i))
            return true;
    return false;
}

static bool wants_payload(const struct dissection *d)
{
    return d->demand->passable & COAP_PAYLOAD_MASK ||
           wants_some(d, COAP_SHARED + COAP_SHARED_PAYLOAD, COAP_SHARED + COAP_SHARED_PAYLOAD_LENGTH);
}

static bool wants_body(const struct dissection *d)
{
    const uint64_t header = (UINT64_C(1) << (COAP_SHARED + COAP_SHARED_CODE + 1)) - 1;
    const uint64_t *fields = d->demand->fields[PROTOCOL_COAP];

    return d->demand->is_whole || (fields[0] & ~header) || fields[1] ||
           d->demand->passable & COAP_PAYLOAD_MASK;
}

static bool wants_blocks(const struct dissection *d)
{
    return wants_some(d, COAP_BLOCKS, COAP_BLOCK_REASSEMBLED_LENGTH) || wants_payload(d);
}

static bool wants_exchange(const struct dissection *d)
{
    const uint64_t by_request = PROTOCOL_BIT(PROTOCOL_LWM2MTLV) | PROTOCOL_BIT(PROTOCOL_OSCORE);

    return d->demand->passable & by_request || wants_some(d, COAP_RESPONSE_IN, COAP_OSCORE_PIV) ||
           dissection_wants(d, PROTOCOL_COAP, COAP_SHARED + COAP_SHARED_URI_PATH_RECON) || wants_blocks(d);
}

/* ---- what is remembered ---- */

struct coap_state {
    struct coap_exchanges *exchanges;
    struct coap_blocks *blocks;
};

static void coap_state_free(void *opaque)
{
    struct coap_state *state = opaque;

    if (state) {
        coap_exchanges_free(state->exchanges);
        coap_blocks_free(state->blocks);
    }
    free(state);
}

static void *coap_state_new(uint64_t hash_seed)
{
    struct coap_state *state = calloc(1, sizeof *state);

    if (state == NULL)
        return NULL;
    state->exchanges = coap_exchanges_new(hash_seed);
    state->blocks = coap_blocks_new(hash_seed);
    if (state->exchanges == NULL || state->blocks == NULL) {
        coap_state_free(state);
        return NULL;
    }
    return state;
}

static uint64_t coap_state_forgotten(const void *opaque)
{
    const struct coap_state *state = opaque;

    return coap_exchanges_forgotten(state->exchanges) + coap_blocks_forgotten(state->blocks);
}

/* ---- one message ---- */

struct message {
    const struct coap_state *state; /* NULL: every packet by itself, or nothing of it asked for */
    uint8_t type;
    uint8_t code;
    uint16_t message_id;
    uint32_t token_len;
    struct bytes token;
    struct conversation_ends ends;
    struct coap_options options;
    struct coap_match match;
    struct bytes uri; /* what it asks for, or answers to */
};

/* The length of a token: RFC 8974 section 2.1 for 13 and 14. Wireshark takes 15, which is an error there, as
 * it is. */
static bool read_token_len(struct reader *r, uint8_t token_len, uint32_t *len)
{
    uint16_t extended;
    uint8_t byte;

    *len = token_len;
    if (token_len == 13) {
        if (!reader_u8(r, &byte))
            return false;
        *len = 13 + (uint32_t)byte;
    } else if (token_len == 14) {
        if (!reader_u16(r, &extended))
            return false;
        *len = 269 + (uint32_t)extended;
    }
    return true;
}

/* The message's length in a stream but for token and what is before it: RFC 8323 section 3.2. */
static bool read_stream_len(struct reader *r, uint8_t nibble, uint64_t *len)
{
    uint16_t two;
    uint32_t four;
    uint8_t one;

    *len = nibble;
    if (nibble == 13) {
        if (!reader_u8(r, &one))
            return false;
        *len = 13 + (uint64_t)one;
    } else if (nibble == 14) {
        if (!reader_u16(r, &two))
            return false;
        *len = 269 + (uint64_t)two;
    } else if (nibble == 15) {
        if (!reader_u32(r, &four))
            return false;
        *len = 65805 + (uint64_t)four;
    }
    return true;
}

static uint32_t coap_pdu_length(struct dissection *d, struct bytes stream)
{
    struct reader r = reader_over(stream);
    uint8_t first, code;
    uint32_t token_len;
    uint64_t len;

    (void)d;
    if (!reader_u8(&r, &first) || !read_stream_len(&r, first >> 4, &len) || !reader_u8(&r, &code) ||
        !read_token_len(&r, first & 15, &token_len))
        return PDU_MORE;
    len += token_len + (uint64_t)(r.at - stream.data);
    return len < PDU_UNTIL_END ? (uint32_t)len : PDU_UNTIL_END - 1;
}

/* Up to the token. False: the bytes end within. */
static bool read_header(struct dissection *d, struct reader *r, bool is_stream, uint32_t wire_len,
                        struct message *message)
{
    uint8_t first, token_len;
    uint64_t len;

    if (!reader_u8(r, &first))
        return false;
    token_len = first & 15;
    if (is_stream) {
        if (!read_stream_len(r, first >> 4, &len))
            return false;
        dissection_add_number(d, COAP_ID(COAP_LENGTH), wire_len);
    } else {
        message->type = first >> 4 & 3;
        dissection_add_number(d, COAP_ID(COAP_VERSION), first >> 6);
        dissection_add_number(d, COAP_ID(COAP_TYPE), message->type);
    }
    dissection_add_number(d, COAP_ID(COAP_TOKEN_LEN), token_len);
    if (!reader_u8(r, &message->code))
        return false;
    dissection_add_number(d, COAP_ID(COAP_SHARED + COAP_SHARED_CODE), message->code);
    if (!is_stream) {
        if (!reader_u16(r, &message->message_id))
            return false;
        dissection_add_number(d, COAP_ID(COAP_MID), message->message_id);
    }
    if (!read_token_len(r, token_len, &message->token_len) ||
        !reader_bytes(r, message->token_len, &message->token))
        return false;
    if (message->token_len > 0)
        dissection_add_bytes(d, COAP_ID(COAP_TOKEN), message->token);
    return true;
}

static void look_up(struct dissection *d, struct message *message)
{
    struct coap_message asked = {
        .ends = &message->ends,
        .options = &message->options,
        .token = message->token,
        .ts_ns = d->packet_ts_ns,
        .frame = (uint32_t)d->packet->number,
        .message_id = message->message_id,
        .code = message->code,
        .has_message_id = message->type != TYPE_NONE,
    };

    message->uri = bytes_of(message->options.uri, message->options.uri_len);
    if (!wants_exchange(d) || !dissection_ends(d, &message->ends))
        return;
    message->state = dissect_state_of(d->state, PROTOCOL_COAP);
    if (message->state == NULL)
        return;
    coap_exchange_look(message->state->exchanges, &asked, &message->match);
    if (message->match.is_known && coap_is_response(message->code))
        message->uri = message->match.uri;
}

/* The path in what was put together: behind a host and a port. */
static struct bytes path_of(const struct message *message)
{
    struct bytes uri = message->uri;

    if (uri.len > 7 && memcmp(uri.data, "coap://", 7) == 0) {
        const uint8_t *slash = memchr(uri.data + 7, '/', uri.len - 7);

        return slash ? bytes_of(slash, uri.len - (size_t)(slash - uri.data)) : (struct bytes) { 0 };
    }
    if (uri.len > 0 && uri.data[0] == ':') { /* a port alone */
        const uint8_t *slash = memchr(uri.data, '/', uri.len);

        return slash ? bytes_of(slash, uri.len - (size_t)(slash - uri.data)) : (struct bytes) { 0 };
    }
    return uri;
}

static void hand_over(struct dissection *d, const struct message *message, struct bytes payload,
                      uint32_t wire_len)
{
    struct coap_payload given = {
        .options = &message->options,
        .code = message->code,
        .bytes = payload,
        .wire_len = wire_len,
        .path = path_of(message),
        .has_request_piv = message->match.keys && message->match.keys->piv_len > 0,
    };

    coap_payload_dissect(d, PROTOCOL_COAP, COAP_SHARED, &given);
}

static void add_transfer(struct dissection *d, const struct coap_transfer *transfer, uint32_t len)
{
    dissection_add_number(d, COAP_ID(COAP_BLOCKS), 0);
    for (uint32_t i = 0; i < transfer->n_blocks; i++) {
        const struct coap_block_seen *seen = &transfer->blocks[i];

        dissection_add_number(d, COAP_ID(seen->is_conflict ? COAP_BLOCK_ERROR : COAP_BLOCK), seen->frame);
        if (seen->is_overlap)
            dissection_add_number(d, COAP_ID(COAP_BLOCK_OVERLAP), 1);
        if (seen->is_conflict)
            dissection_add_number(d, COAP_ID(COAP_BLOCK_CONFLICTS), 1);
    }
    dissection_add_number(d, COAP_ID(COAP_BLOCK_COUNT), transfer->n_blocks);
    dissection_add_number(d, COAP_ID(COAP_BLOCK_REASSEMBLED_LENGTH), len);
}

/*
 * A block of RFC 7959. Block1 is about a request's payload and Block2 about a response's; the other one only
 * steers the transfer, and what comes with it is whole (section 2.2).
 */
static void look_at_block(struct dissection *d, const struct message *message, struct bytes payload,
                          uint32_t wire_len)
{
    bool is_request = coap_class_of(message->code) == COAP_CLASS_REQUEST;
    const struct coap_block *block = is_request ? &message->options.block1 : &message->options.block2;
    struct coap_block_found found = {
        .ends = &message->ends,
        .uri = message->uri,
        .block = block,
        .payload = payload,
        .ts_ns = d->packet_ts_ns,
        .frame = (uint32_t)d->packet->number,
        .is_copy = message->match.first_frame != 0,
    };
    const struct coap_transfer *transfer;
    uint8_t source = d->source;
    struct bytes whole;

    dissection_add_bytes(d, COAP_ID(COAP_BLOCK_PAYLOAD), payload);
    dissection_add_number(d, COAP_ID(COAP_BLOCK_LENGTH), wire_len);
    if (!block->is_there || (message->state == NULL && block->number == 0 && !block->has_more)) {
        hand_over(d, message, payload, wire_len); /* all of it, though nothing may be remembered */
        return;
    }
    if (message->state == NULL)
        return;
    if (!wants_blocks(d) || !coap_blocks_add(message->state->blocks, &found, &whole, &transfer))
        return;
    add_transfer(d, transfer, (uint32_t)whole.len);
    d->source++; /* the bytes lie in a buffer of their own */
    hand_over(d, message, whole, (uint32_t)whole.len);
    d->source = source;
}

/* What is known of other messages. */
static void add_generated(struct dissection *d, const struct message *message)
{
    const struct coap_match *match = &message->match;
    bool is_request = coap_class_of(message->code) == COAP_CLASS_REQUEST;
    bool is_response = coap_is_response(message->code);

    if (message->uri.len > 0 && dissection_wants(d, PROTOCOL_COAP, COAP_SHARED + COAP_SHARED_URI_PATH_RECON))
        dissection_add_bytes(d, COAP_ID(COAP_SHARED + COAP_SHARED_URI_PATH_RECON),
                             payload_text_join(d, &message->uri, 1));
    if (is_request && match->response_frame) /* of one sent again: the first one was answered already */
        dissection_add_number(d, COAP_ID(COAP_RESPONSE_IN), match->response_frame);
    if (is_response && match->request_frame) {
        dissection_add_number(d, COAP_ID(COAP_RESPONSE_TO), match->request_frame);
        dissection_add_number(d, COAP_ID(COAP_RESPONSE_TIME),
                              (uint64_t)(d->packet_ts_ns - match->request_ts_ns));
    }
    if ((is_request || is_response) && match->first_frame && match->first_frame != d->packet->number &&
        (message->type == TYPE_CONFIRMABLE || message->type == TYPE_NON_CONFIRMABLE)) {
        dissection_add_number(d, COAP_ID(is_request ? COAP_REQUEST_FIRST_IN : COAP_RESPONSE_FIRST_IN),
                              match->first_frame);
        dissection_add_number(d, COAP_ID(COAP_RETRANSMITTED), 0);
    }
    if (is_response && message->options.is_protected && match->keys) {
        const struct bytes keys[] = { bytes_of(match->keys->kid, match->keys->kid_len),
                                      bytes_of(match->keys->kid_context, match->keys->kid_context_len),
                                      message->options.has_piv
                                          ? message->options.piv
                                          : bytes_of(match->keys->piv, match->keys->piv_len) };

        for (unsigned i = 0; i < 3; i++)
            if (dissection_wants(d, PROTOCOL_COAP, COAP_OSCORE_KID + i))
                dissection_add_bytes(d, COAP_ID(COAP_OSCORE_KID + i), payload_text_join(d, &keys[i], 1));
    }
}

/* One message, which r has up to its end or that of the capture. */
static enum dissect_result dissect_message(struct dissection *d, struct reader *r, bool is_stream,
                                           uint32_t wire_len)
{
    enum dissect_result cut = reader_left(r) < wire_len ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
    const uint8_t *begin = r->at;
    struct message message;
    struct layer *top;
    uint32_t left;

    if (dissection_push(d, PROTOCOL_COAP, r, (uint32_t)reader_left(r)) == NULL)
        return DISSECT_OK;
    memset(&message, 0, offsetof(struct message, ends)); /* the rest is set below: it is large */
    message.type = TYPE_NONE;
    message.match = (struct coap_match) { 0 };
    if (!read_header(d, r, is_stream, wire_len, &message))
        return cut;
    if (!wants_body(d))
        return DISSECT_OK;
    left = wire_len - (uint32_t)(r->at - begin);
    switch (coap_options_read(d, r, left, PROTOCOL_COAP, COAP_SHARED, message.code, &message.options)) {
    case COAP_OPTIONS_READ:
        break;
    case COAP_OPTIONS_BAD:
        return DISSECT_OK;
    case COAP_OPTIONS_UNFINISHED:
        return cut;
    }
    look_up(d, &message);
    top = dissection_aside(d);
    left = wire_len - (uint32_t)(r->at - begin);
    if (reader_left(r) < left)
        return DISSECT_TRUNCATED;
    if (left > 0) {
        if (message.options.block1.is_there || message.options.block2.is_there)
            look_at_block(d, &message, reader_rest(r), left);
        else
            hand_over(d, &message, reader_rest(r), left);
    }
    dissection_aside_end(d, top);
    add_generated(d, &message); /* whatever became of the payload, which is not always looked at */
    return DISSECT_OK;
}

/* True above TCP and TLS. */
static bool is_in_stream(const struct dissection *d)
{
    for (uint32_t i = d->n_layers; i-- > 0;) {
        switch (d->layers[i].protocol) {
        case PROTOCOL_TCP:
        case PROTOCOL_TLS:
            return true;
        case PROTOCOL_UDP:
        case PROTOCOL_DTLS:
            return false;
        default:
            break;
        }
    }
    return false;
}

static enum dissect_result coap_dissect(struct dissection *d, struct reader *r)
{
    enum dissect_result result = DISSECT_OK;
    uint32_t left = d->left_wire;

    if (!is_in_stream(d))
        return dissect_message(d, r, false, left);
    while (reader_left(r) > 0 && result == DISSECT_OK) {
        uint32_t len = coap_pdu_length(d, reader_rest(r));
        size_t here = len < reader_left(r) ? len : reader_left(r);
        struct reader message;

        if (len == PDU_MORE || len > left || !reader_sub(r, here, &message))
            return DISSECT_OK; /* the rest of it is missing */
        result = dissect_message(d, &message, true, len);
        left -= len;
    }
    return result;
}

const struct protocol protocol_coap = {
    .name = "coap",
    .title = "Constrained Application Protocol",
    .fields = coap_fields,
    .n_fields = sizeof coap_fields / sizeof coap_fields[0],
    .may_carry = COAP_PAYLOAD_MASK,
    .needs_flow = true,
    .dissect = coap_dissect,
    .pdu_length = coap_pdu_length,
    .state_new = coap_state_new,
    .state_free = coap_state_free,
    .state_forgotten = coap_state_forgotten,
};
