/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dns_rdata.h"

#include "base/timestamp.h"
#include "protocol/dns_fields.h"
#include "protocol/text_value.h"

enum part_kind {
    PART_END,
    PART_U8,
    PART_U16,
    PART_U32,
    PART_TIME,   /* seconds since 1970, 32 bits */
    PART_TIME48, /* the same, 48 bits */
    PART_NAME,
    PART_IPV4,
    PART_IPV6,
    PART_ETHER,
    PART_BYTES8,
    PART_TEXT,      /* a length, which has a field of its own, and as much text */
    PART_TEXTS,     /* the same, again and again to the end */
    PART_REST,      /* bytes to the end; not there when there are none */
    PART_REST_ALL,  /* the same, there even when empty */
    PART_TYPES,     /* a type bit map, RFC 4034 section 4.1.2 */
    PART_TYPES_OLD, /* the same as RFC 2535 section 5.2 has it */
    PART_BLOB,      /* a length of 16 bits, which has a field of its own, and as many bytes */
};

struct part {
    uint8_t kind;
    uint16_t field;
};

enum { PARTS = 12 };

struct record_type {
    uint16_t type;
    struct part parts[PARTS];
};

#define U8(field)      \
    {                  \
        PART_U8, field \
    }
#define U16(field)      \
    {                   \
        PART_U16, field \
    }
#define U32(field)      \
    {                   \
        PART_U32, field \
    }
#define NAME(field)      \
    {                    \
        PART_NAME, field \
    }
#define REST(field)      \
    {                    \
        PART_REST, field \
    }
#define TEXT(field)      \
    {                    \
        PART_TEXT, field \
    }

