/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/ip_address.h"

enum {
    VALID_DAYS = 397,
    DAY_SECONDS = 86400,
    SERIAL_BYTES = 16,
    NAMES_BYTES = 4096,
};

struct tls {
    SSL_CTX *context;
    BIO_METHOD *socket_method;
};

static int socket_write(BIO *bio, const char *data, int len)
{
    struct tls_socket *socket = BIO_get_data(bio);
    ssize_t n = send(socket->fd, data, (size_t)len, MSG_NOSIGNAL);

    BIO_clear_retry_flags(bio);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(bio);
    return (int)n;
}

static int socket_read(BIO *bio, char *data, int cap)
{
    struct tls_socket *socket = BIO_get_data(bio);
    ssize_t n = recv(socket->fd, data, (size_t)cap, 0);

    BIO_clear_retry_flags(bio);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(bio);
    socket->has_ended |= n == 0;
    return (int)n;
}

static long socket_control(BIO *bio, int command, long number, void *pointer)
{
    const struct tls_socket *socket = BIO_get_data(bio);

    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return socket->has_ended;
    return command == BIO_CTRL_FLUSH;
}

/* The reason OpenSSL gives, and what it gave before is let go of. */
static bool fail(struct error *error, const char *what, const char *path)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());

    error_set(error, ERROR_SYSTEM, "TLS: %s%s%s: %s", what, path ? " " : "", path ? path : "",
              reason ? reason : "refused");
    ERR_clear_error();
    return false;
}

/* RFC 7301 section 3.2: who speaks none of our protocols is told so. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_len,
                           const unsigned char *offered, unsigned offered_len, void *context)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *found;

    (void)ssl;
    (void)context;
    if (SSL_select_next_proto(&found, chosen_len, ours, sizeof ours - 1, offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

static struct tls *tls_new(struct error *error)
{
    struct tls *tls = calloc(1, sizeof *tls);

    if (tls == NULL) {
        error_set(error, ERROR_SYSTEM, "TLS: no memory");
        return NULL;
    }
    tls->context = SSL_CTX_new(TLS_server_method());
    tls->socket_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    if (tls->context == NULL || tls->socket_method == NULL) {
        fail(error, "no memory", NULL);
        tls_close(tls);
        return NULL;
    }
    BIO_meth_set_write(tls->socket_method, socket_write);
    BIO_meth_set_read(tls->socket_method, socket_read);
    BIO_meth_set_ctrl(tls->socket_method, socket_control);
    SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
    /* Requests and frames say their length: an end without close_notify cannot cut one unnoticed. */
    SSL_CTX_set_options(tls->context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                          SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE);
    /* Half the memory of an idle connection; and what waits to be sent may lie elsewhere at the next try. */
    SSL_CTX_set_mode(tls->context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_alpn_select_cb(tls->context, choose_protocol, NULL);
    return tls;
}

void tls_close(struct tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->context);
    BIO_meth_free(tls->socket_method);
    free(tls);
}

static int no_passphrase(char *text, int cap, int is_writing, void *context)
{
    (void)text;
    (void)cap;
    (void)is_writing;
    (void)context;
    return -1; /* nobody is asked on a terminal in the middle of a start */
}

struct tls *tls_open(const char *certificate_path, const char *key_path, struct error *error)
{
    struct tls *tls = tls_new(error);
    bool is_good;

    if (tls == NULL)
        return NULL;
    ERR_clear_error();
    SSL_CTX_set_default_passwd_cb(tls->context, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(tls->context, certificate_path) != 1)
        is_good = fail(error, "cannot use the certificate", certificate_path);
    else if (SSL_CTX_use_PrivateKey_file(tls->context, key_path, SSL_FILETYPE_PEM) != 1)
        is_good = fail(error, "cannot use the key", key_path);
    else if (SSL_CTX_check_private_key(tls->context) != 1)
        is_good = fail(error, "the certificate does not fit the key", key_path);
    else
        is_good = true;
    if (!is_good) {
        tls_close(tls);
        return NULL;
    }
    return tls;
}

/* "DNS:localhost,IP:127.0.0.1,…" as X509V3_EXT_conf_nid reads it. A name with a comma would be two: refused.
 */
static bool list_names(const char *const *names, size_t n_names, char list[static NAMES_BYTES],
                       struct error *error)
{
    size_t len = (size_t)snprintf(list, NAMES_BYTES, "DNS:localhost,IP:127.0.0.1,IP:::1");

