/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server - takes HTTP connections for a site, keeps them, and ends those whose access is over.
 */
#pragma once

#include "net/admission.h"
#include "net/connection.h"
#include "net/loop.h"
#include "web/web_connection.h"

struct site;

enum {
    SERVER_CONNECTIONS_LIMIT = 4096,        /* at once, unless the options say otherwise */
    SERVER_SOURCE_CONNECTIONS_LIMIT = 1024, /* from one address: a whole office may sit behind one */
    SERVER_SWEEP_MS = 250,                  /* how often it is looked for access that is over */
};

struct server_options {
    const char *const *addresses; /* as listener_open() takes them */
    size_t n_addresses;
    const struct tls *tls;                              /* NULL: in the clear */
    size_t connections_limit, source_connections_limit; /* 0: those above */
    uint32_t head_ms, body_ms;                          /* for a request to come whole; 0: 10 s, 30 s */
    const struct route *routes;                         /* NULL: web_routes */
    size_t n_routes;
};

struct server {
    struct loop *loop;
    struct site *site;
    const struct tls *tls;
    const struct route *routes;
    size_t n_routes;
    uint32_t head_ms, body_ms;
    struct admission *admission;
    struct listener *listeners[8];
    size_t n_listeners;
    struct web_connection *connections; /* all */
    size_t n_connections, n_taken;
    struct loop_timer sweep;
    bool is_closing;
    /* since the start */
    uint64_t n_requests, n_refused_requests, n_failed_connections;
    uint64_t n_answers[6]; /* by the hundreds of the status */
    uint64_t n_ends[CONNECTION_ENDS];
};

/* Opens its addresses, which may need rights that are given up afterwards. NULL with *error set. */
struct server *server_open(struct loop *loop, const struct server_options *options, struct error *error);

/* Who came meanwhile, and comes from now on, is answered: before the loop turns. */
void server_serve(struct server *server, struct site *site);

/* Tells everybody that it ends (ACCESS_RESTART); then turns the loop, at most so long, until all are gone. */
void server_close(struct server *server, int64_t patience_ms);

const char *server_address(const struct server *server, size_t i);

/*
 * Ends what is open for everybody whose access is of that link, or of that person (NULL: whoever): sockets
 * are told why, answers under way are cut off. Answers how many.
 */
size_t server_end_access(struct server *server, const char *link, const char *person, enum access_end why);

/* ---- for web_connection.c ---- */

void server_remember(struct server *server, struct web_connection *web);
void server_forget(struct server *server, struct web_connection *web);