/* Types whose data is a row of parts, by number; flag bits within a part are in flag_bits. */
static const struct record_type record_types[] = {
    { 1, { { PART_IPV4, DNS_A } } },
    { 2, { NAME(DNS_NS) } },
    { 3, { NAME(DNS_MD) } },
    { 4, { NAME(DNS_MF) } },
    { 5, { NAME(DNS_CNAME) } },
    { 6,
      { NAME(DNS_SOA_MNAME), NAME(DNS_SOA_RNAME), U32(DNS_SOA_SERIAL_NUMBER), U32(DNS_SOA_REFRESH_INTERVAL),
        U32(DNS_SOA_RETRY_INTERVAL), U32(DNS_SOA_EXPIRE_LIMIT), U32(DNS_SOA_MINIMUM_TTL) } },
    { 7, { NAME(DNS_MB) } },
    { 8, { NAME(DNS_MG) } },
    { 9, { NAME(DNS_MR) } },
    { 10, { REST(DNS_NULL) } },
    { 12, { NAME(DNS_PTR_DOMAIN_NAME) } },
    { 13, { TEXT(DNS_HINFO_CPU), TEXT(DNS_HINFO_OS) } },
    { 14, { NAME(DNS_MINFO_R), NAME(DNS_MINFO_E) } },
    { 15, { U16(DNS_MX_PREFERENCE), NAME(DNS_MX_MAIL_EXCHANGE) } },
    { 16, { { PART_TEXTS, DNS_TXT } } },
    { 17, { NAME(DNS_RP_MAILBOX), NAME(DNS_RP_TXT_RR) } },
    { 18, { U16(DNS_AFSDB_SUBTYPE), NAME(DNS_AFSDB_HOSTNAME) } },
    { 19, { TEXT(DNS_X25_PSDN_ADDRESS) } },
    { 21, { U16(DNS_RT_SUBTYPE), NAME(DNS_RT_INTERMEDIATE_HOST) } },
    { 22, { REST(DNS_NSAP_RDATA) } },
    { 23, { NAME(DNS_NSAP_PTR_OWNER) } },
    { 24,
      { U16(DNS_RRSIG_TYPE_COVERED),
        U8(DNS_RRSIG_ALGORITHM),
        U8(DNS_RRSIG_LABELS),
        U32(DNS_RRSIG_ORIGINAL_TTL),
        { PART_TIME, DNS_RRSIG_SIGNATURE_EXPIRATION },
        { PART_TIME, DNS_RRSIG_SIGNATURE_INCEPTION },
        U16(DNS_RRSIG_KEY_TAG),
        NAME(DNS_RRSIG_SIGNERS_NAME),
        REST(DNS_RRSIG_SIGNATURE) } },
    { 25, { U16(DNS_KEY_FLAGS), U8(DNS_KEY_PROTOCOL), U8(DNS_KEY_ALGORITHM), REST(DNS_KEY_PUBLIC_KEY) } },
    { 26, { U16(DNS_PX_PREFERENCE), NAME(DNS_PX_MAP822), NAME(DNS_PX_MAP400) } },
    { 27, { TEXT(DNS_GPOS_LONGITUDE), TEXT(DNS_GPOS_LATITUDE), TEXT(DNS_GPOS_ALTITUDE) } },
    { 28, { { PART_IPV6, DNS_AAAA } } },
    { 30, { NAME(DNS_NXT_NEXT_DOMAIN_NAME), { PART_TYPES_OLD, DNS_RESP_TYPE } } },
    { 33, { U16(DNS_SRV_PRIORITY), U16(DNS_SRV_WEIGHT), U16(DNS_SRV_PORT), NAME(DNS_SRV_TARGET) } },
    { 36, { U16(DNS_KX_PREFERENCE), NAME(DNS_KX_KEY_EXCHANGE) } },
    { 37, { U16(DNS_CERT_TYPE), U16(DNS_CERT_KEY_TAG), U8(DNS_CERT_ALGORITHM), REST(DNS_CERT_CERTIFICATE) } },
    { 39, { NAME(DNS_DNAME) } },
    { 43,
      { U16(DNS_DS_KEY_ID),
        U8(DNS_DS_ALGORITHM),
        U8(DNS_DS_DIGEST_TYPE),
        { PART_REST_ALL, DNS_DS_DIGEST } } },
    { 44, { U8(DNS_SSHFP_ALGORITHM), U8(DNS_SSHFP_FINGERPRINT_TYPE), REST(DNS_SSHFP_FINGERPRINT) } },
    { 46,
      { U16(DNS_RRSIG_TYPE_COVERED),
        U8(DNS_RRSIG_ALGORITHM),
        U8(DNS_RRSIG_LABELS),
        U32(DNS_RRSIG_ORIGINAL_TTL),
        { PART_TIME, DNS_RRSIG_SIGNATURE_EXPIRATION },
        { PART_TIME, DNS_RRSIG_SIGNATURE_INCEPTION },
        U16(DNS_RRSIG_KEY_TAG),
        NAME(DNS_RRSIG_SIGNERS_NAME),
        REST(DNS_RRSIG_SIGNATURE) } },
    { 47, { NAME(DNS_NSEC_NEXT_DOMAIN_NAME), { PART_TYPES, DNS_RESP_TYPE } } },
    { 48,
      { U16(DNS_DNSKEY_FLAGS),
        U8(DNS_DNSKEY_PROTOCOL),
        U8(DNS_DNSKEY_ALGORITHM),
        { PART_REST_ALL, DNS_DNSKEY_PUBLIC_KEY } } },
    { 49, { REST(DNS_DHCID_RDATA) } },
    { 52,
      { U8(DNS_TLSA_CERTIFICATE_USAGE),
        U8(DNS_TLSA_SELECTOR),
        U8(DNS_TLSA_MATCHING_TYPE),
        { PART_REST_ALL, DNS_TLSA_CERTIFICATE_ASSOCIATION_DATA } } },
    { 59,
      { U16(DNS_DS_KEY_ID),
        U8(DNS_DS_ALGORITHM),
        U8(DNS_DS_DIGEST_TYPE),
        { PART_REST_ALL, DNS_DS_DIGEST } } },
    { 60,
      { U16(DNS_DNSKEY_FLAGS),
        U8(DNS_DNSKEY_PROTOCOL),
        U8(DNS_DNSKEY_ALGORITHM),
        { PART_REST_ALL, DNS_DNSKEY_PUBLIC_KEY } } },
    { 61, { REST(DNS_OPENPGPKEY) } },
    { 62,
      { U32(DNS_CSYNC_SOA),
        U16(DNS_CSYNC_FLAGS),
        { PART_REST_ALL, DNS_CSYNC_TYPE_BITMAP },
        { PART_TYPES, DNS_RESP_TYPE } } },
    { 63,
      { U32(DNS_ZONEMD_SERIAL),
        U8(DNS_ZONEMD_SCHEME),
        U8(DNS_ZONEMD_HASH_ALGO),
        { PART_REST_ALL, DNS_ZONEMD_DIGEST } } },
    { 99, { { PART_TEXTS, DNS_SPF } } },
    { 104, { U16(DNS_ILNP_NID_PREFERENCE), { PART_BYTES8, DNS_ILNP_NID } } },
    { 105, { U16(DNS_ILNP_L32_PREFERENCE), { PART_IPV4, DNS_ILNP_L32 } } },
    { 106, { U16(DNS_ILNP_L64_PREFERENCE), { PART_BYTES8, DNS_ILNP_L64 } } },
    { 107, { U16(DNS_ILNP_LP_PREFERENCE), NAME(DNS_ILNP_LP) } },
    { 108, { { PART_ETHER, DNS_EUI48 } } },
    { 109, { { PART_END, 0 } } }, /* EUI-64: fields have no such type here */
    { 249,
      { NAME(DNS_TKEY_ALGO_NAME),
        { PART_TIME, DNS_TKEY_SIGNATURE_INCEPTION },
        { PART_TIME, DNS_TKEY_SIGNATURE_EXPIRATION },
        U16(DNS_TKEY_MODE),
        U16(DNS_TKEY_ERROR),
        { PART_BLOB, DNS_TKEY_KEY_DATA },
        { PART_BLOB, DNS_TKEY_OTHER_DATA } } },
    { 250,
      { NAME(DNS_TSIG_ALGORITHM_NAME),
        { PART_TIME48, DNS_TSIG_TIME_SIGNED },
        U16(DNS_TSIG_FUDGE),
        { PART_BLOB, DNS_TSIG_MAC },
        U16(DNS_TSIG_ORIGINAL_ID),
        U16(DNS_TSIG_ERROR),
        { PART_BLOB, DNS_TSIG_OTHER_DATA } } },
    { 32769,
      { U16(DNS_DS_KEY_ID),
        U8(DNS_DS_ALGORITHM),
        U8(DNS_DS_DIGEST_TYPE),
        { PART_REST_ALL, DNS_DS_DIGEST } } },
    { 65282,
      { U32(DNS_WINSR_LOCAL_FLAG), U32(DNS_WINSR_LOOKUP_TIMEOUT), U32(DNS_WINSR_CACHE_TIMEOUT),
        NAME(DNS_WINSR_NAME_RESULT_DOMAIN) } },
};

