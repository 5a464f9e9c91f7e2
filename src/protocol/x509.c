/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x509 - three of Wireshark's protocols, for its fields have three prefixes: x509af the certificate, x509sat
 * the attributes of names, x509ce the extensions. Their values belong to the layer of TLS or DTLS that the
 * certificate stands in (lends_to); each attribute and extension adds a layer besides, so that the protocols
 * are there and frame.protocols tells them as often as Wireshark does, while there is room for layers.
 *
 * Object identifiers are shown as their dotted text.
 */
#include "protocol/x509.h"

#include <stdio.h>

#include "protocol/der.h"
#include "protocol/x509_fields.h"

enum { ITEMS_LIMIT = 256, LAYERS_LEFT = 8, OID_TEXT_BYTES = 96 };

/* An attribute or an extension is there, beside what follows. */
static void add_layer(struct dissection *d, enum protocol_id protocol, const struct reader *content)
{
    struct layer *aside = dissection_aside(d);

    d->present |= PROTOCOL_BIT(protocol);
    if (d->n_layers + LAYERS_LEFT < LAYER_LIMIT &&
        dissection_push(d, protocol, content, (uint32_t)reader_left(content)))
        dissection_aside_end(d, aside);
}

static void add_oid(struct dissection *d, uint16_t field_id, const struct reader *oid)
{
    char text[OID_TEXT_BYTES];
    uint8_t *kept;
    size_t len;

    if (!dissection_wants(d, FIELD_PROTOCOL(field_id), FIELD_INDEX(field_id)))
        return;
    len = der_oid_text(reader_rest(oid), text, sizeof text);
    kept = len ? dissection_scratch(d, len) : NULL;
    if (kept)
        dissection_add_bytes(d, field_id, bytes_of(memcpy(kept, text, len), len));
}

/* ---- names ---- */

static size_t utf8_put(uint8_t *to, uint32_t character)
{
    if (character < 0x80) {
        to[0] = (uint8_t)character;
        return 1;
    }
    if (character < 0x800) {
        to[0] = (uint8_t)(0xc0 | character >> 6);
        to[1] = (uint8_t)(0x80 | (character & 0x3f));
        return 2;
    }
    to[0] = (uint8_t)(0xe0 | character >> 12);
    to[1] = (uint8_t)(0x80 | (character >> 6 & 0x3f));
    to[2] = (uint8_t)(0x80 | (character & 0x3f));
    return 3;
}

/* Two bytes a character (X.680 BMPString). */
static void add_bmp_string(struct dissection *d, uint16_t field_id, struct reader r)
{
    uint8_t *text;
    size_t len = 0;
    uint16_t character;

    if (!dissection_wants(d, FIELD_PROTOCOL(field_id), FIELD_INDEX(field_id)))
        return;
    text = dissection_scratch(d, reader_left(&r) / 2 * 3 + 1);
    if (text == NULL)
        return;
    while (reader_u16(&r, &character))
        len += utf8_put(text + len, character);
    dissection_add_bytes(d, field_id, bytes_of(text, len));
}

static void directory_string(struct dissection *d, uint8_t tag, const struct reader *content)
{
    static const struct {
        uint8_t tag, choice, field;
    } kinds[] = {
        { DER_TELETEX_STRING, 0, SAT_TELETEX_STRING },     { DER_PRINTABLE_STRING, 1, SAT_PRINTABLE_STRING },
        { DER_UNIVERSAL_STRING, 2, SAT_UNIVERSAL_STRING }, { DER_BMP_STRING, 3, SAT_BMP_STRING },
        { DER_UTF8_STRING, 4, SAT_UTF8_STRING },
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].tag != tag)
            continue;
        dissection_add_number(d, SAT_ID(SAT_DIRECTORY_STRING), kinds[i].choice);
        if (tag == DER_BMP_STRING)
            add_bmp_string(d, SAT_ID(SAT_BMP_STRING), *content);
        else
            dissection_add_bytes(d, SAT_ID(kinds[i].field), reader_rest(content));
        return;
    }
}

