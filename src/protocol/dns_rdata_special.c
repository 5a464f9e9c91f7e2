/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dns_option.h"
#include "protocol/dns_rdata.h"
#include "protocol/text_value.h"

enum { ADDRESS_FAMILY_IPV4 = 1, ADDRESS_FAMILY_IPV6 = 2 }; /* IANA "Address Family Numbers" */

static void add_one(struct rdata *data, unsigned field)
{
    dissection_add_number(data->message->d, DNS_FIELD(field), 1);
}

/* A number that says how the data goes on: added, and handed out. */
static bool take_number(struct rdata *data, unsigned n, unsigned field, uint64_t *number)
{
    return dns_number(data->message, &data->r, n, field, number);
}

/* An address of which only the first len bytes stand there; the others are 0. */
static bool take_short_address(struct rdata *data, size_t len, size_t address_len, unsigned field)
{
    struct dissection *d = data->message->d;
    struct bytes bytes;
    uint8_t *address;

    if (!reader_bytes(&data->r, len, &bytes))
        return false;
    if (!dissection_wants(d, PROTOCOL_DNS, field) || (address = dissection_scratch(d, address_len)) == NULL)
        return true;
    memcpy(address, bytes.data, len < address_len ? len : address_len);
    dissection_add_bytes(d, DNS_FIELD(field), bytes_of(address, address_len));
    return true;
}

/* Well-known services, RFC 1035 section 3.4.2: of the bit map, the bytes with a bit. */
static bool wks_read(struct rdata *data)
{
    uint8_t bits;

    if (!rdata_bytes(data, 4, DNS_WKS_ADDRESS) || !rdata_number(data, 1, DNS_WKS_PROTOCOL))
        return false;
    while (rdata_left(data) != 0) {
        if (!reader_u8(&data->r, &bits))
            return false;
        if (bits)
            dissection_add_number(data->message->d, DNS_FIELD(DNS_WKS_BITS), bits);
    }
    return true;
}

/* RFC 1183 section 3.2: the subaddress may be left out. */
static bool isdn_read(struct rdata *data)
{
    return rdata_text(data, DNS_IDSN_ADDRESS) &&
           (rdata_left(data) <= 1 || rdata_text(data, DNS_IDSN_SA_ADDRESS));
}

/* RFC 1876 */
static bool loc_read(struct rdata *data)
{
    struct reader r = data->r;
    uint64_t version;

    if (!take_number(data, 1, DNS_LOC_VERSION, &version))
        return false;
    if (version != 0) {
        data->r = r;
        return rdata_bytes(data, data->len, DNS_LOC_UNKNOWN_DATA);
    }
    return rdata_number(data, 1, DNS_LOC_SIZE) && rdata_number(data, 1, DNS_LOC_HORIZONTAL_PRECISION) &&
           rdata_number(data, 1, DNS_LOC_VERTICAL_PRECISION) && rdata_number(data, 4, DNS_LOC_LATITUDE) &&
           rdata_number(data, 4, DNS_LOC_LONGITUDE) && rdata_number(data, 4, DNS_LOC_ALTITUDE);
}

/* RFC 3403 section 4 */
static bool naptr_read(struct rdata *data)
{
    struct dissection *d = data->message->d;
    struct dns_name name;

    if (!rdata_number(data, 2, DNS_NAPTR_ORDER) || !rdata_number(data, 2, DNS_NAPTR_PREFERENCE) ||
        !rdata_text(data, DNS_NAPTR_FLAGS) || !rdata_text(data, DNS_NAPTR_SERVICE) ||
        !rdata_text(data, DNS_NAPTR_REGEX) || !dns_name_read(data->message, &data->r, false, &name))
        return false;
    dissection_add_number(d, DNS_FIELD(DNS_NAPTR_REPLACEMENT_LENGTH), name.len);
    dissection_add_bytes(d, DNS_FIELD(DNS_NAPTR_REPLACEMENT), name.text);
    return true;
}

