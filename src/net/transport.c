/* SPDX-License-Identifier: Apache-2.0 */
#include "net/transport.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

enum { TLS_RECORD_BYTES = 16 * 1024 }; /* RFC 8446 section 5.1; small frames share one */

bool transport_open(struct transport *transport, int fd, const struct tls *tls)
{
    *transport = (struct transport) { .socket.fd = fd };
    if (tls == NULL) {
        transport->has_shaken_hands = true;
        return true;
    }
    transport->ssl = tls_accept(tls, &transport->socket);
    if (transport->ssl)
        return true;
    close(fd);
    transport->socket.fd = -1;
    return false;
}

void transport_close(struct transport *transport)
{
    SSL_free(transport->ssl);
    transport->ssl = NULL;
    if (transport->socket.fd >= 0)
        close(transport->socket.fd);
    transport->socket.fd = -1;
}

static enum transport_result tls_result(struct transport *transport, int answer)
{
    switch (SSL_get_error(transport->ssl, answer)) {
    case SSL_ERROR_NONE:
        return TRANSPORT_OK;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return TRANSPORT_WAIT;
    case SSL_ERROR_ZERO_RETURN:
        return TRANSPORT_END;
    default:
        transport->can_say_goodbye = false; /* SSL_shutdown(3): not after a fatal error */
        ERR_clear_error();
        return TRANSPORT_FAILED;
    }
}

static enum transport_result socket_result(ssize_t n)
{
    if (n > 0)
        return TRANSPORT_OK;
    if (n == 0)
        return TRANSPORT_END;
    return errno == EAGAIN || errno == EWOULDBLOCK ? TRANSPORT_WAIT : TRANSPORT_FAILED;
}

enum transport_result transport_shake_hands(struct transport *transport)
{
    enum transport_result result;

    if (transport->has_shaken_hands)
        return TRANSPORT_OK;
    ERR_clear_error();
    result = tls_result(transport, SSL_do_handshake(transport->ssl));
    transport->has_shaken_hands = transport->can_say_goodbye = result == TRANSPORT_OK;
    return result;
}

enum transport_result transport_read(struct transport *transport, uint8_t *data, size_t cap, size_t *n)
{
    ssize_t received;

    *n = 0;
    if (transport->ssl) {
        ERR_clear_error();
        return tls_result(transport, SSL_read_ex(transport->ssl, data, cap, n));
    }
    do
        received = recv(transport->socket.fd, data, cap, 0);
    while (received < 0 && errno == EINTR);
    *n = received > 0 ? (size_t)received : 0;
    return socket_result(received);
}

/* Several small pieces go into one record; a large one is not copied. */
static enum transport_result tls_write(struct transport *transport, const struct iovec *pieces, int n_pieces,
                                       size_t *n)
{
    size_t want = transport->n_pinned ? transport->n_pinned : TLS_RECORD_BYTES, len = 0;
    uint8_t record[TLS_RECORD_BYTES];
    const uint8_t *data = record;
    enum transport_result result;

    if (pieces[0].iov_len >= want || n_pieces == 1) {
        data = pieces[0].iov_base;
        len = pieces[0].iov_len < want ? pieces[0].iov_len : want;
    }
    for (int i = 0; data == record && i < n_pieces && len < want; i++) {
        size_t part = pieces[i].iov_len < want - len ? pieces[i].iov_len : want - len;

        memcpy(record + len, pieces[i].iov_base, part);
        len += part;
    }
    ERR_clear_error();
    result = tls_result(transport, SSL_write_ex(transport->ssl, data, len, n));
    transport->n_pinned = result == TRANSPORT_WAIT ? len : 0;
    return result;
}

enum transport_result transport_write(struct transport *transport, const struct iovec *pieces, int n_pieces,
                                      size_t *n)
{
    struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)pieces, .msg_iovlen = (size_t)n_pieces };
    ssize_t sent;

    *n = 0;
    if (transport->ssl)
        return tls_write(transport, pieces, n_pieces, n);
    do
        sent = sendmsg(transport->socket.fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    *n = sent > 0 ? (size_t)sent : 0;
    return socket_result(sent);
}

enum transport_result transport_end_writing(struct transport *transport)
{
    if (transport->ssl && transport->can_say_goodbye) {
        int answer;

        ERR_clear_error();
        answer = SSL_shutdown(transport->ssl);
        if (answer < 0 && tls_result(transport, answer) == TRANSPORT_WAIT)
            return TRANSPORT_WAIT;
        transport->can_say_goodbye = false;
    }
    return shutdown(transport->socket.fd, SHUT_WR) == 0 ? TRANSPORT_OK : TRANSPORT_FAILED;
}
