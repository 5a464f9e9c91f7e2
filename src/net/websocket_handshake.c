/* SPDX-License-Identifier: Apache-2.0 */
#include "net/websocket_handshake.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

static const char key_suffix[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/* The base64 of 16 bytes: 22 characters, of which the last has four zero bits, and "==". */
static bool is_key(struct bytes key)
{
    if (key.len != WEBSOCKET_KEY_CHARS || memcmp(key.data + 22, "==", 2) != 0)
        return false;
    for (size_t i = 0; i < 22; i++) {
        uint8_t c = key.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' ||
              c == '/'))
            return false;
    }
    return memchr("AQgw", key.data[21], 4) != NULL;
}

void websocket_accept_value(struct bytes key, char text[static WEBSOCKET_ACCEPT_CHARS + 1])
{
    uint8_t joined[WEBSOCKET_KEY_CHARS + sizeof key_suffix - 1], digest[SHA_DIGEST_LENGTH];
    size_t n = key.len < WEBSOCKET_KEY_CHARS ? key.len : WEBSOCKET_KEY_CHARS;

    memcpy(joined, key.data, n);
    memcpy(joined + n, key_suffix, sizeof key_suffix - 1);
    SHA1(joined, n + sizeof key_suffix - 1, digest);
    EVP_EncodeBlock((unsigned char *)text, digest, sizeof digest);
}

/* One parameter of an offer; false when it, or its being there again, makes the offer one we cannot meet. */
static bool meet_parameter(struct bytes parameter, unsigned *seen, bool *echoes_window_bits)
{
    static const char *const names[] = { "server_no_context_takeover", "client_no_context_takeover",
                                         "server_max_window_bits", "client_max_window_bits" };
    const uint8_t *equals = memchr(parameter.data, '=', parameter.len);
    struct bytes name = equals ? bytes_of(parameter.data, (size_t)(equals - parameter.data)) : parameter;
    struct bytes value = equals ? bytes_of(equals + 1, parameter.len - name.len - 1) : bytes_of(NULL, 0);
    unsigned which = 0, bits = 0;

    name = http_trim(name);
    value = http_trim(value);
    if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
        value = bytes_of(value.data + 1, value.len - 2);
    while (which < 4 && !http_text_equal(name, names[which]))
        which++;
    if (which == 4 || (*seen & 1u << which))
        return false;
    *seen |= 1u << which;
    if (which < 2)
        return equals == NULL;
    if (equals == NULL)
        return which == 3; /* only the client's may stand without a value */
    if (value.len < 1 || value.len > 2 || value.data[0] == '0')
        return false;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return false;
        bits = bits * 10 + (unsigned)(value.data[i] - '0');
    }
    if (bits < 8 || bits > 15)
        return false;
    /* A smaller window would need frames of its own. */
    if (which == 2)
        *echoes_window_bits = true;
    return which == 3 || bits == 15;
}

static bool meet_deflate(struct bytes offer, bool *echoes_window_bits)
{
    struct bytes part;
    unsigned seen = 0;

    *echoes_window_bits = false;
    if (!http_list_next(&offer, ';', &part) || !http_text_equal(part, "permessage-deflate"))
        return false;
    while (http_list_next(&offer, ';', &part))
        if (!meet_parameter(part, &seen, echoes_window_bits))
            return false;
    return true;
}

static void find_deflate(struct websocket_offer *offer)
{
    for (size_t i = 0; i < offer->fields->n_fields; i++) {
        struct bytes list = offer->fields->fields[i].value, part;

        if (!http_text_equal(offer->fields->fields[i].name, "Sec-WebSocket-Extensions"))
            continue;
        while (http_list_next(&list, ',', &part)) {
            offer->has_deflate = meet_deflate(part, &offer->echoes_window_bits);
            if (offer->has_deflate)
                return;
        }
    }
}

static enum websocket_handshake bad(struct websocket_offer *offer, const char *why)
{
    offer->why = why;
    return WEBSOCKET_HANDSHAKE_BAD;
}

enum websocket_handshake websocket_handshake_check(const struct http_request *request,
                                                   struct websocket_offer *offer)
{
    const struct http_fields *fields = &request->fields;
    struct bytes version, protocol;
    size_t next = 0;

    *offer = (struct websocket_offer) { .fields = fields };
    if (!http_fields_have_token(fields, "Upgrade", "websocket"))
        return WEBSOCKET_HANDSHAKE_NONE;
    if (request->method != HTTP_GET || request->minor_version == 0 || request->has_body)
        return bad(offer, "WebSocket upgrade: not a plain GET of HTTP/1.1");
    if (!http_fields_have_token(fields, "Connection", "Upgrade"))
        return bad(offer, "WebSocket upgrade: Connection does not say Upgrade");
    if (http_fields_count(fields, "Sec-WebSocket-Version") != 1 ||
        !http_fields_find(fields, "Sec-WebSocket-Version", &version) ||
        !bytes_equal(version, bytes_text("13")))
        return WEBSOCKET_HANDSHAKE_VERSION;
    if (http_fields_count(fields, "Sec-WebSocket-Key") != 1 ||
        !http_fields_find(fields, "Sec-WebSocket-Key", &offer->key) || !is_key(offer->key))
        return bad(offer, "WebSocket upgrade: Sec-WebSocket-Key");
    if (http_fields_count(fields, "Origin") > 1)
        return bad(offer, "WebSocket upgrade: more than one Origin");
    offer->has_origin = http_fields_find(fields, "Origin", &offer->origin);
    while (websocket_offer_protocol(offer, &next, &protocol))
        if (!http_is_token(protocol))
            return bad(offer, "WebSocket upgrade: Sec-WebSocket-Protocol");
    find_deflate(offer);
    return WEBSOCKET_HANDSHAKE_OK;
}

bool websocket_offer_protocol(const struct websocket_offer *offer, size_t *next, struct bytes *protocol)
{
    size_t n = 0;

    for (size_t i = 0; i < offer->fields->n_fields; i++) {
        struct bytes list = offer->fields->fields[i].value;

        if (!http_text_equal(offer->fields->fields[i].name, "Sec-WebSocket-Protocol"))
            continue;
        while (http_list_next(&list, ',', protocol)) {
            if (n++ == *next) {
                (*next)++;
                return true;
            }
        }
    }
    return false;
}

bool websocket_offer_has_protocol(const struct websocket_offer *offer, const char *wanted)
{
    struct bytes protocol;
    size_t next = 0;

    while (websocket_offer_protocol(offer, &next, &protocol))
        if (bytes_equal(protocol, bytes_text(wanted)))
            return true;
    return false;
}

bool websocket_handshake_accept(struct buffer *out, const struct websocket_offer *offer, const char *protocol,
                                bool uses_deflate)
{
    char accept[WEBSOCKET_ACCEPT_CHARS + 1];
    struct http_response response;

    websocket_accept_value(offer->key, accept);
    http_response_begin(&response, out, 101, 0);
    http_response_header(&response, "Upgrade", bytes_text("websocket"));
    http_response_header(&response, "Connection", bytes_text("Upgrade"));
    http_response_header(&response, "Sec-WebSocket-Accept", bytes_text(accept));
    if (protocol)
        http_response_header(&response, "Sec-WebSocket-Protocol", bytes_text(protocol));
    if (uses_deflate && offer->has_deflate)
        http_response_header_printf(
            &response, "Sec-WebSocket-Extensions",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover%s",
            offer->echoes_window_bits ? "; server_max_window_bits=15" : "");
    return http_response_end_bare(&response);
}
