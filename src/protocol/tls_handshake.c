/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_handshake - the cipher suite that the ServerHello chose says what lies in the key exchanges; it is
 * remembered in the session. When it was not seen, a ClientKeyExchange that is exactly one length-prefixed
 * string of another length than RSA's is taken for a PSK identity (RFC 4279 section 2).
 *
 * A part whose length is more than what is there ends the reading of its message without making it malformed,
 * as Wireshark has it; a fixed part that is missing does make it.
 */
#include "protocol/tls_handshake.h"

#include "protocol/tls_names.h"
#include "protocol/x509.h"

enum { RANDOM_BYTES = 32, CERTIFICATES_LIMIT = 64, RAW_PUBLIC_KEY = 2 };

enum key_exchange {
    KEY_EXCHANGE_UNKNOWN,
    KEY_EXCHANGE_RSA,
    KEY_EXCHANGE_DH, /* fixed keys: nothing from the server */
    KEY_EXCHANGE_DHE,
    KEY_EXCHANGE_DH_ANON,
    KEY_EXCHANGE_ECDH, /* any that is signed */
    KEY_EXCHANGE_ECDH_ANON,
    KEY_EXCHANGE_PSK,       /* an identity, and nothing else */
    KEY_EXCHANGE_MIXED_PSK, /* an identity first */
    KEY_EXCHANGE_RSA_PSK,
    KEY_EXCHANGE_ECJPAKE, /* Thread's; its points are not read */
    KEY_EXCHANGE_OTHER,
};

/* By the name of the suite, which begins with it: "TLS_ECDHE_RSA_WITH_…". */
static enum key_exchange key_exchange_of(uint16_t suite)
{
    static const struct {
        const char *prefix;
        enum key_exchange kind;
    } kinds[] = {
        { "TLS_ECDHE_PSK_", KEY_EXCHANGE_MIXED_PSK },
        { "TLS_ECDH_anon_", KEY_EXCHANGE_ECDH_ANON },
        { "TLS_ECDHE_", KEY_EXCHANGE_ECDH },
        { "TLS_ECDH_", KEY_EXCHANGE_ECDH },
        { "TLS_DHE_PSK_", KEY_EXCHANGE_MIXED_PSK },
        { "TLS_PSK_DHE_", KEY_EXCHANGE_MIXED_PSK },
        { "TLS_DH_anon_", KEY_EXCHANGE_DH_ANON },
        { "TLS_DHE_", KEY_EXCHANGE_DHE },
        { "TLS_DH_", KEY_EXCHANGE_DH },
        { "TLS_RSA_PSK_", KEY_EXCHANGE_RSA_PSK },
        { "TLS_ECJPAKE_", KEY_EXCHANGE_ECJPAKE },
        { "TLS_RSA_", KEY_EXCHANGE_RSA },
        { "TLS_PSK_", KEY_EXCHANGE_PSK },
    };
    const char *name = suite ? tls_cipher_suite_name(suite) : NULL;

    if (name == NULL)
        return KEY_EXCHANGE_UNKNOWN;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strncmp(name, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
            return kinds[i].kind;
    }
    return KEY_EXCHANGE_OTHER;
}

bool handshake_take(struct tls_message *h, struct reader *r, unsigned n_bytes, enum tls_shared_field field,
                    uint32_t *number)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < n_bytes; i++) {
        uint8_t byte;

        if (!reader_u8(r, &byte))
            return false;
        sum = sum << 8 | byte;
    }
    handshake_number(h, field, sum);
    if (number)
        *number = sum;
    return true;
}

bool handshake_vector(struct tls_message *h, struct reader *r, unsigned n_bytes,
                      enum tls_shared_field length_field, struct reader *part)
{
    uint32_t length;

    return reader_left(r) >= n_bytes && handshake_take(h, r, n_bytes, length_field, &length) &&
           reader_sub(r, length, part);
}

