/* SPDX-License-Identifier: Apache-2.0 */
/*
 * viewers - many live viewers of a running `tapdeck serve` in one process, and what they saw:
 * bench/README.md.
 *
 *   viewers ADDR PORT TOKEN SOURCE SECONDS VIEWERS [FILTER]...
 *
 * Each viewer opens the live socket, asks one of the filters in turn (none: all packets), and acknowledges
 * what it gets, as a page does each 80 ms. Latency is from the packet's capture time, on the same machine's
 * clock, to its frame's last byte here. At the end: what the server counted for each view against what came.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <netinet/tcp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "net/websocket_client.h"
#include "net/websocket_frame.h"

enum {
    MESSAGE_LIMIT_BYTES = 4 << 20,
    READ_BYTES = 256 * 1024,
    PAINT_MS = 80,
    BUCKETS = 20000, /* of a millisecond */
};

struct viewer {
    int fd;
    bool is_open;
    struct websocket_client client;
    struct websocket ws;
    const char *filter;
    uint64_t n_bytes, n_acknowledged, n_rows, n_frames, last_number;
    uint64_t n_sent, n_matched, n_left_out, n_gap_rows, n_out_of_order;
    int64_t paint_ns;
};

static uint64_t buckets[BUCKETS], n_latencies;
static uint64_t longest_ms;

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void fail(const char *what)
{
    fprintf(stderr, "viewers: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void send_all(struct viewer *viewer, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(viewer->fd, data, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN) {
            usleep(1000);
            continue;
        }
        if (n < 0)
            fail("send");
        data += n;
        len -= (size_t)n;
    }
}

static void say(struct viewer *viewer, const char *text)
{
    static const uint8_t mask[4] = { 1, 2, 3, 4 };
    struct shared_bytes *frame = websocket_frame_masked_new(WEBSOCKET_TEXT, bytes_text(text), mask);

    if (frame == NULL)
        fail("memory");
    send_all(viewer, frame->data, frame->len);
    shared_bytes_release(frame);
}

static void connect_viewer(struct viewer *viewer, const struct sockaddr_in *at, const char *host,
                           const char *token)
{
    struct websocket_client_options options = { .host = host,
                                                .target = "/api/v1/live",
                                                .protocols = "tapdeck.v1" };
    uint8_t key[16];
    struct buffer out;
    int one = 1;

    RAND_bytes(key, sizeof key);
    options.random_key = key;
    viewer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (viewer->fd < 0 || connect(viewer->fd, (const struct sockaddr *)at, sizeof *at) < 0)
        fail("connect");
    setsockopt(viewer->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    buffer_init(&out, 8192);
    if (!websocket_client_begin(&viewer->client, &options, &out))
        fail("handshake");
    out.len -= 2; /* one header more, before the empty line */
    buffer_printf(&out, "Authorization: Bearer %s\r\n\r\n", token);
    send_all(viewer, out.data, out.len);
    buffer_clear(&out);
    if (fcntl(viewer->fd, F_SETFL, O_NONBLOCK) < 0)
        fail("fcntl");
    websocket_init(&viewer->ws, WEBSOCKET_CLIENT, MESSAGE_LIMIT_BYTES, NULL);
}

static uint32_t u32_at(struct bytes bytes, size_t at)
{
    uint32_t value;

    memcpy(&value, bytes.data + at, sizeof value);
    return value;
}

static uint64_t u64_at(struct bytes bytes, size_t at)
{
    uint64_t value;

    memcpy(&value, bytes.data + at, sizeof value);
    return value;
}

/* docs/live-protocol.md, "A frame of rows". The latency of each row. */
static void take_frame(struct viewer *viewer, struct bytes frame)
{
    int64_t now_ns = clock_ns(CLOCK_REALTIME);
    uint32_t n = frame.len >= 48 ? u32_at(frame, 8) : 0;

    viewer->n_frames++;
    viewer->n_bytes += frame.len;
    if (frame.len < 48 + (size_t)n * 8)
        return;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t number = u64_at(frame, 16) + u32_at(frame, 48 + i * 4);
        int64_t ts_ns = (int64_t)u64_at(frame, 24) + u32_at(frame, 48 + (n + i) * 4);
        int64_t ms = (now_ns - ts_ns) / 1000000;
        size_t bucket = ms < 0 ? 0 : ms < BUCKETS ? (size_t)ms : BUCKETS - 1;

        viewer->n_out_of_order += number <= viewer->last_number;
        viewer->last_number = number;
        buckets[bucket]++;
        n_latencies++;
        if (ms > 0 && (uint64_t)ms > longest_ms)
            longest_ms = (uint64_t)ms;
    }
    viewer->n_rows += n;
}

