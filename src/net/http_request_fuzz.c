/* SPDX-License-Identifier: Apache-2.0 */
/* Read whole and in pieces: both must tell the same. */
#include <assert.h>
#include <stdlib.h>

#include "net/http_negotiate.h"
#include "net/http_request.h"
#include "net/url.h"
#include "net/websocket_handshake.h"

static void ask_all(const struct http_request *request, struct buffer *told)
{
    struct bytes query = request->query, name, value;
    struct websocket_offer offer;
    struct buffer decoded;
    uint64_t first, last;
    enum http_range range;

    buffer_init(&decoded, 4096);
    while (url_query_next(&query, &name, &value))
        buffer_printf(told, "%zu=%zu ", name.len, value.len);
    buffer_printf(told, "%d %d %u ", url_query_find(request->query, "q", &decoded),
                  url_path_is_plain(request->path), http_encoding_weight(&request->fields, "gzip"));
    range = http_range(&request->fields, 1000, "\"e\"", &first, &last);
    assert(range != HTTP_RANGE_PART || (first <= last && last < 1000));
    buffer_printf(told, "%d %d ", range, http_none_match_hits(&request->fields, "\"e\""));
    if (http_cookie_find(&request->fields, "s", &value))
        buffer_put(told, value.data, value.len);
    buffer_empty(&decoded);
    if (websocket_handshake_check(request, &offer) == WEBSOCKET_HANDSHAKE_OK)
        assert(websocket_handshake_accept(&decoded, &offer, NULL, true));
    buffer_clear(&decoded);
}

static void play(const uint8_t *data, size_t size, size_t step, struct buffer *told)
{
    struct http_parser parser;
    bool is_over = false;

    http_parser_init(&parser, 1 << 16);
    for (size_t at = 0; at < size && !is_over; at += step) {
        size_t n = size - at < step ? size - at : step;
        struct reader r = reader_over(bytes_of(data + at, n));
        enum http_event event;
        struct bytes body;

        while (!is_over && (event = http_parser_next(&parser, &r, &body)) != HTTP_EVENT_MORE) {
            if (event == HTTP_EVENT_BODY)
                buffer_put(told, body.data, body.len);
            else
                buffer_printf(told, "<%d %u>", event, parser.refusal_status);
            if (event == HTTP_EVENT_HEAD)
                ask_all(&parser.request, told);
            is_over = event == HTTP_EVENT_REFUSED;
        }
    }
    http_parser_clear(&parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer whole, pieces;

    if (size == 0)
        return 0;
    buffer_init(&whole, 1 << 22);
    buffer_init(&pieces, 1 << 22);
    play(data, size, size, &whole);
    play(data, size, (data[0] & 15) + 1U, &pieces);
    assert(bytes_equal(buffer_bytes(&whole), buffer_bytes(&pieces)));
    buffer_clear(&whole);
    buffer_clear(&pieces);
    return 0;
}
