/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_extension - what stands in the extensions of hellos, certificates and tickets: RFC 6066, RFC 7301,
 * RFC 8422, RFC 8446 section 4.2, RFC 9146, and those that browsers send. One function an extension; which
 * is for which is the table at the end. An extension that is cut short shows what was there before.
 */
#include "protocol/text_value.h"
#include "protocol/tls_handshake.h"
#include "protocol/x509.h"

enum { EXTENSIONS_LIMIT = 128, ITEMS_LIMIT = 4096 };

typedef void extension_function(struct tls_message *h, uint16_t type, struct reader *r);

/* Every number of n_bytes that is left, as field. */
static void take_all(struct tls_message *h, struct reader *r, unsigned n_bytes, enum tls_shared_field field)
{
    while (reader_left(r) >= n_bytes && handshake_take(h, r, n_bytes, field, NULL))
        ;
}

/* One string behind its length, both added. */
static bool take_string(struct tls_message *h, struct reader *r, unsigned n_bytes,
                        enum tls_shared_field length_field, enum tls_shared_field field)
{
    struct reader part;

    if (!handshake_vector(h, r, n_bytes, length_field, &part))
        return false;
    handshake_bytes(h, field, reader_rest(&part));
    return true;
}

static void unknown(struct tls_message *h, uint16_t type, struct reader *r)
{
    (void)type;
    handshake_bytes(h, SHARED_EXTENSION_DATA, reader_rest(r)); /* an empty one, too, is a value */
}

static void nothing(struct tls_message *h, uint16_t type, struct reader *r)
{
    (void)h;
    (void)type;
    (void)r;
}

static void server_name(struct tls_message *h, uint16_t type, struct reader *r)
{
    struct reader list;

    (void)type;
    if (reader_left(r) == 0 || !handshake_vector(h, r, 2, SHARED_EXTENSION_SERVER_NAME_LIST_LEN, &list))
        return;
    while (reader_left(&list) > 0) {
        if (!handshake_take(h, &list, 1, SHARED_EXTENSION_SERVER_NAME_TYPE, NULL) ||
            !take_string(h, &list, 2, SHARED_EXTENSION_SERVER_NAME_LEN, SHARED_SERVER_NAME))
            return;
    }
}

void tls_timestamps(void *context, struct reader *r)
{
    enum { LOG_ID_BYTES = 32 };
    struct tls_message *h = context;
    struct reader list, one, part;
    struct bytes log_id;

    if (!handshake_vector(h, r, 2, SHARED_SCT_SCTS_LENGTH, &list))
        return;
    while (reader_left(&list) > 0 && handshake_vector(h, &list, 2, SHARED_SCT_SCT_LENGTH, &one)) {
        uint32_t version, algorithm;
        uint64_t ms;

        if (!handshake_take(h, &one, 1, SHARED_SCT_SCT_VERSION, &version))
            return;
        if (version != 0 || !reader_bytes(&one, LOG_ID_BYTES, &log_id))
            continue;
        handshake_bytes(h, SHARED_SCT_SCT_LOGID, log_id);
        if (!reader_u64(&one, &ms))
            continue;
        handshake_number(h, SHARED_SCT_SCT_TIMESTAMP, ms * UINT64_C(1000000));
        if (!handshake_vector(h, &one, 2, SHARED_SCT_SCT_EXTENSIONS_LENGTH, &part))
            continue;
        if (reader_left(&part) > 0)
            handshake_number(h, SHARED_SCT_SCT_EXTENSIONS, 1);
        if (!handshake_take(h, &one, 2, SHARED_SIG_HASH_ALG, &algorithm))
            continue;
        handshake_number(h, SHARED_SIG_HASH_HASH, algorithm >> 8);
        handshake_number(h, SHARED_SIG_HASH_SIG, algorithm & 0xff);
        (void)take_string(h, &one, 2, SHARED_SCT_SCT_SIGNATURE_LENGTH, SHARED_SCT_SCT_SIGNATURE);
    }
}