static void take_text(struct viewer *viewer, struct bytes text)
{
    json_t *json = json_loadb((const char *)text.data, text.len, 0, NULL);
    const char *type = json_string_value(json_object_get(json, "type"));

    if (type && strcmp(type, "count") == 0) {
        viewer->n_sent = (uint64_t)json_integer_value(json_object_get(json, "sent"));
        viewer->n_matched = (uint64_t)json_integer_value(json_object_get(json, "matched"));
        viewer->n_left_out = (uint64_t)json_integer_value(json_object_get(json, "left_out"));
    } else if (type && strcmp(type, "gap") == 0) {
        viewer->n_gap_rows += (uint64_t)json_integer_value(json_object_get(json, "n"));
    } else if (type && (strcmp(type, "error") == 0 || strcmp(type, "filter_error") == 0)) {
        fprintf(stderr, "viewers: %.*s\n", (int)text.len, (const char *)text.data);
        exit(1);
    }
    json_decref(json);
}

static void take_bytes(struct viewer *viewer, struct bytes bytes, const char *source)
{
    struct reader input = reader_over(bytes);
    enum websocket_event event;
    char text[1024];

    if (!viewer->is_open) {
        enum websocket_client_event opened = websocket_client_next(&viewer->client, &input);

        if (opened == WEBSOCKET_CLIENT_FAILED) {
            fprintf(stderr, "viewers: %s (status %u)\n", viewer->client.failure, viewer->client.status);
            exit(1);
        }
        if (opened == WEBSOCKET_CLIENT_MORE)
            return;
        viewer->is_open = true;
        snprintf(text, sizeof text,
                 "{\"type\":\"view\",\"view\":1,\"source\":\"%s\",\"filter\":\"%s\",\"rows\":\"all\"}",
                 source, viewer->filter);
        say(viewer, text);
    }
    while ((event = websocket_next(&viewer->ws, &input)) != WEBSOCKET_EVENT_MORE) {
        if (event == WEBSOCKET_EVENT_MESSAGE && viewer->ws.opcode == WEBSOCKET_BINARY)
            take_frame(viewer, viewer->ws.payload);
        else if (event == WEBSOCKET_EVENT_MESSAGE)
            take_text(viewer, viewer->ws.payload);
        else if (event == WEBSOCKET_EVENT_CLOSE || event == WEBSOCKET_EVENT_FAILED) {
            fprintf(stderr, "viewers: closed with %u\n", viewer->ws.close_code);
            exit(1);
        }
    }
}

static void paint(struct viewer *viewer)
{
    int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    char text[128];

    if (viewer->n_bytes == viewer->n_acknowledged || now_ns - viewer->paint_ns < PAINT_MS * INT64_C(1000000))
        return;
    viewer->paint_ns = now_ns;
    viewer->n_acknowledged = viewer->n_bytes;
    snprintf(text, sizeof text,
             "{\"type\":\"painted\",\"view\":1,\"bytes\":%" PRIu64 ",\"number\":%" PRIu64 "}",
             viewer->n_bytes, viewer->last_number);
    say(viewer, text);
}