/* X.520: the attributes of id-at (2.5.4) that are directory strings, by their last arc. */
static bool is_directory_string(uint8_t arc)
{
    static const uint8_t arcs[] = { 2,  3,  4,  7,  8,  9,  10, 11, 12, 13, 15,
                                    17, 18, 19, 41, 42, 43, 44, 51, 54, 65 };

    return memchr(arcs, arc, sizeof arcs) != NULL;
}

static void attribute(struct dissection *d, struct bytes oid, struct reader value)
{
    static const uint8_t email[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01 };
    static const uint8_t domain[] = { 0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19 };
    static const uint8_t jurisdiction[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x3c, 0x02, 0x01 };
    enum { COMMON_NAME = 3, SERIAL_NUMBER = 5, COUNTRY = 6, TELEPHONE = 20, DN_QUALIFIER = 46 };
    struct reader content;
    uint8_t tag, arc;

    if (!der_next(&value, &tag, &content))
        return;
    if (bytes_equal(oid, bytes_of(email, sizeof email)) ||
        bytes_equal(oid, bytes_of(domain, sizeof domain))) {
        add_layer(d, PROTOCOL_X509SAT, &content);
        dissection_add_bytes(d, SAT_ID(SAT_SYNTAX_IA5_STRING), reader_rest(&content));
        return;
    }
    if (oid.len == sizeof jurisdiction + 1 && memcmp(oid.data, jurisdiction, sizeof jurisdiction) == 0)
        arc = oid.data[sizeof jurisdiction] == 3 ? COUNTRY : COMMON_NAME; /* places are like names */
    else if (oid.len == 3 && oid.data[0] == 0x55 && oid.data[1] == 0x04)
        arc = oid.data[2];
    else
        return;
    if (is_directory_string(arc)) {
        add_layer(d, PROTOCOL_X509SAT, &content);
        directory_string(d, tag, &content);
    } else if (arc == COUNTRY || arc == SERIAL_NUMBER || arc == DN_QUALIFIER || arc == TELEPHONE) {
        add_layer(d, PROTOCOL_X509SAT, &content);
        dissection_add_bytes(d,
                             arc == COUNTRY     ? SAT_ID(SAT_COUNTRY_NAME)
                             : arc == TELEPHONE ? SAT_ID(SAT_TELEPHONE_NUMBER)
                                                : SAT_ID(SAT_SYNTAX_PRINTABLE_STRING),
                             reader_rest(&content));
    }
}

/* RFC 5280 section 4.1.2.4: a sequence of sets of attributes; sequence is its content. */
static void rdn_sequence(struct dissection *d, struct reader sequence)
{
    struct reader set, pair, oid;

    for (unsigned n = 0; n < ITEMS_LIMIT && der_take(&sequence, DER_SET, &set); n++) {
        for (unsigned m = 0; m < ITEMS_LIMIT && der_take(&set, DER_SEQUENCE, &pair); m++) {
            if (der_take(&pair, DER_OID, &oid))
                attribute(d, reader_rest(&oid), pair);
        }
    }
}

void x509_name(struct dissection *d, struct bytes der)
{
    struct reader r = reader_over(der), sequence;

    if (d->demand->passable & X509_PROTOCOLS && der_take(&r, DER_SEQUENCE, &sequence))
        rdn_sequence(d, sequence);
}

