/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "net/connection.h"
#include "net/listener.h"

struct end {
    struct loop *loop;
    struct connection *connection;
    int peer_fd;
    size_t takes; /* how many bytes received() takes at a time; 0: all */
    struct buffer got;
    int n_drained;
    bool is_closed;
    enum connection_end how;
};

static size_t received(struct connection *connection, void *context, struct bytes bytes)
{
    struct end *end = context;
    size_t n = end->takes && end->takes < bytes.len ? end->takes : bytes.len;

    (void)connection;
    buffer_put(&end->got, bytes.data, n);
    return n;
}

static void drained(struct connection *connection, void *context)
{
    (void)connection;
    ((struct end *)context)->n_drained++;
}

static void closed(struct connection *connection, void *context, enum connection_end how)
{
    struct end *end = context;

    (void)connection;
    assert_false(end->is_closed);
    end->is_closed = true;
    end->how = how;
}

static const struct connection_handler handler = { .received = received,
                                                   .drained = drained,
                                                   .closed = closed };

static void turn(struct end *end, int n)
{
    struct error error;

    while (n-- > 0)
        assert_true(loop_turn(end->loop, 1000000, &error));
}

static void open_end(struct end *end, struct connection_options options)
{
    struct error error;
    int fds[2];

    *end = (struct end) { .loop = loop_new(&error) };
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    buffer_init(&end->got, 1 << 24);
    end->peer_fd = fds[1];
    options.handler = &handler;
    options.context = end;
    if (options.output_limit_bytes == 0)
        options.output_limit_bytes = 1 << 20;
    end->connection = connection_new(end->loop, fds[0], &options, &error);
    assert_non_null(end->connection);
    turn(end, 1);
}

static void close_end(struct end *end)
{
    if (!end->is_closed)
        connection_abort(end->connection);
    turn(end, 2);
    assert_true(end->is_closed);
    close(end->peer_fd);
    buffer_clear(&end->got);
    loop_free(end->loop);
}

static void what_the_owner_leaves_comes_again_when_he_resumes(void **state)
{
    struct end end;

    (void)state;
    open_end(&end, (struct connection_options) { .idle_ms = 0 });
    end.takes = 3;
    assert_int_equal(send(end.peer_fd, "abcdefgh", 8, 0), 8);
    turn(&end, 3);
    assert_int_equal(end.got.len, 3);
    assert_int_equal(send(end.peer_fd, "ij", 2, 0), 2);
    for (size_t n = 6; n <= 9; n += 3) {
        connection_resume(end.connection);
        turn(&end, 3);
        assert_int_equal(end.got.len, n < 9 ? n : 10); /* what was held goes first, alone; then the socket */
    }
    assert_memory_equal(end.got.data, "abcdefghij", 10);
    close_end(&end);
}

static void overflow_is_told_and_dropping_makes_room(void **state)
{
    struct shared_bytes *frame = shared_bytes_new(1000);
    struct end end;
    size_t n_queued = 0, n_bytes = 0, n_dropped;

    (void)state;
    memset(frame->own, 'f', 1000);
    open_end(&end, (struct connection_options) { .output_limit_bytes = 10160 });
    while (connection_send(end.connection, frame, OUTPUT_DROPPABLE) == CONNECTION_SENT)
        n_queued++;
    assert_int_equal(n_queued, 10);
    assert_int_equal(connection_queued_bytes(end.connection), 10160);
    n_dropped = connection_drop(end.connection, &n_bytes);
    assert_int_equal(n_dropped, 10);
    assert_int_equal(n_bytes, 10000);
    assert_int_equal(connection_send(end.connection, frame, OUTPUT_KEPT), CONNECTION_SENT);
    turn(&end, 3);
    assert_int_equal(end.n_drained, 1);
    connection_finish(end.connection);
    assert_int_equal(connection_send(end.connection, frame, OUTPUT_KEPT), CONNECTION_GONE);
    shared_bytes_release(frame);
    close_end(&end);
}

static void finishing_sends_what_is_queued_and_waits_for_the_peer(void **state)
{
    struct end end;
    char text[32];

    (void)state;
    open_end(&end, (struct connection_options) { .linger_ms = 10000 });
    connection_send_copy(end.connection, bytes_text("goodbye"));
    connection_finish(end.connection);
    turn(&end, 3);
    assert_int_equal(recv(end.peer_fd, text, sizeof text, 0), 7);
    assert_int_equal(recv(end.peer_fd, text, sizeof text, 0), 0);
    assert_false(end.is_closed);
    assert_int_equal(send(end.peer_fd, "ignored", 7, 0), 7);
    turn(&end, 2);
    assert_false(end.is_closed);
    shutdown(end.peer_fd, SHUT_WR);
    turn(&end, 3);
    assert_true(end.is_closed);
    assert_int_equal(end.how, CONNECTION_ENDED);
    assert_int_equal(end.got.len, 0);
    close_end(&end);
}

