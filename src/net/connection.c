/* SPDX-License-Identifier: Apache-2.0 */
#include "net/connection.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/buffer.h"
#include "net/transport.h"

enum {
    READ_A_TURN_BYTES = 256 * 1024, /* then others get their turn */
    WRITE_A_TURN_BYTES = 1024 * 1024,
    LINGER_MS = 1000,
};

enum state {
    STATE_OPENING,
    STATE_OPEN,
    STATE_FINISHING,
    STATE_LINGERING,
    STATE_CLOSED,
};

struct connection {
    struct loop *loop;
    struct connection_options options;
    struct transport transport;
    struct output_queue queue;
    struct loop_watch watch;
    struct loop_timer timer;
    struct loop_task work;
    enum state state;
    enum connection_end end;
    bool can_read, can_write; /* the socket had more when it was last asked, or said so since */
    bool is_paused, has_peer_ended, is_resuming;
    bool was_filled; /* something was queued since drained() was told */
    int64_t heard_ns, progress_ns, deadline_ns, linger_until_ns;
    struct buffer held; /* what received() did not take */
};

static int64_t ms_ns(uint32_t ms)
{
    return ms * INT64_C(1000000);
}

static void close_socket(struct connection *connection, enum connection_end end)
{
    if (connection->state == STATE_CLOSED)
        return;
    connection->state = STATE_CLOSED;
    connection->end = end;
    loop_watch_remove(connection->loop, &connection->watch);
    loop_timer_cancel(connection->loop, &connection->timer);
    transport_close(&connection->transport);
    output_queue_clear(&connection->queue);
    if (connection->options.admission)
        admission_leave(connection->options.admission, &connection->options.source);
    loop_defer(connection->loop, &connection->work);
}

/* The earliest of what may end it; the timer is moved only forwards in time when it fires. */
static int64_t next_due(const struct connection *connection, enum connection_end *end)
{
    const struct connection_options *options = &connection->options;
    int64_t due_ns = INT64_MAX;

    if (connection->state == STATE_LINGERING) {
        *end = CONNECTION_ENDED;
        return connection->linger_until_ns;
    }
    if (connection->deadline_ns) {
        due_ns = connection->deadline_ns;
        *end = CONNECTION_LATE;
    }
    if (options->idle_ms && connection->queue.n_entries == 0 &&
        connection->heard_ns + ms_ns(options->idle_ms) < due_ns) {
        due_ns = connection->heard_ns + ms_ns(options->idle_ms);
        *end = CONNECTION_IDLE;
    }
    if (options->write_stall_ms &&
        (connection->queue.n_entries > 0 || connection->state == STATE_FINISHING) &&
        connection->progress_ns + ms_ns(options->write_stall_ms) < due_ns) {
        due_ns = connection->progress_ns + ms_ns(options->write_stall_ms);
        *end = CONNECTION_STALLED;
    }
    return due_ns;
}

/* Later dues are met when the timer fires for the earlier one: so bytes that come and go move no timer. */
static void arm(struct connection *connection)
{
    enum connection_end end;
    int64_t due_ns = next_due(connection, &end);

    if (due_ns == INT64_MAX)
        return;
    if (connection->timer.place == 0 || due_ns < connection->timer.due_ns)
        loop_timer_set(connection->loop, &connection->timer, due_ns);
}

static void timer_fired(void *context)
{
    struct connection *connection = context;
    enum connection_end end = CONNECTION_ENDED;

    if (next_due(connection, &end) <= loop_now_ns(connection->loop))
        close_socket(connection, end);
    else
        arm(connection);
}

static void begin_linger(struct connection *connection)
{
    uint32_t linger_ms = connection->options.linger_ms ? connection->options.linger_ms : LINGER_MS;

    connection->state = STATE_LINGERING;
    connection->linger_until_ns = loop_now_ns(connection->loop) + ms_ns(linger_ms);
    buffer_clear(&connection->held);
    if (connection->has_peer_ended) {
        close_socket(connection, CONNECTION_ENDED);
        return;
    }
    arm(connection);
    loop_defer(connection->loop,
               &connection->work); /* what was left unread while finishing brings no event */
}

static void tell_drained(struct connection *connection)
{
    if (!connection->was_filled || connection->queue.n_entries > 0 || connection->state != STATE_OPEN)
        return;
    connection->was_filled = false;
    if (connection->options.handler->drained)
        connection->options.handler->drained(connection, connection->options.context);
}