struct x509_reader tls_certificate_reader(struct tls_message *h)
{
    bool is_wanted = handshake_wants(h, SHARED_SIG_HASH_ALG) || handshake_wants(h, SHARED_SIG_HASH_HASH) ||
                     handshake_wants(h, SHARED_SIG_HASH_SIG);

    for (unsigned f = SHARED_SCT_SCTS_LENGTH; f <= SHARED_SCT_SCT_SIGNATURE; f++)
        is_wanted |= handshake_wants(h, (enum tls_shared_field)f);
    return (struct x509_reader) { is_wanted ? tls_timestamps : NULL, h };
}

static void timestamps(struct tls_message *h, uint16_t type, struct reader *r)
{
    (void)type;
    if (h->type == TLS_SERVER_HELLO || h->type == TLS_ENCRYPTED_EXTENSIONS || h->type == TLS_CERTIFICATE)
        tls_timestamps(h, r);
}

static void max_fragment_length(struct tls_message *h, uint16_t type, struct reader *r)
{
    (void)type;
    (void)handshake_take(h, r, 1, SHARED_MAX_FRAGMENT_LENGTH, NULL);
}

static bool status_request_item(struct tls_message *h, struct reader *r, bool has_length)
{
    enum { OCSP = 1, OCSP_MULTI = 2 };
    struct reader part;
    uint32_t kind;

    if (!handshake_take(h, r, 1, SHARED_EXTENSION_STATUS_REQUEST_TYPE, &kind) ||
        (has_length && !handshake_take(h, r, 2, SHARED_EXTENSION_STATUS_REQUEST_LEN, NULL)))
        return false;
    if (kind != OCSP && kind != OCSP_MULTI)
        return true;
    return handshake_vector(h, r, 2, SHARED_EXTENSION_STATUS_REQUEST_RESPONDER_IDS_LEN, &part) &&
           handshake_vector(h, r, 2, SHARED_EXTENSION_STATUS_REQUEST_EXTS_LEN, &part);
}

static bool ocsp_response(struct tls_message *h, struct reader *r)
{
    const struct x509_reader who = tls_certificate_reader(h);
    struct reader part;

    if (!handshake_vector(h, r, 3, SHARED_OCSP_RESPONSE_LEN, &part))
        return false;
    x509_ocsp_response(h->d, &who, reader_rest(&part));
    return true;
}

/* RFC 6066 section 8 */
void tls_certificate_status(struct tls_message *h, struct reader *r)
{
    enum { OCSP = 1, OCSP_MULTI = 2 };
    struct reader list;
    uint32_t kind;

    if (!handshake_take(h, r, 1, SHARED_EXTENSION_STATUS_REQUEST_TYPE, &kind))
        return;
    if (kind == OCSP)
        (void)ocsp_response(h, r);
    else if (kind == OCSP_MULTI && handshake_vector(h, r, 3, SHARED_OCSP_RESPONSE_LIST_LEN, &list))
        while (reader_left(&list) > 0 && ocsp_response(h, &list))
            ;
}

static void status_request(struct tls_message *h, uint16_t type, struct reader *r)
{
    (void)type;
    if (h->type == TLS_CLIENT_HELLO)
        (void)status_request_item(h, r, false);
    else if (h->type == TLS_CERTIFICATE && h->session->version == TLS_1_3)
        tls_certificate_status(h, r);
}

static void status_request_v2(struct tls_message *h, uint16_t type, struct reader *r)
{
    struct reader list;

    (void)type;
    if (h->type == TLS_CLIENT_HELLO &&
        handshake_vector(h, r, 2, SHARED_EXTENSION_STATUS_REQUEST_LIST_LEN, &list))
        while (reader_left(&list) > 0 && status_request_item(h, &list, true))
            ;
}

