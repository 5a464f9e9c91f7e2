/* SPDX-License-Identifier: Apache-2.0 */
#include "web/server.h"

#include <stdlib.h>

#include "base/timestamp.h"
#include "net/listener.h"
#include "web/site.h"

enum {
    LISTENERS_LIMIT = sizeof((struct server *)NULL)->listeners / sizeof(struct listener *),
    HEAD_MS = 10000,
    BODY_MS = 30000,
};

static void accepted(void *context, int fd, const struct ip_address *source)
{
    web_connection_open(context, fd, source);
}

void server_remember(struct server *server, struct web_connection *web)
{
    web->previous = NULL;
    web->next = server->connections;
    if (web->next)
        web->next->previous = web;
    server->connections = web;
    server->n_connections++;
}

void server_forget(struct server *server, struct web_connection *web)
{
    if (web->previous)
        web->previous->next = web->next;
    else
        server->connections = web->next;
    if (web->next)
        web->next->previous = web->previous;
    server->n_connections--;
}

static void end_one(struct web_connection *web, enum access_end why)
{
    if (web->state == WEB_TAKEN && web->takeover->end)
        web->takeover->end(web->takeover_context, why);
    else
        web_answer_cut(web);
}

static bool is_looking(const struct web_connection *web)
{
    return web->state == WEB_TAKEN || web->state == WEB_ANSWERING;
}

size_t server_end_access(struct server *server, const char *link, const char *person, enum access_end why)
{
    size_t n = 0;

    for (struct web_connection *web = server->connections; web; web = web->next) {
        if (!is_looking(web) || (link && strcmp(web->access.link, link) != 0) ||
            (person && strcmp(web->access.person, person) != 0))
            continue;
        end_one(web, why);
        n++;
    }
    return n;
}

static void sweep(void *context)
{
    struct server *server = context;
    int64_t now_ns = timestamp_now();

    for (struct web_connection *web = server->connections; web; web = web->next) {
        if (is_looking(web) && web->access.kind != ACCESS_NOBODY && web->access.expires_ns <= now_ns)
            end_one(web, ACCESS_EXPIRED);
    }
    loop_timer_set(server->loop, &server->sweep,
                   loop_now_ns(server->loop) + SERVER_SWEEP_MS * (NS_PER_SECOND / 1000));
}

static bool open_listeners(struct server *server, const struct server_options *options, struct error *error)
{
    const struct listener_options listener = {
        .admission = server->admission, .unix_mode = 0600, .accepted = accepted, .context = server
    };

    if (options->n_addresses > LISTENERS_LIMIT)
        return error_set(error, ERROR_LIMIT, "at most %d addresses are listened on", LISTENERS_LIMIT);
    for (size_t i = 0; i < options->n_addresses; i++) {
        server->listeners[i] = listener_open(server->loop, options->addresses[i], &listener, error);
        if (server->listeners[i] == NULL)
            return false;
        server->n_listeners++;
    }
    return true;
}

struct server *server_open(struct loop *loop, const struct server_options *options, struct error *error)
{
    struct server *server = calloc(1, sizeof *server);

    if (server == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory for a server");
        return NULL;
    }
    server->loop = loop;
    server->tls = options->tls;
    server->routes = options->routes ? options->routes : web_routes;
    server->n_routes = options->routes ? options->n_routes : n_web_routes;
    server->head_ms = options->head_ms ? options->head_ms : HEAD_MS;
    server->body_ms = options->body_ms ? options->body_ms : BODY_MS;
    server->sweep = (struct loop_timer) { .fire = sweep, .context = server };
    server->admission =
        admission_new(options->connections_limit ? options->connections_limit : SERVER_CONNECTIONS_LIMIT,
                      options->source_connections_limit ? options->source_connections_limit
                                                        : SERVER_SOURCE_CONNECTIONS_LIMIT,
                      error);
    if (server->admission == NULL || !loop_timer_add(loop, &server->sweep, error) ||
        !open_listeners(server, options, error)) {
        server_close(server, 0);
        return NULL;
    }
    return server;
}

void server_serve(struct server *server, struct site *site)
{
    server->site = site;
    site->server = server;
    sweep(server);
}

void server_close(struct server *server, int64_t patience_ms)
{
    struct error error;
    int64_t until_ns;

    if (server == NULL)
        return;
    server->is_closing = true;
    for (size_t i = 0; i < server->n_listeners; i++)
        listener_close(server->listeners[i]);
    until_ns = loop_now_ns(server->loop) + patience_ms * (NS_PER_SECOND / 1000);
    for (struct web_connection *web = server->connections; web; web = web->next) {
        if (web->state == WEB_READING)
            connection_finish(web->connection);
        else if (web->state == WEB_TAKEN)
            end_one(web, ACCESS_RESTART);
    }
    while (server->connections && loop_now_ns(server->loop) < until_ns &&
           loop_turn(server->loop, 10 * (NS_PER_SECOND / 1000), &error)) {
    }
    for (struct web_connection *web = server->connections; web; web = web->next)
        connection_abort(web->connection);
    while (server->connections && loop_turn(server->loop, 0, &error)) {
    }
    loop_timer_remove(server->loop, &server->sweep);
    admission_free(server->admission);
    if (server->site)
        server->site->server = NULL;
    free(server);
}

const char *server_address(const struct server *server, size_t i)
{
    return listener_address(server->listeners[i]);
}