/* RFC 5280 section 4.2.1.6; is_listed: one of a list, which Wireshark shows the kinds of. */
static bool general_name(struct dissection *d, struct reader *r, bool is_listed)
{
    enum { OTHER, RFC822, DNS, X400, DIRECTORY, EDI, URI, IP, REGISTERED };
    struct reader content, sequence;
    uint8_t tag;

    if (!der_next(r, &tag, &content) || !(tag & 0x80))
        return false;
    tag &= 0x1f;
    if (is_listed)
        dissection_add_number(d, CE_ID(CE_GENERAL_NAME), tag);
    switch (tag) {
    case OTHER:
        dissection_add_number(d, CE_ID(CE_OTHER_NAME), 1);
        break;
    case RFC822:
        dissection_add_bytes(d, CE_ID(CE_RFC822_NAME), reader_rest(&content));
        break;
    case DNS:
        dissection_add_bytes(d, CE_ID(CE_DNS_NAME), reader_rest(&content));
        break;
    case DIRECTORY:
        dissection_add_number(d, CE_ID(CE_DIRECTORY_NAME), 0);
        if (der_take(&content, DER_SEQUENCE, &sequence))
            rdn_sequence(d, sequence);
        break;
    case URI:
        dissection_add_bytes(d, CE_ID(CE_URI), reader_rest(&content));
        break;
    case IP:
        if (reader_left(&content) == 4)
            dissection_add_bytes(d, CE_ID(CE_IP_ADDRESS_IPV4), reader_rest(&content));
        else if (reader_left(&content) == 16)
            dissection_add_bytes(d, CE_ID(CE_IP_ADDRESS_IPV6), reader_rest(&content));
        else
            dissection_add_bytes(d, CE_ID(CE_IP_ADDRESS), reader_rest(&content));
        break;
    case REGISTERED:
        add_oid(d, CE_ID(CE_REGISTERED_ID), &content);
        break;
    default:
        break;
    }
    return true;
}

static void general_names(struct dissection *d, uint16_t count_field, struct reader r)
{
    dissection_add_number(d, count_field, der_count(r, ITEMS_LIMIT));
    for (unsigned n = 0; n < ITEMS_LIMIT && general_name(d, &r, true); n++)
        ;
}

/* ---- extensions: r is the value, with its tag ---- */

static void subject_alt_name(struct dissection *d, struct reader r)
{
    struct reader list;

    if (der_take(&r, DER_SEQUENCE, &list))
        general_names(d, CE_ID(CE_GENERAL_NAMES), list);
}

static void subject_key_identifier(struct dissection *d, struct reader r)
{
    struct reader content;

    if (der_take(&r, DER_OCTET_STRING, &content))
        dissection_add_bytes(d, CE_ID(CE_SUBJECT_KEY_IDENTIFIER), reader_rest(&content));
}

static void key_usage(struct dissection *d, struct reader r)
{
    struct reader content;
    struct bytes bits;
    uint8_t n_unused;

    if (!der_take(&r, DER_BIT_STRING, &content) || !reader_u8(&content, &n_unused))
        return;
    bits = reader_rest(&content);
    dissection_add_bytes(d, CE_ID(CE_KEY_USAGE), bits);
    for (unsigned i = 0; i <= CE_DECIPHER_ONLY - CE_DIGITAL_SIGNATURE; i++)
        dissection_add_number(d, CE_ID(CE_DIGITAL_SIGNATURE + i),
                              i / 8 < bits.len ? bits.data[i / 8] >> (7 - i % 8) & 1 : 0);
}

static void key_purposes(struct dissection *d, struct reader r)
{
    struct reader list, oid;

    if (!der_take(&r, DER_SEQUENCE, &list))
        return;
    dissection_add_number(d, CE_ID(CE_KEY_PURPOSE_IDS), der_count(list, ITEMS_LIMIT));
    for (unsigned n = 0; n < ITEMS_LIMIT && der_take(&list, DER_OID, &oid); n++)
        add_oid(d, CE_ID(CE_KEY_PURPOSE_ID), &oid);
}

static uint64_t der_number(struct reader r)
{
    uint64_t number = 0;
    uint8_t byte;

    for (unsigned n = 0; n < 9 && reader_u8(&r, &byte); n++)
        number = number << 8 | byte;
    return number;
}

