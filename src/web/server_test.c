/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole server in a thread of its own, with handlers that do what handlers may do, and tests/web_clients.py
 * against it: which pipelines, dawdles, lies about lengths, hangs up, and asks for what is not its own.
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
#include <sys/wait.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "web/gate.h"
#include "web/job_pool.h"
#include "web/router.h"
#include "web/server.h"
#include "web/site.h"
#include "web/web_socket.h"
#include "web/web_stream.h"

enum { LARGE_BYTES = 12 << 20, PIECE_BYTES = 10000, HEAD_MS = 1500 };

/* What workers saw, asked for by the client as /test/jobs. */
static struct {
    _Atomic size_t n_written, n_stopped, n_freed;
} jobs;

static void fill(uint8_t *bytes, size_t len, size_t at)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)((at + i) * 31 >> 8);
}

static void write_large(struct job *job, void *context)
{
    uint8_t piece[PIECE_BYTES];

    (void)context;
    for (size_t at = 0; at < LARGE_BYTES; at += sizeof piece) {
        size_t len = LARGE_BYTES - at < sizeof piece ? LARGE_BYTES - at : sizeof piece;

        fill(piece, len, at);
        if (!job_write(job, bytes_of(piece, len))) {
            jobs.n_stopped++;
            return;
        }
        jobs.n_written += len;
    }
}

static void count_freed(void *context)
{
    (void)context;
    jobs.n_freed++;
}

static void large(struct exchange *exchange)
{
    exchange_start_job(exchange, write_large, NULL, count_freed);
}

static void write_short(struct job *job, void *context)
{
    (void)context;
    job_header(job, "X-Test", "short");
    job_begin(job, 200, "text/plain", 6, "a \"name\".txt");
    job_write(job, bytes_text("short\n"));
}

static void quick(struct exchange *exchange)
{
    exchange_start_job(exchange, write_short, NULL, count_freed);
}

static void write_and_fail(struct job *job, void *context)
{
    (void)context;
    job_begin(job, 200, "text/plain", UINT64_MAX, NULL);
    for (int i = 0; i < 20; i++)
        job_write(job, bytes_text("a line that will not be the last one, as it turns out\n"));
    usleep(200000);
    job_write(job, bytes_text("x"));
    job_problem(job, 500, "late", "something went wrong in the middle");
}

static void failing(struct exchange *exchange)
{
    exchange_start_job(exchange, write_and_fail, NULL, count_freed);
}

static void write_problem(struct job *job, void *context)
{
    (void)context;
    job_problem(job, 409, "not_so", "there are %d reasons", 3);
}

static void refusing(struct exchange *exchange)
{
    exchange_start_job(exchange, write_problem, NULL, count_freed);
}

static void wait_for_stop(struct job *job, void *context)
{
    (void)context;
    for (int i = 0; i < 500 && !job_is_stopped(job); i++)
        usleep(10000);
    if (job_is_stopped(job))
        jobs.n_stopped++;
}

static void patient(struct exchange *exchange)
{
    exchange_start_job(exchange, wait_for_stop, NULL, count_freed);
}

static void told_jobs(struct exchange *exchange)
{
    struct job_pool_statistics statistics;

    job_pool_statistics(exchange->site->jobs, &statistics);
    exchange_answer_json(exchange, 200,
                         json_pack("{s:I,s:I,s:I,s:I,s:I}", "written", (json_int_t)jobs.n_written, "stopped",
                                   (json_int_t)jobs.n_stopped, "freed", (json_int_t)jobs.n_freed, "done",
                                   (json_int_t)statistics.n_done, "started",
                                   (json_int_t)statistics.n_started));
}

