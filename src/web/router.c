/* SPDX-License-Identifier: Apache-2.0 */
#include "web/router.h"

#include <stdio.h>

#include "net/url.h"

static const char api_prefix[] = "/api/v1/";

static bool begins_with(struct bytes text, const char *prefix)
{
    size_t len = strlen(prefix);

    return text.len >= len && memcmp(text.data, prefix, len) == 0;
}

static bool is_link_id(struct bytes id)
{
    if (id.len == 0 || id.len >= ACCESS_ID_BYTES)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        uint8_t c = id.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
              c == '_'))
            return false;
    }
    return true;
}

/* "/s/<id>/api/v1/x": <id>, and path becomes "/api/v1/x". Everything else below "/s/" keeps its path. */
static struct bytes take_link(struct bytes *path)
{
    struct bytes rest = *path, segment, id;

    if (!url_segment_next(&rest, &segment) || !bytes_equal(segment, bytes_text("s")) ||
        !url_segment_next(&rest, &id) || !is_link_id(id))
        return (struct bytes) { 0 };
    if (begins_with(rest, api_prefix))
        *path = rest;
    return id;
}

static bool is_parameter(struct bytes segment)
{
    return segment.len >= 2 && segment.data[0] == '{' && segment.data[segment.len - 1] == '}';
}

static bool is_rest(struct bytes segment)
{
    return segment.len >= 5 && memcmp(segment.data + segment.len - 4, "...}", 4) == 0;
}

static bool pattern_fits(const char *pattern, struct bytes path, struct bytes parameters[EXCHANGE_PARAMETERS])
{
    struct bytes left = bytes_text(pattern), wanted, given;
    size_t n = 0;

    while (url_segment_next(&left, &wanted)) {
        if (is_parameter(wanted) && is_rest(wanted)) {
            parameters[n] = path;
            return true;
        }
        if (!url_segment_next(&path, &given))
            return false;
        if (!is_parameter(wanted)) {
            if (!bytes_equal(wanted, given))
                return false;
        } else if (given.len == 0 || n == EXCHANGE_PARAMETERS) {
            return false;
        } else {
            parameters[n++] = given;
        }
    }
    return path.len == 0;
}

enum route_result router_find(const struct route *routes, size_t n_routes, enum http_method method,
                              struct bytes path, struct route_match *match)
{
    enum http_method asked = method == HTTP_HEAD ? HTTP_GET : method;

    *match = (struct route_match) { .link = take_link(&path) };
    for (size_t i = 0; i < n_routes; i++) {
        struct bytes parameters[EXCHANGE_PARAMETERS] = { { 0 } };

        if (!pattern_fits(routes[i].pattern, path, parameters))
            continue;
        match->allowed |= 1U << routes[i].method;
        if (routes[i].method != asked)
            continue;
        match->route = &routes[i];
        memcpy(match->parameters, parameters, sizeof parameters);
        return ROUTE_FOUND;
    }
    return match->allowed ? ROUTE_WRONG_METHOD : ROUTE_UNKNOWN;
}

const char *router_allow(unsigned allowed, char text[static 64])
{
    static const struct {
        enum http_method method;
        const char *name;
    } names[] = { { HTTP_GET, "GET, HEAD" },
                  { HTTP_POST, "POST" },
                  { HTTP_PUT, "PUT" },
                  { HTTP_PATCH, "PATCH" },
                  { HTTP_DELETE, "DELETE" } };
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (allowed & 1U << names[i].method)
            len += (size_t)snprintf(text + len, 64 - len, "%s%s", len ? ", " : "", names[i].name);
    }
    return text;
}