static void basic_constraints(struct dissection *d, struct reader r)
{
    struct reader list, content;

    if (!der_take(&r, DER_SEQUENCE, &list))
        return;
    dissection_add_number(d, CE_ID(CE_BASIC_CONSTRAINTS), 1);
    if (der_take(&list, DER_BOOLEAN, &content))
        dissection_add_number(d, CE_ID(CE_CA), der_number(content) != 0);
    if (der_take(&list, DER_INTEGER, &content))
        dissection_add_number(d, CE_ID(CE_PATH_LEN), der_number(content));
}

static void authority_key_identifier(struct dissection *d, struct reader r)
{
    struct reader list, content;

    if (!der_take(&r, DER_SEQUENCE, &list))
        return;
    dissection_add_number(d, CE_ID(CE_AUTHORITY_KEY_IDENTIFIER), 1);
    if (der_take(&list, DER_CONTEXT + 0, &content))
        dissection_add_bytes(d, CE_ID(CE_KEY_IDENTIFIER), reader_rest(&content));
    if (der_take(&list, DER_CONTEXT_CONSTRUCTED + 1, &content))
        general_names(d, CE_ID(CE_AUTHORITY_CERT_ISSUER), content);
    if (der_take(&list, DER_CONTEXT + 2, &content))
        dissection_add_bytes(d, CE_ID(CE_AUTHORITY_CERT_SERIAL), reader_rest(&content));
}

static void policies(struct dissection *d, struct reader r)
{
    struct reader list, policy, oid;

    if (!der_take(&r, DER_SEQUENCE, &list))
        return;
    dissection_add_number(d, CE_ID(CE_POLICIES), der_count(list, ITEMS_LIMIT));
    for (unsigned n = 0; n < ITEMS_LIMIT && der_take(&list, DER_SEQUENCE, &policy); n++) {
        dissection_add_number(d, CE_ID(CE_POLICY), 1);
        if (der_take(&policy, DER_OID, &oid))
            add_oid(d, CE_ID(CE_POLICY_IDENTIFIER), &oid);
    }
}

static void distribution_points(struct dissection *d, struct reader r)
{
    struct reader list, point, name, full;

    if (!der_take(&r, DER_SEQUENCE, &list))
        return;
    dissection_add_number(d, CE_ID(CE_CRL_DIST_POINTS), der_count(list, ITEMS_LIMIT));
    for (unsigned n = 0; n < ITEMS_LIMIT && der_take(&list, DER_SEQUENCE, &point); n++) {
        dissection_add_number(d, CE_ID(CE_DISTRIBUTION_POINT), 1);
        if (!der_take(&point, DER_CONTEXT_CONSTRUCTED + 0, &name))
            continue;
        if (der_take(&name, DER_CONTEXT_CONSTRUCTED + 0, &full)) {
            dissection_add_number(d, CE_ID(CE_DISTRIBUTION_POINT_NAME), 0);
            general_names(d, CE_ID(CE_FULL_NAME), full);
        } else {
            dissection_add_number(d, CE_ID(CE_DISTRIBUTION_POINT_NAME), 1);
        }
    }
}

/* RFC 5280 section 4.2.2.1: Wireshark has it in a protocol of its own; the names in it are the same. */
static void authority_info_access(struct dissection *d, struct reader r)
{
    struct reader list, description, oid;

    if (!der_take(&r, DER_SEQUENCE, &list))
        return;
    for (unsigned n = 0; n < ITEMS_LIMIT && der_take(&list, DER_SEQUENCE, &description); n++) {
        if (der_take(&description, DER_OID, &oid))
            (void)general_name(d, &description, false);
    }
}