    for (size_t i = 0; i < n_names; i++) {
        struct ip_address address;
        int n;

        if (names[i][0] == '\0' || strpbrk(names[i], ",;= \t\r\n"))
            return error_set(error, ERROR_USAGE, "TLS: '%s' is no name of a host", names[i]);
        n = snprintf(list + len, NAMES_BYTES - len, ",%s:%s",
                     ip_address_parse(names[i], &address) ? "IP" : "DNS", names[i]);
        if (n < 0 || (size_t)n >= NAMES_BYTES - len)
            return error_set(error, ERROR_LIMIT, "TLS: more names than fit into %d bytes", NAMES_BYTES);
        len += (size_t)n;
    }
    return true;
}

static bool add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;
    bool is_added;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    is_added = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool set_serial(X509 *certificate)
{
    uint8_t bytes[SERIAL_BYTES];
    BIGNUM *number;
    bool is_set;

    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] &= 0x7f;
    number = BN_bin2bn(bytes, sizeof bytes, NULL);
    is_set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return is_set;
}

static bool fill_certificate(X509 *certificate, EVP_PKEY *key, const char *names, int64_t now_s)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    time_t now = (time_t)now_s;

    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           X509_time_adj_ex(X509_getm_notBefore(certificate), -1, 0, &now) &&
           X509_time_adj_ex(X509_getm_notAfter(certificate), VALID_DAYS - 1, 0, &now) &&
           X509_set_pubkey(certificate, key) == 1 &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"tapdeck", -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(certificate, subject) == 1 &&
           add_extension(certificate, NID_subject_alt_name, names) &&
           add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

/* Both the caller's to free; NULL of both on failure. */
static bool make_pair(const char *const *names, size_t n_names, int64_t now_s, X509 **certificate,
                      EVP_PKEY **key, struct error *error)
{
    char list[NAMES_BYTES];

    *certificate = NULL;
    *key = NULL;
    if (!list_names(names, n_names, list, error))
        return false;
    *key = EVP_EC_gen("P-256");
    *certificate = X509_new();
    if (*key && *certificate && fill_certificate(*certificate, *key, list, now_s))
        return true;
    X509_free(*certificate);
    EVP_PKEY_free(*key);
    return fail(error, "cannot make a certificate", NULL);
}

struct tls *tls_open_self_signed(const char *const *names, size_t n_names, int64_t now_s, struct error *error)
{
    struct tls *tls;
    EVP_PKEY *key;
    X509 *certificate;

    if (!make_pair(names, n_names, now_s, &certificate, &key, error))
        return NULL;
    tls = tls_new(error);
    if (tls && (SSL_CTX_use_certificate(tls->context, certificate) != 1 ||
                SSL_CTX_use_PrivateKey(tls->context, key) != 1)) {
        fail(error, "cannot make a certificate", NULL);
        tls_close(tls);
        tls = NULL;
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return tls;
}

bool tls_write_self_signed(int fd, const char *const *names, size_t n_names, int64_t now_s,
                           struct error *error)
{
    X509 *certificate;
    EVP_PKEY *key;
    BIO *file;
    bool is_written;

    if (!make_pair(names, n_names, now_s, &certificate, &key, error))
        return false;
    file = BIO_new_fd(fd, BIO_NOCLOSE);
    is_written = file && PEM_write_bio_X509(file, certificate) == 1 &&
                 PEM_write_bio_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;
    if (!is_written)
        fail(error, "cannot write the certificate", NULL);
    BIO_free(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return is_written;
}

bool tls_is_good_for(const struct tls *tls, int64_t now_s, int64_t for_s)
{
    const X509 *certificate = SSL_CTX_get0_certificate(tls->context);
    time_t then = (time_t)(now_s + for_s);

    return certificate && X509_cmp_time(X509_get0_notAfter(certificate), &then) > 0;
}

void tls_fingerprint(const struct tls *tls, char text[static TLS_FINGERPRINT_BYTES])
{
    const X509 *certificate = SSL_CTX_get0_certificate(tls->context);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    text[0] = '\0';
    if (certificate == NULL || X509_digest(certificate, EVP_sha256(), digest, &len) != 1)
        return;
    for (unsigned i = 0; i < len; i++)
        snprintf(text + i * 3, TLS_FINGERPRINT_BYTES - i * 3, i + 1 < len ? "%02X:" : "%02X", digest[i]);
}

SSL *tls_accept(const struct tls *tls, struct tls_socket *socket)
{
    SSL *ssl = SSL_new(tls->context);
    BIO *bio = BIO_new(tls->socket_method);

    if (ssl == NULL || bio == NULL) {
        SSL_free(ssl);
        BIO_free(bio);
        return NULL;
    }
    BIO_set_data(bio, socket);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_accept_state(ssl);
    return ssl;
}
