/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/coap_option.h"

#include <stdio.h>

#include "protocol/text_value.h"

/* CoAP Codes (IANA): RFC 7252, 7959, 8132, 8323, 8516, 8768. */
const struct value_name coap_code_names[] = {
    { 0, "Empty Message" },
    { 1, "GET" },
    { 2, "POST" },
    { 3, "PUT" },
    { 4, "DELETE" },
    { 5, "FETCH" },
    { 6, "PATCH" },
    { 7, "iPATCH" },
    { 65, "2.01 Created" },
    { 66, "2.02 Deleted" },
    { 67, "2.03 Valid" },
    { 68, "2.04 Changed" },
    { 69, "2.05 Content" },
    { 95, "2.31 Continue" },
    { 128, "4.00 Bad Request" },
    { 129, "4.01 Unauthorized" },
    { 130, "4.02 Bad Option" },
    { 131, "4.03 Forbidden" },
    { 132, "4.04 Not Found" },
    { 133, "4.05 Method Not Allowed" },
    { 134, "4.06 Not Acceptable" },
    { 136, "4.08 Request Entity Incomplete" },
    { 137, "4.09 Conflict" },
    { 140, "4.12 Precondition Failed" },
    { 141, "4.13 Request Entity Too Large" },
    { 143, "4.15 Unsupported Content-Format" },
    { 150, "4.22 Unprocessable Entity" },
    { 157, "4.29 Too Many Requests" },
    { 160, "5.00 Internal Server Error" },
    { 161, "5.01 Not Implemented" },
    { 162, "5.02 Bad Gateway" },
    { 163, "5.03 Service Unavailable" },
    { 164, "5.04 Gateway Timeout" },
    { 165, "5.05 Proxying Not Supported" },
    { 168, "5.08 Hop Limit Reached" },
    { 225, "7.01 CSM" },
    { 226, "7.02 Ping" },
    { 227, "7.03 Pong" },
    { 228, "7.04 Release" },
    { 229, "7.05 Abort" },
    { 0, NULL },
};

const struct value_name coap_observe_names[] = {
    { 0, "Register" },
    { 1, "Deregister" },
    { 0, NULL },
};

/* CoAP Content-Formats (IANA), and the numbers that LwM2M used before it had any. */
static const struct value_name content_formats[] = {
    { 0, "text/plain; charset=utf-8" },
    { 40, "application/link-format" },
    { 41, "application/xml" },
    { 42, "application/octet-stream" },
    { 47, "application/exi" },
    { 50, "application/json" },
    { 51, "application/json-patch+json" },
    { 52, "application/merge-patch+json" },
    { 60, "application/cbor" },
    { 61, "application/cwt" },
    { 62, "application/multipart-core" },
    { 96, "application/cose; cose-type=\"cose-encrypt\"" },
    { 97, "application/cose; cose-type=\"cose-mac\"" },
    { 98, "application/cose; cose-type=\"cose-sign\"" },
    { 101, "application/cose-key" },
    { 102, "application/cose-key-set" },
    { 110, "application/senml+json" },
    { 111, "application/sensml+json" },
    { 112, "application/senml+cbor" },
    { 113, "application/sensml+cbor" },
    { 114, "application/senml-exi" },
    { 115, "application/sensml-exi" },
    { 256, "application/coap-group+json" },
    { 271, "application/dots+cbor" },
    { 272, "application/missing-blocks+cbor-seq" },
    { 280, "application/pkcs7-mime; smime-type=server-generated-key" },
    { 281, "application/pkcs7-mime; smime-type=certs-only" },
    { 284, "application/pkcs8" },
    { 285, "application/csrattrs" },
    { 286, "application/pkcs10" },
    { 287, "application/pkix-cert" },
    { 310, "application/senml+xml" },
    { 311, "application/sensml+xml" },
    { 320, "application/senml-etch+json" },
    { 322, "application/senml-etch+cbor" },
    { 432, "application/td+json" },
    { 1542, "application/vnd.oma.lwm2m+tlv" },
    { 1543, "application/vnd.oma.lwm2m+json" },
    { 10000, "application/vnd.ocf+cbor" },
    { 10001, "application/oscore" },
    { 11542, "application/vnd.oma.lwm2m+tlv" },
    { 11543, "application/vnd.oma.lwm2m+json" },
    { 0, NULL },
};