/* A part that is one value: behind a length, both added. Empty ones are added when may_be_empty. */
static bool take_string(struct tls_message *h, struct reader *r, unsigned n_bytes,
                        enum tls_shared_field length_field, enum tls_shared_field field)
{
    struct reader part;

    if (!handshake_vector(h, r, n_bytes, length_field, &part))
        return false;
    if (reader_left(&part) > 0)
        handshake_bytes(h, field, reader_rest(&part));
    return true;
}

bool tls_is_handshake_type(uint8_t type)
{
    return (type <= 25 && UINT32_C(0x3f1f97f) >> type & 1) || type == 67;
}

void tls_session_learn_version(struct tls_session *session, uint8_t content_type, uint8_t body_type,
                               bool is_dtls, uint16_t version)
{
    enum { CONTENT_FIRST = 20, CONTENT_HANDSHAKE = 22, CONTENT_LAST = 25 };
    uint8_t draft = 0;

    if (content_type < CONTENT_FIRST || content_type > CONTENT_LAST)
        return;
    /* What a ClientHello's record says is the least it would take. */
    if (content_type == CONTENT_HANDSHAKE &&
        (!tls_is_handshake_type(body_type) || body_type == TLS_CLIENT_HELLO))
        return;
    if (body_type == TLS_SERVER_HELLO && (version >> 8 == 0x7f || version == 0xfb17 || version == 0xfb1a)) {
        draft = (uint8_t)version;
        version = TLS_1_3;
    }
    if (is_dtls ? version != 0xfeff && version != DTLS_1_2 && version != 0x0100
                : (version < SSL_3_0 || version > TLS_1_3) && version != 0x0101)
        return;
    session->draft = draft;
    session->version = version;
}

/* ---- hellos ---- */

static const uint8_t retry_random[RANDOM_BYTES] = { /* RFC 8446 section 4.1.3 */
                                                    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
                                                    0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
                                                    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
                                                    0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c
};

/* Looks ahead in a ServerHello for the version that counts, and for a retry. */
static void scan_server_hello(struct tls_message *h, struct reader r)
{
    struct bytes random, session_id;
    struct reader extensions;
    uint16_t version, suite, total, type, length, chosen;
    uint8_t session_id_length, method;

    if (!reader_u16(&r, &version))
        return;
    chosen = version;
    if (version == TLS_1_2 && reader_bytes(&r, RANDOM_BYTES, &random) && reader_u8(&r, &session_id_length) &&
        reader_bytes(&r, session_id_length, &session_id) && reader_u16(&r, &suite) &&
        reader_u8(&r, &method) && reader_u16(&r, &total)) {
        if (memcmp(random.data, retry_random, RANDOM_BYTES) == 0)
            h->type = TLS_HELLO_RETRY_REQUEST;
        while (reader_u16(&r, &type) && reader_u16(&r, &length) && reader_sub(&r, length, &extensions)) {
            if (type == 43 && length == 2 && reader_u16(&extensions, &chosen))
                break;
        }
    }
    tls_session_learn_version(h->session, 22, TLS_SERVER_HELLO, false, chosen);
}

static bool take_random_and_session_id(struct tls_message *h, struct reader *r, bool is_client)
{
    struct bytes random, session_id;
    uint32_t length;

    if (!reader_bytes(r, RANDOM_BYTES, &random))
        return false;
    handshake_bytes(h, SHARED_RANDOM, random);
    if (h->session->version != TLS_1_3) { /* nobody puts the time into it since */
        uint32_t seconds = (uint32_t)random.data[0] << 24 | (uint32_t)random.data[1] << 16 |
                           (uint32_t)random.data[2] << 8 | random.data[3];

        handshake_number(h, SHARED_RANDOM_TIME, (uint64_t)seconds * UINT64_C(1000000000));
        handshake_bytes(h, SHARED_RANDOM_BYTES, bytes_of(random.data + 4, RANDOM_BYTES - 4));
    }
    if (!is_client && tls_session_is_old_draft(h->session))
        return true;
    if (!handshake_take(h, r, 1, SHARED_SESSION_ID_LENGTH, &length) || !reader_bytes(r, length, &session_id))
        return false;
    if (length > 0)
        handshake_bytes(h, SHARED_SESSION_ID, session_id);
    return true;
}

