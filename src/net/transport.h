/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transport - one non-blocking socket, in the clear or through TLS: read, write, end. No queues, no time.
 */
#pragma once

#include <sys/uio.h>

#include "net/tls.h"

struct transport {
    struct tls_socket socket;
    struct ssl_st *ssl; /* NULL: in the clear */
    bool has_shaken_hands;
    bool can_say_goodbye; /* close_notify may still be sent */
    /* With TLS: so many bytes from the front of what waits were made into a record that waits for the socket.
     * The next write must begin with the same bytes. */
    size_t n_pinned;
};

enum transport_result {
    TRANSPORT_OK,
    TRANSPORT_WAIT, /* the socket will tell when it is ready */
    TRANSPORT_END,  /* the peer sends no more */
    TRANSPORT_FAILED,
};

/* Takes fd in any case. tls NULL: in the clear. False when there is no memory; then fd is closed. */
bool transport_open(struct transport *transport, int fd, const struct tls *tls);
void transport_close(struct transport *transport);

/* OK once TLS may carry bytes (at once in the clear). */
enum transport_result transport_shake_hands(struct transport *transport);

/* OK: *n (above 0) bytes were read. */
enum transport_result transport_read(struct transport *transport, uint8_t *data, size_t cap, size_t *n);

/* OK: *n (above 0) bytes from the front of the pieces were taken. n_pieces above 0. */
enum transport_result transport_write(struct transport *transport, const struct iovec *pieces, int n_pieces,
                                      size_t *n);

/* Nothing more will be written: close_notify and a half-close. OK, WAIT (call again) or FAILED. */
enum transport_result transport_end_writing(struct transport *transport);
