/* SPDX-License-Identifier: Apache-2.0 */
/*
 * router - from a request's method and path to the one row of a table that answers it.
 *
 * Rows say who may ask, so that no handler has to remember to. A row whose pattern begins with "/api/v1/" is
 * found below "/s/<id>/" too: the same handler, with the link's access instead of a member's.
 */
#pragma once

#include "net/http_request.h"
#include "web/exchange.h"

enum route_flag {
    ROUTE_ANYBODY = 1,      /* asked before anybody logged in, or by machines: access may be nobody's */
    ROUTE_MEMBERS = 2,      /* through a link it is not there */
    ROUTE_LINKS = 4,        /* only through a link */
    ROUTE_BEARS_SECRET = 8, /* its body proves who asks: an Origin may be missing, but not be another's */
    ROUTE_ANY_ORIGIN = 16,  /* does not look at cookies at all (AppSync, machines) */
    ROUTE_UPGRADES = 32,    /* a WebSocket is opened: the Origin counts, though it is a GET */
};

struct route {
    enum http_method method; /* HTTP_GET answers HEAD too */
    const char *pattern;     /* "/api/v1/sources/{source}/rows"; {rest...} as the last: all segments left */
    handler_function *handler;
    enum access_role least;
    unsigned flags;
    size_t body_limit_bytes; /* 0: EXCHANGE_BODY_LIMIT_BYTES */
};

struct route_match {
    const struct route *route;
    struct bytes parameters[EXCHANGE_PARAMETERS]; /* still encoded; of {rest...}: with the slashes */
    struct bytes link; /* the <id> of "/s/<id>/…"; empty: not below a link. As sent: letters and digits */
    unsigned allowed;  /* when the path is known and the method is not: a bit for each enum http_method */
};

enum route_result { ROUTE_FOUND, ROUTE_UNKNOWN, ROUTE_WRONG_METHOD };

/* The match borrows from path. */
enum route_result router_find(const struct route *routes, size_t n_routes, enum http_method method,
                              struct bytes path, struct route_match *match);

/* "GET, HEAD, POST" of those bits. */
const char *router_allow(unsigned allowed, char text[static 64]);

/* The server's table: routes.c. */
extern const struct route web_routes[];
extern const size_t n_web_routes;
