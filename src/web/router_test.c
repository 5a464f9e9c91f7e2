/* SPDX-License-Identifier: Apache-2.0 */
#include "web/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "net/url.h"

static enum route_result find(enum http_method method, const char *path, struct route_match *match)
{
    return router_find(web_routes, n_web_routes, method, bytes_text(path), match);
}

static void assert_parameter(const struct route_match *match, size_t i, const char *text)
{
    assert_int_equal(match->parameters[i].len, strlen(text));
    assert_memory_equal(match->parameters[i].data, text, strlen(text));
}

static void an_address_finds_its_row_and_its_parameters(void **state)
{
    struct route_match match;

    (void)state;
    assert_int_equal(find(HTTP_GET, "/api/v1/sources/box%2F1/stream", &match), ROUTE_FOUND);
    assert_string_equal(match.route->pattern, "/api/v1/sources/{source}/stream");
    assert_parameter(&match, 0, "box%2F1");
    assert_int_equal(match.link.len, 0);
    assert_int_equal(find(HTTP_HEAD, "/api/v1/sources/b/stream", &match), ROUTE_FOUND); /* as its GET */
    assert_int_equal(find(HTTP_GET, "/c/box/p/17", &match), ROUTE_FOUND);
    assert_parameter(&match, 0, "box");
    assert_parameter(&match, 1, "17");
    assert_int_equal(find(HTTP_GET, "/assets/a/b.js", &match), ROUTE_FOUND);
    assert_parameter(&match, 0, "/a/b.js");
}

static void below_a_link_the_same_row_answers_with_the_links_id(void **state)
{
    struct route_match match;

    (void)state;
    assert_int_equal(find(HTTP_GET, "/s/abc-123_X/api/v1/sources/box/stream", &match), ROUTE_FOUND);
    assert_string_equal(match.route->pattern, "/api/v1/sources/{source}/stream");
    assert_true(bytes_equal(match.link, bytes_text("abc-123_X")));
    assert_parameter(&match, 0, "box");
    assert_int_equal(find(HTTP_GET, "/s/abc/live/box", &match), ROUTE_FOUND);
    assert_true(bytes_equal(match.link, bytes_text("abc")));
    /* nothing else is there below a link, and nothing below what is no id */
    assert_int_equal(find(HTTP_GET, "/s/abc/metrics", &match), ROUTE_UNKNOWN);
    assert_int_equal(find(HTTP_GET, "/s/abc/s/abc/api/v1/live", &match), ROUTE_UNKNOWN);
    assert_int_equal(find(HTTP_GET, "/s/a%62c/api/v1/live", &match), ROUTE_UNKNOWN);
    assert_int_equal(find(HTTP_GET, "/s/0123456789012345678901234/api/v1/live", &match), ROUTE_UNKNOWN);
    assert_int_equal(find(HTTP_GET, "/s//api/v1/live", &match), ROUTE_UNKNOWN);
}

static void an_address_that_takes_other_methods_says_which(void **state)
{
    struct route_match match;
    char text[64];

    (void)state;
    assert_int_equal(find(HTTP_GET, "/api/v1/login", &match), ROUTE_WRONG_METHOD);
    assert_string_equal(router_allow(match.allowed, text), "POST");
    assert_int_equal(find(HTTP_DELETE, "/", &match), ROUTE_WRONG_METHOD);
    assert_string_equal(router_allow(match.allowed, text), "GET, HEAD");
    assert_int_equal(find(HTTP_GET, "/no/such/thing", &match), ROUTE_UNKNOWN);
    assert_int_equal(find(HTTP_GET, "/api/v1/sources//stream", &match), ROUTE_UNKNOWN);
    assert_int_equal(find(HTTP_GET, "/api/v1/live/", &match), ROUTE_UNKNOWN);
}

static void each_row_can_be_reached_and_says_who_may_ask(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_web_routes; i++) {
        const struct route *route = &web_routes[i];
        bool is_api = strncmp(route->pattern, "/api/v1/", 8) == 0;
        struct route_match match;

        /* A pattern stands for itself: whatever row it finds first must be its own. */
        assert_int_equal(find(route->method, route->pattern, &match), ROUTE_FOUND);
        assert_ptr_equal(match.route, route);
        assert_non_null(route->handler);
        /* What changes something is never for anybody, unless its body proves who asks, or it knows no
         * cookies. */
        if (route->method != HTTP_GET && (route->flags & ROUTE_ANYBODY))
            assert_true(route->flags & (ROUTE_BEARS_SECRET | ROUTE_ANY_ORIGIN));
        assert_false((route->flags & ROUTE_MEMBERS) && (route->flags & ROUTE_LINKS));
        if (is_api && route->method == HTTP_GET)
            assert_false(route->flags & ROUTE_ANY_ORIGIN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_finds_its_row_and_its_parameters),
        cmocka_unit_test(below_a_link_the_same_row_answers_with_the_links_id),
        cmocka_unit_test(an_address_that_takes_other_methods_says_which),
        cmocka_unit_test(each_row_can_be_reached_and_says_who_may_ask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
