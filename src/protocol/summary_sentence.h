/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary_sentence - the contract between summary.c and the sentences of the protocols, and what these are
 * written with; nobody else includes it.
 *
 * A sentence asks for fields by name, by its own enumeration, so that it needs nothing of a protocol's
 * insides; a field that a packet does not have is simply not told. What is put beyond the room is left out,
 * and then nothing more is put.
 */
#pragma once

#include "base/utf8.h"
#include "protocol/summary.h"

enum { SENTENCE_TEXT_BYTES = 240 }; /* of one text of a stranger's; longer ones are cut */

struct sentence {
    const struct dissection *d;
    const uint16_t *ids; /* of this protocol's fields, by its enumeration */
    uint32_t layer;      /* which it is about */
    uint32_t network;    /* the IP layer it is in, UINT32_MAX for none */
    struct buffer *text;
    enum summary_severity severity;
    const char *label; /* the Protocol column, set beforehand; may be changed for one that says more */
};

struct summary_trade {
    const char *label;
    const char *const *fields;
    unsigned n_fields;
    void (*put)(struct sentence *s); /* NULL: nothing to tell */
};

#define SUMMARY_TRADE(name, label_text, put_function)                                         \
    const struct summary_trade name = { .label = (label_text),                                \
                                        .fields = field_names,                                \
                                        .n_fields = sizeof field_names / sizeof *field_names, \
                                        .put = (put_function) }

extern const struct summary_trade summary_arp, summary_coap, summary_dhcp, summary_dns, summary_dtls,
    summary_http, summary_icmp, summary_icmpv6, summary_igmp, summary_ipv4, summary_ipv6, summary_llmnr,
    summary_mdns, summary_mqtt, summary_mqttsn, summary_ntp, summary_oscore, summary_quic, summary_tcp,
    summary_tls, summary_udp, summary_vxlan, summary_geneve;

/* ---- what the layer has ---- */

/* A value of the layer's, or of another one's; the first if there are several. False: it has none. */
bool sentence_value(const struct sentence *s, unsigned field, struct value *value);
bool sentence_value_of(const struct sentence *s, uint32_t layer, unsigned field, struct value *value);
bool sentence_number(const struct sentence *s, unsigned field, uint64_t *number);
bool sentence_has(const struct sentence *s, unsigned field);

/*
 * Which of the sentence's n fields the dissection's value i is, if it is the layer's: for those that take
 * values in their order. n for none of them.
 */
unsigned sentence_field_at(const struct sentence *s, uint32_t i, unsigned n);

/* The name of a value in its field's table; NULL for none. */
const char *sentence_name(const struct value *value);

/* ---- what is put ---- */

void sentence_put(struct sentence *s, const char *text);
__attribute__((format(printf, 2, 3))) void sentence_printf(struct sentence *s, const char *format, ...);
void sentence_put_decimal(struct sentence *s, uint64_t number);
void sentence_put_hex(struct sentence *s, struct bytes bytes);

/* A stranger's text: escaped, and cut. */
void sentence_put_text(struct sentence *s, struct bytes text);

/* As text where it is one that can be shown, else in hex. */
void sentence_put_identity(struct sentence *s, struct bytes identity);

/* A value as its type is written; "?" where the layer has none. */
void sentence_put_value(struct sentence *s, const struct value *value);
void sentence_put_field(struct sentence *s, unsigned field);

/* The name of the layer's value of that field, or "otherwise 17". */
void sentence_put_named(struct sentence *s, unsigned field, const char *otherwise);

/* What is known of it is at least so bad. */
static inline void sentence_warn(struct sentence *s, enum summary_severity severity)
{
    if (severity > s->severity)
        s->severity = severity;
}
