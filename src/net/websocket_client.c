/* SPDX-License-Identifier: Apache-2.0 */
#include "net/websocket_client.h"

#include <openssl/evp.h>

static bool is_line_safe(const char *text)
{
    for (; *text; text++)
        if ((uint8_t)*text <= 0x20 || *text == 0x7f)
            return false;
    return true;
}

static void put_header(struct buffer *out, const char *name, const char *value)
{
    buffer_printf(out, "%s: %s\r\n", name, value);
}

bool websocket_client_begin(struct websocket_client *client, const struct websocket_client_options *options,
                            struct buffer *out)
{
    char key[WEBSOCKET_KEY_CHARS + 1];

    memset(client, 0, sizeof *client);
    buffer_init(&client->head, HTTP_HEAD_LIMIT_BYTES);
    client->protocols = options->protocols;
    client->offers_deflate = options->offers_deflate;
    if (!is_line_safe(options->host) || !is_line_safe(options->target) ||
        (options->protocols && strpbrk(options->protocols, "\r\n")))
        return false;
    EVP_EncodeBlock((unsigned char *)key, options->random_key, 16);
    websocket_accept_value(bytes_text(key), client->accept);
    buffer_printf(out, "GET %s HTTP/1.1\r\n", options->target);
    put_header(out, "Host", options->host);
    put_header(out, "Upgrade", "websocket");
    put_header(out, "Connection", "Upgrade");
    put_header(out, "Sec-WebSocket-Key", key);
    put_header(out, "Sec-WebSocket-Version", "13");
    if (options->protocols)
        put_header(out, "Sec-WebSocket-Protocol", options->protocols);
    if (options->offers_deflate)
        put_header(out, "Sec-WebSocket-Extensions",
                   "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    buffer_put_text(out, "\r\n");
    return !out->is_full;
}

void websocket_client_clear(struct websocket_client *client)
{
    buffer_clear(&client->head);
}

static enum websocket_client_event fail(struct websocket_client *client, const char *why)
{
    client->failure = why;
    return WEBSOCKET_CLIENT_FAILED;
}

static bool was_offered(const char *protocols, struct bytes protocol)
{
    struct bytes list = bytes_text(protocols ? protocols : ""), part;

    while (http_list_next(&list, ',', &part))
        if (bytes_equal(part, protocol))
            return true;
    return false;
}

/* Only what was offered may be agreed on, and both sides without context. */
static bool check_extensions(struct websocket_client *client, const struct http_fields *fields)
{
    struct bytes list, part;
    bool forgets = false;

    if (!http_fields_find(fields, "Sec-WebSocket-Extensions", &list))
        return true;
    if (!client->offers_deflate || http_fields_count(fields, "Sec-WebSocket-Extensions") > 1 ||
        !http_list_next(&list, ';', &part) || !http_text_equal(part, "permessage-deflate"))
        return false;
    while (http_list_next(&list, ';', &part)) {
        if (http_text_equal(part, "server_no_context_takeover"))
            forgets = true;
        else if (!http_text_equal(part, "client_no_context_takeover") &&
                 !http_text_equal(part, "server_max_window_bits=15"))
            return false;
    }
    client->uses_deflate = true;
    return forgets;
}

static enum websocket_client_event parse_answer(struct websocket_client *client)
{
    struct reader r = reader_over(buffer_bytes(&client->head));
    struct http_fields fields;
    struct bytes line, value;
    const char *why = NULL;

    if (!http_head_line(&r, &line) || line.len < 12 || memcmp(line.data, "HTTP/1.1 ", 9) != 0)
        return fail(client, "not an answer of HTTP/1.1");
    for (size_t i = 9; i < 12; i++) {
        if (line.data[i] < '0' || line.data[i] > '9')
            return fail(client, "HTTP status");
        client->status = client->status * 10 + (unsigned)(line.data[i] - '0');
    }
    if (client->status != 101)
        return fail(client, "the server does not upgrade to WebSocket");
    if (http_fields_parse(&fields, &r, &why) != HTTP_FIELDS_OK)
        return fail(client, why);
    if (!http_fields_have_token(&fields, "Upgrade", "websocket") ||
        !http_fields_have_token(&fields, "Connection", "Upgrade"))
        return fail(client, "the answer does not say Upgrade: websocket");
    if (http_fields_count(&fields, "Sec-WebSocket-Accept") != 1 ||
        !http_fields_find(&fields, "Sec-WebSocket-Accept", &value) ||
        !bytes_equal(value, bytes_text(client->accept)))
        return fail(client, "Sec-WebSocket-Accept does not fit the key");
    if (http_fields_find(&fields, "Sec-WebSocket-Protocol", &client->protocol) &&
        !was_offered(client->protocols, client->protocol))
        return fail(client, "a subprotocol that was not offered");
    if (!check_extensions(client, &fields))
        return fail(client, "an extension that was not offered");
    return WEBSOCKET_CLIENT_OPEN;
}

enum websocket_client_event websocket_client_next(struct websocket_client *client, struct reader *input)
{
    uint8_t c;

    while (reader_u8(input, &c)) {
        if ((c == '\n') != (client->before == '\r'))
            return fail(client, "line end other than CR LF");
        client->before = c;
        if (c == '\n')
            client->n_line_ends++;
        else if (c != '\r')
            client->n_line_ends = 0;
        if (!buffer_put_u8(&client->head, c))
            return fail(client, "answer's head too long");
        if (client->n_line_ends == 2)
            return parse_answer(client);
    }
    return WEBSOCKET_CLIENT_MORE;
}