/* The cookie of a DTLS ClientHello (RFC 6347 section 4.2.1): its fields stand behind the shared ones. */
static bool take_cookie(struct tls_message *h, struct reader *r)
{
    uint16_t length_field = (uint16_t)(h->first_field + SHARED_COUNT);
    struct bytes cookie;
    uint8_t length;

    if (!reader_u8(r, &length))
        return false;
    dissection_add_number(h->d, length_field, length);
    if (!reader_bytes(r, length, &cookie))
        return false;
    if (length > 0)
        dissection_add_bytes(h->d, (uint16_t)(length_field + 1), cookie);
    return true;
}

static bool client_hello(struct tls_message *h, struct reader *r)
{
    struct reader whole = *r, part;

    h->session->client_certificate_type = 0;
    if (!handshake_take(h, r, 2, SHARED_VERSION, NULL) || !take_random_and_session_id(h, r, true))
        return false;
    if (h->is_dtls && !take_cookie(h, r))
        return false;
    if (!handshake_vector(h, r, 2, SHARED_CIPHER_SUITES_LENGTH, &part))
        return true;
    handshake_number(h, SHARED_CIPHERSUITES, 1);
    if (handshake_wants(h, SHARED_CIPHERSUITE)) {
        uint16_t suite;

        while (reader_u16(&part, &suite))
            handshake_number(h, SHARED_CIPHERSUITE, suite);
    }
    if (!handshake_vector(h, r, 1, SHARED_COMP_METHODS_LENGTH, &part))
        return true;
    handshake_number(h, SHARED_COMP_METHODS, 1);
    for (uint8_t method; reader_u8(&part, &method);)
        handshake_number(h, SHARED_COMP_METHOD, method);
    if (reader_left(r) > 0)
        tls_extensions(h, r);
    if (!h->is_quiet)
        tls_ja3(h, whole);
    return true;
}

static bool server_hello(struct tls_message *h, struct reader *r)
{
    struct reader whole = *r;
    uint32_t suite;

    if (h->is_dtls) {
        uint16_t version;
        struct reader peek = *r;

        if (reader_u16(&peek, &version))
            tls_session_learn_version(h->session, 22, TLS_SERVER_HELLO, true, version);
    } else {
        scan_server_hello(h, *r);
    }
    h->session->server_certificate_type = 0;
    h->session->is_resumed = true; /* until something says otherwise */
    if (!handshake_take(h, r, 2, SHARED_VERSION, NULL) || !take_random_and_session_id(h, r, false) ||
        !handshake_take(h, r, 2, SHARED_CIPHERSUITE, &suite))
        return false;
    h->session->cipher_suite = (uint16_t)suite;
    if (!tls_session_is_old_draft(h->session) && !handshake_take(h, r, 1, SHARED_COMP_METHOD, NULL))
        return false;
    if (reader_left(r) > 0)
        tls_extensions(h, r);
    if (!h->is_quiet)
        tls_ja3(h, whole);
    return true;
}

static bool old_hello_retry_request(struct tls_message *h, struct reader *r)
{
    uint32_t version;

    if (!handshake_take(h, r, 2, SHARED_VERSION, &version))
        return false;
    if ((version >> 8 != 0x7f || (version & 0xff) >= 19) &&
        !handshake_take(h, r, 2, SHARED_CIPHERSUITE, NULL))
        return false;
    tls_extensions(h, r);
    return true;
}

