/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What strangers write into an address: whatever it is, the row found, its parameters and the link's id lie
 * within it, and decode within their bounds.
 */
#include <assert.h>
#include <stdlib.h>

#include "net/url.h"
#include "web/router.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_within(struct bytes part, struct bytes whole)
{
    assert(part.len == 0 || (part.data >= whole.data && part.data + part.len <= whole.data + whole.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1); /* of that very size, so that a step too far is seen */
    struct bytes path = { copy, len };
    struct route_match match;

    if (copy == NULL)
        return 0;
    if (len)
        memcpy(copy, data, len);
    for (int method = HTTP_OTHER; method <= HTTP_PATCH; method++) {
        enum route_result result =
            router_find(web_routes, n_web_routes, (enum http_method)method, path, &match);

        assert((result == ROUTE_FOUND) == (match.route != NULL));
        check_within(match.link, path);
        for (size_t i = 0; i < EXCHANGE_PARAMETERS; i++) {
            struct buffer decoded;

            check_within(match.parameters[i], path);
            buffer_init(&decoded, HTTP_TARGET_LIMIT_BYTES);
            if (url_decode(match.parameters[i], &decoded))
                assert(decoded.len <= match.parameters[i].len);
            buffer_clear(&decoded);
        }
    }
    if (url_path_is_plain(path))
        assert(len > 0 && copy[0] == '/');
    free(copy);
    return 0;
}
