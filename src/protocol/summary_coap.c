/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary_coap - CoAP (RFC 7252) and what is built on it: "CON, MID:23917, POST, TKN:01, /rd?ep=sensor-7".
 *
 * A response is told with the path of its request, which the dissection remembers. What OSCORE (RFC 8613)
 * keeps within stays there: only the outer message is told.
 */
#include "protocol/summary_sentence.h"

enum {
    TYPE,
    MID,
    CODE,
    TOKEN,
    FORMAT,
    BLOCK,
    BLOCK_MORE,
    PATH,
    QUERY,
    RETRANSMITTED,
    PAYLOAD_LENGTH,
    COAP_FIELDS
};

static const char *const coap_field_names[] = {
    [TYPE] = "coap.type",
    [MID] = "coap.mid",
    [CODE] = "coap.code",
    [TOKEN] = "coap.token",
    [FORMAT] = "coap.opt.ctype",
    [BLOCK] = "coap.opt.block_number",
    [BLOCK_MORE] = "coap.opt.block_mflag",
    [PATH] = "coap.opt.uri_path_recon",
    [QUERY] = "coap.opt.uri_query",
    [RETRANSMITTED] = "coap.retransmitted",
    [PAYLOAD_LENGTH] = "coap.payload_length",
};

enum { CODE_FIRST_ERROR = 4 << 5, CODE_FIRST_SIGNAL = 7 << 5 };

static void put_token(struct sentence *s, struct bytes token)
{
    sentence_put(s, ", TKN:");
    for (size_t i = 0; i < token.len; i++)
        sentence_printf(s, "%s%02x", i ? " " : "", token.data[i]);
}

static void put_head(struct sentence *s)
{
    static const char *const types[] = { "CON", "NON", "ACK", "RST" };
    uint64_t type, mid;

    if (sentence_number(s, TYPE, &type) && type < 4 && sentence_number(s, MID, &mid)) {
        sentence_printf(s, "%s, MID:%u, ", types[type], (unsigned)mid);
        if (type == 3)
            sentence_warn(s, SUMMARY_WARNING);
    }
    sentence_put_named(s, CODE, "code");
}

static void put_block(struct sentence *s)
{
    uint64_t number, more = 0;

    if (!sentence_number(s, BLOCK, &number))
        return;
    sentence_number(s, BLOCK_MORE, &more);
    if (more || !sentence_has(s, PAYLOAD_LENGTH)) /* also which one a request asks for */
        sentence_printf(s, ", Block #%u", (unsigned)number);
    else if (number > 0)
        sentence_printf(s, ", End of Block #%u", (unsigned)number);
}

static void put_queries(struct sentence *s)
{
    const char *before = "?";

    for (uint32_t i = 0; i < s->d->n_values && !s->text->is_full; i++)
        if (sentence_field_at(s, i, COAP_FIELDS) == QUERY) {
            sentence_put(s, before);
            sentence_put_text(s, s->d->values[i].bytes);
            before = "&";
        }
}

static void put_coap(struct sentence *s)
{
    struct value value;
    uint64_t code = 0;

    put_head(s);
    sentence_number(s, CODE, &code);
    if (code >= CODE_FIRST_ERROR && code < CODE_FIRST_SIGNAL)
        sentence_warn(s, SUMMARY_ERROR);
    if (sentence_has(s, RETRANSMITTED)) {
        sentence_put(s, " [Retransmission]");
        sentence_warn(s, SUMMARY_WARNING);
    }
    if (sentence_value(s, FORMAT, &value) && sentence_has(s, PAYLOAD_LENGTH)) {
        sentence_put(s, " (");
        sentence_put_text(s, value.bytes);
        sentence_put(s, ")");
    }
    if (sentence_value(s, TOKEN, &value) && value.bytes.len > 0)
        put_token(s, value.bytes);
    put_block(s);
    if (sentence_value(s, PATH, &value)) {
        sentence_put(s, ", ");
        sentence_put_text(s, value.bytes);
    }
    put_queries(s);
}

const struct summary_trade summary_coap = {
    .label = "CoAP",
    .fields = coap_field_names,
    .n_fields = COAP_FIELDS,
    .put = put_coap,
};

const struct summary_trade summary_oscore = { .label = "OSCORE" };
