/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary_dns - DNS (RFC 1035), and mDNS and LLMNR, whose layers have its fields: "Standard query response
 * 0x5da8 A www.example.org A 192.0.2.7". A section of many records is told until the sentence is full.
 */
#include "protocol/summary_sentence.h"

enum {
    ID,
    IS_RESPONSE,
    OPCODE,
    RCODE,
    QUERY_NAME,
    QUERY_TYPE,
    QUERY_UNICAST,
    RECORD_TYPE,
    CACHE_FLUSH,
    PREFERENCE,
    PRIORITY,
    WEIGHT,
    PORT,
    NAPTR_ORDER,
    NAPTR_PREFERENCE,
    NAPTR_FLAGS,
    RETRANSMISSION,
    RDATA, /* and those behind it: what a record says */
    DNS_FIELDS = RDATA + 8
};

static const char *const field_names[DNS_FIELDS] = {
    [ID] = "dns.id",
    [IS_RESPONSE] = "dns.flags.response",
    [OPCODE] = "dns.flags.opcode",
    [RCODE] = "dns.flags.rcode",
    [QUERY_NAME] = "dns.qry.name",
    [QUERY_TYPE] = "dns.qry.type",
    [QUERY_UNICAST] = "dns.qry.qu",
    [RECORD_TYPE] = "dns.resp.type",
    [CACHE_FLUSH] = "dns.resp.cache_flush",
    [PREFERENCE] = "dns.mx.preference",
    [PRIORITY] = "dns.srv.priority",
    [WEIGHT] = "dns.srv.weight",
    [PORT] = "dns.srv.port",
    [NAPTR_ORDER] = "dns.naptr.order",
    [NAPTR_PREFERENCE] = "dns.naptr.preference",
    [NAPTR_FLAGS] = "dns.naptr.flags",
    [RETRANSMISSION] = "dns.retransmission",
    [RDATA] = "dns.a",
    "dns.aaaa",
    "dns.cname",
    "dns.ns",
    "dns.ptr.domain_name",
    "dns.mx.mail_exchange",
    "dns.srv.target",
    "dns.soa.mname",
};

/* Names that a resolver is used to hearing "no" for are no fault of anyone's. */
enum { RCODE_NO_ERROR = 0, RCODE_NO_SUCH_NAME = 3 };

/* "A" of "A (Host Address)". */
static void put_type(struct sentence *s, const struct value *type)
{
    const char *name = sentence_name(type);

    sentence_put(s, " ");
    if (name)
        sentence_printf(s, "%.*s", (int)strcspn(name, " "), name);
    else
        sentence_printf(s, "type %u", (unsigned)type->number);
}

static void put_head(struct sentence *s)
{
    struct value value;
    const char *name;
    uint64_t id = 0;
    bool is_response = sentence_value(s, IS_RESPONSE, &value) && value.number;

    sentence_put_named(s, OPCODE, "Opcode");
    sentence_number(s, ID, &id);
    sentence_printf(s, "%s 0x%04x", is_response ? " response" : "", (unsigned)id);
    if (!is_response || !sentence_value(s, RCODE, &value) || value.number == RCODE_NO_ERROR)
        return;
    name = sentence_name(&value);
    sentence_printf(s, " %.60s", name ? name : "error");
    sentence_warn(s, value.number == RCODE_NO_SUCH_NAME ? SUMMARY_WARNING : SUMMARY_ERROR);
}

static void put_dns(struct sentence *s)
{
    struct value name = { .type = FIELD_NONE };

    put_head(s);
    for (uint32_t i = 0; i < s->d->n_values && !s->text->is_full; i++) {
        const struct value *value = &s->d->values[i];
        unsigned field = sentence_field_at(s, i, DNS_FIELDS);

        if (field == QUERY_NAME) {
            name = *value;
        } else if (field == QUERY_TYPE) {
            put_type(s, value);
            sentence_put(s, " ");
            if (name.type == FIELD_STRING)
                sentence_put_text(s, name.bytes);
        } else if (field == QUERY_UNICAST && value->number) {
            sentence_put(s, ", \"QU\" question");
        } else if (field == RECORD_TYPE) {
            put_type(s, value);
        } else if (field == CACHE_FLUSH && value->number) {
            sentence_put(s, ", cache flush");
        } else if ((field >= RDATA && field < DNS_FIELDS) || (field >= PREFERENCE && field <= NAPTR_FLAGS)) {
            sentence_put(s, " ");
            sentence_put_value(s, value);
        } else if (field == RETRANSMISSION) {
            sentence_warn(s, SUMMARY_WARNING);
        }
    }
}

SUMMARY_TRADE(summary_dns, "DNS", put_dns);
SUMMARY_TRADE(summary_mdns, "MDNS", put_dns);
SUMMARY_TRADE(summary_llmnr, "LLMNR", put_dns);