/* RFC 5077 section 3.3, RFC 8446 section 4.6.1 */
static bool new_session_ticket(struct tls_message *h, struct reader *r)
{
    bool is_1_3 = h->session->version == TLS_1_3;

    if (!handshake_take(h, r, 4, SHARED_SESSION_TICKET_LIFETIME_HINT, NULL))
        return false;
    if (is_1_3) {
        if (!handshake_take(h, r, 4, SHARED_SESSION_TICKET_AGE_ADD, NULL))
            return false;
        if ((h->session->draft == 0 || h->session->draft >= 21) &&
            !take_string(h, r, 1, SHARED_SESSION_TICKET_NONCE_LENGTH, SHARED_SESSION_TICKET_NONCE))
            return true;
    }
    if (!take_string(h, r, 2, SHARED_SESSION_TICKET_LENGTH, SHARED_SESSION_TICKET))
        return true;
    if (is_1_3)
        tls_extensions(h, r);
    return true;
}

/* ---- certificates ---- */

static bool certificates(struct tls_message *h, struct reader *r)
{
    bool is_1_3 = h->session->version == TLS_1_3;
    bool is_raw = (h->is_server ? h->session->server_certificate_type
                                : h->session->client_certificate_type) == RAW_PUBLIC_KEY;
    const struct x509_reader who = tls_certificate_reader(h);
    struct reader list, certificate;

    if (is_1_3 &&
        !take_string(h, r, 1, SHARED_CERTIFICATE_REQUEST_CONTEXT_LENGTH, SHARED_CERTIFICATE_REQUEST_CONTEXT))
        return true;
    if (!is_1_3 && is_raw)
        list = *r;
    else if (!handshake_vector(h, r, 3, SHARED_CERTIFICATES_LENGTH, &list))
        return true;
    if (reader_left(&list) > 0 && !is_raw)
        handshake_number(h, SHARED_CERTIFICATES, 1);
    for (unsigned n = 0; reader_left(&list) > 0 && n < CERTIFICATES_LIMIT; n++) {
        if (!handshake_vector(h, &list, 3, SHARED_CERTIFICATE_LENGTH, &certificate))
            return true;
        handshake_bytes(h, SHARED_CERTIFICATE, reader_rest(&certificate));
        if (!is_raw)
            x509_certificate(h->d, &who, reader_rest(&certificate));
        if (is_1_3)
            tls_extensions(h, &list);
    }
    return true;
}

static bool certificate_request(struct tls_message *h, struct reader *r)
{
    const struct tls_session *session = h->session;
    bool is_1_3 = session->version == TLS_1_3;
    struct reader part;

    if (is_1_3) {
        if (!take_string(h, r, 1, SHARED_CERTIFICATE_REQUEST_CONTEXT_LENGTH,
                         SHARED_CERTIFICATE_REQUEST_CONTEXT))
            return true;
    } else {
        if (!handshake_vector(h, r, 1, SHARED_CERT_TYPES_COUNT, &part))
            return true;
        handshake_number(h, SHARED_CERT_TYPES, 1);
        for (uint8_t type; reader_u8(&part, &type);)
            handshake_number(h, SHARED_CERT_TYPE, type);
    }
    if (session->version == TLS_1_2 || session->version == DTLS_1_2 ||
        (is_1_3 && session->draft > 0 && session->draft < 19))
        tls_take_signature_algorithms(h, r);
    if (is_1_3 && (session->draft == 0 || session->draft >= 19))
        tls_extensions(h, r);
    else
        tls_authorities(h, r);
    return true;
}

/* RFC 8879 section 4 */
static bool compressed_certificate(struct tls_message *h, struct reader *r)
{
    if (!handshake_take(h, r, 2, SHARED_COMPRESS_CERTIFICATE_ALGORITHM, NULL) ||
        !handshake_take(h, r, 3, SHARED_COMPRESS_CERTIFICATE_UNCOMPRESSED_LENGTH, NULL))
        return false;
    (void)take_string(h, r, 3, SHARED_COMPRESS_CERTIFICATE_COMPRESSED_CERTIFICATE_MESSAGE_LENGTH,
                      SHARED_COMPRESS_CERTIFICATE_COMPRESSED_CERTIFICATE_MESSAGE);
    return true;
}