/* The length of a text or a run of bytes has a field of its own. */
static const struct {
    uint16_t field, length;
} length_fields[] = {
    { DNS_HINFO_CPU, DNS_HINFO_CPU_LENGTH },
    { DNS_HINFO_OS, DNS_HINFO_OS_LENGTH },
    { DNS_TXT, DNS_TXT_LENGTH },
    { DNS_SPF, DNS_SPF_LENGTH },
    { DNS_X25_PSDN_ADDRESS, DNS_X25_LENGTH },
    { DNS_IDSN_ADDRESS, DNS_IDSN_LENGTH },
    { DNS_IDSN_SA_ADDRESS, DNS_IDSN_SA_LENGTH },
    { DNS_GPOS_LONGITUDE, DNS_GPOS_LONGITUDE_LENGTH },
    { DNS_GPOS_LATITUDE, DNS_GPOS_LATITUDE_LENGTH },
    { DNS_GPOS_ALTITUDE, DNS_GPOS_ALTITUDE_LENGTH },
    { DNS_NAPTR_FLAGS, DNS_NAPTR_FLAGS_LENGTH },
    { DNS_NAPTR_SERVICE, DNS_NAPTR_SERVICE_LENGTH },
    { DNS_NAPTR_REGEX, DNS_NAPTR_REGEX_LENGTH },
    { DNS_TKEY_KEY_DATA, DNS_TKEY_KEY_SIZE },
    { DNS_TKEY_OTHER_DATA, DNS_TKEY_OTHER_SIZE },
    { DNS_TSIG_MAC, DNS_TSIG_MAC_SIZE },
    { DNS_TSIG_OTHER_DATA, DNS_TSIG_OTHER_LEN },
};