static uint64_t percentile(unsigned percent)
{
    uint64_t wanted = n_latencies * percent / 100, seen = 0;

    for (size_t i = 0; i < BUCKETS; i++) {
        seen += buckets[i];
        if (seen >= wanted)
            return i;
    }
    return BUCKETS;
}

static void report(const struct viewer *viewers, size_t n, double seconds, double cpu_seconds)
{
    uint64_t rows = 0, bytes = 0, frames = 0, gaps = 0, matched = 0, sent = 0, left_out = 0, out_of_order = 0;
    size_t n_uneven = 0;

    for (size_t i = 0; i < n; i++) {
        rows += viewers[i].n_rows;
        bytes += viewers[i].n_bytes;
        frames += viewers[i].n_frames;
        gaps += viewers[i].n_gap_rows;
        matched += viewers[i].n_matched;
        sent += viewers[i].n_sent;
        left_out += viewers[i].n_left_out;
        out_of_order += viewers[i].n_out_of_order;
        n_uneven += viewers[i].n_sent + viewers[i].n_left_out != viewers[i].n_matched;
    }
    printf("%zu viewers, %.1f s: %" PRIu64 " rows (%.0f a second and viewer), %" PRIu64
           " frames, %.1f MB/s\n",
           n, seconds, rows, (double)rows / seconds / (double)n, frames, (double)bytes / seconds / 1e6);
    printf("capture to socket: p50 %" PRIu64 " ms, p95 %" PRIu64 " ms, p99 %" PRIu64 " ms, longest %" PRIu64
           " ms\n",
           percentile(50), percentile(95), percentile(99), longest_ms);
    printf("counted by the server: matched %" PRIu64 ", sent %" PRIu64 ", left out %" PRIu64
           " (in gaps told: %" PRIu64 "); views where these do not add up: %zu; rows out of order: %" PRIu64
           "\n",
           matched, sent, left_out, gaps, n_uneven, out_of_order);
    printf("CPU of these viewers: %.1f s\n", cpu_seconds);
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    struct epoll_event events[256];
    static uint8_t data[READ_BYTES];
    struct viewer *viewers;
    int64_t began_ns, until_ns;
    size_t n;
    int poll;

    if (argc < 7 || inet_pton(AF_INET, argv[1], &at.sin_addr) != 1) {
        fprintf(stderr, "usage: viewers ADDR PORT TOKEN SOURCE SECONDS VIEWERS [FILTER]...\n");
        return 2;
    }
    at.sin_port = htons((uint16_t)atoi(argv[2]));
    n = (size_t)atoi(argv[6]);
    viewers = calloc(n, sizeof *viewers);
    poll = epoll_create1(EPOLL_CLOEXEC);
    if (viewers == NULL || poll < 0)
        fail("start");
    for (size_t i = 0; i < n; i++) {
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = &viewers[i] };

        viewers[i].filter = argc > 7 ? argv[7 + i % (size_t)(argc - 7)] : "";
        connect_viewer(&viewers[i], &at, argv[1], argv[3]);
        if (epoll_ctl(poll, EPOLL_CTL_ADD, viewers[i].fd, &event) < 0)
            fail("epoll_ctl");
    }
    began_ns = clock_ns(CLOCK_MONOTONIC);
    until_ns = began_ns + atoi(argv[5]) * INT64_C(1000000000);
    while (clock_ns(CLOCK_MONOTONIC) < until_ns) {
        int n_events = epoll_wait(poll, events, 256, 100);

        for (int e = 0; e < n_events; e++) {
            struct viewer *viewer = events[e].data.ptr;
            ssize_t len = recv(viewer->fd, data, sizeof data, 0);

            if (len == 0 || (len < 0 && errno != EAGAIN))
                fail("the server ended a socket");
            if (len > 0)
                take_bytes(viewer, bytes_of(data, (size_t)len), argv[4]);
            paint(viewer);
        }
    }
    report(viewers, n, (double)(clock_ns(CLOCK_MONOTONIC) - began_ns) / 1e9,
           (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9);
    return 0;
}