/* RFC 2874 section 3.1: the last bits of an address, and the name that has the first ones. */
static bool a6_read(struct rdata *data)
{
    struct dissection *d = data->message->d;
    struct bytes suffix;
    uint64_t prefix_len;
    uint8_t *address;

    if (!take_number(data, 1, DNS_A6_PREFIX_LEN, &prefix_len) || prefix_len > 128 ||
        !reader_bytes(&data->r, (128 - prefix_len + 7) / 8, &suffix))
        return false;
    if (suffix.len > 0 && dissection_wants(d, PROTOCOL_DNS, DNS_A6_ADDRESS_SUFFIX) &&
        (address = dissection_scratch(d, 16)) != NULL) {
        memcpy(address + 16 - suffix.len, suffix.data, suffix.len);
        dissection_add_bytes(d, DNS_FIELD(DNS_A6_ADDRESS_SUFFIX), bytes_of(address, 16));
    }
    return prefix_len == 0 || dns_name_field(data->message, &data->r, DNS_A6_PREFIX_NAME);
}

/* RFC 3123 section 4 */
static bool apl_read(struct rdata *data)
{
    struct dissection *d = data->message->d;
    uint64_t family;
    uint8_t head;

    while (rdata_left(data) > 1) {
        bool is_read;

        if (!take_number(data, 2, DNS_APL_ADDRESS_FAMILY, &family) ||
            !rdata_number(data, 1, DNS_APL_CODED_PREFIX) || !reader_u8(&data->r, &head))
            return false;
        dissection_add_number(d, DNS_FIELD(DNS_APL_NEGATION), head >> 7);
        head &= 0x7f;
        dissection_add_number(d, DNS_FIELD(DNS_APL_AFDLENGTH), head);
        if (family == ADDRESS_FAMILY_IPV4 && head <= 4)
            is_read = take_short_address(data, head, 4, DNS_APL_AFDPART_IPV4);
        else if (family == ADDRESS_FAMILY_IPV6 && head <= 16)
            is_read = take_short_address(data, head, 16, DNS_APL_AFDPART_IPV6);
        else
            is_read = rdata_bytes(data, head, DNS_APL_AFDPART_DATA);
        if (!is_read)
            return false;
    }
    return true;
}

static bool read_rest(struct rdata *data, unsigned field)
{
    int64_t left = rdata_left(data);

    return left == 0 || (left > 0 && rdata_bytes(data, (size_t)left, field));
}

/* RFC 4025 section 2 */
static bool ipseckey_read(struct rdata *data)
{
    uint64_t gateway;
    bool is_read = true;

    if (!rdata_number(data, 1, DNS_IPSECKEY_GATEWAY_PRECEDENCE) ||
        !take_number(data, 1, DNS_IPSECKEY_GATEWAY_TYPE, &gateway) ||
        !rdata_number(data, 1, DNS_IPSECKEY_GATEWAY_ALGORITHM))
        return false;
    if (gateway == 1)
        is_read = rdata_bytes(data, 4, DNS_IPSECKEY_GATEWAY_IPV4);
    else if (gateway == 2)
        is_read = rdata_bytes(data, 16, DNS_IPSECKEY_GATEWAY_IPV6);
    else if (gateway == 3)
        is_read = dns_name_field(data->message, &data->r, DNS_IPSECKEY_GATEWAY_DNS);
    return is_read && read_rest(data, DNS_IPSECKEY_PUBLIC_KEY);
}

/* Base 32 with the extended hex alphabet, RFC 4648 section 7, without padding. */
static void add_hash(struct rdata *data, struct bytes hash)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    struct dissection *d = data->message->d;
    size_t n_digits = (hash.len * 8 + 4) / 5;
    uint8_t *text;

    if (!dissection_wants(d, PROTOCOL_DNS, DNS_NSEC3_HASH_VALUE) ||
        (text = dissection_scratch(d, n_digits)) == NULL)
        return;
    for (size_t i = 0; i < n_digits; i++) {
        size_t at = i * 5 / 8;
        unsigned pair = (unsigned)hash.data[at] << 8 | (at + 1 < hash.len ? hash.data[at + 1] : 0u);

        text[i] = (uint8_t)digits[pair >> (11 - i * 5 % 8) & 31];
    }
    dissection_add_bytes(d, DNS_FIELD(DNS_NSEC3_HASH_VALUE), bytes_of(text, n_digits));
}

static bool read_salt(struct rdata *data)
{
    uint64_t len;

    return take_number(data, 1, DNS_NSEC3_SALT_LENGTH, &len) && rdata_bytes(data, len, DNS_NSEC3_SALT_VALUE);
}

/* RFC 5155 section 3.2 */
static bool nsec3_read(struct rdata *data)
{
    struct bytes hash;
    uint64_t len;

    if (!rdata_number(data, 1, DNS_NSEC3_ALGO) || !rdata_number(data, 1, DNS_NSEC3_FLAGS) ||
        !rdata_number(data, 2, DNS_NSEC3_ITERATIONS) || !read_salt(data) ||
        !take_number(data, 1, DNS_NSEC3_HASH_LENGTH, &len) || !reader_bytes(&data->r, len, &hash))
        return false;
    if (hash.len > 0)
        add_hash(data, hash);
    return rdata_types(data);
}