/* RFC 6091 and RFC 7250 */
static void certificate_type(struct tls_message *h, uint16_t type, struct reader *r)
{
    enum { BOTH = 9, CLIENT = 19, SERVER = 20 };
    uint32_t chosen, length;

    if (h->type == TLS_CLIENT_HELLO) {
        if (!handshake_take(h, r, 1, SHARED_CERT_TYPE_TYPES_LEN, &length) || length != reader_left(r))
            return;
        handshake_number(h, SHARED_CERT_TYPE_TYPES, 1);
        take_all(h, r, 1, SHARED_CERT_TYPE_TYPE);
    } else if (handshake_take(h, r, 1, SHARED_CERT_TYPE_TYPE, &chosen)) {
        if (type != SERVER)
            h->session->client_certificate_type = (uint8_t)chosen;
        if (type != CLIENT)
            h->session->server_certificate_type = (uint8_t)chosen;
    }
}

static void supported_groups(struct tls_message *h, uint16_t type, struct reader *r)
{
    struct reader list;

    (void)type;
    if (!handshake_vector(h, r, 2, SHARED_EXTENSION_SUPPORTED_GROUPS_LENGTH, &list))
        return;
    handshake_number(h, SHARED_EXTENSION_SUPPORTED_GROUPS, 1);
    take_all(h, &list, 2, SHARED_EXTENSION_SUPPORTED_GROUP);
}

static void point_formats(struct tls_message *h, uint16_t type, struct reader *r)
{
    struct reader list;

    (void)type;
    if (!handshake_vector(h, r, 1, SHARED_EXTENSION_EC_POINT_FORMATS_LENGTH, &list))
        return;
    handshake_number(h, SHARED_EXTENSION_EC_POINT_FORMATS, 1);
    take_all(h, &list, 1, SHARED_EXTENSION_EC_POINT_FORMAT);
}

static void srp(struct tls_message *h, uint16_t type, struct reader *r)
{
    (void)type;
    (void)take_string(h, r, 1, SHARED_EXTENSION_SRP_LEN, SHARED_EXTENSION_SRP_USERNAME);
}

void tls_take_signature_algorithms(struct tls_message *h, struct reader *r)
{
    struct reader list;
    uint16_t algorithm;

    if (!handshake_vector(h, r, 2, SHARED_SIG_HASH_ALG_LEN, &list))
        return;
    handshake_number(h, SHARED_SIG_HASH_ALGS, 1);
    while (reader_u16(&list, &algorithm)) {
        handshake_number(h, SHARED_SIG_HASH_ALG, algorithm);
        handshake_number(h, SHARED_SIG_HASH_HASH, algorithm >> 8);
        handshake_number(h, SHARED_SIG_HASH_SIG, algorithm & 0xff);
    }
}

static void signature_algorithms(struct tls_message *h, uint16_t type, struct reader *r)
{
    (void)type;
    tls_take_signature_algorithms(h, r);
}

static void delegated_credentials(struct tls_message *h, uint16_t type, struct reader *r)
{
    (void)type;
    if (h->type == TLS_CLIENT_HELLO)
        tls_take_signature_algorithms(h, r);
}

/* RFC 5764 section 4.1.1, for DTLS alone; its fields stand behind the cookie's. */
static void use_srtp(struct tls_message *h, uint16_t type, struct reader *r)
{
    uint16_t first = (uint16_t)(h->first_field + SHARED_COUNT + 2);
    struct reader profiles;
    struct bytes mki;
    uint16_t length, profile;
    uint8_t mki_length;

    (void)type;
    if (!h->is_dtls || !reader_u16(r, &length))
        return;
    dissection_add_number(h->d, first, length);
    if (!reader_sub(r, length, &profiles))
        return;
    while (reader_u16(&profiles, &profile))
        dissection_add_number(h->d, (uint16_t)(first + 1), profile);
    if (!reader_u8(r, &mki_length))
        return;
    dissection_add_number(h->d, (uint16_t)(first + 2), mki_length);
    if (mki_length > 0 && reader_bytes(r, mki_length, &mki))
        dissection_add_bytes(h->d, (uint16_t)(first + 3), mki);
}

