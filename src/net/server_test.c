/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small server of everything in net/, in a thread of its own, and real clients against it: curl, openssl
 * s_client and tests/net_clients.py, which writes byte by byte, dawdles, pipelines, hangs up, and opens a
 * thousand connections.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "net/connection.h"
#include "net/http_request.h"
#include "net/http_response.h"
#include "net/listener.h"
#include "net/websocket_frame.h"
#include "net/websocket_handshake.h"

enum {
    BODY_LIMIT_BYTES = 1 << 20,
    LARGE_BYTES = 8 << 20,
    STREAM_CHUNKS = 1000,
    HEAD_MS = 3000,
    LATER_MS = 30,
};

struct server {
    struct loop *loop;
    struct admission *admission;
    struct tls *tls;
    struct listener *plain, *secure, *local;
    struct shared_bytes *large;
    struct websocket_inflater *inflater;
    struct websocket_deflater *deflater;
    size_t n_clients;
    size_t n_ends[CONNECTION_ENDS];
};

struct client {
    struct server *server;
    struct connection *connection;
    struct http_parser parser;
    struct websocket ws;
    struct buffer body;
    struct loop_timer later;
    int n_chunks_left;
    bool is_websocket, uses_deflate, is_busy;
};

static void send_text(struct client *client, const struct buffer *text)
{
    assert_int_equal(connection_send_copy(client->connection, buffer_bytes(text)), CONNECTION_SENT);
}

static void answer(struct client *client, unsigned status, struct bytes body)
{
    struct http_response response;
    struct buffer out;
    bool keeps_alive = status == 200 && client->parser.request.keeps_alive;

    buffer_init(&out, BODY_LIMIT_BYTES + 4096);
    http_response_begin(&response, &out, status, time(NULL) * INT64_C(1000000000));
    http_response_header(&response, "Content-Type", bytes_text("text/plain"));
    assert_true(http_response_end(&response, body.len, keeps_alive));
    if (client->parser.request.method != HTTP_HEAD)
        buffer_put(&out, body.data, body.len);
    send_text(client, &out);
    buffer_clear(&out);
    if (!keeps_alive) {
        client->is_busy = true; /* with what it pipelined behind it nobody deals any more */
        connection_finish(client->connection);
    }
}

static void answer_later(void *context)
{
    struct client *client = context;

    client->is_busy = false;
    answer(client, 200, bytes_text("later\n"));
    connection_resume(client->connection);
}

static void begin_stream(struct client *client)
{
    struct http_response response;
    struct buffer out;

    buffer_init(&out, 4096);
    http_response_begin(&response, &out, 200, 0);
    assert_true(http_response_end_chunked(&response, true));
    send_text(client, &out);
    buffer_clear(&out);
    client->n_chunks_left = STREAM_CHUNKS;
    client->is_busy = true;
}

static void upgrade(struct client *client)
{
    struct websocket_offer offer;
    struct buffer out;

    switch (websocket_handshake_check(&client->parser.request, &offer)) {
    case WEBSOCKET_HANDSHAKE_OK:
        break;
    case WEBSOCKET_HANDSHAKE_VERSION:
        answer(client, 426, bytes_text(""));
        return;
    default:
        answer(client, 400, bytes_text(""));
        return;
    }
    buffer_init(&out, 4096);
    assert_true(websocket_handshake_accept(
        &out, &offer,
        websocket_offer_has_protocol(&offer, "aws-appsync-event-ws") ? "aws-appsync-event-ws" : NULL, true));
    send_text(client, &out);
    buffer_clear(&out);
    client->is_websocket = true;
    client->uses_deflate = offer.has_deflate;
    websocket_init(&client->ws, WEBSOCKET_SERVER, BODY_LIMIT_BYTES,
                   offer.has_deflate ? client->server->inflater : NULL);
}