const char *coap_content_format_name(uint32_t content_format)
{
    for (const struct value_name *row = content_formats; row->name; row++)
        if (row->value == content_format)
            return row->name;
    return NULL;
}

enum option_number { /* those that the code itself acts on */
                     OPTION_URI_HOST = 3,
                     OPTION_URI_PORT = 7,
                     OPTION_OSCORE = 9,
                     OPTION_URI_PATH = 11,
                     OPTION_CONTENT_FORMAT = 12,
                     OPTION_BLOCK2 = 23,
                     OPTION_BLOCK1 = 27,
};

enum option_kind {
    OPTION_NOTHING, /* its presence is all */
    OPTION_UINT,
    OPTION_LOW_BITS, /* an unsigned number of which Wireshark shows three bits */
    OPTION_OPAQUE,
    OPTION_STRING,
    OPTION_FORMAT, /* a Content-Format, shown by its name */
    OPTION_BLOCK,
    OPTION_KEYS, /* RFC 8613 section 6.1 */
};

struct option {
    uint8_t number;
    uint8_t kind;   /* enum option_kind */
    uint8_t shared; /* enum coap_shared, the field of its value */
    uint16_t least, most;
    const char *name;
};

/* CoAP Option Numbers (IANA), lengths as their RFCs have them. */
static const struct option options_known[] = {
    { 1, OPTION_OPAQUE, COAP_SHARED_IF_MATCH, 0, 8, "If-Match" },
    { OPTION_URI_HOST, OPTION_STRING, COAP_SHARED_URI_HOST, 1, 255, "Uri-Host" },
    { 4, OPTION_OPAQUE, COAP_SHARED_ETAG, 1, 8, "Etag" },
    { 5, OPTION_NOTHING, 0, 0, 0, "If-None-Match" },
    { 6, OPTION_UINT, COAP_SHARED_OBSERVE, 0, 3, "Observe" },
    { OPTION_URI_PORT, OPTION_UINT, COAP_SHARED_URI_PORT, 0, 2, "Uri-Port" },
    { 8, OPTION_STRING, COAP_SHARED_LOCATION_PATH, 0, 255, "Location-Path" },
    { OPTION_OSCORE, OPTION_KEYS, 0, 0, 255, "OSCORE" },
    { OPTION_URI_PATH, OPTION_STRING, COAP_SHARED_URI_PATH, 0, 255, "Uri-Path" },
    { OPTION_CONTENT_FORMAT, OPTION_FORMAT, COAP_SHARED_CTYPE, 0, 2, "Content-Format" },
    { 14, OPTION_UINT, COAP_SHARED_MAX_AGE, 0, 4, "Max-age" },
    { 15, OPTION_STRING, COAP_SHARED_URI_QUERY, 1, 255, "Uri-Query" },
    { 16, OPTION_UINT, COAP_SHARED_HOP_LIMIT, 1, 1, "Hop-Limit" },
    { 17, OPTION_FORMAT, COAP_SHARED_ACCEPT, 0, 2, "Accept" },
    { 20, OPTION_STRING, COAP_SHARED_LOCATION_QUERY, 0, 255, "Location-Query" },
    { OPTION_BLOCK2, OPTION_BLOCK, 0, 0, 3, "Block2" },
    { OPTION_BLOCK1, OPTION_BLOCK, 0, 0, 3, "Block1" },
    { 28, OPTION_LOW_BITS, COAP_SHARED_BLOCK_SIZE, 0, 4, "Size2" },
    { 35, OPTION_STRING, COAP_SHARED_PROXY_URI, 1, 1034, "Proxy-Uri" },
    { 39, OPTION_STRING, COAP_SHARED_PROXY_SCHEME, 1, 255, "Proxy-Scheme" },
    { 60, OPTION_UINT, COAP_SHARED_SIZE1, 0, 4, "Size1" },
};

