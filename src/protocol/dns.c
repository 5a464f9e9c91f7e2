/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns - RFC 1035, with what later ones made of the header: RFC 2136 (updates), 4035 (AD and CD), 4795
 * (LLMNR), 8490 (stateful operations). Over TCP each message stands behind its length.
 *
 * A query is known again by its conversation and id: its response is told which frame it answers and after
 * how long, a second query or response of the same id is a retransmission. Questions and records are read
 * only when something of them is in demand.
 */
#include "protocol/dns.h"

#include "base/lru_table.h"
#include "base/timestamp.h"
#include "protocol/dns_fields.h"
#include "protocol/dns_record.h"
#include "protocol/flow.h"
#include "protocol/state.h"

enum {
    DNS_LEAST_BYTES = 4, /* id and flags: with less it is no message */
    DNS_OPCODE_UPDATE = 5,
    DNS_OPCODE_STATEFUL = 6,
    DNS_FLAG_RESPONSE = 0x8000,
    DNS_FLAG_AUTHENTIC = 0x0020,
};

#define DNS_RETRANSMISSION_NS (5 * NS_PER_SECOND) /* the same query later than this is a new one */

/* ---- queries and their responses ---- */

struct transaction_key { /* hashed and compared whole */
    struct flow_key flow;
    uint64_t id;
};

struct transaction {
    uint32_t request, response; /* frame numbers; 0: none yet */
    int64_t request_ts_ns;
    bool has_many_responses; /* a zone is transferred in as many as it takes */
};

/* What became of a message among the others of its conversation. */
struct match {
    struct transaction *transaction; /* NULL: nobody asked for this, or it is not kept */
    bool is_retransmission;
};

static void *dns_state_new(uint64_t hash_seed)
{
    static const struct lru_table_options options = {
        .key_bytes = sizeof(struct transaction_key),
        .value_bytes = sizeof(struct transaction),
        .limit = DNS_TRANSACTIONS,
    };
    struct lru_table_options seeded = options;

    seeded.hash_seed = hash_seed;
    return lru_table_new(&seeded);
}

static void dns_state_free(void *state)
{
    lru_table_free(state);
}

static uint64_t dns_state_forgotten(const void *state)
{
    return lru_table_forgotten(state);
}

/* What an ICMP error quotes is no message of its own. */
static bool is_quoted(const struct dissection *d)
{
    return d->present & (PROTOCOL_BIT(PROTOCOL_ICMP) | PROTOCOL_BIT(PROTOCOL_ICMPV6));
}

static void match_query(const struct dissection *d, struct lru_table *table,
                        const struct transaction_key *key, struct match *match)
{
    bool is_new;
    struct transaction *transaction = lru_table_put(table, key, &is_new);

    match->transaction = transaction;
    if (transaction == NULL)
        return;
    match->is_retransmission = !is_new && transaction->response == 0 &&
                               d->packet_ts_ns - transaction->request_ts_ns < DNS_RETRANSMISSION_NS;
    if (!match->is_retransmission)
        *transaction =
            (struct transaction) { .request = (uint32_t)d->packet->number, .request_ts_ns = d->packet_ts_ns };
}

static void match_response(const struct dissection *d, struct lru_table *table,
                           const struct transaction_key *key, struct match *match)
{
    struct transaction *transaction = lru_table_find(table, key);

    match->transaction = transaction;
    if (transaction && transaction->response == 0)
        transaction->response = (uint32_t)d->packet->number;
    else if (transaction)
        match->is_retransmission = !transaction->has_many_responses;
}

static struct match match_message(const struct dissection *d, uint16_t id, bool is_response)
{
    struct lru_table *table = d->state ? dissect_state_of(d->state, PROTOCOL_DNS) : NULL;
    struct match match = { 0 };
    struct conversation_ends ends;
    struct transaction_key key;

    if (table == NULL || is_quoted(d) || !dissection_ends(d, &ends))
        return match;
    key = (struct transaction_key) { .flow = ends.flow, .id = id };
    if (is_response)
        match_response(d, table, &key, &match);
    else
        match_query(d, table, &key, &match);
    return match;
}

static void add_number(struct dissection *d, unsigned field, uint64_t number)
{
    dissection_add_number(d, DNS_FIELD(field), number);
}