static void respond(struct client *client)
{
    const struct http_request *request = &client->parser.request;
    struct http_response response;
    struct buffer out;

    if (bytes_equal(request->path, bytes_text("/hello"))) {
        answer(client, 200, bytes_text("hello\n"));
    } else if (bytes_equal(request->path, bytes_text("/echo"))) {
        answer(client, 200, buffer_bytes(&client->body));
    } else if (bytes_equal(request->path, bytes_text("/later"))) {
        client->is_busy = true;
        loop_timer_set(client->server->loop, &client->later,
                       loop_now_ns(client->server->loop) + LATER_MS * INT64_C(1000000));
    } else if (bytes_equal(request->path, bytes_text("/stream"))) {
        begin_stream(client);
    } else if (bytes_equal(request->path, bytes_text("/large"))) {
        buffer_init(&out, 4096);
        http_response_begin(&response, &out, 200, 0);
        assert_true(http_response_end(&response, LARGE_BYTES, true));
        send_text(client, &out);
        buffer_clear(&out);
        assert_int_equal(connection_send(client->connection, client->server->large, OUTPUT_KEPT),
                         CONNECTION_SENT);
    } else if (bytes_equal(request->path, bytes_text("/ws"))) {
        upgrade(client);
    } else {
        answer(client, 404, bytes_text("no such thing\n"));
    }
    buffer_empty(&client->body);
}

static void take_requests(struct client *client, struct reader *r)
{
    struct bytes piece;

    while (!client->is_busy && !client->is_websocket) {
        switch (http_parser_next(&client->parser, r, &piece)) {
        case HTTP_EVENT_MORE:
            /* The deadline is set when a request begins, and does not move while it trickles in. */
            return;
        case HTTP_EVENT_HEAD:
            connection_set_deadline(client->connection, 0);
            if (client->parser.request.expects_continue)
                connection_send_copy(client->connection, bytes_text("HTTP/1.1 100 Continue\r\n\r\n"));
            break;
        case HTTP_EVENT_BODY:
            buffer_put(&client->body, piece.data, piece.len);
            break;
        case HTTP_EVENT_END:
            respond(client);
            break;
        case HTTP_EVENT_REFUSED:
            answer(client, client->parser.refusal_status, bytes_text(client->parser.refusal));
            return;
        }
    }
}

static void send_frame(struct client *client, struct shared_bytes *frame)
{
    assert_non_null(frame);
    connection_send(client->connection, frame, OUTPUT_KEPT);
    shared_bytes_release(frame);
}

static void take_frames(struct client *client, struct reader *r)
{
    struct websocket *ws = &client->ws;
    enum websocket_event event;

    while ((event = websocket_next(ws, r)) != WEBSOCKET_EVENT_MORE) {
        switch (event) {
        case WEBSOCKET_EVENT_MESSAGE:
            send_frame(client, client->uses_deflate ? websocket_frame_new_deflated(ws->opcode, ws->payload,
                                                                                   client->server->deflater)
                                                    : websocket_frame_new(ws->opcode, ws->payload));
            break;
        case WEBSOCKET_EVENT_PING:
            send_frame(client, websocket_frame_new(WEBSOCKET_PONG, ws->payload));
            break;
        case WEBSOCKET_EVENT_CLOSE:
        case WEBSOCKET_EVENT_FAILED:
            send_frame(client, websocket_frame_close_new(ws->close_code, ""));
            connection_finish(client->connection);
            return;
        default:
            break;
        }
    }
}

static size_t received(struct connection *connection, void *context, struct bytes bytes)
{
    struct client *client = context;
    struct reader r = reader_over(bytes);

    if (!client->is_websocket && !client->is_busy && http_parser_is_between(&client->parser))
        connection_set_deadline(connection, loop_now_ns(client->server->loop) + HEAD_MS * INT64_C(1000000));
    if (!client->is_websocket)
        take_requests(client, &r);
    if (client->is_websocket)
        take_frames(client, &r);
    return bytes.len - reader_left(&r);
}

static void drained(struct connection *connection, void *context)
{
    struct client *client = context;
    struct buffer out;

    if (client->n_chunks_left == 0)
        return;
    buffer_init(&out, 4096);
    http_put_chunk(&out, bytes_text("a line of the stream\n"));
    if (--client->n_chunks_left == 0)
        buffer_put_text(&out, HTTP_LAST_CHUNK);
    send_text(client, &out);
    buffer_clear(&out);
    if (client->n_chunks_left == 0) {
        client->is_busy = false;
        connection_resume(connection);
    }
}

static void closed(struct connection *connection, void *context, enum connection_end end)
{
    struct client *client = context;

    (void)connection;
    client->server->n_ends[end]++;
    client->server->n_clients--;
    loop_timer_remove(client->server->loop, &client->later);
    http_parser_clear(&client->parser);
    if (client->is_websocket)
        websocket_clear(&client->ws);
    buffer_clear(&client->body);
    free(client);
}

static const struct connection_handler handler = { .received = received,
                                                   .drained = drained,
                                                   .closed = closed };