/* The same, section 4.2: what there is to make the hashes by. */
static bool nsec3param_read(struct rdata *data)
{
    return rdata_number(data, 1, DNS_NSEC3_ALGO) && take_number(data, 1, DNS_NSEC3_FLAGS, NULL) &&
           rdata_number(data, 2, DNS_NSEC3_ITERATIONS) && read_salt(data);
}

/* RFC 8005 section 5 */
static bool hip_read(struct rdata *data)
{
    uint64_t tag_len, key_len;

    if (!take_number(data, 1, DNS_HIP_HIT_LENGTH, &tag_len) || !rdata_number(data, 1, DNS_HIP_HIT_PK_ALGO) ||
        !take_number(data, 2, DNS_HIP_PK_LENGTH, &key_len) || !rdata_bytes(data, tag_len, DNS_HIP_HIT) ||
        !rdata_bytes(data, key_len, DNS_HIP_PK))
        return false;
    while (rdata_left(data) > 1)
        if (!dns_name_field(data->message, &data->r, DNS_HIP_RENDEZVOUS_SERVER))
            return false;
    return true;
}

enum svcb_key { /* RFC 9460 section 14.3.2 */
                SVCB_MANDATORY,
                SVCB_ALPN,
                SVCB_NO_DEFAULT_ALPN,
                SVCB_PORT,
                SVCB_IPV4HINT,
                SVCB_ECH,
                SVCB_IPV6HINT,
                SVCB_ODOH = 32769, /* draft-pauly-dprive-oblivious-doh-02 */
};

/* Values of n bytes each, as many as begin before len. */
static bool read_each(struct rdata *data, uint64_t len, size_t n, unsigned field)
{
    for (uint64_t at = 0; at < len; at += n)
        if (!(n == 2 ? rdata_number(data, 2, field) : rdata_bytes(data, n, field)))
            return false;
    return true;
}

static bool svcb_alpn_read(struct rdata *data, uint64_t len)
{
    struct dissection *d = data->message->d;

    for (uint64_t at = 0, n; at < len; at += 1 + n) {
        struct bytes text;

        if (!take_number(data, 1, DNS_SVCB_SVCPARAM_ALPN_LENGTH, &n) || !reader_bytes(&data->r, n, &text))
            return false;
        if (dissection_wants(d, PROTOCOL_DNS, DNS_SVCB_SVCPARAM_ALPN))
            dissection_add_bytes(d, DNS_FIELD(DNS_SVCB_SVCPARAM_ALPN), text_value_ascii(d, text));
    }
    return true;
}

static bool svcb_param_read(struct rdata *data)
{
    uint64_t key, len;

    add_one(data, DNS_SVCB_SVCPARAM);
    if (!take_number(data, 2, DNS_SVCB_SVCPARAM_KEY, &key) ||
        !take_number(data, 2, DNS_SVCB_SVCPARAM_VALUE_LENGTH, &len))
        return false;
    switch (key) {
    case SVCB_MANDATORY:
        return read_each(data, len, 2, DNS_SVCB_SVCPARAM_MANDATORY_KEY);
    case SVCB_ALPN:
        return svcb_alpn_read(data, len);
    case SVCB_NO_DEFAULT_ALPN:
        return true;
    case SVCB_PORT:
        return rdata_number(data, 2, DNS_SVCB_SVCPARAM_PORT);
    case SVCB_IPV4HINT:
        return read_each(data, len, 4, DNS_SVCB_SVCPARAM_IPV4HINT_IP);
    case SVCB_IPV6HINT:
        return read_each(data, len, 16, DNS_SVCB_SVCPARAM_IPV6HINT_IP);
    case SVCB_ECH:
        return rdata_bytes(data, len, DNS_SVCB_SVCPARAM_ECHCONFIG);
    case SVCB_ODOH:
        return rdata_bytes(data, len, DNS_SVCB_SVCPARAM_ODOHCONFIG);
    default:
        return len == 0 || rdata_bytes(data, len, DNS_SVCB_SVCPARAM_VALUE);
    }
}