static void each_deadline_ends_it_in_its_own_name(void **state)
{
    static const struct {
        struct connection_options options;
        bool has_deadline, sends_much;
        enum connection_end expected;
    } cases[] = {
        { { .idle_ms = 20 }, false, false, CONNECTION_IDLE },
        { { .idle_ms = 5000 }, true, false, CONNECTION_LATE },
        { { .idle_ms = 10, .write_stall_ms = 30, .output_limit_bytes = 1 << 24 },
          false,
          true,
          CONNECTION_STALLED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct end end;

        open_end(&end, cases[i].options);
        turn(&end, 1);
        if (cases[i].has_deadline)
            connection_set_deadline(end.connection, loop_now_ns(end.loop) + 20000000);
        if (cases[i].sends_much) {
            struct shared_bytes *much = shared_bytes_new(1 << 23);

            memset(much->own, 0, 1 << 23);
            assert_int_equal(connection_send(end.connection, much, OUTPUT_KEPT), CONNECTION_SENT);
            shared_bytes_release(much);
        }
        for (int n = 0; n < 2000 && !end.is_closed; n++)
            turn(&end, 1);
        assert_true(end.is_closed);
        assert_string_equal(connection_end_name(end.how), connection_end_name(cases[i].expected));
        close_end(&end);
    }
}

static void a_peer_that_is_gone_is_noticed_and_raises_no_signal(void **state)
{
    struct end end;

    (void)state;
    open_end(&end, (struct connection_options) { .idle_ms = 0 });
    turn(&end, 2);
    connection_pause(end.connection);
    close(end.peer_fd);
    connection_send_copy(end.connection, bytes_text("to nobody"));
    turn(&end, 3);
    assert_true(end.is_closed);
    assert_int_equal(end.how, CONNECTION_BROKEN);
    end.peer_fd = dup(0);
    close_end(&end);
}

static struct ip_address address(const char *text)
{
    struct ip_address parsed;

    assert_true(ip_address_parse(text, &parsed));
    return parsed;
}

static void admission_counts_in_all_and_by_source(void **state)
{
    struct error error;
    struct admission *admission = admission_new(4, 2, &error);
    struct ip_address v4 = address("10.0.0.1"), other = address("10.0.0.2"), none = { .family = 0 };
    struct ip_address v6 = address("2001:db8::1"), neighbour = address("2001:db8::2");

    (void)state;
    assert_true(admission_enter(admission, &v6));
    assert_true(admission_enter(admission, &neighbour));
    assert_false(admission_enter(admission, &v6)); /* one /64 is one source */
    assert_true(admission_enter(admission, &v4));
    assert_true(admission_enter(admission, &none));
    assert_false(admission_enter(admission, &other));
    admission_leave(admission, &neighbour);
    assert_true(admission_enter(admission, &other));
    assert_int_equal(admission_statistics(admission)->n_refused_full, 1);
    assert_int_equal(admission_statistics(admission)->n_refused_source, 1);
    assert_int_equal(admission_statistics(admission)->n_open, 4);
    admission_free(admission);
    assert_null(admission_new(0, 0, &error));
}

/* Against plain counters, over many comings and goings: the table closes up behind those that leave. */
static void admission_agrees_with_a_plain_count(void **state)
{
    enum { SOURCES = 200, LIMIT = 300, SOURCE_LIMIT = 3 };
    struct error error;
    struct admission *admission = admission_new(LIMIT, SOURCE_LIMIT, &error);
    unsigned counts[SOURCES] = { 0 }, n_open = 0;

    (void)state;
    srand(11);
    for (int i = 0; i < 100000; i++) {
        unsigned which = (unsigned)rand() % SOURCES;
        struct ip_address source = { { 10, 1, 2, (uint8_t)which }, 4 };

        if (rand() % 2) {
            bool may = n_open < LIMIT && counts[which] < SOURCE_LIMIT;

            assert_int_equal(admission_enter(admission, &source), may);
            counts[which] += may;
            n_open += may;
        } else if (counts[which] > 0) {
            admission_leave(admission, &source);
            counts[which]--;
            n_open--;
        }
    }
    assert_int_equal(admission_statistics(admission)->n_open, n_open);
    admission_free(admission);
}

struct door {
    struct admission *admission;
    int fds[64];
    size_t n_fds;
};

static void accepted(void *context, int fd, const struct ip_address *source)
{
    struct door *door = context;

    (void)source;
    assert_true(door->n_fds < 64);
    door->fds[door->n_fds++] = fd;
}

static void without_descriptors_connections_are_turned_away_and_counted(void **state)
{
    char path[64];
    struct error error = { .kind = ERROR_NONE };
    struct loop *loop = loop_new(&error);
    struct door door = { .admission = admission_new(64, 0, &error) };
    const struct listener_options options = {
        .admission = door.admission, .unix_mode = 0600, .accepted = accepted, .context = &door
    };
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    struct listener *listener;
    struct rlimit before, tight;
    int clients[8], highest;
    char c;

    (void)state;
    snprintf(path, sizeof path, "unix:/tmp/tapdeck-door-%d", (int)getpid());
    strcpy(at.sun_path, path + 5);
    listener = listener_open(loop, path, &options, &error);
    if (listener == NULL)
        fail_msg("%s", error.text);
    for (int i = 0; i < 8; i++) {
        clients[i] = socket(AF_UNIX, SOCK_STREAM, 0);
        assert_int_equal(connect(clients[i], (struct sockaddr *)&at, sizeof at), 0);
    }
    highest = dup(0);
    close(highest);
    getrlimit(RLIMIT_NOFILE, &before);
    tight = before;
    tight.rlim_cur = (rlim_t)highest + 2;
    setrlimit(RLIMIT_NOFILE, &tight);
    for (int i = 0; i < 3; i++)
        assert_true(loop_turn(loop, 1000000, &error));
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(door.n_fds, 2);
    assert_int_equal(admission_statistics(door.admission)->n_refused_fds, 6);
    assert_int_equal(recv(clients[7], &c, 1, 0), 0);
    for (int i = 0; i < 8; i++)
        close(clients[i]);
    for (size_t i = 0; i < door.n_fds; i++)
        close(door.fds[i]);
    listener_close(listener);
    assert_int_not_equal(access(at.sun_path, F_OK), 0);
    admission_free(door.admission);
    loop_free(loop);
}

static void addresses_that_cannot_be_listened_on_are_told(void **state)
{
    static const char *const addresses[] = { "8080",        "127.0.0.1",
                                             "::1:80",      "127.0.0.1:http-nope",
                                             "unix:",       "unix:/nonexistent/x",
                                             "192.0.2.1:0", "127.0.0.1:" };
    struct error error;
    struct loop *loop = loop_new(&error);
    const struct listener_options options = { .accepted = accepted };

    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        error.text[0] = '\0';
        assert_null(listener_open(loop, addresses[i], &options, &error));
        assert_true(strlen(error.text) > 0);
    }
    loop_free(loop);
}

