/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coap_option - the options of a message (RFC 7252 section 3.1) and the registries their numbers and values
 * come from. CoAP's own and those that OSCORE keeps within (RFC 8613) are written alike, so coap and oscore
 * share this and a run of equal fields in their tables.
 *
 * What an option means for the message as a whole (its payload's format, its place in a blockwise transfer,
 * the path it asks for) is collected in struct coap_options; acting on it is coap.c's.
 */
#pragma once

#include "protocol/dissection.h"

enum {
    COAP_URI_BYTES = 1024, /* of the path put together; longer ones are cut there */
};

/* Fields that coap and oscore both have, in this order from some index on: COAP_SHARED_FIELDS. */
enum coap_shared {
    COAP_SHARED_CODE,
    COAP_SHARED_PAYLOAD,
    COAP_SHARED_PAYLOAD_DESC,
    COAP_SHARED_PAYLOAD_LENGTH,
    COAP_SHARED_NAME,
    COAP_SHARED_DESC,
    COAP_SHARED_DELTA,
    COAP_SHARED_DELTA_EXT,
    COAP_SHARED_LENGTH,
    COAP_SHARED_LENGTH_EXT,
    COAP_SHARED_END_MARKER,
    COAP_SHARED_CTYPE,
    COAP_SHARED_MAX_AGE,
    COAP_SHARED_PROXY_URI,
    COAP_SHARED_PROXY_SCHEME,
    COAP_SHARED_SIZE1,
    COAP_SHARED_ETAG,
    COAP_SHARED_URI_HOST,
    COAP_SHARED_LOCATION_PATH,
    COAP_SHARED_URI_PORT,
    COAP_SHARED_LOCATION_QUERY,
    COAP_SHARED_OSCORE_RESERVED,
    COAP_SHARED_OSCORE_HAS_KID_CONTEXT,
    COAP_SHARED_OSCORE_HAS_KID,
    COAP_SHARED_OSCORE_PIV_LEN,
    COAP_SHARED_OSCORE_PIV,
    COAP_SHARED_OSCORE_KID_CONTEXT_LEN,
    COAP_SHARED_OSCORE_KID_CONTEXT,
    COAP_SHARED_OSCORE_KID,
    COAP_SHARED_URI_PATH,
    COAP_SHARED_URI_PATH_RECON,
    COAP_SHARED_OBSERVE,
    COAP_SHARED_HOP_LIMIT,
    COAP_SHARED_ACCEPT,
    COAP_SHARED_IF_MATCH,
    COAP_SHARED_BLOCK_NUMBER,
    COAP_SHARED_BLOCK_MFLAG,
    COAP_SHARED_BLOCK_SIZE,
    COAP_SHARED_URI_QUERY,
    COAP_SHARED_UNKNOWN,
    COAP_SHARED_UNKNOWN_NUMBER,
    COAP_SHARED_INVALID_NUMBER,
    COAP_SHARED_INVALID_RANGE,
    COAP_SHARED_LENGTH_BAD,
    COAP_SHARED_OSCORE_BAD,
    COAP_SHARED_COUNT,
};

extern const struct value_name coap_code_names[];
extern const struct value_name coap_observe_names[];