/* RFC 9460 section 2.2 */
static bool svcb_read(struct rdata *data)
{
    if (!rdata_number(data, 2, DNS_SVCB_SVCPRIORITY) ||
        !dns_name_field(data->message, &data->r, DNS_SVCB_TARGETNAME))
        return false;
    while (rdata_left(data) > 0)
        if (!svcb_param_read(data))
            return false;
    return true;
}

/* A tag is known by as much of its name as it has: RFC 8659 names none that begins as another does but this
 * pair. */
static unsigned caa_field(struct bytes tag)
{
    static const struct {
        const char *tag;
        unsigned field;
    } known[] = { { "issue", DNS_CAA_ISSUE },
                  { "issuewild", DNS_CAA_ISSUEWILD },
                  { "iodef", DNS_CAA_IODEF } };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (tag.len <= strlen(known[i].tag) && memcmp(tag.data, known[i].tag, tag.len) == 0)
            return known[i].field;
    return DNS_CAA_UNKNOWN;
}

/* RFC 8659 section 4.1 */
static bool caa_read(struct rdata *data)
{
    struct dissection *d = data->message->d;
    struct bytes tag, value;
    uint8_t flags, tag_len;
    int64_t left;

    if (!reader_u8(&data->r, &flags))
        return false;
    dissection_add_number(d, DNS_FIELD(DNS_CAA_FLAGS), flags);
    dissection_add_number(d, DNS_FIELD(DNS_CAA_FLAGS_ISSUER_CRITICAL), flags >> 7);
    if (!reader_u8(&data->r, &tag_len) || !reader_bytes(&data->r, tag_len, &tag))
        return false;
    left = rdata_left(data);
    if (left < 0 || !reader_bytes(&data->r, (size_t)left, &value))
        return false;
    value = text_value_escaped(d, text_value_ascii(d, value));
    dissection_add_bytes(d, DNS_FIELD(caa_field(tag)), value);
    dissection_add_number(d, DNS_FIELD(DNS_CAA_TAG_LENGTH), tag_len);
    dissection_add_bytes(d, DNS_FIELD(DNS_CAA_TAG), text_value_ascii(d, tag));
    dissection_add_bytes(d, DNS_FIELD(DNS_CAA_VALUE), value);
    return true;
}

/* Microsoft's, [MS-DNSP] section 2.2.2.2.4.21 */
static bool wins_read(struct rdata *data)
{
    uint64_t n;

    if (!rdata_number(data, 4, DNS_WINS_LOCAL_FLAG) || !rdata_number(data, 4, DNS_WINS_LOOKUP_TIMEOUT) ||
        !rdata_number(data, 4, DNS_WINS_CACHE_TIMEOUT) || !take_number(data, 4, DNS_WINS_NB_WINS_SERVERS, &n))
        return false;
    for (; rdata_left(data) != 0 && n > 0; n--)
        if (!rdata_bytes(data, 4, DNS_WINS_WINS_SERVER))
            return false;
    return true;
}

/* draft-bellis-dnsop-xpf */
static bool xpf_read(struct rdata *data)
{
    uint64_t version;
    bool is_ipv4;

    if (!take_number(data, 1, DNS_XPF_IP_VERSION, &version))
        return false;
    is_ipv4 = version == 4;
    if (!is_ipv4 && version != 6)
        return true;
    return rdata_number(data, 1, DNS_XPF_PROTOCOL) &&
           (is_ipv4
                ? rdata_bytes(data, 4, DNS_XPF_SOURCE_IPV4) && rdata_bytes(data, 4, DNS_XPF_DESTINATION_IPV4)
                : rdata_bytes(data, 16, DNS_XPF_SOURCE_IPV6) &&
                      rdata_bytes(data, 16, DNS_XPF_DESTINATION_IPV6)) &&
           rdata_number(data, 2, DNS_XPF_SPORT) && rdata_number(data, 2, DNS_XPF_DPORT);
}

rdata_special *rdata_special_find(uint16_t type)
{
    static const struct {
        uint16_t type;
        rdata_special *read;
    } known[] = {
        { 11, wks_read },   { 20, isdn_read },       { 29, loc_read },     { 35, naptr_read },
        { 38, a6_read },    { 41, dns_options },     { 42, apl_read },     { 45, ipseckey_read },
        { 50, nsec3_read }, { 51, nsec3param_read }, { 55, hip_read },     { 64, svcb_read },
        { 65, svcb_read },  { 257, caa_read },       { 65281, wins_read }, { 65422, xpf_read },
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].type == type)
            return known[i].read;
    return NULL;
}