/* Bits of numbers that are fields, too. */
static const struct {
    uint16_t of, field, mask;
} flag_bits[] = {
    { DNS_KEY_FLAGS, DNS_KEY_FLAGS_AUTHENTICATION, 0x8000 },
    { DNS_KEY_FLAGS, DNS_KEY_FLAGS_CONFIDENTIALITY, 0x4000 },
    { DNS_KEY_FLAGS, DNS_KEY_FLAGS_REQUIRED, 0x2000 },
    { DNS_KEY_FLAGS, DNS_KEY_FLAGS_ASSOCIATED_USER, 0x0400 },
    { DNS_KEY_FLAGS, DNS_KEY_FLAGS_ASSOCIATED_NAMED_ENTITY, 0x0200 },
    { DNS_KEY_FLAGS, DNS_KEY_FLAGS_IPSEC, 0x0080 },
    { DNS_KEY_FLAGS, DNS_KEY_FLAGS_MIME, 0x0040 },
    { DNS_KEY_FLAGS, DNS_KEY_FLAGS_SIGNATORY, 0x000f },
    { DNS_DNSKEY_FLAGS, DNS_DNSKEY_FLAGS_ZONE_KEY, 0x0100 },
    { DNS_DNSKEY_FLAGS, DNS_DNSKEY_FLAGS_KEY_REVOKED, 0x0080 },
    { DNS_DNSKEY_FLAGS, DNS_DNSKEY_FLAGS_SECURE_ENTRY_POINT, 0x0001 },
    { DNS_DNSKEY_FLAGS, DNS_DNSKEY_FLAGS_RESERVED, 0xfe7e },
    { DNS_CSYNC_FLAGS, DNS_CSYNC_FLAGS_IMMEDIATE, 0x0001 },
    { DNS_CSYNC_FLAGS, DNS_CSYNC_FLAGS_SOAMINIMUM, 0x0002 },
    { DNS_NSEC3_FLAGS, DNS_NSEC3_FLAGS_OPT_OUT, 0x0001 },
};

int64_t rdata_left(const struct rdata *data)
{
    return (int64_t)data->len - (data->r.at - data->at);
}

bool dns_number(struct dns_message *message, struct reader *r, unsigned n, unsigned field, uint64_t *number)
{
    uint64_t sum = 0;
    struct bytes bytes;

    if (!reader_bytes(r, n, &bytes))
        return false;
    for (unsigned i = 0; i < n; i++)
        sum = sum << 8 | bytes.data[i];
    if (field_of(DNS_FIELD(field))->type == FIELD_BOOL) /* the last bit of a word */
        sum &= 1;
    dissection_add_number(message->d, DNS_FIELD(field), sum);
    if (number)
        *number = sum;
    return true;
}

bool dns_name_field(struct dns_message *message, struct reader *r, unsigned field)
{
    struct dns_name name;
    bool is_wanted = dissection_wants(message->d, PROTOCOL_DNS, field);

    if (!dns_name_read(message, r, false, is_wanted ? &name : NULL))
        return false;
    if (is_wanted)
        dissection_add_bytes(message->d, DNS_FIELD(field), name.text);
    return true;
}

bool rdata_number(struct rdata *data, unsigned n, unsigned field)
{
    struct dissection *d = data->message->d;
    uint64_t number;

    if (!dns_number(data->message, &data->r, n, field, &number))
        return false;
    for (size_t i = 0; n < 4 && i < sizeof flag_bits / sizeof flag_bits[0]; i++) {
        uint16_t bits = (uint16_t)number & flag_bits[i].mask;

        if (flag_bits[i].of != field)
            continue;
        if (field == DNS_KEY_FLAGS && flag_bits[i].mask < 0x4000 && (number & 0xc000) == 0xc000)
            break; /* no key, RFC 2535 section 3.1.2 */
        if (field_of(DNS_FIELD(flag_bits[i].field))->type == FIELD_BOOL)
            bits = bits != 0;
        dissection_add_number(d, DNS_FIELD(flag_bits[i].field), bits);
    }
    return true;
}