/* ---- key exchanges ---- */

static bool has_signature_algorithm(const struct tls_session *session)
{
    return session->version == TLS_1_2 || session->version == DTLS_1_2 || session->version == TLS_1_3;
}

static void signature(struct tls_message *h, struct reader *r, enum tls_shared_field length_field,
                      enum tls_shared_field field)
{
    if (has_signature_algorithm(h->session)) {
        uint32_t algorithm;

        if (!handshake_take(h, r, 2, SHARED_SIG_HASH_ALG, &algorithm))
            return;
        handshake_number(h, SHARED_SIG_HASH_HASH, algorithm >> 8);
        handshake_number(h, SHARED_SIG_HASH_SIG, algorithm & 0xff);
    }
    (void)take_string(h, r, 2, length_field, field);
}

/* RFC 8422 section 5.4 */
static bool server_ecdh(struct tls_message *h, struct reader *r, bool is_signed)
{
    enum { NAMED_CURVE = 3 };
    uint32_t curve_type;

    if (!handshake_take(h, r, 1, SHARED_SERVER_CURVE_TYPE, &curve_type))
        return false;
    if (curve_type != NAMED_CURVE)
        return true;
    if (!handshake_take(h, r, 2, SHARED_SERVER_NAMED_CURVE, NULL) ||
        !take_string(h, r, 1, SHARED_SERVER_POINT_LEN, SHARED_SERVER_POINT))
        return false;
    if (is_signed)
        signature(h, r, SHARED_SIG_LEN, SHARED_SIG);
    return true;
}

static bool server_dh(struct tls_message *h, struct reader *r, bool is_signed)
{
    if (!take_string(h, r, 2, SHARED_P_LEN, SHARED_P) || !take_string(h, r, 2, SHARED_G_LEN, SHARED_G) ||
        !take_string(h, r, 2, SHARED_YS_LEN, SHARED_YS))
        return false;
    if (is_signed)
        signature(h, r, SHARED_SIG_LEN, SHARED_SIG);
    return true;
}

static bool server_key_exchange(struct tls_message *h, struct reader *r)
{
    switch (key_exchange_of(h->session->cipher_suite)) {
    case KEY_EXCHANGE_DHE:
        return server_dh(h, r, true);
    case KEY_EXCHANGE_DH_ANON:
        return server_dh(h, r, false);
    case KEY_EXCHANGE_ECDH:
        return server_ecdh(h, r, true);
    case KEY_EXCHANGE_ECDH_ANON:
        return server_ecdh(h, r, false);
    case KEY_EXCHANGE_ECJPAKE:
        return handshake_take(h, r, 1, SHARED_SERVER_CURVE_TYPE, NULL) &&
               handshake_take(h, r, 2, SHARED_SERVER_NAMED_CURVE, NULL);
    case KEY_EXCHANGE_PSK:
    case KEY_EXCHANGE_RSA_PSK:
    case KEY_EXCHANGE_MIXED_PSK: /* Wireshark does not read what RFC 5489 section 2 has first */
        return take_string(h, r, 2, SHARED_HINT_LEN, SHARED_HINT);
    case KEY_EXCHANGE_RSA: /* RFC 2246 section 7.4.3: export keys */
        if (!take_string(h, r, 2, SHARED_MODULUS_LEN, SHARED_MODULUS) ||
            !take_string(h, r, 2, SHARED_EXPONENT_LEN, SHARED_EXPONENT))
            return false;
        signature(h, r, SHARED_SIG_LEN, SHARED_SIG);
        return true;
    default:
        return true;
    }
}