static void serve(struct server *server, int fd, const struct ip_address *source, const struct tls *tls)
{
    struct client *client = calloc(1, sizeof *client);
    const struct connection_options options = {
        .handler = &handler,
        .context = client,
        .tls = tls,
        .admission = server->admission,
        .source = *source,
        .output_limit_bytes = LARGE_BYTES * 2,
        .handshake_ms = 5000,
        .idle_ms = 6000,
        .write_stall_ms = 3000,
        .linger_ms = 500,
    };
    struct error error;

    client->server = server;
    http_parser_init(&client->parser, BODY_LIMIT_BYTES);
    buffer_init(&client->body, BODY_LIMIT_BYTES);
    client->later = (struct loop_timer) { .fire = answer_later, .context = client };
    assert_true(loop_timer_add(server->loop, &client->later, &error));
    client->connection = connection_new(server->loop, fd, &options, &error);
    assert_non_null(client->connection);
    server->n_clients++;
}

static void accepted(void *context, int fd, const struct ip_address *source)
{
    serve(context, fd, source, NULL);
}

static void accepted_secure(void *context, int fd, const struct ip_address *source)
{
    struct server *server = context;

    serve(server, fd, source, server->tls);
}

static void *run(void *context)
{
    struct server *server = context;
    struct error error;

    assert_true(loop_run(server->loop, &error));
    return NULL;
}

static void open_server(struct server *server, const char *unix_address)
{
    struct listener_options options = { .accepted = accepted, .context = server, .unix_mode = 0600 };
    struct error error = { .kind = ERROR_NONE };

    server->loop = loop_new(&error);
    server->admission = options.admission = admission_new(1500, 0, &error);
    server->tls = tls_open_self_signed(NULL, 0, time(NULL), &error);
    server->large = shared_bytes_new(LARGE_BYTES);
    for (size_t i = 0; i < LARGE_BYTES; i++)
        server->large->own[i] = (uint8_t)(i * 31 >> 8);
    server->inflater = websocket_inflater_new(&error);
    server->deflater = websocket_deflater_new(1, &error);
    server->plain = listener_open(server->loop, "127.0.0.1:0", &options, &error);
    server->local = listener_open(server->loop, unix_address, &options, &error);
    options.accepted = accepted_secure;
    server->secure = listener_open(server->loop, ":0", &options, &error);
    if (!server->tls || !server->plain || !server->local || !server->secure)
        fail_msg("%s", error.text);
}

static void close_server(struct server *server)
{
    struct error error;

    listener_close(server->plain);
    listener_close(server->local);
    listener_close(server->secure);
    /* Clients that hang up are noticed, or their time runs out: none is left over. */
    for (int i = 0; i < 500 && server->n_clients > 0; i++)
        assert_true(loop_turn(server->loop, 10000000, &error));
    assert_int_equal(server->n_clients, 0);
    assert_int_equal(admission_statistics(server->admission)->n_open, 0);
    shared_bytes_release(server->large);
    websocket_inflater_free(server->inflater);
    websocket_deflater_free(server->deflater);
    tls_close(server->tls);
    admission_free(server->admission);
    loop_free(server->loop);
}

static void real_clients_are_served(void **state)
{
    char folder[] = "/tmp/tapdeck-net-XXXXXX", unix_address[64], command[512];
    struct server server = { .n_clients = 0 };
    struct rlimit files;
    pthread_t thread;
    int status;

    (void)state;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    assert_non_null(mkdtemp(folder));
    snprintf(unix_address, sizeof unix_address, "unix:%s/sock", folder);
    open_server(&server, unix_address);
    assert_int_equal(pthread_create(&thread, NULL, run, &server), 0);
    snprintf(command, sizeof command, "python3 tests/net_clients.py %s %s %s/sock",
             listener_address(server.plain), listener_address(server.secure), folder);
    status = system(command);
    loop_stop(server.loop);
    pthread_join(thread, NULL);
    close_server(&server);
    rmdir(folder);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(server.n_ends[CONNECTION_LATE] >= 2);    /* dawdlers, in the clear and before TLS */
    assert_true(server.n_ends[CONNECTION_STALLED] >= 1); /* asks for much, and reads nothing */
    assert_true(server.n_ends[CONNECTION_IDLE] >= 1);
    assert_true(server.n_ends[CONNECTION_ENDED] >= 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(real_clients_are_served) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
