/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fanout - what one WebSocket frame costs to send to many: a server in one thread, clients in others that
 * read and count whole frames, all on loopback.
 *
 *     fanout CLIENTS PAYLOAD-BYTES SECONDS [deflate] [one]
 *
 * The server sends as much as each client takes, the same frame, up to 16 of them ahead ("one": each goes out
 * alone). Its CPU time, of its thread, is divided by the frames that clients read whole. deflate: frames are
 * deflated, once, before the start.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net/connection.h"
#include "net/websocket_frame.h"

enum {
    AHEAD = 16,
    READ_BYTES = 1 << 18,
};

struct bench {
    struct loop *loop;
    struct connection **connections;
    struct shared_bytes *frame;
    size_t n_clients, ahead;
    int *client_fds;
    atomic_bool is_over;
    atomic_ullong n_read_bytes;
    double cpu_s;
};

static double cpu_of_thread(void)
{
    struct timespec used;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void fill(struct connection *connection, void *context)
{
    struct bench *bench = context;

    for (size_t i = 0; i < bench->ahead; i++)
        if (connection_send(connection, bench->frame, OUTPUT_DROPPABLE) != CONNECTION_SENT)
            return;
}

static size_t ignore(struct connection *connection, void *context, struct bytes bytes)
{
    (void)connection;
    (void)context;
    return bytes.len;
}

static void closed(struct connection *connection, void *context, enum connection_end end)
{
    (void)connection;
    (void)context;
    (void)end;
}

static const struct connection_handler handler = {
    .opened = fill,
    .received = ignore,
    .drained = fill,
    .closed = closed,
};

static void *serve(void *context)
{
    struct bench *bench = context;
    struct error error;
    double began = cpu_of_thread();

    while (!atomic_load(&bench->is_over))
        loop_turn(bench->loop, 10000000, &error);
    bench->cpu_s = cpu_of_thread() - began;
    return NULL;
}

/* Only counts: reading is not what is measured. */
static void *read_all(void *context)
{
    struct bench *bench = context;
    struct epoll_event events[256];
    int epoll_fd = epoll_create1(0);
    char *scratch = malloc(READ_BYTES);

    for (size_t i = 0; i < bench->n_clients; i++) {
        struct epoll_event event = { .events = EPOLLIN, .data.fd = bench->client_fds[i] };

        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, bench->client_fds[i], &event);
    }
    while (!atomic_load(&bench->is_over)) {
        int n = epoll_wait(epoll_fd, events, 256, 10);

        for (int i = 0; i < n; i++) {
            ssize_t got = recv(events[i].data.fd, scratch, READ_BYTES, MSG_DONTWAIT);

            if (got > 0)
                atomic_fetch_add(&bench->n_read_bytes, (unsigned long long)got);
        }
    }
    free(scratch);
    close(epoll_fd);
    return NULL;
}

static bool connect_all(struct bench *bench, struct error *error)
{
    const struct connection_options options = {
        .handler = &handler,
        .context = bench,
        .output_limit_bytes = (size_t)1 << 20,
    };
    struct rlimit files;
    int listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_storage at = { .ss_family = AF_INET };
    socklen_t len = 16;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (bind(listen_fd, (struct sockaddr *)&at, len) < 0 || listen(listen_fd, 128) < 0 ||
        getsockname(listen_fd, (struct sockaddr *)&at, &len) < 0)
        return error_system(error, "cannot listen");
    for (size_t i = 0; i < bench->n_clients; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0), accepted;

        if (fd < 0 || connect(fd, (struct sockaddr *)&at, len) < 0)
            return error_system(error, "cannot connect client %zu", i);
        accepted = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK);
        if (accepted < 0)
            return error_system(error, "cannot accept client %zu", i);
        bench->client_fds[i] = fd;
        bench->connections[i] = connection_new(bench->loop, accepted, &options, error);
        if (bench->connections[i] == NULL)
            return false;
    }
    close(listen_fd);
    return true;
}

static struct shared_bytes *make_frame(size_t payload_bytes, bool deflates, struct error *error)
{
    struct buffer payload;
    struct shared_bytes *frame;
    unsigned n = 0;

    /* Rows as viewers get them: text that compresses some four times. */
    buffer_init(&payload, payload_bytes + 256);
    while (payload.len < payload_bytes && !payload.is_full) {
        n++;
        buffer_printf(&payload, "{\"n\":%u,\"t\":%u.%09u,\"src\":\"10.%u.%u.%u\",\"info\":\"CON, MID:%u\"}\n",
                      n, n / 50, n * 2654435761u % 1000000000u, n % 7, n % 250, n * 31 % 250,
                      n * 40503u % 65536);
    }
    payload.len = payload_bytes;
    if (deflates) {
        struct websocket_deflater *deflater = websocket_deflater_new(1, error);

        frame =
            deflater ? websocket_frame_new_deflated(WEBSOCKET_TEXT, buffer_bytes(&payload), deflater) : NULL;
        websocket_deflater_free(deflater);
    } else {
        frame = websocket_frame_new(WEBSOCKET_TEXT, buffer_bytes(&payload));
    }
    buffer_clear(&payload);
    return frame;
}

int main(int argc, char **argv)
{
    struct bench bench = { .ahead = AHEAD };
    struct error error = { .kind = ERROR_NONE };
    bool deflates = false;
    pthread_t server, reader;
    size_t payload_bytes;
    double seconds, n_messages;

    if (argc < 4) {
        fprintf(stderr, "usage: fanout CLIENTS PAYLOAD-BYTES SECONDS [deflate] [one]\n");
        return 2;
    }
    bench.n_clients = strtoul(argv[1], NULL, 10);
    payload_bytes = strtoul(argv[2], NULL, 10);
    seconds = strtod(argv[3], NULL);
    for (int i = 4; i < argc; i++) {
        deflates |= strcmp(argv[i], "deflate") == 0;
        if (strcmp(argv[i], "one") == 0)
            bench.ahead = 1;
    }
    bench.loop = loop_new(&error);
    bench.frame = make_frame(payload_bytes, deflates, &error);
    bench.connections = calloc(bench.n_clients, sizeof *bench.connections);
    bench.client_fds = calloc(bench.n_clients, sizeof *bench.client_fds);
    if (!bench.loop || !bench.frame || !bench.connections || !bench.client_fds ||
        !connect_all(&bench, &error)) {
        fprintf(stderr, "fanout: %s\n", error.text);
        return 2;
    }
    pthread_create(&server, NULL, serve, &bench);
    pthread_create(&reader, NULL, read_all, &bench);
    usleep((useconds_t)(seconds * 1e6));
    atomic_store(&bench.is_over, true);
    pthread_join(server, NULL);
    pthread_join(reader, NULL);
    n_messages = (double)atomic_load(&bench.n_read_bytes) / (double)bench.frame->len;
    printf("%zu clients, %zu bytes (%zu a frame), %zu ahead: %.0f messages/s, %.2f us of CPU each, %.0f a "
           "core\n",
           bench.n_clients, payload_bytes, bench.frame->len, bench.ahead, n_messages / seconds,
           bench.cpu_s * 1e6 / n_messages, n_messages / bench.cpu_s);
    return 0;
}
