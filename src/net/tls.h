/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls - a server's TLS: OpenSSL, 1.2 and up, its own choice of ciphers; ALPN http/1.1 (RFC 7301).
 *
 * The certificate comes from files, or is made at the start, signed by itself: then people compare its
 * fingerprint. Client certificates are not asked for.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { TLS_FINGERPRINT_BYTES = 32 * 3 };

struct tls;
struct ssl_st;

/* PEM files; the certificate's may hold the chain behind it. NULL, with *error naming the file. */
struct tls *tls_open(const char *certificate_path, const char *key_path, struct error *error);

/*
 * A P-256 certificate for localhost and these names and addresses (n_names may be 0), valid from a day before
 * now_s (seconds since 1970) for 397 days: what browsers take at most. Never written to disk.
 */
struct tls *tls_open_self_signed(const char *const *names, size_t n_names, int64_t now_s,
                                 struct error *error);

/* The same, certificate and key, written to fd as PEM: for who keeps it, so that people need not compare its
 * fingerprint after each start. */
bool tls_write_self_signed(int fd, const char *const *names, size_t n_names, int64_t now_s,
                           struct error *error);

/* The certificate does not end before now_s + for_s (seconds since 1970). */
bool tls_is_good_for(const struct tls *tls, int64_t now_s, int64_t for_s);
void tls_close(struct tls *tls);

/* SHA-256 of the certificate as browsers show it: "AB:CD:…". */
void tls_fingerprint(const struct tls *tls, char text[static TLS_FINGERPRINT_BYTES]);

/* What OpenSSL reads and writes: without a signal when the peer is gone (its own sockets raise SIGPIPE). */
struct tls_socket {
    int fd;
    bool has_ended;
};

/* The server's end of a new connection, for transport.c; socket must outlive it. NULL when there is no
 * memory. */
struct ssl_st *tls_accept(const struct tls *tls, struct tls_socket *socket);