static void extension(struct dissection *d, const struct x509_reader *who, struct bytes oid,
                      struct reader value)
{
    struct reader list;
    static const struct {
        uint8_t arc; /* of id-ce (2.5.29) */
        void (*read)(struct dissection *, struct reader);
    } readers[] = {
        { 14, subject_key_identifier },   { 15, key_usage },
        { 17, subject_alt_name },         { 18, subject_alt_name },
        { 19, basic_constraints },        { 29, subject_alt_name },
        { 31, distribution_points },      { 32, policies },
        { 35, authority_key_identifier }, { 37, key_purposes },
        { 46, distribution_points },
    };
    static const uint8_t access[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01 };

    static const uint8_t timestamps[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02 };

    if (bytes_equal(oid, bytes_of(timestamps, sizeof timestamps))) {
        if (who->timestamps && der_take(&value, DER_OCTET_STRING, &list))
            who->timestamps(who->context, &list);
        return;
    }
    if (bytes_equal(oid, bytes_of(access, sizeof access))) {
        authority_info_access(d, value);
        return;
    }
    if (oid.len != 3 || oid.data[0] != 0x55 || oid.data[1] != 0x1d)
        return;
    add_layer(d, PROTOCOL_X509CE, &value);
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        if (readers[i].arc == oid.data[2])
            readers[i].read(d, value);
    }
}

/* ---- certificates ---- */

static void algorithm(struct dissection *d, struct reader *r, uint16_t field_id)
{
    struct reader sequence, oid;

    if (!der_take(r, DER_SEQUENCE, &sequence))
        return;
    dissection_add_number(d, field_id, 1);
    if (der_take(&sequence, DER_OID, &oid))
        add_oid(d, AF_ID(AF_ALGORITHM_ID), &oid);
}