static void add_match(struct dissection *d, const struct match *match, bool is_response)
{
    const struct transaction *transaction = match->transaction;

    if (match->is_retransmission) {
        add_number(d, is_response ? DNS_RETRANSMIT_RESPONSE : DNS_RETRANSMIT_REQUEST, 1);
        add_number(d, is_response ? DNS_RETRANSMIT_RESPONSE_IN : DNS_RETRANSMIT_REQUEST_IN,
                   is_response ? transaction->response : transaction->request);
        add_number(d, DNS_RETRANSMISSION, 1);
    } else if (is_response && transaction) {
        add_number(d, DNS_RESPONSE_TO, transaction->request);
        add_number(d, DNS_TIME, (uint64_t)(d->packet_ts_ns - transaction->request_ts_ns));
    } else if (is_response) {
        add_number(d, DNS_UNSOLICITED, 1);
    }
}

/* ---- the message ---- */

struct dns_header {
    uint16_t id, flags;
    uint16_t counts[4]; /* questions, answers, authorities, additional ones; as they are called in queries */
    bool is_response;
    uint8_t opcode;
};

/* LLMNR has other names for some bits, and leaves others unnamed: RFC 4795 section 2.1.1. */
static void add_flags(struct dissection *d, const struct dns_header *header, bool is_llmnr)
{
    static const struct {
        uint8_t field;
        uint16_t mask;
        bool in_queries, in_llmnr, in_dns;
    } bits[] = {
        { DNS_FLAGS_AUTHORITATIVE, 0x0400, false, false, true },
        { DNS_FLAGS_CONFLICT, 0x0400, true, true, false },
        { DNS_FLAGS_TRUNCATED, 0x0200, true, true, true },
        { DNS_FLAGS_RECDESIRED, 0x0100, true, false, true },
        { DNS_FLAGS_TENTATIVE, 0x0100, true, true, false },
        { DNS_FLAGS_RECAVAIL, 0x0080, false, false, true },
        { DNS_FLAGS_Z, 0x0040, true, false, true },
        { DNS_FLAGS_CHECKDISABLE, 0x0010, true, false, true },
    };

    add_number(d, DNS_FLAGS, header->flags);
    add_number(d, DNS_FLAGS_RESPONSE, header->is_response);
    add_number(d, DNS_FLAGS_OPCODE, header->opcode);
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
        if ((is_llmnr ? bits[i].in_llmnr : bits[i].in_dns) && (header->is_response || bits[i].in_queries))
            add_number(d, bits[i].field, (header->flags & bits[i].mask) != 0);
    if (!is_llmnr && (header->is_response || header->flags & DNS_FLAG_AUTHENTIC))
        add_number(d, DNS_FLAGS_AUTHENTICATED, (header->flags & DNS_FLAG_AUTHENTIC) != 0);
    if (header->is_response)
        add_number(d, DNS_FLAGS_RCODE, header->flags & 15);
}

static bool read_header(struct dissection *d, struct reader *r, struct dns_header *header)
{
    static const uint8_t fields[4] = { DNS_COUNT_QUERIES, DNS_COUNT_ANSWERS, DNS_COUNT_AUTH_RR,
                                       DNS_COUNT_ADD_RR };
    static const uint8_t update_fields[4] = { DNS_COUNT_ZONES, DNS_COUNT_PREREQUISITES, DNS_COUNT_UPDATES,
                                              DNS_COUNT_ADD_RR };
    bool is_update = header->opcode == DNS_OPCODE_UPDATE;

    for (unsigned i = 0; i < 4; i++) {
        if (!reader_u16(r, &header->counts[i]))
            return false;
        add_number(d, is_update ? update_fields[i] : fields[i], header->counts[i]);
    }
    return true;
}

/* Something behind the header is in demand, or whether it is sound. */
static bool is_rest_wanted(const struct demand *demand)
{
    const uint64_t *fields = demand->fields[PROTOCOL_DNS];
    uint64_t any = fields[0] >> DNS_RECORD_FIELDS;

    static_assert(DNS_RECORD_FIELDS < 64, "the header's fields have the first word of the mask");
    for (unsigned i = 1; i < FIELDS_LIMIT / 64; i++)
        any |= fields[i];
    return any != 0 || demand->protocols & PROTOCOL_BIT(PROTOCOL_MALFORMED);
}

static bool is_match_wanted(const struct demand *demand)
{
    uint64_t mask = 0;

    for (unsigned i = DNS_RESPONSE_TO; i <= DNS_UNSOLICITED; i++)
        mask |= UINT64_C(1) << i;
    return demand->fields[PROTOCOL_DNS][0] & mask;
}

