/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection - one accepted socket in a loop: bytes come by a callback, bytes go through a bounded queue of
 * shared ones; deadlines, half-close, and an end that is told exactly once.
 *
 *      OPENING (TLS) ─▶ OPEN ─▶ FINISHING (queue, close_notify) ─▶ LINGERING (reads until the peer ends) ─▶
 * closed
 *
 * What is queued in one turn of the loop is sent at its end, up to 16 buffers a sendmsg. Bytes are read into
 * the loop's scratch, so an idle connection has no buffers at all. Knows nothing of HTTP: what its bytes
 * mean, whom it serves, and what is dropped when its queue is full is its owner's. One loop's thread.
 */
#pragma once

#include "net/admission.h"
#include "net/loop.h"
#include "net/output_queue.h"
#include "net/tls.h"

struct connection;

enum connection_end {
    CONNECTION_ENDED,   /* both sides are done */
    CONNECTION_ABORTED, /* by connection_abort() */
    CONNECTION_BROKEN,  /* the peer reset it, or TLS failed */
    CONNECTION_IDLE,    /* no byte either way for idle_ms */
    CONNECTION_LATE,    /* connection_set_deadline() passed, or the handshake took too long */
    CONNECTION_STALLED, /* the peer took none of what waits for write_stall_ms */
    CONNECTION_ENDS,    /* how many there are */
};

/* What the owner is told. None of it is called from within a connection_… call of his. */
struct connection_handler {
    /* TLS stands (in the clear: the first turn). May be NULL. */
    void (*opened)(struct connection *connection, void *context);
    /* Answers how many of the bytes it took. If not all, the rest is kept, and nothing is read, until
     * connection_resume(): so a pipelined request waits until the one before was answered. */
    size_t (*received)(struct connection *connection, void *context, struct bytes bytes);
    /* The peer sends no more; it may still read. NULL: connection_finish(). */
    void (*peer_ended)(struct connection *connection, void *context);
    /* All that was queued is with the kernel: time to produce more. May be NULL. */
    void (*drained)(struct connection *connection, void *context);
    /* The last call: the connection is freed when it returns. */
    void (*closed)(struct connection *connection, void *context, enum connection_end end);
};

struct connection_options {
    const struct connection_handler *handler;
    void *context;
    const struct tls *tls;       /* NULL: in the clear */
    struct admission *admission; /* left when the socket is closed; NULL: none */
    struct ip_address source;
    size_t output_limit_bytes; /* of what waits to be sent */
    /* 0: no such limit */
    uint32_t handshake_ms, idle_ms, write_stall_ms;
    uint32_t linger_ms; /* for the peer to end after we did; 0: 1000 */
};

/*
 * Takes fd, which must not block, in any case, and its admission. NULL, with *error set, when there is no
 * memory or descriptor; closed() is not called then.
 */
struct connection *connection_new(struct loop *loop, int fd, const struct connection_options *options,
                                  struct error *error);

enum connection_send {
    CONNECTION_SENT,     /* queued */
    CONNECTION_OVERFLOW, /* would pass output_limit_bytes: nothing was taken; the owner drops and counts, or
                            ends it */
    CONNECTION_GONE,     /* finishing or closed: nothing was taken */
};

/* Takes a reference of its own. */
enum connection_send connection_send(struct connection *connection, struct shared_bytes *bytes,
                                     enum output_kind kind);

/* The same with a copy of bytes; no memory counts as overflow. */
enum connection_send connection_send_copy(struct connection *connection, struct bytes bytes);

/* Takes back what is droppable and not begun; answers how many buffers, adds their bytes to *n_bytes. */
size_t connection_drop(struct connection *connection, size_t *n_bytes);

/* What waits, as it counts against output_limit_bytes. */
size_t connection_queued_bytes(const struct connection *connection);

/* received() gets what it left, and reading goes on. */
void connection_resume(struct connection *connection);

/* Nothing is read from the socket until connection_resume(). */
void connection_pause(struct connection *connection);

/* Ends it as CONNECTION_LATE unless set anew before: a request's head that trickles in. 0 takes it off. */
void connection_set_deadline(struct connection *connection, int64_t due_ns);
void connection_set_idle(struct connection *connection, uint32_t idle_ms);

/* Sends what is queued, then ends. Nothing more is received. */
void connection_finish(struct connection *connection);

/* Ends at once; closed() follows at the end of the turn. */
void connection_abort(struct connection *connection);

const struct ip_address *connection_source(const struct connection *connection);
void *connection_context(const struct connection *connection);
const char *connection_end_name(enum connection_end end);