/* Nobody said which suite: a body of exactly one string, not of a length that RSA secrets have. */
static bool looks_like_identity(struct reader r)
{
    size_t body_len = reader_left(&r);
    uint16_t len;

    return reader_u16(&r, &len) && len == body_len - 2 && (len < 128 || len % 64 != 0);
}

static bool client_key_exchange(struct tls_message *h, struct reader *r)
{
    enum key_exchange kind = key_exchange_of(h->session->cipher_suite);

    switch (kind) {
    case KEY_EXCHANGE_DH:
    case KEY_EXCHANGE_DHE:
    case KEY_EXCHANGE_DH_ANON:
        return take_string(h, r, 2, SHARED_YC_LEN, SHARED_YC);
    case KEY_EXCHANGE_ECDH:
    case KEY_EXCHANGE_ECDH_ANON:
        return take_string(h, r, 1, SHARED_CLIENT_POINT_LEN, SHARED_CLIENT_POINT);
    case KEY_EXCHANGE_RSA:
        if (h->session->version == SSL_3_0 || h->session->version == 0x0100) {
            handshake_bytes(h, SHARED_EPMS, reader_rest(r));
            return true;
        }
        return take_string(h, r, 2, SHARED_EPMS_LEN, SHARED_EPMS);
    case KEY_EXCHANGE_PSK:
    case KEY_EXCHANGE_MIXED_PSK:
        return take_string(h, r, 2, SHARED_IDENTITY_LEN, SHARED_IDENTITY);
    case KEY_EXCHANGE_RSA_PSK:
        return take_string(h, r, 2, SHARED_IDENTITY_LEN, SHARED_IDENTITY) &&
               take_string(h, r, 2, SHARED_EPMS_LEN, SHARED_EPMS);
    case KEY_EXCHANGE_UNKNOWN:
        return h->session->cipher_suite != 0 || !looks_like_identity(*r) ||
               take_string(h, r, 2, SHARED_IDENTITY_LEN, SHARED_IDENTITY);
    default:
        return true;
    }
}

bool handshake_body(struct tls_message *h, struct reader *r)
{
    switch (h->type) {
    case TLS_CLIENT_HELLO:
        return client_hello(h, r);
    case TLS_SERVER_HELLO:
        return server_hello(h, r);
    case TLS_NEW_SESSION_TICKET:
        return new_session_ticket(h, r);
    case TLS_HELLO_RETRY_REQUEST:
        return old_hello_retry_request(h, r);
    case TLS_ENCRYPTED_EXTENSIONS:
        tls_extensions(h, r);
        return true;
    case TLS_CERTIFICATE:
        return certificates(h, r);
    case TLS_SERVER_KEY_EXCHANGE:
        return server_key_exchange(h, r);
    case TLS_CERTIFICATE_REQUEST:
        return certificate_request(h, r);
    case TLS_SERVER_HELLO_DONE: /* nobody asks for a key exchange when a session is taken up again */
        h->session->is_resumed = false;
        return true;
    case TLS_CERTIFICATE_VERIFY:
        signature(h, r, SHARED_CLIENT_CERT_VRFY_SIG_LEN, SHARED_CLIENT_CERT_VRFY_SIG);
        return true;
    case TLS_CLIENT_KEY_EXCHANGE:
        return client_key_exchange(h, r);
    case TLS_FINISHED:
        if (h->session->version != SSL_3_0)
            handshake_number(h, SHARED_VERIFY_DATA, 1);
        return true;
    case TLS_CERTIFICATE_STATUS:
        tls_certificate_status(h, r);
        return true;
    case TLS_KEY_UPDATE:
        return handshake_take(h, r, 1, SHARED_KEY_UPDATE_REQUEST_UPDATE, NULL);
    case TLS_COMPRESSED_CERTIFICATE:
        return compressed_certificate(h, r);
    default:
        return true;
    }
}