static void certificates_are_made_or_refused_with_the_file_named(void **state)
{
    static const char *const names[] = { "tap.example", "10.1.2.3", "2001:db8::1" };
    static const char *const bad[] = { "a,DNS:evil.example" };
    char fingerprint[TLS_FINGERPRINT_BYTES];
    struct error error;
    struct tls *tls = tls_open_self_signed(names, 3, time(NULL), &error);

    (void)state;
    assert_non_null(tls);
    tls_fingerprint(tls, fingerprint);
    assert_int_equal(strlen(fingerprint), 32 * 3 - 1);
    tls_close(tls);
    assert_null(tls_open_self_signed(bad, 1, time(NULL), &error));
    assert_null(tls_open("/nonexistent/cert.pem", "/nonexistent/key.pem", &error));
    assert_non_null(strstr(error.text, "/nonexistent/cert.pem"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_owner_leaves_comes_again_when_he_resumes),
        cmocka_unit_test(overflow_is_told_and_dropping_makes_room),
        cmocka_unit_test(finishing_sends_what_is_queued_and_waits_for_the_peer),
        cmocka_unit_test(each_deadline_ends_it_in_its_own_name),
        cmocka_unit_test(a_peer_that_is_gone_is_noticed_and_raises_no_signal),
        cmocka_unit_test(admission_counts_in_all_and_by_source),
        cmocka_unit_test(admission_agrees_with_a_plain_count),
        cmocka_unit_test(without_descriptors_connections_are_turned_away_and_counted),
        cmocka_unit_test(addresses_that_cannot_be_listened_on_are_told),
        cmocka_unit_test(certificates_are_made_or_refused_with_the_file_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