static void flush(struct connection *connection)
{
    struct iovec pieces[OUTPUT_QUEUE_IOVECS];
    size_t n, sum = 0;

    while (connection->can_write && connection->queue.n_entries > 0) {
        int n_pieces = output_queue_pieces(&connection->queue, pieces, OUTPUT_QUEUE_IOVECS);

        switch (transport_write(&connection->transport, pieces, n_pieces, &n)) {
        case TRANSPORT_OK:
            output_queue_sent(&connection->queue, n);
            connection->progress_ns = connection->heard_ns = loop_now_ns(connection->loop);
            sum += n;
            break;
        case TRANSPORT_WAIT:
            connection->can_write = false;
            break;
        case TRANSPORT_END:
        case TRANSPORT_FAILED:
            close_socket(connection, CONNECTION_BROKEN);
            return;
        }
        if (sum >= WRITE_A_TURN_BYTES) {
            loop_defer(connection->loop, &connection->work);
            break;
        }
    }
    if (connection->queue.n_entries > 0) {
        arm(connection);
        return;
    }
    tell_drained(connection);
    if (connection->state == STATE_FINISHING && connection->queue.n_entries == 0) {
        switch (transport_end_writing(&connection->transport)) {
        case TRANSPORT_WAIT:
            connection->can_write = false;
            arm(connection);
            break;
        case TRANSPORT_OK:
            begin_linger(connection);
            break;
        default:
            close_socket(connection, CONNECTION_BROKEN);
            break;
        }
    }
}

static bool is_reading(const struct connection *connection)
{
    return !connection->is_paused && !connection->has_peer_ended && connection->held.len == 0 &&
           connection->state == STATE_OPEN;
}

/* Gives bytes to the owner; what he leaves is kept. False when nothing more may be given to him now. */
static bool hand_over(struct connection *connection, struct bytes bytes)
{
    size_t taken = connection->options.handler->received(connection, connection->options.context, bytes);

    if (connection->state != STATE_OPEN)
        return false;
    if (taken < bytes.len && !buffer_put(&connection->held, bytes.data + taken, bytes.len - taken)) {
        close_socket(connection, CONNECTION_BROKEN); /* no memory for what may not be lost */
        return false;
    }
    return is_reading(connection);
}

static void give_held(struct connection *connection)
{
    struct buffer held = connection->held;

    connection->is_resuming = false;
    if (held.len == 0 || connection->is_paused || connection->state != STATE_OPEN)
        return;
    buffer_init(&connection->held, held.limit_bytes);
    hand_over(connection, buffer_bytes(&held));
    buffer_clear(&held);
}

static void meet_end(struct connection *connection)
{
    connection->has_peer_ended = true;
    connection->can_read = false;
    if (connection->state == STATE_LINGERING)
        close_socket(connection, CONNECTION_ENDED);
    else if (connection->state == STATE_OPEN && connection->options.handler->peer_ended)
        connection->options.handler->peer_ended(connection, connection->options.context);
    else if (connection->state == STATE_OPEN)
        connection_finish(connection);
}

static void fill(struct connection *connection)
{
    uint8_t *scratch = loop_scratch(connection->loop);
    size_t n, sum = 0;

    while (connection->can_read && (is_reading(connection) || connection->state == STATE_LINGERING)) {
        switch (transport_read(&connection->transport, scratch, LOOP_SCRATCH_BYTES, &n)) {
        case TRANSPORT_OK:
            connection->heard_ns = loop_now_ns(connection->loop);
            if (connection->state == STATE_OPEN)
                hand_over(connection, bytes_of(scratch, n));
            break;
        case TRANSPORT_WAIT:
            connection->can_read = false;
            return;
        case TRANSPORT_END:
            meet_end(connection);
            return;
        case TRANSPORT_FAILED:
            close_socket(connection,
                         connection->state == STATE_LINGERING ? CONNECTION_ENDED : CONNECTION_BROKEN);
            return;
        }
        sum += n;
        if (sum >= READ_A_TURN_BYTES && connection->state != STATE_CLOSED) {
            loop_defer(connection->loop, &connection->work);
            return;
        }
    }
}

static void open_up(struct connection *connection)
{
    switch (transport_shake_hands(&connection->transport)) {
    case TRANSPORT_OK:
        connection->state = STATE_OPEN;
        connection->deadline_ns = 0;
        arm(connection);
        if (connection->options.handler->opened)
            connection->options.handler->opened(connection, connection->options.context);
        break;
    case TRANSPORT_WAIT:
        break;
    default:
        close_socket(connection, CONNECTION_BROKEN);
        break;
    }
}

static void free_closed(struct connection *connection)
{
    connection->options.handler->closed(connection, connection->options.context, connection->end);
    loop_timer_remove(connection->loop, &connection->timer);
    loop_task_cancel(&connection->work);
    output_queue_clear(&connection->queue);
    buffer_clear(&connection->held);
    free(connection);
}

/* All there is to do, in an order that lets answers go out in the turn their request came in. */
static void work(void *context)
{
    struct connection *connection = context;

    if (connection->state == STATE_OPENING)
        open_up(connection);
    if (connection->state == STATE_OPEN && connection->is_resuming)
        give_held(connection);
    if (connection->state == STATE_OPEN || connection->state == STATE_LINGERING)
        fill(connection);
    if (connection->state == STATE_OPEN || connection->state == STATE_FINISHING)
        flush(connection);
    if (connection->state == STATE_CLOSED)
        free_closed(connection);
}