bool rdata_bytes(struct rdata *data, size_t n, unsigned field)
{
    struct bytes bytes;

    if (!reader_bytes(&data->r, n, &bytes))
        return false;
    dissection_add_bytes(data->message->d, DNS_FIELD(field), bytes);
    return true;
}

static bool part_time(struct rdata *data, unsigned n, unsigned field)
{
    struct bytes bytes;
    uint64_t seconds = 0;

    if (!reader_bytes(&data->r, n, &bytes))
        return false;
    for (unsigned i = 0; i < n; i++)
        seconds = seconds << 8 | bytes.data[i];
    if (seconds > INT64_MAX / NS_PER_SECOND) /* as far as times are kept here: the year 2262 */
        seconds = INT64_MAX / NS_PER_SECOND;
    dissection_add_number(data->message->d, DNS_FIELD(field), seconds * NS_PER_SECOND);
    return true;
}

static unsigned length_field_of(unsigned field)
{
    for (size_t i = 0; i < sizeof length_fields / sizeof length_fields[0]; i++)
        if (length_fields[i].field == field)
            return length_fields[i].length;
    assert(false);
    return 0;
}

bool rdata_text(struct rdata *data, unsigned field)
{
    struct dissection *d = data->message->d;
    struct bytes text;
    uint64_t len;

    if (!dns_number(data->message, &data->r, 1, length_field_of(field), &len) ||
        !reader_bytes(&data->r, len, &text))
        return false;
    if (dissection_wants(d, PROTOCOL_DNS, field))
        dissection_add_bytes(d, DNS_FIELD(field),
                             data->is_mdns && field == DNS_TXT ? text_value_utf8(d, text)
                                                               : text_value_ascii(d, text));
    return true;
}

static bool part_texts(struct rdata *data, unsigned field)
{
    while (rdata_left(data) != 0)
        if (!rdata_text(data, field))
            return false;
    return true;
}

static bool part_blob(struct rdata *data, unsigned field)
{
    uint64_t len;

    if (!dns_number(data->message, &data->r, 2, length_field_of(field), &len))
        return false;
    if (len == 0)
        return true;
    if (!rdata_bytes(data, len, field))
        return false;
    if (field == DNS_TSIG_MAC)
        dissection_add_number(data->message->d, DNS_FIELD(DNS_TSIG_NOALG), 1);
    return true;
}

static void add_types(struct rdata *data, uint32_t type, uint8_t bits)
{
    for (; bits; bits = (uint8_t)(bits << 1), type++)
        if (bits & 0x80)
            dissection_add_number(data->message->d, DNS_FIELD(DNS_RESP_TYPE), type);
}

bool rdata_types(struct rdata *data)
{
    int64_t left = rdata_left(data);
    uint8_t window, len, bits;

    while (left != 0) {
        if (!reader_u8(&data->r, &window) || !reader_u8(&data->r, &len))
            return false;
        for (unsigned i = 0; i < len; i++) {
            if (!reader_u8(&data->r, &bits))
                return false;
            add_types(data, window * 256u + i * 8, bits);
        }
        left -= 2 + len;
    }
    return true;
}

static bool part_types_old(struct rdata *data)
{
    uint8_t bits;

    for (uint32_t type = 0; rdata_left(data) != 0; type += 8) {
        if (!reader_u8(&data->r, &bits))
            return false;
        add_types(data, type, bits);
    }
    return true;
}

