/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "packet/pcapng_encode.h"
#include "source/openers.h"
#include "source/tap_address.h"

static void addresses_are_read_and_what_is_off_is_said(void **state)
{
    static const struct {
        const char *text;
        bool is_good, is_loopback;
    } cases[] = {
        { "unix:/run/x", true, true },
        { "unix:x", true, true },
        { "tcp:127.0.0.1:1", true, true },
        { "tcp:127.9.9.9:65535", true, true },
        { "tcp:localhost:57012", true, true },
        { "tcp:[::1]:57012", true, true },
        { "tcp:0.0.0.0:57012", true, false },
        { "tcp:[::]:57012", true, false },
        { "tcp:10.0.0.1:1", true, false },
        { "unix:", false, false },
        { "tcp:57012", false, false },
        { "tcp::57012", false, false },
        { "tcp:127.0.0.1:0", false, false },
        { "tcp:127.0.0.1:65536", false, false },
        { "tcp:127.0.0.1:1x", false, false },
        { "tcp:example.org:1", false, false },
        { "/run/x", false, false },
        { "", false, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tap_address address;
        struct error error;
        bool is_good = tap_address_parse(cases[i].text, &address, &error);

        if (is_good != cases[i].is_good || (is_good && address.is_loopback != cases[i].is_loopback))
            fail_msg("%s", cases[i].text);
        if (!is_good)
            assert_int_equal(error.kind, ERROR_USAGE);
    }
}

/* A tap that this test plays. */
struct played {
    char path[64], name[96];
    int listener, peer;
    struct interface_table interfaces;
    struct source *source;
    struct batch batch;
};

static void play(struct played *p)
{
    struct tap_address address;
    struct error error = { 0 };
    char text[80];

    *p = (struct played) { .peer = -1 };
    strcpy(p->path, "/tmp/tap-source-test-XXXXXX");
    close(mkstemp(p->path));
    unlink(p->path);
    snprintf(text, sizeof text, "unix:%s", p->path);
    snprintf(p->name, sizeof p->name, "tap:%s", text);
    assert_true(tap_address_parse(text, &address, &error));
    assert_null(tap_source_open(p->name, &p->interfaces, &error)); /* nobody listens yet */
    assert_non_null(strstr(error.text, "nobody listens there"));
    p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(p->listener, &address.socket.any, address.len), 0);
    assert_int_equal(listen(p->listener, 1), 0);
    p->source = tap_source_open(p->name, &p->interfaces, &error);
    if (p->source == NULL)
        fail_msg("%s", error.text);
    p->peer = accept(p->listener, NULL, NULL);
    assert_true(batch_init(&p->batch, 0));
}

static void end_play(struct played *p)
{
    source_close(p->source);
    batch_clear(&p->batch);
    interface_table_clear(&p->interfaces);
    if (p->peer >= 0)
        close(p->peer);
    close(p->listener);
    unlink(p->path);
}

static void put_packet(struct buffer *stream, uint64_t number, uint32_t caplen)
{
    static const uint8_t data[70000] = { 1, 2, 3 };
    uint8_t option[12] = { 5, 0, 8, 0 };
    struct packet packet = { .ts_ns = 1000 + (int64_t)number,
                             .data = data,
                             .caplen = caplen,
                             .len = caplen,
                             .linktype = LINKTYPE_ETHERNET,
                             .options = option,
                             .options_len = sizeof option };

    for (unsigned i = 0; i < 8; i++)
        option[4 + i] = (uint8_t)(number >> 8 * i);
    assert_true(pcapng_put_packet(stream, &packet, 0));
}

static void put_head(struct buffer *stream)
{
    const struct interface first = { .linktype = LINKTYPE_ETHERNET, .name = "eth0", .tsresol = 9 };

    assert_true(pcapng_put_section(stream, "test", ""));
    assert_true(pcapng_put_interface(stream, &first));
}