static void echo(struct exchange *exchange)
{
    char name[64];
    bool is_answered;
    const char *word = exchange_query(exchange, "word", &is_answered);
    uint64_t number;

    if (is_answered || !exchange_query_number(exchange, "n", 7, 1, 9, &number))
        return;
    if (exchange->body.len) {
        exchange_answer_bytes(exchange, 200, "text/plain", exchange->body);
        return;
    }
    snprintf(name, sizeof name, "%.*s", (int)exchange->parameters[0].len,
             exchange->parameters[0].len ? (const char *)exchange->parameters[0].data : "");
    exchange_answer_json(exchange, 200,
                         json_pack("{s:s?,s:I,s:s,s:s}", "word", word, "n", (json_int_t)number, "name", name,
                                   "kind", exchange->access->kind == ACCESS_MEMBER ? "member" : "nobody"));
}

static void json_only(struct exchange *exchange)
{
    json_t *json = exchange_json_body(exchange);

    if (json)
        exchange_answer_json(exchange, 200, json);
}

static void nothing(struct exchange *exchange)
{
    exchange_answer_empty(exchange, 204);
}

/* ---- a socket that says back what it is told ---- */

struct parrot {
    struct web_socket *socket;
};

static void parrot_message(void *context, enum websocket_opcode opcode, struct bytes payload)
{
    struct parrot *parrot = context;

    if (opcode == WEBSOCKET_TEXT && !bytes_equal(payload, bytes_text("bye")))
        web_socket_send_text(parrot->socket, payload);
    else
        web_socket_close(parrot->socket, WEBSOCKET_CLOSE_NORMAL, "bye");
}

static void parrot_closed(void *context)
{
    free(context);
}

static const struct web_socket_handler parrot_handler = { .message = parrot_message,
                                                          .closed = parrot_closed };

static void parrot_open(struct exchange *exchange)
{
    struct parrot *parrot = calloc(1, sizeof *parrot);

    assert_non_null(parrot);
    parrot->socket = web_socket_open(exchange, "parrot", 1000, &parrot_handler, parrot);
    if (parrot->socket == NULL)
        free(parrot);
}

/* ---- a stream of as many lines as its client takes ---- */

struct lines {
    struct web_stream *stream;
    int n;
};

static void more_lines(void *context)
{
    struct lines *lines = context;
    char line[32];

    for (int i = 0; i < 100 && lines->n < 1000; i++) {
        snprintf(line, sizeof line, "line %d\n", lines->n);
        if (!web_stream_send(lines->stream, bytes_text(line), 64 * 1024))
            return;
        lines->n++;
    }
    if (lines->n == 1000)
        web_stream_end(lines->stream);
}

static void lines_closed(void *context)
{
    free(context);
}

static const struct web_stream_handler lines_handler = { .drained = more_lines, .closed = lines_closed };

static void stream_lines(struct exchange *exchange)
{
    struct lines *lines = calloc(1, sizeof *lines);

    assert_non_null(lines);
    lines->stream = web_stream_open(exchange, "text/plain", &lines_handler, lines);
    if (lines->stream == NULL)
        free(lines);
    else
        more_lines(lines);
}