static bool read_sections(struct dns_message *message, struct reader *r, const struct dns_header *header,
                          bool is_mdns, bool *is_transfer)
{
    if (header->opcode == DNS_OPCODE_STATEFUL &&
        !(header->counts[0] | header->counts[1] | header->counts[2] | header->counts[3]))
        return dns_operation_read(message, r);
    for (unsigned i = 0; i < header->counts[0]; i++)
        if (!dns_question_read(message, r, is_mdns, is_transfer))
            return false;
    for (unsigned section = 1; section < 4; section++)
        for (unsigned i = 0; i < header->counts[section]; i++)
            if (!dns_record_read(message, r, is_mdns))
                return false;
    return true;
}

/* One message; r holds it as far as it was captured. */
static bool read_message(struct dissection *d, struct reader *r, enum protocol_id protocol)
{
    struct dns_message message = { .d = d, .bytes = reader_rest(r), .steps_left = DNS_NAME_STEPS };
    bool needs_match = is_match_wanted(d->demand), is_transfer = false;
    struct dns_header header;
    struct match match = { 0 };

    if (!reader_u16(r, &header.id) || !reader_u16(r, &header.flags))
        return false;
    header.is_response = header.flags & DNS_FLAG_RESPONSE;
    header.opcode = header.flags >> 11 & 15;
    if (needs_match)
        match = match_message(d, header.id, header.is_response);
    add_number(d, DNS_ID, header.id);
    add_flags(d, &header, protocol == PROTOCOL_LLMNR);
    if (!read_header(d, r, &header))
        return false;
    if (!needs_match && !is_rest_wanted(d->demand))
        return true;
    if (!read_sections(&message, r, &header, protocol == PROTOCOL_MDNS, &is_transfer))
        return false;
    if (match.transaction && header.counts[0] > 0)
        match.transaction->has_many_responses = is_transfer;
    if (needs_match)
        add_match(d, &match, header.is_response);
    if (reader_left(r) > 0) {
        dissection_add_bytes(d, DNS_FIELD(DNS_EXTRANEOUS_DATA), reader_rest(r));
        add_number(d, DNS_EXTRANEOUS_LENGTH, reader_left(r));
        add_number(d, DNS_EXTRANEOUS, 1);
    }
    return true;
}

enum dissect_result dns_message_dissect(struct dissection *d, struct reader *r, enum protocol_id protocol)
{
    bool is_cut = reader_left(r) < d->left_wire;

    if (reader_left(r) < DNS_LEAST_BYTES)
        return is_cut ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
    if (!dissection_push(d, protocol, r, d->left_wire))
        return DISSECT_OK;
    if (read_message(d, r, protocol))
        return DISSECT_OK;
    return is_cut ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
}

/* ---- over streams ---- */

static bool is_in_stream(const struct dissection *d)
{
    return d->top->protocol == PROTOCOL_TCP || d->top->protocol == PROTOCOL_TLS;
}

static uint32_t dns_pdu_length(struct dissection *d, struct bytes stream)
{
    struct reader r = reader_over(stream);
    uint16_t len;

    (void)d;
    return reader_u16(&r, &len) ? len + 2u : PDU_MORE;
}

static enum dissect_result dns_dissect(struct dissection *d, struct reader *r)
{
    enum dissect_result result = DISSECT_OK;
    bool is_cut = reader_left(r) < d->left_wire;

    if (!is_in_stream(d))
        return dns_message_dissect(d, r, PROTOCOL_DNS);
    if (!dissection_push(d, PROTOCOL_DNS, r, d->left_wire))
        return DISSECT_OK;
    while (reader_left(r) > 0) { /* a broken message does not take the next ones with it */
        struct reader message;
        uint16_t len;

        if (!reader_u16(r, &len))
            return is_cut ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
        add_number(d, DNS_LENGTH, len);
        if (!reader_sub(r, len, &message)) {
            message = *r;
            r->at = r->end;
        }
        if (!read_message(d, &message, PROTOCOL_DNS))
            result = is_cut ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
    }
    return result;
}

const struct protocol protocol_dns = {
    .name = "dns",
    .title = "Domain Name System",
    .fields = dns_fields,
    .n_fields = DNS_FIELDS,
    .lends_to = PROTOCOL_BIT(PROTOCOL_MDNS) | PROTOCOL_BIT(PROTOCOL_LLMNR),
    .needs_flow = true,
    .dissect = dns_dissect,
    .pdu_length = dns_pdu_length,
    .state_new = dns_state_new,
    .state_free = dns_state_free,
    .state_forgotten = dns_state_forgotten,
};