static void heartbeat(struct tls_message *h, uint16_t type, struct reader *r)
{
    (void)type;
    (void)handshake_take(h, r, 1, SHARED_EXTENSION_HEARTBEAT_MODE, NULL);
}

static void alpn(struct tls_message *h, uint16_t type, struct reader *r)
{
    struct reader list, name;

    (void)type;
    if (!handshake_vector(h, r, 2, SHARED_EXTENSION_ALPN_LEN, &list))
        return;
    handshake_number(h, SHARED_EXTENSION_ALPN_LIST, 1);
    while (reader_left(&list) > 0) {
        if (!handshake_vector(h, &list, 1, SHARED_EXTENSION_ALPN_STR_LEN, &name))
            return;
        handshake_bytes(h, SHARED_ALPN, text_value_ascii(h->d, reader_rest(&name)));
        if (h->is_server)
            tls_session_choose_application(h->session, reader_rest(&name), h->is_dtls);
    }
}

static void alps(struct tls_message *h, uint16_t type, struct reader *r)
{
    struct reader list;

    (void)type;
    if (h->type != TLS_CLIENT_HELLO || !handshake_vector(h, r, 2, SHARED_EXTENSION_ALPS_LEN, &list))
        return;
    handshake_number(h, SHARED_EXTENSION_ALPS_ALPN_LIST, 1);
    while (reader_left(&list) > 0 &&
           take_string(h, &list, 1, SHARED_EXTENSION_ALPS_ALPN_STR_LEN, SHARED_EXTENSION_ALPS_ALPN_STR))
        ;
}

static void npn(struct tls_message *h, uint16_t type, struct reader *r)
{
    (void)type;
    while (reader_left(r) > 0 && take_string(h, r, 1, SHARED_EXTENSION_NPN_STR_LEN, SHARED_EXTENSION_NPN))
        ;
}

static void padding(struct tls_message *h, uint16_t type, struct reader *r)
{
    (void)type;
    handshake_bytes(h, SHARED_EXTENSION_PADDING_DATA, reader_rest(r));
}

/* RFC 8879 section 3 */
static void compress_certificate(struct tls_message *h, uint16_t type, struct reader *r)
{
    struct reader list;

    (void)type;
    if ((h->type == TLS_CLIENT_HELLO || h->type == TLS_CERTIFICATE_REQUEST) &&
        handshake_vector(h, r, 1, SHARED_COMPRESS_CERTIFICATE_ALGORITHMS_LENGTH, &list))
        take_all(h, &list, 2, SHARED_COMPRESS_CERTIFICATE_ALGORITHM);
}

static void record_size_limit(struct tls_message *h, uint16_t type, struct reader *r)
{
    (void)type;
    (void)handshake_take(h, r, 2, SHARED_RECORD_SIZE_LIMIT, NULL);
}

static bool key_share_entry(struct tls_message *h, struct reader *r)
{
    return handshake_take(h, r, 2, SHARED_EXTENSION_KEY_SHARE_GROUP, NULL) &&
           take_string(h, r, 2, SHARED_EXTENSION_KEY_SHARE_KEY_EXCHANGE_LENGTH,
                       SHARED_EXTENSION_KEY_SHARE_KEY_EXCHANGE);
}

static void key_share(struct tls_message *h, uint16_t type, struct reader *r)
{
    struct reader list;

    (void)type;
    if (reader_left(r) == 0)
        return;
    if (h->type == TLS_HELLO_RETRY_REQUEST) {
        (void)handshake_take(h, r, 2, SHARED_EXTENSION_KEY_SHARE_SELECTED_GROUP, NULL);
    } else if (h->type == TLS_SERVER_HELLO) {
        (void)key_share_entry(h, r);
    } else if (h->type == TLS_CLIENT_HELLO &&
               handshake_vector(h, r, 2, SHARED_EXTENSION_KEY_SHARE_CLIENT_LENGTH, &list)) {
        while (reader_left(&list) >= 4 && key_share_entry(h, &list))
            ;
    }
}