static const struct option *option_known(uint32_t number)
{
    for (size_t i = 0; i < sizeof options_known / sizeof options_known[0]; i++)
        if (options_known[i].number == number)
            return &options_known[i];
    return NULL;
}

/* Who is read, and where it goes. */
struct reading {
    struct dissection *d;
    struct coap_options *options;
    uint16_t first_id; /* FIELD_ID of the first shared field */
    uint8_t code;
};

static void add_number(const struct reading *reading, enum coap_shared shared, uint64_t number)
{
    dissection_add_number(reading->d, (uint16_t)(reading->first_id + shared), number);
}

static void add_bytes(const struct reading *reading, enum coap_shared shared, struct bytes bytes)
{
    dissection_add_bytes(reading->d, (uint16_t)(reading->first_id + shared), bytes);
}

static bool wants(const struct reading *reading, enum coap_shared shared)
{
    uint16_t id = (uint16_t)(reading->first_id + shared);

    return dissection_wants(reading->d, FIELD_PROTOCOL(id), FIELD_INDEX(id));
}

static void add_printed(const struct reading *reading, enum coap_shared shared, const char *text)
{
    struct bytes part = bytes_text(text);

    add_bytes(reading, shared, text_value_join(reading->d, &part, 1));
}

/* RFC 7252 section 3.2. Longer than any such option may be: all ones, as Wireshark has it. */
static uint32_t option_uint(struct bytes value)
{
    uint32_t number = 0;

    if (value.len > 4)
        return UINT32_MAX;
    for (size_t i = 0; i < value.len; i++)
        number = number << 8 | value.data[i];
    return number;
}

static void uri_append(struct coap_options *options, struct bytes text)
{
    size_t room = COAP_URI_BYTES - options->uri_len;
    size_t len = text.len < room ? text.len : room;

    if (len)
        memcpy(options->uri + options->uri_len, text.data, len);
    options->uri_len += (uint32_t)len;
}

/* The path asked for, put together as Wireshark shows it: coap://host:port/one/two. */
static void uri_collect(struct coap_options *options, uint32_t number, struct bytes text)
{
    char port[16];

    switch (number) {
    case OPTION_URI_HOST:
        if (text.len && memchr(text.data, ':', text.len)) { /* an IPv6 address: RFC 3986 section 3.2.2 */
            uri_append(options, bytes_text("coap://["));
            uri_append(options, text);
            uri_append(options, bytes_text("]"));
        } else {
            uri_append(options, bytes_text("coap://"));
            uri_append(options, text);
        }
        break;
    case OPTION_URI_PORT:
        snprintf(port, sizeof port, ":%u", (unsigned)option_uint(text));
        uri_append(options, bytes_text(port));
        break;
    case OPTION_URI_PATH:
        uri_append(options, bytes_text("/"));
        uri_append(options, text);
        break;
    default:
        break;
    }
}

static void read_block(const struct reading *reading, uint32_t number, struct bytes value)
{
    struct coap_block *block =
        number == OPTION_BLOCK1 ? &reading->options->block1 : &reading->options->block2;
    uint32_t bits = option_uint(value);
    uint8_t last = value.len ? value.data[value.len - 1] : 0;

    block->number = bits >> 4;
    if (bits >> 31) /* longer than such an option may be: as Wireshark has it */
        block->number |= UINT32_C(0xf) << 28;
    block->is_there = block->number != UINT32_MAX;
    block->has_more = last >> 3 & 1;
    block->size_exponent = last & 7;
    add_number(reading, COAP_SHARED_BLOCK_NUMBER, block->number);
    add_number(reading, COAP_SHARED_BLOCK_MFLAG, block->has_more);
    add_number(reading, COAP_SHARED_BLOCK_SIZE, block->size_exponent);
}