#define COAP_SHARED_FIELD(first, index, prefix, suffix, ...) \
    [(first) + COAP_SHARED_##index] = { prefix "." suffix, __VA_ARGS__ }

#define COAP_SHARED_FIELDS(first, prefix)                                                                    \
    COAP_SHARED_FIELD(first, CODE, prefix, "code", FIELD_UINT, .title = "Code", .ft_bits = 8,                \
                      .names = coap_code_names),                                                             \
        COAP_SHARED_FIELD(first, PAYLOAD, prefix, "payload", FIELD_STRING, .title = "Payload"),              \
        COAP_SHARED_FIELD(first, PAYLOAD_DESC, prefix, "payload_desc", FIELD_STRING,                         \
                          .title = "Payload Desc"),                                                          \
        COAP_SHARED_FIELD(first, PAYLOAD_LENGTH, prefix, "payload_length", FIELD_UINT,                       \
                          .title = "Payload Length", .ft_bits = 32),                                         \
        COAP_SHARED_FIELD(first, NAME, prefix, "opt.name", FIELD_STRING, .title = "Opt Name"),               \
        COAP_SHARED_FIELD(first, DESC, prefix, "opt.desc", FIELD_STRING, .title = "Opt Desc"),               \
        COAP_SHARED_FIELD(first, DELTA, prefix, "opt.delta", FIELD_UINT, .title = "Opt Delta",               \
                          .ft_bits = 8),                                                                     \
        COAP_SHARED_FIELD(first, DELTA_EXT, prefix, "opt.delta_ext", FIELD_UINT,                             \
                          .title = "Opt Delta extended", .ft_bits = 16),                                     \
        COAP_SHARED_FIELD(first, LENGTH, prefix, "opt.length", FIELD_UINT, .title = "Opt Length",            \
                          .ft_bits = 8),                                                                     \
        COAP_SHARED_FIELD(first, LENGTH_EXT, prefix, "opt.length_ext", FIELD_UINT,                           \
                          .title = "Opt Length extended", .ft_bits = 16),                                    \
        COAP_SHARED_FIELD(first, END_MARKER, prefix, "opt.end_marker", FIELD_UINT,                           \
                          .title = "End of options marker", .ft_bits = 8),                                   \
        COAP_SHARED_FIELD(first, CTYPE, prefix, "opt.ctype", FIELD_STRING, .title = "Content-type"),         \
        COAP_SHARED_FIELD(first, MAX_AGE, prefix, "opt.max_age", FIELD_UINT, .title = "Max-age",             \
                          .ft_bits = 32),                                                                    \
        COAP_SHARED_FIELD(first, PROXY_URI, prefix, "opt.proxy_uri", FIELD_STRING, .title = "Proxy-Uri"),    \
        COAP_SHARED_FIELD(first, PROXY_SCHEME, prefix, "opt.proxy_scheme", FIELD_STRING,                     \
                          .title = "Proxy-Scheme"),                                                          \
        COAP_SHARED_FIELD(first, SIZE1, prefix, "opt.size1", FIELD_UINT, .title = "Size1", .ft_bits = 32),   \
        COAP_SHARED_FIELD(first, ETAG, prefix, "opt.etag", FIELD_BYTES, .title = "Etag"),                    \
        COAP_SHARED_FIELD(first, URI_HOST, prefix, "opt.uri_host", FIELD_STRING, .title = "Uri-Host"),       \
        COAP_SHARED_FIELD(first, LOCATION_PATH, prefix, "opt.location_path", FIELD_STRING,                   \
                          .title = "Location-Path"),                                                         \
        COAP_SHARED_FIELD(first, URI_PORT, prefix, "opt.uri_port", FIELD_UINT, .title = "Uri-Port",          \
                          .ft_bits = 16),                                                                    \
        COAP_SHARED_FIELD(first, LOCATION_QUERY, prefix, "opt.location_query", FIELD_STRING,                 \
                          .title = "Location-Query"),                                                        \
        COAP_SHARED_FIELD(first, OSCORE_RESERVED, prefix, "opt.object_security_reserved", FIELD_BOOL,        \
                          .title = "Reserved"),                                                              \
        COAP_SHARED_FIELD(first, OSCORE_HAS_KID_CONTEXT, prefix, "opt.object_security_kid_context_present",  \
                          FIELD_BOOL, .title = "Key ID Context Present"),                                    \
        COAP_SHARED_FIELD(first, OSCORE_HAS_KID, prefix, "opt.object_security_kid_present", FIELD_BOOL,      \
                          .title = "Key ID Present"),                                                        \
        COAP_SHARED_FIELD(first, OSCORE_PIV_LEN, prefix, "opt.object_security_piv_len", FIELD_UINT,          \
                          .title = "Partial IV Length", .ft_bits = 8),                                       \
        COAP_SHARED_FIELD(first, OSCORE_PIV, prefix, "opt.object_security_piv", FIELD_BYTES,                 \
                          .title = "Partial IV"),                                                            \
        COAP_SHARED_FIELD(first, OSCORE_KID_CONTEXT_LEN, prefix, "opt.object_security_kid_context_len",      \
                          FIELD_UINT, .title = "Key ID Context Length", .ft_bits = 8),                       \
        COAP_SHARED_FIELD(first, OSCORE_KID_CONTEXT, prefix, "opt.object_security_kid_context", FIELD_BYTES, \
                          .title = "Key ID Context"),                                                        \
        COAP_SHARED_FIELD(first, OSCORE_KID, prefix, "opt.object_security_kid", FIELD_BYTES,                 \
                          .title = "Key ID"),                                                                \
        COAP_SHARED_FIELD(first, URI_PATH, prefix, "opt.uri_path", FIELD_STRING, .title = "Uri-Path"),       \
        COAP_SHARED_FIELD(first, URI_PATH_RECON, prefix, "opt.uri_path_recon", FIELD_STRING,                 \
                          .title = "Uri-Path"),                                                              \
        COAP_SHARED_FIELD(first, OBSERVE, prefix, "opt.observe", FIELD_UINT, .title = "Observe",             \
                          .ft_bits = 32, .names = coap_observe_names),                                       \
        COAP_SHARED_FIELD(first, HOP_LIMIT, prefix, "opt.hop_limit", FIELD_UINT, .title = "Hop Limit",       \
                          .ft_bits = 8),                                                                     \
        COAP_SHARED_FIELD(first, ACCEPT, prefix, "opt.accept", FIELD_STRING, .title = "Accept"),             \
        COAP_SHARED_FIELD(first, IF_MATCH, prefix, "opt.if_match", FIELD_BYTES, .title = "If-Match"),        \
        COAP_SHARED_FIELD(first, BLOCK_NUMBER, prefix, "opt.block_number", FIELD_UINT,                       \
                          .title = "Block Number", .ft_bits = 32),                                           \
        COAP_SHARED_FIELD(first, BLOCK_MFLAG, prefix, "opt.block_mflag", FIELD_UINT, .title = "More Flag",   \
                          .ft_bits = 8),                                                                     \
        COAP_SHARED_FIELD(first, BLOCK_SIZE, prefix, "opt.block_size", FIELD_UINT,                           \
                          .title = "Encoded Block Size", .ft_bits = 8),                                      \
        COAP_SHARED_FIELD(first, URI_QUERY, prefix, "opt.uri_query", FIELD_STRING, .title = "Uri-Query"),    \
        COAP_SHARED_FIELD(first, UNKNOWN, prefix, "opt.unknown", FIELD_BYTES, .title = "Unknown"),           \
        COAP_SHARED_FIELD(first, UNKNOWN_NUMBER, prefix, "unknown_option_number", FIELD_NONE,                \
                          .title = "Unknown Option Number"),                                                 \
        COAP_SHARED_FIELD(first, INVALID_NUMBER, prefix, "invalid_option_number", FIELD_NONE,                \
                          .title = "Invalid Option Number"),                                                 \
        COAP_SHARED_FIELD(first, INVALID_RANGE, prefix, "invalid_option_range", FIELD_NONE,                  \
                          .is_fault = true, .title = "Invalid Option Range"),                                \
        COAP_SHARED_FIELD(first, LENGTH_BAD, prefix, "option_length_bad", FIELD_NONE, .is_fault = true,      \
                          .title = "Option length bad"),                                                     \
        COAP_SHARED_FIELD(first, OSCORE_BAD, prefix, "option_oscore_bad", FIELD_NONE, .is_fault = true,      \
                          .title = "Invalid OSCORE Option Format")

enum { COAP_CODE_EMPTY = 0 };

enum coap_class { COAP_CLASS_REQUEST = 0, COAP_CLASS_CLIENT_ERROR = 4, COAP_CLASS_SERVER_ERROR = 5 };

static inline unsigned coap_class_of(uint8_t code) /* RFC 7252 section 3: c.dd */
{
    return code >> 5;
}

static inline bool coap_is_response(uint8_t code)
{
    return coap_class_of(code) >= 2 && coap_class_of(code) <= 5;
}

struct coap_block { /* RFC 7959 section 2.2 */
    bool is_there;
    bool has_more;
    uint8_t size_exponent; /* SZX */
    uint32_t number;
};

struct coap_options {
    bool has_content_format;
    bool is_protected;     /* an OSCORE option is there */
    bool has_piv, has_kid; /* a Partial IV, a kid in it */
    uint32_t content_format;
    struct coap_block block1, block2;
    struct bytes kid, kid_context, piv; /* borrowed */
    uint32_t uri_len;
    uint8_t uri[COAP_URI_BYTES];
};

enum coap_options_result {
    COAP_OPTIONS_READ,
    COAP_OPTIONS_BAD,       /* by the rules of section 3.1: a field says so, and no more can be told */
    COAP_OPTIONS_UNFINISHED /* the bytes end within an option */
};

/*
 * Reads options up to the payload marker, which is passed over, or the end. Values go to the top layer, which
 * is one of protocol; first: where its shared fields begin. wire_len: what r has, or more where the capture
 * ends before.
 */
enum coap_options_result coap_options_read(struct dissection *d, struct reader *r, uint32_t wire_len,
                                           enum protocol_id protocol, unsigned first, uint8_t code,
                                           struct coap_options *options);

/* The media type of a Content-Format; NULL when it has none here. */
const char *coap_content_format_name(uint32_t content_format);