static void pre_shared_key(struct tls_message *h, uint16_t type, struct reader *r)
{
    struct reader list;

    (void)type;
    if (h->type == TLS_SERVER_HELLO) {
        (void)handshake_take(h, r, 2, SHARED_EXTENSION_PSK_IDENTITY_SELECTED, NULL);
        return;
    }
    if (h->type != TLS_CLIENT_HELLO ||
        !handshake_vector(h, r, 2, SHARED_EXTENSION_PSK_IDENTITIES_LENGTH, &list))
        return;
    while (reader_left(&list) > 0) {
        if (!take_string(h, &list, 2, SHARED_EXTENSION_PSK_IDENTITY_IDENTITY_LENGTH,
                         SHARED_EXTENSION_PSK_IDENTITY_IDENTITY) ||
            !handshake_take(h, &list, 4, SHARED_EXTENSION_PSK_IDENTITY_OBFUSCATED_TICKET_AGE, NULL))
            break;
    }
    if (handshake_vector(h, r, 2, SHARED_EXTENSION_PSK_BINDERS_LEN, &list))
        handshake_number(h, SHARED_EXTENSION_PSK_BINDERS, 1);
}

static void early_data(struct tls_message *h, uint16_t type, struct reader *r)
{
    (void)type;
    if (h->type == TLS_NEW_SESSION_TICKET)
        (void)handshake_take(h, r, 4, SHARED_EARLY_DATA_MAX_EARLY_DATA_SIZE, NULL);
    else if (h->type == TLS_CLIENT_HELLO && !h->is_dtls)
        h->session->version = TLS_1_3; /* nothing older has it */
}

static void supported_versions(struct tls_message *h, uint16_t type, struct reader *r)
{
    struct reader list;

    (void)type;
    if (h->type == TLS_SERVER_HELLO || h->type == TLS_HELLO_RETRY_REQUEST)
        (void)handshake_take(h, r, 2, SHARED_EXTENSION_SUPPORTED_VERSION, NULL);
    else if (h->type == TLS_CLIENT_HELLO &&
             handshake_vector(h, r, 1, SHARED_EXTENSION_SUPPORTED_VERSIONS_LEN, &list))
        take_all(h, &list, 2, SHARED_EXTENSION_SUPPORTED_VERSION);
}

static void cookie(struct tls_message *h, uint16_t type, struct reader *r)
{
    (void)type;
    (void)take_string(h, r, 2, SHARED_EXTENSION_COOKIE_LEN, SHARED_EXTENSION_COOKIE);
}

static void psk_modes(struct tls_message *h, uint16_t type, struct reader *r)
{
    struct reader list;

    (void)type;
    if (handshake_vector(h, r, 1, SHARED_EXTENSION_PSK_KE_MODES_LENGTH, &list))
        take_all(h, &list, 1, SHARED_EXTENSION_PSK_KE_MODE);
}

void tls_authorities(struct tls_message *h, struct reader *r)
{
    struct reader list, name;

    if (!handshake_vector(h, r, 2, SHARED_DNAMES_LEN, &list) || reader_left(&list) == 0)
        return;
    handshake_number(h, SHARED_DNAMES, 1);
    for (unsigned n = 0; reader_left(&list) > 0 && n < ITEMS_LIMIT; n++) {
        if (!handshake_vector(h, &list, 2, SHARED_DNAME_LEN, &name))
            return;
        handshake_number(h, SHARED_DNAME, 1);
        x509_name(h->d, reader_rest(&name));
    }
}