static void read_format(const struct reading *reading, const struct option *option, struct bytes value)
{
    uint32_t number = option_uint(value);
    const char *name = coap_content_format_name(number);
    char unknown[32];

    if (option->number == OPTION_CONTENT_FORMAT) {
        reading->options->has_content_format = true;
        reading->options->content_format = number;
    } else if (value.len == 0) {
        name = "(null)"; /* Wireshark's word for an empty Accept, which RFC 7252 section 3.2 reads as 0 */
    }
    if (!wants(reading, (enum coap_shared)option->shared))
        return;
    if (name) {
        add_bytes(reading, (enum coap_shared)option->shared, bytes_text(name));
        return;
    }
    snprintf(unknown, sizeof unknown, "Unknown Type %u", (unsigned)number);
    add_printed(reading, (enum coap_shared)option->shared, unknown);
}

/* The compressed COSE object of RFC 8613 section 6.1. False where it ends before its own lengths. */
static bool read_keys(const struct reading *reading, struct bytes value)
{
    struct coap_options *options = reading->options;
    struct reader r = reader_over(value);
    uint8_t flags, len;

    options->is_protected = true;
    if (!reader_u8(&r, &flags))
        return true; /* empty: all flags are zero */
    add_number(reading, COAP_SHARED_OSCORE_RESERVED, (flags & 0xe0) != 0);
    add_number(reading, COAP_SHARED_OSCORE_HAS_KID_CONTEXT, flags >> 4 & 1);
    add_number(reading, COAP_SHARED_OSCORE_HAS_KID, flags >> 3 & 1);
    add_number(reading, COAP_SHARED_OSCORE_PIV_LEN, flags & 7);
    if (flags & 0xe0)
        add_number(reading, COAP_SHARED_OSCORE_BAD, 0);
    if (flags & 7) {
        if (!reader_bytes(&r, flags & 7, &options->piv))
            return false;
        options->has_piv = true;
        add_bytes(reading, COAP_SHARED_OSCORE_PIV, options->piv);
    }
    if (flags & 0x10) {
        if (!reader_u8(&r, &len))
            return false;
        add_number(reading, COAP_SHARED_OSCORE_KID_CONTEXT_LEN, len);
        if (!reader_bytes(&r, len, &options->kid_context))
            return false;
        add_bytes(reading, COAP_SHARED_OSCORE_KID_CONTEXT, options->kid_context);
    }
    if (flags & 8) {
        options->kid = reader_rest(&r);
        options->has_kid = true;
        add_bytes(reading, COAP_SHARED_OSCORE_KID, options->kid);
    }
    return true;
}

static bool read_value(const struct reading *reading, const struct option *option, uint32_t number,
                       struct bytes value)
{
    enum coap_shared shared = option ? (enum coap_shared)option->shared : COAP_SHARED_UNKNOWN;

    switch (option ? (enum option_kind)option->kind : OPTION_OPAQUE) {
    case OPTION_NOTHING:
        return true;
    case OPTION_UINT:
        add_number(reading, shared, option_uint(value));
        break;
    case OPTION_LOW_BITS:
        add_number(reading, shared, option_uint(value) & 7);
        break;
    case OPTION_OPAQUE:
        add_bytes(reading, shared, value);
        return true;
    case OPTION_STRING:
        value = text_value_ascii(reading->d, text_value_until_nul(value));
        add_bytes(reading, shared, value);
        break;
    case OPTION_FORMAT:
        read_format(reading, option, value);
        return true;
    case OPTION_BLOCK:
        read_block(reading, number, value);
        return true;
    case OPTION_KEYS:
        return read_keys(reading, value);
    }
    uri_collect(reading->options, number, value);
    return true;
}

/* RFC 7252 section 5.4.6: what the number itself says. */
static void describe(const struct reading *reading, const struct option *option, uint32_t number,
                     unsigned nth)
{
    char text[64];

    if (wants(reading, COAP_SHARED_NAME)) {
        if (option)
            snprintf(text, sizeof text, "#%u: %s", nth, option->name);
        else if (number % 14 == 0)
            snprintf(text, sizeof text, "#%u: No-Op", nth);
        else
            snprintf(text, sizeof text, "#%u: Unknown Option (%u)", nth, (unsigned)number);
        add_printed(reading, COAP_SHARED_NAME, text);
    }
    if (wants(reading, COAP_SHARED_DESC)) {
        snprintf(text, sizeof text, "Type %u, %s, %s%s", (unsigned)number,
                 number & 1 ? "Critical" : "Elective", number & 2 ? "Unsafe" : "Safe",
                 (number & 0x1e) == 0x1c ? ", NoCacheKey" : "");
        add_printed(reading, COAP_SHARED_DESC, text);
    }
}