/* RFC 4034 appendix B; data begins with the key's flags. */
static void add_key_id(struct rdata *data, unsigned field)
{
    struct reader r = { data->at, data->message->bytes.data + data->message->bytes.len };
    struct bytes key;
    uint32_t sum = 0;

    if (data->len < 4) {
        dissection_add_number(data->message->d, DNS_FIELD(DNS_KEY_ID_BUFFER_TOO_SHORT), 1);
        return;
    }
    if (!dissection_wants(data->message->d, PROTOCOL_DNS, field) || !reader_bytes(&r, data->len, &key))
        return;
    if (key.data[3] == 1) { /* RSA/MD5: appendix B.1 */
        sum = (uint32_t)key.data[key.len - 3] << 8 | key.data[key.len - 2];
    } else {
        for (size_t i = 0; i < key.len; i++)
            sum += i & 1 ? key.data[i] : (uint32_t)key.data[i] << 8;
        sum += sum >> 16;
    }
    dissection_add_number(data->message->d, DNS_FIELD(field), sum & 0xffff);
}

static bool part_rest(struct rdata *data, const struct part *part)
{
    int64_t left = rdata_left(data);

    if (part->field == DNS_KEY_PUBLIC_KEY)
        add_key_id(data, DNS_KEY_KEY_ID);
    if (part->field == DNS_DNSKEY_PUBLIC_KEY)
        add_key_id(data, DNS_DNSKEY_KEY_ID);
    if (left == 0 && part->kind == PART_REST)
        return true;
    if (left < 0)
        return false;
    if (part->field == DNS_CSYNC_TYPE_BITMAP) { /* shown whole, and then bit by bit */
        struct reader r = data->r;
        bool is_there = rdata_bytes(data, (size_t)left, part->field);

        data->r = r;
        return is_there;
    }
    if (part->field == DNS_OPENPGPKEY) {
        struct bytes text;

        if (!reader_bytes(&data->r, (size_t)left, &text))
            return false;
        if (dissection_wants(data->message->d, PROTOCOL_DNS, part->field))
            dissection_add_bytes(data->message->d, DNS_FIELD(part->field),
                                 text_value_ascii(data->message->d, text));
        return true;
    }
    return rdata_bytes(data, (size_t)left, part->field);
}

static bool part_read(struct rdata *data, const struct part *part)
{
    switch ((enum part_kind)part->kind) {
    case PART_END:
        return true;
    case PART_U8:
        return rdata_number(data, 1, part->field);
    case PART_U16:
        return rdata_number(data, 2, part->field);
    case PART_U32:
        return rdata_number(data, 4, part->field);
    case PART_TIME:
        return part_time(data, 4, part->field);
    case PART_TIME48:
        return part_time(data, 6, part->field);
    case PART_NAME:
        return dns_name_field(data->message, &data->r, part->field);
    case PART_IPV4:
        return rdata_bytes(data, 4, part->field);
    case PART_IPV6:
        return rdata_bytes(data, 16, part->field);
    case PART_ETHER:
        return rdata_bytes(data, 6, part->field);
    case PART_BYTES8:
        return rdata_bytes(data, 8, part->field);
    case PART_TEXT:
        return rdata_text(data, part->field);
    case PART_TEXTS:
        return part_texts(data, part->field);
    case PART_REST:
    case PART_REST_ALL:
        return part_rest(data, part);
    case PART_TYPES:
        return rdata_types(data);
    case PART_TYPES_OLD:
        return part_types_old(data);
    case PART_BLOB:
        return part_blob(data, part->field);
    }
    return false;
}

/* By number: halves, for there are some fifty. */
static const struct record_type *type_find(uint16_t type)
{
    size_t low = 0, high = sizeof record_types / sizeof record_types[0];

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (record_types[middle].type == type)
            return &record_types[middle];
        if (record_types[middle].type < type)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool rdata_read(struct rdata *data, uint16_t type)
{
    const struct record_type *known = type_find(type);
    rdata_special *special = known ? NULL : rdata_special_find(type);

    if (special)
        return special(data);
    if (known == NULL) {
        dissection_add_number(data->message->d, DNS_FIELD(DNS_UNDECODED_TYPE), 1);
        return rdata_bytes(data, data->len, DNS_DATA);
    }
    for (size_t i = 0; i < PARTS && known->parts[i].kind != PART_END; i++)
        if (!part_read(data, &known->parts[i]))
            return false;
    return true;
}
