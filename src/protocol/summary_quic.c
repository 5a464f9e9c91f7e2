/* SPDX-License-Identifier: Apache-2.0 */
/* summary_quic - QUIC (RFC 9000, 9369): the packets of a datagram, and the frames of those that can be read
 * without keys. The hello within is told by its server name. */
#include "protocol/summary_sentence.h"

enum {
    LONG_TYPE,
    LONG_TYPE_V2,
    SHORT,
    VERSION,
    DCID,
    SCID,
    NUMBER,
    FRAME_TYPE,
    UNSUPPORTED, /* Version Negotiation */
    SERVER_NAME,
    QUIC_FIELDS
};

static const char *const field_names[QUIC_FIELDS] = {
    [LONG_TYPE] = "quic.long.packet_type",
    [LONG_TYPE_V2] = "quic.long.packet_type_v2",
    [SHORT] = "quic.short",
    [VERSION] = "quic.version",
    [DCID] = "quic.dcid",
    [SCID] = "quic.scid",
    [NUMBER] = "quic.packet_number",
    [FRAME_TYPE] = "quic.frame_type",
    [UNSUPPORTED] = "quic.supported_version",
    [SERVER_NAME] = "tls.handshake.extensions_server_name",
};

static void put_frame(struct sentence *s, uint64_t type)
{
    static const char *const names[] = { "PADDING", "PING", "ACK", "ACK", "RS", "SS", "CRYPTO", "NT" };

    sentence_put(s, ", ");
    if (type < sizeof names / sizeof *names)
        sentence_put(s, names[type]);
    else if (type == 0x1c || type == 0x1d)
        sentence_put(s, "CC");
    else
        sentence_printf(s, "frame 0x%llx", (unsigned long long)type);
    if (type == 0x1c || type == 0x1d) /* CONNECTION_CLOSE before the keys: the handshake failed */
        sentence_warn(s, SUMMARY_ERROR);
}

static void put_known(struct sentence *s, const char *name, unsigned field)
{
    struct value value;

    if (!sentence_value(s, field, &value) || (value.type == FIELD_BYTES && value.bytes.len == 0))
        return;
    sentence_put(s, name);
    sentence_put_value(s, &value);
}

static void put_server_name(struct sentence *s)
{
    for (uint32_t i = 0; i < s->d->n_values; i++) {
        const struct value *value = &s->d->values[i];

        if (value->field != s->ids[SERVER_NAME] || value->layer <= s->layer)
            continue;
        sentence_put(s, ", SNI=");
        sentence_put_text(s, value->bytes);
        return;
    }
}

static void put_quic(struct sentence *s)
{
    static const char *const types[] = { "Initial", "0-RTT", "Handshake", "Retry" };
    uint64_t type;

    if (sentence_has(s, UNSUPPORTED))
        sentence_put(s, "Version Negotiation");
    else if (sentence_number(s, LONG_TYPE, &type) && type < 4)
        sentence_put(s, types[type]);
    else if (sentence_number(s, LONG_TYPE_V2, &type) && type < 4)
        sentence_put(s, types[(type + 3) % 4]); /* RFC 9369 section 3.2 */
    else
        sentence_put(s, sentence_has(s, SHORT) ? "Protected Payload" : "Payload");
    put_known(s, ", DCID=", DCID);
    put_known(s, ", SCID=", SCID);
    put_known(s, ", PKN: ", NUMBER);
    for (uint32_t i = 0; i < s->d->n_values && !s->text->is_full; i++)
        if (sentence_field_at(s, i, QUIC_FIELDS) == FRAME_TYPE)
            put_frame(s, s->d->values[i].number);
    put_server_name(s);
}

SUMMARY_TRADE(summary_quic, "QUIC", put_quic);
