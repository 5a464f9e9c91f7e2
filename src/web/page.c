/* SPDX-License-Identifier: Apache-2.0 */
#include "web/page.h"

#include "net/http_negotiate.h"
#include "web/assets.h"
#include "web/gate.h"
#include "web/web_connection.h"

static struct shared_bytes *unpack(const struct asset *asset)
{
    struct shared_bytes *plain = shared_bytes_new(asset->plain_len);

    if (plain && !asset_unpack(asset, plain->own)) {
        shared_bytes_release(plain);
        return NULL;
    }
    return plain;
}

static void answer(struct exchange *exchange, const struct asset *asset)
{
    struct web_connection *web = exchange->connection;
    const struct http_fields *fields = &exchange->request->fields;
    unsigned gzip = http_encoding_weight(fields, "gzip"), plain = http_encoding_weight(fields, "identity");
    bool is_packed = gzip > 0 && gzip >= plain;
    struct shared_bytes *bytes;

    exchange_header(exchange, "ETag", asset->etag);
    exchange_header(exchange, "Vary", "Accept-Encoding");
    exchange_header(exchange, "Cache-Control",
                    asset->is_hashed ? "public, max-age=31536000, immutable" : "no-cache");
    if (http_none_match_hits(fields, asset->etag)) {
        exchange_answer_empty(exchange, 304);
        return;
    }
    bytes = is_packed ? shared_bytes_over(asset->gzip, NULL, NULL) : unpack(asset);
    if (bytes == NULL) {
        exchange_problem(exchange, 503, "no_memory", "the server has no memory for this; try again later");
        return;
    }
    if (is_packed)
        exchange_header(exchange, "Content-Encoding", "gzip");
    if (web_answer_begin(web, 200, asset->content_type, bytes->len) && web_answer_data(web, bytes))
        web_answer_end(web);
    shared_bytes_release(bytes);
}

void page_asset(struct exchange *exchange)
{
    const struct asset *asset = asset_find(exchange->request->path);

    if (asset)
        answer(exchange, asset);
    else
        exchange_not_here(exchange);
}

void page_show(struct exchange *exchange)
{
    const struct asset *page;

    if (gate_takes_token_of_address(exchange))
        return;
    page = asset_find(bytes_text("/index.html"));
    if (page)
        answer(exchange, page);
    else
        exchange_not_here(exchange);
}