static void connection_ready(void *context, uint32_t epoll_events)
{
    struct connection *connection = context;

    /* TLS may have to write to read on, and the other way round. */
    if (connection->transport.ssl || (epoll_events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
        connection->can_read = true;
    if (connection->transport.ssl || (epoll_events & (EPOLLOUT | EPOLLHUP | EPOLLERR)))
        connection->can_write = true;
    /* A peer that is gone is noticed by reading; while paused nothing is read, so it is asked here. */
    if ((epoll_events & (EPOLLHUP | EPOLLERR)) && !is_reading(connection) && connection->state == STATE_OPEN)
        close_socket(connection, CONNECTION_BROKEN);
    loop_defer(connection->loop, &connection->work);
}

struct connection *connection_new(struct loop *loop, int fd, const struct connection_options *options,
                                  struct error *error)
{
    struct connection *connection = calloc(1, sizeof *connection);
    bool is_open = connection && transport_open(&connection->transport, fd, options->tls);

    if (connection == NULL)
        close(fd);
    if (!is_open) {
        error_set(error, ERROR_SYSTEM, "no memory for a connection");
        goto failed;
    }
    connection->loop = loop;
    connection->options = *options;
    connection->watch = (struct loop_watch) { .fd = -1, .ready = connection_ready, .context = connection };
    connection->timer = (struct loop_timer) { .fire = timer_fired, .context = connection };
    connection->work = (struct loop_task) { .run = work, .context = connection };
    connection->heard_ns = connection->progress_ns = loop_now_ns(loop);
    if (options->handshake_ms)
        connection->deadline_ns = loop_now_ns(loop) + ms_ns(options->handshake_ms);
    output_queue_init(&connection->queue, options->output_limit_bytes);
    buffer_init(&connection->held, LOOP_SCRATCH_BYTES);
    if (!loop_timer_add(loop, &connection->timer, error))
        goto failed;
    if (!loop_watch_add(loop, &connection->watch, fd, error)) {
        loop_timer_remove(loop, &connection->timer);
        goto failed;
    }
    arm(connection);
    loop_defer(loop, &connection->work);
    return connection;

failed:
    if (is_open)
        transport_close(&connection->transport);
    if (options->admission)
        admission_leave(options->admission, &options->source);
    free(connection);
    return NULL;
}

enum connection_send connection_send(struct connection *connection, struct shared_bytes *bytes,
                                     enum output_kind kind)
{
    if (connection->state != STATE_OPEN)
        return CONNECTION_GONE;
    if (!output_queue_put(&connection->queue, bytes, kind))
        return CONNECTION_OVERFLOW;
    if (!connection->was_filled) {
        connection->was_filled = true;
        connection->progress_ns = loop_now_ns(connection->loop);
    }
    if (connection->can_write)
        loop_defer(connection->loop, &connection->work);
    return CONNECTION_SENT;
}

enum connection_send connection_send_copy(struct connection *connection, struct bytes bytes)
{
    struct shared_bytes *copy = shared_bytes_copy(bytes);
    enum connection_send answer;

    if (copy == NULL)
        return CONNECTION_OVERFLOW;
    answer = connection_send(connection, copy, OUTPUT_KEPT);
    shared_bytes_release(copy);
    return answer;
}

size_t connection_drop(struct connection *connection, size_t *n_bytes)
{
    return output_queue_drop(&connection->queue, connection->transport.n_pinned, n_bytes);
}

size_t connection_queued_bytes(const struct connection *connection)
{
    return output_queue_charge(&connection->queue);
}

void connection_pause(struct connection *connection)
{
    connection->is_paused = true;
}

void connection_resume(struct connection *connection)
{
    connection->is_paused = false;
    connection->is_resuming = true;
    if (connection->state == STATE_OPEN)
        loop_defer(connection->loop, &connection->work);
}

void connection_set_deadline(struct connection *connection, int64_t due_ns)
{
    if (connection->state != STATE_OPEN)
        return;
    connection->deadline_ns = due_ns;
    arm(connection);
}

void connection_set_idle(struct connection *connection, uint32_t idle_ms)
{
    connection->options.idle_ms = idle_ms;
    if (connection->state == STATE_OPEN)
        arm(connection);
}

void connection_finish(struct connection *connection)
{
    if (connection->state == STATE_OPENING) {
        connection_abort(connection);
    } else if (connection->state == STATE_OPEN) {
        connection->state = STATE_FINISHING;
        connection->deadline_ns = 0;
        connection->progress_ns = loop_now_ns(connection->loop);
        arm(connection);
        loop_defer(connection->loop, &connection->work);
    }
}

void connection_abort(struct connection *connection)
{
    close_socket(connection, CONNECTION_ABORTED);
}

const struct ip_address *connection_source(const struct connection *connection)
{
    return &connection->options.source;
}

void *connection_context(const struct connection *connection)
{
    return connection->options.context;
}

const char *connection_end_name(enum connection_end end)
{
    static const char *const names[] = {
        [CONNECTION_ENDED] = "ended", [CONNECTION_ABORTED] = "aborted", [CONNECTION_BROKEN] = "broken",
        [CONNECTION_IDLE] = "idle",   [CONNECTION_LATE] = "late",       [CONNECTION_STALLED] = "stalled",
    };

    return end < CONNECTION_ENDS ? names[end] : "unknown";
}
