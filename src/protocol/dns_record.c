/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dns_record.h"

#include "protocol/dns_rdata.h"
#include "protocol/text_value.h"

enum { /* IANA "Resource Record (RR) TYPEs" */
       TYPE_SRV = 33,
       TYPE_OPT = 41,
       TYPE_IXFR = 251,
       TYPE_AXFR = 252,
};

/* The bit above has a meaning of its own in mDNS: RFC 6762 sections 5.4 and 10.2. */
enum { CLASS_BITS = 0x7fff };

/* A name, its type and its class, with which questions and records begin. */
struct head {
    struct dns_name name;
    uint16_t type, class;
};

static bool head_read(struct dns_message *message, struct reader *r, bool is_name_wanted, struct head *head)
{
    return dns_name_read(message, r, false, is_name_wanted ? &head->name : NULL) &&
           reader_u16(r, &head->type) && reader_u16(r, &head->class);
}

static bool is_wanted(const struct dns_message *message, unsigned field)
{
    return dissection_wants(message->d, PROTOCOL_DNS, field);
}

static void add_number(struct dns_message *message, unsigned field, uint64_t number)
{
    dissection_add_number(message->d, DNS_FIELD(field), number);
}

bool dns_question_read(struct dns_message *message, struct reader *r, bool is_mdns, bool *is_transfer)
{
    bool is_name_wanted = is_wanted(message, DNS_QRY_NAME) || is_wanted(message, DNS_QRY_NAME_LEN) ||
                          is_wanted(message, DNS_COUNT_LABELS);
    struct head head;

    if (!head_read(message, r, is_name_wanted, &head))
        return false;
    if (head.type == TYPE_AXFR || head.type == TYPE_IXFR)
        *is_transfer = true;
    if (is_name_wanted) {
        dissection_add_bytes(message->d, DNS_FIELD(DNS_QRY_NAME), head.name.text);
        add_number(message, DNS_QRY_NAME_LEN, head.name.len > 1 ? head.name.len : 0);
        add_number(message, DNS_COUNT_LABELS, head.name.n_labels);
    }
    add_number(message, DNS_QRY_TYPE, head.type);
    if (is_mdns) {
        add_number(message, DNS_QRY_CLASS, head.class & CLASS_BITS);
        add_number(message, DNS_QRY_QU, head.class >> 15);
    } else {
        add_number(message, DNS_QRY_CLASS, head.class);
    }
    return true;
}

/* The name of an SRV record says what is served: _service._proto.name, RFC 2782. */
static void add_service(struct dns_message *message, struct bytes name)
{
    static const unsigned fields[] = { DNS_SRV_SERVICE, DNS_SRV_PROTO, DNS_SRV_NAME };

    for (unsigned i = 0; i < 3; i++) {
        const uint8_t *dot = i < 2 && name.len ? memchr(name.data, '.', name.len) : NULL;
        size_t len = dot ? (size_t)(dot - name.data) : name.len;

        dissection_add_bytes(message->d, DNS_FIELD(fields[i]), bytes_of(name.data, len));
        if (dot == NULL)
            return;
        name = bytes_of(dot + 1, name.len - len - 1);
    }
}

/* What the class and the time to live are in an OPT record: RFC 6891 section 6.1.2. */
static void add_opt(struct dns_message *message, const struct head *head, uint32_t ttl, bool is_mdns)
{
    if (is_mdns) {
        add_number(message, DNS_RR_UDP_PAYLOAD_SIZE, head->class & CLASS_BITS);
        add_number(message, DNS_RESP_CACHE_FLUSH, head->class >> 15);
    } else {
        add_number(message, DNS_RR_UDP_PAYLOAD_SIZE, head->class);
    }
    add_number(message, DNS_RESP_EXT_RCODE, ttl >> 24);
    add_number(message, DNS_RESP_EDNS0_VERSION, ttl >> 16 & 0xff);
    add_number(message, DNS_RESP_Z, ttl & 0xffff);
    add_number(message, DNS_RESP_Z_DO, ttl >> 15 & 1);
    add_number(message, DNS_RESP_Z_RESERVED, ttl & 0x7fff);
}

static void add_class(struct dns_message *message, const struct head *head, uint32_t ttl, bool is_mdns)
{
    if (is_mdns) {
        add_number(message, DNS_RESP_CLASS, head->class & CLASS_BITS);
        add_number(message, DNS_RESP_CACHE_FLUSH, head->class >> 15);
    } else {
        add_number(message, DNS_RESP_CLASS, head->class);
    }
    add_number(message, DNS_RESP_TTL, ttl);
    if (ttl >> 31)
        add_number(message, DNS_TTL_HIGH_BIT_SET, 1);
}

bool dns_record_read(struct dns_message *message, struct reader *r, bool is_mdns)
{
    bool is_name_wanted = is_wanted(message, DNS_RESP_NAME) || is_wanted(message, DNS_SRV_SERVICE) ||
                          is_wanted(message, DNS_SRV_PROTO) || is_wanted(message, DNS_SRV_NAME);
    struct rdata data = { .message = message, .is_mdns = is_mdns };
    struct head head;
    uint16_t len;
    uint32_t ttl;

    if (!head_read(message, r, is_name_wanted, &head) || !reader_u32(r, &ttl) || !reader_u16(r, &len))
        return false;
    if (is_name_wanted && head.type == TYPE_SRV)
        add_service(message, head.name.text);
    else if (is_name_wanted)
        dissection_add_bytes(message->d, DNS_FIELD(DNS_RESP_NAME), head.name.text);
    add_number(message, DNS_RESP_TYPE, head.type);
    if (head.type == TYPE_OPT)
        add_opt(message, &head, ttl, is_mdns);
    else
        add_class(message, &head, ttl, is_mdns);
    add_number(message, DNS_RESP_LEN, len);
    if (len == 0)
        return true;
    data.r = *r;
    data.at = r->at;
    data.len = len;
    if (!rdata_read(&data, head.type))
        return false;
    if (!reader_skip(r, len)) /* longer than what is there, though its data was: nothing follows */
        r->at = r->end;
    return true;
}

enum operation_parameter { /* RFC 8490 section 10.3 */
                           OPERATION_KEEPALIVE = 1,
                           OPERATION_RETRY_DELAY = 2,
                           OPERATION_PADDING = 3,
};

bool dns_operation_read(struct dns_message *message, struct reader *r)
{
    add_number(message, DNS_DSO, 1);
    while (reader_left(r) >= 4) {
        uint64_t type, len;
        struct bytes bytes;

        add_number(message, DNS_DSO_TLV, 1);
        if (!dns_number(message, r, 2, DNS_DSO_TLV_TYPE, &type) ||
            !dns_number(message, r, 2, DNS_DSO_TLV_LENGTH, &len))
            return false;
        if (type == OPERATION_KEEPALIVE) {
            if (!dns_number(message, r, 4, DNS_DSO_TLV_KEEPALIVE_INACTIVITY, NULL) ||
                !dns_number(message, r, 4, DNS_DSO_TLV_KEEPALIVE_INTERVAL, NULL))
                return false;
        } else if (type == OPERATION_RETRY_DELAY) {
            if (!dns_number(message, r, 4, DNS_DSO_TLV_RETRYDELAY_RETRYDELAY, NULL))
                return false;
        } else if (len > 0) {
            if (!reader_bytes(r, len, &bytes))
                return false;
            dissection_add_bytes(
                message->d,
                DNS_FIELD(type == OPERATION_PADDING ? DNS_DSO_TLV_ENCPAD_PADDING : DNS_DSO_TLV_DATA), bytes);
        }
    }
    return true;
}