static void authorities(struct tls_message *h, uint16_t type, struct reader *r)
{
    (void)type;
    tls_authorities(h, r);
}

static void renegotiation_info(struct tls_message *h, uint16_t type, struct reader *r)
{
    struct reader part;

    (void)type;
    if (handshake_vector(h, r, 1, SHARED_EXTENSION_RENEG_INFO_LEN, &part) && reader_left(&part) > 0)
        handshake_bytes(h, SHARED_EXTENSION_RENEG_INFO, reader_rest(&part));
}

static void quic_parameters(struct tls_message *h, uint16_t type, struct reader *r)
{
    (void)type;
    tls_quic_parameters(h, r);
}

/* RFC 9146 section 3: the sender wants to receive it. */
static void connection_id(struct tls_message *h, uint16_t type, struct reader *r)
{
    struct bytes cid;
    uint32_t length;

    (void)type;
    if (!handshake_take(h, r, 1, SHARED_CONNECTION_ID_LENGTH, &length) || !reader_bytes(r, length, &cid))
        return;
    if (length > 0)
        handshake_bytes(h, SHARED_CONNECTION_ID, cid);
    h->cid_length = (int)length;
}

static extension_function *extension_of(uint16_t type)
{
    static extension_function *const low[] = {
        [0] = server_name,
        [1] = max_fragment_length,
        [5] = status_request,
        [9] = certificate_type,
        [10] = supported_groups,
        [11] = point_formats,
        [12] = srp,
        [13] = signature_algorithms,
        [14] = use_srtp,
        [15] = heartbeat,
        [16] = alpn,
        [17] = status_request_v2,
        [18] = timestamps,
        [19] = certificate_type,
        [20] = certificate_type,
        [21] = padding,
        [22] = nothing, /* encrypt then MAC */
        [23] = nothing, /* extended master secret */
        [27] = compress_certificate,
        [28] = record_size_limit,
        [34] = delegated_credentials,
        [35] = unknown,   /* session ticket: opaque */
        [40] = key_share, /* before draft 23 of TLS 1.3 */
        [41] = pre_shared_key,
        [42] = early_data,
        [43] = supported_versions,
        [44] = cookie,
        [45] = psk_modes,
        [46] = early_data, /* before draft 19 */
        [47] = authorities,
        [48] = nothing, /* OID filters */
        [49] = nothing, /* authentication after the handshake */
        [50] = signature_algorithms,
        [51] = key_share,
        [53] = connection_id, /* drafts of RFC 9146 up to -07 */
        [54] = connection_id,
        [57] = quic_parameters,
    };

    if (type < sizeof low / sizeof low[0] && low[type])
        return low[type];
    switch (type) {
    case 13172:
        return npn;
    case 17513:
        return alps;
    case 65281:
        return renegotiation_info;
    case 65445: /* drafts of RFC 9001 up to -32 */
        return quic_parameters;
    case 65486: /* encrypted server name, of drafts */
        return nothing;
    default:
        return unknown;
    }
}

/* Of what must be remembered, whoever asks for what. */
static bool is_remembered(uint16_t type)
{
    return type == 9 || type == 16 || type == 19 || type == 20 || type == 42 || type == 53 || type == 54;
}

void tls_extensions(struct tls_message *h, struct reader *r)
{
    struct reader list;

    if (!handshake_vector(h, r, 2, SHARED_EXTENSION_LENGTH, &list))
        return;
    for (unsigned n = 0; reader_left(&list) >= 4 && n < EXTENSIONS_LIMIT; n++) {
        struct reader body;
        uint32_t type;

        if (!handshake_take(h, &list, 2, SHARED_EXTENSION_TYPE, &type) ||
            !handshake_vector(h, &list, 2, SHARED_EXTENSION_LEN, &body))
            return;
        if (!h->is_quiet || is_remembered((uint16_t)type))
            extension_of((uint16_t)type)(h, (uint16_t)type, &body);
    }
}