static void check(const struct reading *reading, const struct option *option, uint32_t number, uint32_t len)
{
    if (option == NULL && number >= 2048 && number <= 65535) /* private or experimental: section 12.2 */
        add_number(reading, COAP_SHARED_UNKNOWN_NUMBER, 0);
    else if (option == NULL)
        add_number(reading, COAP_SHARED_INVALID_NUMBER, 0);
    else if (len < option->least || len > option->most)
        add_number(reading, COAP_SHARED_INVALID_RANGE, 0);
}

/* A delta or length of section 3.1: four bits, or one or two bytes more. False when they are not there. */
static bool read_nibble(struct reader *r, unsigned nibble, uint32_t *number, uint16_t *extended)
{
    uint8_t byte;

    *number = nibble;
    if (nibble == 13) {
        if (!reader_u8(r, &byte))
            return false;
        *extended = byte;
        *number = 13 + (uint32_t)byte;
    } else if (nibble == 14) {
        if (!reader_u16(r, extended))
            return false;
        *number = 269 + (uint32_t)*extended;
    }
    return true;
}

enum coap_options_result coap_options_read(struct dissection *d, struct reader *r, uint32_t wire_len,
                                           enum protocol_id protocol, unsigned first, uint8_t code,
                                           struct coap_options *options)
{
    struct reading reading = { d, options, FIELD_ID(protocol, first), code };
    const uint8_t *begin = r->at;
    uint32_t number = 0;

    memset(options, 0, offsetof(struct coap_options, uri));
    for (unsigned nth = 1; (size_t)(r->at - begin) < wire_len; nth++) {
        uint16_t delta_ext = 0, len_ext = 0;
        const struct option *option;
        struct bytes value;
        uint32_t delta, len;
        uint8_t byte;

        if (!reader_u8(r, &byte))
            return COAP_OPTIONS_UNFINISHED;
        if (byte == 0xff) {
            add_number(&reading, COAP_SHARED_END_MARKER, byte);
            return COAP_OPTIONS_READ;
        }
        if (byte >> 4 == 15) {
            add_number(&reading, COAP_SHARED_LENGTH_BAD, 0);
            return COAP_OPTIONS_BAD;
        }
        if (!read_nibble(r, byte >> 4, &delta, &delta_ext))
            return COAP_OPTIONS_UNFINISHED;
        if ((byte & 15) == 15) {
            add_number(&reading, COAP_SHARED_LENGTH_BAD, 0);
            return COAP_OPTIONS_BAD;
        }
        if (!read_nibble(r, byte & 15, &len, &len_ext))
            return COAP_OPTIONS_UNFINISHED;
        if (len > wire_len - (size_t)(r->at - begin)) {
            add_number(&reading, COAP_SHARED_LENGTH_BAD, 0);
            return COAP_OPTIONS_BAD;
        }
        if (!reader_bytes(r, len, &value)) /* cut by the capture: nothing of it is told */
            return COAP_OPTIONS_UNFINISHED;
        number += delta;
        option = option_known(number);
        describe(&reading, option, number, nth);
        check(&reading, option, number, len);
        add_number(&reading, COAP_SHARED_DELTA, byte >> 4);
        add_number(&reading, COAP_SHARED_LENGTH, byte & 15);
        if (byte >> 4 >= 13)
            add_number(&reading, COAP_SHARED_DELTA_EXT, delta_ext);
        if ((byte & 15) >= 13)
            add_number(&reading, COAP_SHARED_LENGTH_EXT, len_ext);
        if (!read_value(&reading, option, number, value))
            return COAP_OPTIONS_UNFINISHED;
    }
    return COAP_OPTIONS_READ;
}