static const struct route routes[] = {
    { HTTP_GET, "/test/echo/{name}", echo, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_POST, "/test/echo/{name}", echo, ROLE_VIEW, ROUTE_ANYBODY | ROUTE_ANY_ORIGIN },
    { HTTP_POST, "/test/json", json_only, ROLE_VIEW, ROUTE_ANYBODY | ROUTE_ANY_ORIGIN },
    { HTTP_GET, "/test/large", large, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/test/quick", quick, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/test/failing", failing, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/test/refusing", refusing, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/test/patient", patient, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/test/jobs", told_jobs, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/test/stream", stream_lines, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/test/socket", parrot_open, ROLE_VIEW, ROUTE_ANYBODY | ROUTE_UPGRADES },
    { HTTP_DELETE, "/test/nothing", nothing, ROLE_VIEW, ROUTE_ANYBODY | ROUTE_ANY_ORIGIN },
    { HTTP_GET, "/api/v1/mine", echo, ROLE_VIEW, 0 },
    { HTTP_POST, "/api/v1/mine", nothing, ROLE_CONTROL, 0 },
    { HTTP_POST, "/api/v1/login", gate_login, ROLE_VIEW, ROUTE_ANYBODY | ROUTE_BEARS_SECRET | ROUTE_MEMBERS },
    { HTTP_POST, "/api/v1/logout", gate_logout, ROLE_VIEW, ROUTE_MEMBERS },
};

struct world {
    struct loop *loop;
    struct site *site;
    struct server *server;
    char folder[64];
};

static void *turn(void *context)
{
    struct world *world = context;
    struct error error;

    assert_true(loop_run(world->loop, &error));
    return NULL;
}

static void open_world(struct world *world, struct password *password)
{
    static const char *const addresses[] = { "127.0.0.1:0" };
    const struct server_options options = { .addresses = addresses,
                                            .n_addresses = 1,
                                            .head_ms = HEAD_MS,
                                            .body_ms = HEAD_MS,
                                            .routes = routes,
                                            .n_routes = sizeof routes / sizeof *routes };
    struct error error = { .kind = ERROR_NONE };
    struct gate_options gate = { .password = password };
    uint8_t key[GATE_KEY_BYTES];
    struct site_options site;
    bool is_kept;

    snprintf(world->folder, sizeof world->folder, "/tmp/tapdeck-web-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    site = (struct site_options) { .archive = world->folder };
    world->loop = loop_new(&error);
    world->site = site_new(world->loop, &site, &error);
    if (world->site == NULL)
        fail_msg("%s", error.text);
    assert_true(gate_key_load(world->folder, key, &is_kept, &error) && is_kept);
    gate.key = key;
    gate.directory = world->folder;
    world->site->gate = gate_new(&gate, &error);
    world->server = server_open(world->loop, &options, &error);
    if (world->server == NULL)
        fail_msg("%s", error.text);
    server_serve(world->server, world->site);
}

static void close_world(struct world *world)
{
    char command[128];

    server_close(world->server, 2000);
    gate_free(world->site->gate);
    site_free(world->site);
    loop_free(world->loop);
    snprintf(command, sizeof command, "rm -r %s", world->folder);
    assert_int_equal(system(command), 0);
}

static void clients_of_all_kinds_get_what_is_theirs(void **state)
{
    struct world world;
    char command[256];
    pthread_t thread;
    int status;

    (void)state;
    open_world(&world, NULL);
    assert_int_equal(pthread_create(&thread, NULL, turn, &world), 0);
    snprintf(command, sizeof command, "python3 tests/web_clients.py %s %s", server_address(world.server, 0),
             gate_token(world.site->gate));
    status = system(command);
    loop_stop(world.loop);
    pthread_join(thread, NULL);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(world.server->n_ends[CONNECTION_LATE] >= 2); /* who dawdled, with a head and with a body */
    close_world(&world);
}

static void the_key_of_a_directory_is_made_once(void **state)
{
    char folder[] = "/tmp/tapdeck-key-XXXXXX", path[64];
    uint8_t first[GATE_KEY_BYTES], second[GATE_KEY_BYTES];
    struct error error;
    bool is_kept;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_true(gate_key_load(folder, first, &is_kept, &error) && is_kept);
    assert_true(gate_key_load(folder, second, &is_kept, &error) && is_kept);
    assert_memory_equal(first, second, sizeof first);
    snprintf(path, sizeof path, "%s/serve.key", folder);
    assert_int_equal(truncate(path, 5), 0);
    assert_false(gate_key_load(folder, second, &is_kept, &error));
    assert_int_equal(error.kind, ERROR_DAMAGED);
    unlink(path);
    rmdir(folder);
    assert_true(gate_key_load("/nonexistent", second, &is_kept, &error));
    assert_false(is_kept); /* such an archive is served all the same */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(clients_of_all_kinds_get_what_is_theirs),
                                        cmocka_unit_test(the_key_of_a_directory_is_made_once) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