static void a_stream_that_comes_in_any_pieces_keeps_its_numbers(void **state)
{
    static const size_t steps[] = { 1, 7, 1000, 1 << 20 };

    (void)state;
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
        struct error error = { 0 };
        struct buffer stream;
        struct played p;
        uint64_t wanted = 4000000001u;

        play(&p);
        buffer_init(&stream, 1 << 20);
        put_head(&stream);
        assert_int_equal(source_next(p.source, &p.batch, 0, &error), SOURCE_IDLE);
        for (uint64_t i = 0; i < 20; i++)
            put_packet(&stream, 4000000001u + i, i == 10 && s > 1 ? 70000 : (uint32_t)(40 + i));
        pcapng_put_statistics(&stream, &(struct pcapng_statistics) { .n_dropped = 3, .n_dropped_os = 4 });
        for (size_t at = 0; at < stream.len;) {
            size_t n = stream.len - at < steps[s] ? stream.len - at : steps[s];
            ssize_t sent = send(p.peer, stream.data + at, n, MSG_DONTWAIT);

            at += sent > 0 ? (size_t)sent : 0;
            if (source_next(p.source, &p.batch, 0, &error) != SOURCE_PACKETS)
                continue;
            for (uint32_t i = 0; i < p.batch.n; i++)
                assert_int_equal(p.batch.packets[i].packet_id, wanted++);
        }
        shutdown(p.peer, SHUT_WR);
        while (source_next(p.source, &p.batch, 100, &error) == SOURCE_PACKETS)
            for (uint32_t i = 0; i < p.batch.n; i++)
                assert_int_equal(p.batch.packets[i].packet_id, wanted++);
        assert_int_equal(source_next(p.source, &p.batch, 0, &error), SOURCE_END);
        assert_int_equal(wanted, 4000000021u);
        assert_int_equal(p.source->stats.n_packets, 20);
        assert_int_equal(p.source->stats.n_dropped_kernel, 7);
        assert_string_equal(p.interfaces.items[0].name, "eth0");
        buffer_clear(&stream);
        end_play(&p);
    }
}

static void what_is_cut_off_or_no_pcapng_is_a_fault(void **state)
{
    struct error error = { 0 };
    struct buffer stream;
    struct played p;

    (void)state;
    play(&p);
    buffer_init(&stream, 1 << 20);
    put_head(&stream);
    put_packet(&stream, 1, 100);
    assert_int_equal(send(p.peer, stream.data, stream.len - 10, 0), stream.len - 10);
    shutdown(p.peer, SHUT_WR);
    assert_int_equal(source_next(p.source, &p.batch, 100, &error), SOURCE_FAULT);
    assert_non_null(strstr(error.text, "cut off"));
    end_play(&p);

    play(&p);
    assert_int_equal(send(p.peer, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
    assert_int_equal(source_next(p.source, &p.batch, 100, &error), SOURCE_FAULT);
    assert_non_null(strstr(error.text, "not pcapng"));
    buffer_clear(&stream);
    end_play(&p);
}

/* A listener whose queue is full answers nobody. */
static void who_does_not_answer_is_waited_for_until_it_is_stopped(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), others[4];
    struct interface_table interfaces = { 0 };
    const atomic_bool stop = true;
    struct error error = { 0 };
    char name[64];

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        others[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(connect(others[i], (struct sockaddr *)&address, len) == 0 || errno == EINPROGRESS);
    }
    snprintf(name, sizeof name, "tap:tcp:127.0.0.1:%u", ntohs(address.sin_port));
    assert_null(tap_source_open_until(name, &interfaces, &stop, &error));
    assert_non_null(strstr(error.text, strerror(ECANCELED)));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        close(others[i]);
    close(listener);
    interface_table_clear(&interfaces);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_what_is_off_is_said),
        cmocka_unit_test(a_stream_that_comes_in_any_pieces_keeps_its_numbers),
        cmocka_unit_test(who_does_not_answer_is_waited_for_until_it_is_stopped),
        cmocka_unit_test(what_is_cut_off_or_no_pcapng_is_a_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