static bool take_two(struct reader *r, unsigned *number)
{
    uint8_t tens, ones;

    if (!reader_u8(r, &tens) || !reader_u8(r, &ones) || tens < '0' || tens > '9' || ones < '0' || ones > '9')
        return false;
    *number = (unsigned)(tens - '0') * 10 + (unsigned)(ones - '0');
    return true;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
    static const unsigned before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    int64_t years = year - 1970;
    int64_t leaps = (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 - 477;
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return years * 365 + leaps + before[month - 1] + (is_leap && month > 2) + day - 1;
}

/* "+0530" behind a time, for which DER has no room (RFC 5280 section 4.1.2.5), but senders do. False: none.
 */
static bool zone_offset(struct reader *text, char *sign, unsigned *hours, unsigned *minutes)
{
    uint8_t byte;

    if (!reader_u8(text, &byte) || (byte != '+' && byte != '-') || !take_two(text, hours) ||
        !take_two(text, minutes))
        return false;
    *sign = (char)byte;
    return true;
}

static void validity_time(struct dissection *d, struct reader *r, uint16_t choice_field)
{
    struct reader text;
    unsigned century = 0, year, month, day, hour, minute, second = 0, zone_hours = 0, zone_minutes = 0;
    char sign = 'Z', zone[8] = "";
    uint8_t tag, *kept;
    enum { TEXT_BYTES = 32 };
    int n;

    if (!der_next(r, &tag, &text) || (tag != DER_UTC_TIME && tag != DER_GENERALIZED_TIME))
        return;
    dissection_add_number(d, choice_field, tag == DER_GENERALIZED_TIME);
    if ((tag == DER_GENERALIZED_TIME && !take_two(&text, &century)) || !take_two(&text, &year) ||
        !take_two(&text, &month) || !take_two(&text, &day) || !take_two(&text, &hour) ||
        !take_two(&text, &minute))
        return;
    if (reader_left(&text) > 1 && text.at[0] >= '0' && text.at[0] <= '9')
        (void)take_two(&text, &second);
    if (month < 1 || month > 12 || day < 1)
        return;
    if (zone_offset(&text, &sign, &zone_hours, &zone_minutes))
        snprintf(zone, sizeof zone, "%c%02u%02u", sign, zone_hours % 100, zone_minutes % 100);
    if (tag == DER_GENERALIZED_TIME) {
        int64_t ahead = (sign == '-' ? -1 : 1) * (int64_t)(zone_hours * 3600 + zone_minutes * 60);
        int64_t seconds = days_of((int64_t)century * 100 + year, month, day) * 86400 + hour * 3600 +
                          minute * 60 + second - ahead;

        dissection_add_number(d, AF_ID(AF_GENERALIZED_TIME), (uint64_t)(seconds * INT64_C(1000000000)));
        return;
    }
    if (!dissection_wants(d, PROTOCOL_X509AF, AF_UTC_TIME))
        return;
    kept = dissection_scratch(d, TEXT_BYTES);
    if (kept == NULL)
        return;
    n = snprintf((char *)kept, TEXT_BYTES, "%s%02u-%02u-%02u %02u:%02u:%02u (UTC%s)", year < 50 ? "20" : "19",
                 year, month, day, hour, minute, second, zone);
    if (n > 0 && n < TEXT_BYTES)
        dissection_add_bytes(d, AF_ID(AF_UTC_TIME), bytes_of(kept, (size_t)n));
}

static void extensions(struct dissection *d, const struct x509_reader *who, struct reader list)
{
    struct reader item, oid, content;

    dissection_add_number(d, AF_ID(AF_EXTENSIONS), der_count(list, ITEMS_LIMIT));
    for (unsigned n = 0; n < ITEMS_LIMIT && der_take(&list, DER_SEQUENCE, &item); n++) {
        dissection_add_number(d, AF_ID(AF_EXTENSION), 1);
        if (!der_take(&item, DER_OID, &oid))
            continue;
        add_oid(d, AF_ID(AF_EXTENSION_ID), &oid);
        if (der_take(&item, DER_BOOLEAN, &content))
            dissection_add_number(d, AF_ID(AF_CRITICAL), der_number(content) != 0);
        if (der_take(&item, DER_OCTET_STRING, &content))
            extension(d, who, reader_rest(&oid), content);
    }
}

static void take_bits(struct dissection *d, struct reader *r, uint16_t field_id)
{
    struct reader content;
    uint8_t n_unused;

    if (der_take(r, DER_BIT_STRING, &content) && reader_u8(&content, &n_unused))
        dissection_add_bytes(d, field_id, reader_rest(&content));
}

/* RFC 5280 section 4.1 */
static bool signed_certificate(struct dissection *d, const struct x509_reader *who, struct reader r)
{
    struct reader part, inner;

    dissection_add_number(d, AF_ID(AF_SIGNED_CERTIFICATE), 1);
    if (der_take(&r, DER_CONTEXT_CONSTRUCTED + 0, &part) && der_take(&part, DER_INTEGER, &inner))
        dissection_add_number(d, AF_ID(AF_VERSION), der_number(inner));
    if (!der_take(&r, DER_INTEGER, &part))
        return false;
    dissection_add_bytes(d, AF_ID(AF_SERIAL_NUMBER), reader_rest(&part));
    algorithm(d, &r, AF_ID(AF_SIGNATURE));
    if (!der_take(&r, DER_SEQUENCE, &part))
        return false;
    dissection_add_number(d, AF_ID(AF_ISSUER), 0);
    rdn_sequence(d, part);
    if (!der_take(&r, DER_SEQUENCE, &part))
        return false;
    dissection_add_number(d, AF_ID(AF_VALIDITY), 1);
    validity_time(d, &part, AF_ID(AF_NOT_BEFORE));
    validity_time(d, &part, AF_ID(AF_NOT_AFTER));
    if (!der_take(&r, DER_SEQUENCE, &part))
        return false;
    dissection_add_number(d, AF_ID(AF_SUBJECT), 0);
    dissection_add_number(d, AF_ID(AF_RDN_SEQUENCE), der_count(part, ITEMS_LIMIT));
    rdn_sequence(d, part);
    if (!der_take(&r, DER_SEQUENCE, &part))
        return false;
    dissection_add_number(d, AF_ID(AF_SUBJECT_PUBLIC_KEY_INFO), 1);
    algorithm(d, &part, AF_ID(AF_ALGORITHM));
    take_bits(d, &part, AF_ID(AF_SUBJECT_PUBLIC_KEY));
    while (reader_left(&r) > 0) {
        uint8_t tag;

        if (!der_next(&r, &tag, &part))
            return false;
        if (tag == DER_CONTEXT_CONSTRUCTED + 3 && der_take(&part, DER_SEQUENCE, &inner))
            extensions(d, who, inner);
    }
    return true;
}

void x509_certificate(struct dissection *d, const struct x509_reader *who, struct bytes der)
{
    struct reader r = reader_over(der), certificate, part;

    if ((!(d->demand->passable & X509_PROTOCOLS) && !who->timestamps) ||
        !der_take(&r, DER_SEQUENCE, &certificate) || !der_take(&certificate, DER_SEQUENCE, &part) ||
        !signed_certificate(d, who, part))
        return;
    algorithm(d, &certificate, AF_ID(AF_ALGORITHM_IDENTIFIER));
    take_bits(d, &certificate, AF_ID(AF_ENCRYPTED));
}

/* RFC 6960 section 4.2.1: one answer names a certificate by hashes, which an algorithm made. */
static void single_responses(struct dissection *d, struct reader list)
{
    struct reader single, id;

    for (unsigned n = 0; n < ITEMS_LIMIT && der_take(&list, DER_SEQUENCE, &single); n++) {
        struct reader algorithm_id, oid;

        if (der_take(&single, DER_SEQUENCE, &id) && der_take(&id, DER_SEQUENCE, &algorithm_id) &&
            der_take(&algorithm_id, DER_OID, &oid))
            add_oid(d, AF_ID(AF_ALGORITHM_ID), &oid);
    }
}

void x509_ocsp_response(struct dissection *d, const struct x509_reader *who, struct bytes der)
{
    enum { ENUMERATED = 0x0a };
    struct reader r = reader_over(der), response, part, basic, data, list;
    uint8_t tag;

    if ((!(d->demand->passable & X509_PROTOCOLS) && !who->timestamps) ||
        !der_take(&r, DER_SEQUENCE, &response) || !der_take(&response, ENUMERATED, &part) ||
        !der_take(&response, DER_CONTEXT_CONSTRUCTED + 0, &part) || !der_take(&part, DER_SEQUENCE, &basic) ||
        !der_take(&basic, DER_OID, &part) || !der_take(&basic, DER_OCTET_STRING, &part) ||
        !der_take(&part, DER_SEQUENCE, &basic) || !der_take(&basic, DER_SEQUENCE, &data))
        return;
    (void)der_take(&data, DER_CONTEXT_CONSTRUCTED + 0, &part); /* version */
    if (der_next(&data, &tag, &part) && tag == DER_CONTEXT_CONSTRUCTED + 1 &&
        der_take(&part, DER_SEQUENCE, &list))
        rdn_sequence(d, list);
    if (der_take(&data, DER_GENERALIZED_TIME, &part) && der_take(&data, DER_SEQUENCE, &list))
        single_responses(d, list);
    if (der_take(&basic, DER_SEQUENCE, &part) && der_take(&part, DER_OID, &list))
        add_oid(d, AF_ID(AF_ALGORITHM_ID), &list);
    if (!der_take(&basic, DER_BIT_STRING, &part) || !der_take(&basic, DER_CONTEXT_CONSTRUCTED + 0, &part) ||
        !der_take(&part, DER_SEQUENCE, &list))
        return;
    for (unsigned n = 0; n < ITEMS_LIMIT && reader_left(&list) > 0; n++) {
        const uint8_t *start = list.at;

        if (!der_take(&list, DER_SEQUENCE, &part))
            return;
        x509_certificate(d, who, bytes_of(start, (size_t)(list.at - start)));
    }
}
