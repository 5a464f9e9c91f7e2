/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/http_head.h"

/* ---- values ---- */

void http_add_text(struct dissection *d, unsigned field, struct bytes text)
{
    static const uint8_t replacement[3] = { 0xef, 0xbf, 0xbd };
    const uint8_t *end = text.len ? memchr(text.data, 0, text.len) : NULL;
    size_t n_others = 0, len = 0;
    uint8_t *copy;

    if (field == HTTP_FIELD_COUNT || !dissection_wants(d, PROTOCOL_HTTP, field))
        return;
    if (end)
        text.len = (size_t)(end - text.data);
    for (size_t i = 0; i < text.len; i++)
        n_others += text.data[i] >> 7;
    if (n_others > 0) {
        size_t n = text.len + 2 * n_others;

        copy = n > DISSECTION_SCRATCH ? http_body_room(d, n) : dissection_scratch(d, n);
        if (copy == NULL)
            return;
        for (size_t i = 0; i < text.len; i++) {
            if (text.data[i] < 0x80) {
                copy[len++] = text.data[i];
            } else {
                memcpy(copy + len, replacement, sizeof replacement);
                len += sizeof replacement;
            }
        }
        text = bytes_of(copy, len);
    }
    dissection_add_bytes(d, HTTP_ID(field), text);
}

static void add_request(struct dissection *d, struct bytes line, struct http_head *message,
                        struct bytes method)
{
    struct reader r = reader_over(line);
    struct bytes word = http_word(&r), query;
    const uint8_t *mark;

    if (word.len == 0)
        return;
    if (message->conversation) {
        message->conversation->is_head = http_is(method, "HEAD");
        message->conversation->is_connect = http_is(method, "CONNECT");
        message->conversation->has_request = true;
    }
    http_add_text(d, HTTP_REQUEST_METHOD, word);
    if (r.at - line.data > 2 && r.at[-1] == ' ' && r.at[-2] == ' ') /* an empty URI */
        r.at--;
    message->uri = http_word(&r);
    http_add_text(d, HTTP_REQUEST_URI, message->uri);
    mark = message->uri.len ? memchr(message->uri.data, '?', message->uri.len) : NULL;
    if (mark && mark + 1 < message->uri.data + message->uri.len) {
        query = bytes_of(mark + 1, message->uri.len - (size_t)(mark + 1 - message->uri.data));
        http_add_text(d, HTTP_REQUEST_URI_PATH,
                      bytes_of(message->uri.data, (size_t)(mark - message->uri.data)));
        http_add_text(d, HTTP_REQUEST_URI_QUERY, query);
        while (query.len > 0 && dissection_wants(d, PROTOCOL_HTTP, HTTP_REQUEST_URI_QUERY_PARAMETER)) {
            const uint8_t *next = memchr(query.data, '&', query.len);
            size_t len = next ? (size_t)(next - query.data) : query.len;

            if (len > 0)
                http_add_text(d, HTTP_REQUEST_URI_QUERY_PARAMETER, bytes_of(query.data, len));
            len += next != NULL;
            query = bytes_of(query.data + len, query.len - len);
        }
    }
    http_add_text(d, HTTP_REQUEST_VERSION, reader_rest(&r));
}

static void add_response(struct dissection *d, struct bytes line, struct http_head *message)
{
    static const char unknown[] = "Unknown (";
    struct reader r = reader_over(line);
    struct bytes word = http_word(&r);
    uint32_t status = 0;
    const char *name;

    if (word.len == 0)
        return;
    http_add_text(d, HTTP_RESPONSE_VERSION, word);
    word = http_word(&r);
    if (word.len < 3)
        return;
    for (size_t i = 0; i < 3 && word.data[i] >= '0' && word.data[i] <= '9'; i++)
        status = status * 10 + word.data[i] - '0';
    message->status = status;
    if (message->conversation)
        message->conversation->status = (uint16_t)status;
    dissection_add_number(d, HTTP_ID(HTTP_RESPONSE_CODE), status);
    name = http_status_name(status);
    if (name) {
        dissection_add_bytes(d, HTTP_ID(HTTP_RESPONSE_CODE_DESC), bytes_text(name));
    } else if (dissection_wants(d, PROTOCOL_HTTP, HTTP_RESPONSE_CODE_DESC)) {
        uint8_t *text = dissection_scratch(d, sizeof unknown + 4);
        size_t len = sizeof unknown - 1;

        if (text) {
            memcpy(text, unknown, len);
            for (uint32_t unit = status >= 100 ? 100 : status >= 10 ? 10 : 1; unit > 0; unit /= 10)
                text[len++] = (uint8_t)('0' + status / unit % 10);
            text[len++] = ')';
            dissection_add_bytes(d, HTTP_ID(HTTP_RESPONSE_CODE_DESC), bytes_of(text, len));
        }
    }
    if (reader_left(&r) > 0)
        http_add_text(d, HTTP_RESPONSE_PHRASE, reader_rest(&r));
}

static int base64_value(uint8_t byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return byte - 'A';
    if (byte >= 'a' && byte <= 'z')
        return byte - 'a' + 26;
    if (byte >= '0' && byte <= '9')
        return byte - '0' + 52;
    return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

/* Authorization: Basic, RFC 7617. */
static void add_credentials(struct dissection *d, struct bytes value)
{
    struct reader r = reader_over(value);
    struct bytes scheme = http_word(&r);
    uint32_t bits = 0, n_bits = 0;
    size_t len = 0;
    uint8_t *text;

    if (!dissection_wants(d, PROTOCOL_HTTP, HTTP_AUTHBASIC) || scheme.len != 5 ||
        memcmp(scheme.data, "Basic", 5) != 0 || value.len < 6)
        return;
    text = dissection_scratch(d, reader_left(&r) + 1);
    if (text == NULL)
        return;
    for (const uint8_t *at = r.at; at < r.end; at++) {
        int digit = base64_value(*at);

        if (digit < 0)
            continue;
        bits = bits << 6 | (uint32_t)digit;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            text[len++] = (uint8_t)(bits >> n_bits);
        }
    }
    http_add_text(d, HTTP_AUTHBASIC, bytes_of(text, len));
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void add_cookies(struct dissection *d, struct bytes value)
{
    size_t i = 0;

    while (dissection_wants(d, PROTOCOL_HTTP, HTTP_COOKIE_PAIR)) {
        const uint8_t *end;
        size_t len;

        while (i < value.len && (value.data[i] == ';' || is_space(value.data[i])))
            i++;
        if (i >= value.len)
            return;
        end = memchr(value.data + i, ';', value.len - i);
        len = end ? (size_t)(end - value.data) - i : value.len - i;
        http_add_text(d, HTTP_COOKIE_PAIR, bytes_of(value.data + i, len));
        i += len;
    }
}

/* RFC 9110 section 5.6.2. */
static bool is_token(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t byte = name.data[i];

        if (byte <= ' ' || byte >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", byte))
            return false;
    }
    return name.len > 0;
}

/* line: with its end */
static void add_header(struct dissection *d, const struct http_header *header, struct bytes line,
                       struct http_head *message)
{
    unsigned field = http_header_field(header->name);
    struct bytes value = header->value;
    struct http_coding coding;
    size_t len = 0;

    http_add_text(d,
                  message->kind == HTTP_KIND_REQUEST    ? HTTP_REQUEST_LINE
                  : message->kind == HTTP_KIND_RESPONSE ? HTTP_RESPONSE_LINE
                  : field == HTTP_FIELD_COUNT           ? HTTP_UNKNOWN_HEADER
                                                        : HTTP_FIELD_COUNT,
                  line);
    if (!is_token(header->name)) {
        dissection_add_number(d, HTTP_ID(HTTP_BAD_HEADER_NAME), 0);
        return;
    }
    if (field == HTTP_FIELD_COUNT)
        return;
    http_add_text(d, field, value);
    switch (field) {
    case HTTP_CONTENT_LENGTH_HEADER:
        message->has_length = http_number_of(value, &message->length);
        if (!message->has_length)
            break;
        dissection_add_number(d, HTTP_ID(HTTP_CONTENT_LENGTH), message->length);
        if (message->has_coding)
            dissection_add_number(d, HTTP_ID(HTTP_TE_AND_LENGTH), 0);
        break;
    case HTTP_TRANSFER_ENCODING:
        if (message->has_length)
            dissection_add_number(d, HTTP_ID(HTTP_TE_AND_LENGTH), 0);
        coding = http_coding_of(value);
        message->has_coding = true;
        message->is_chunked |= coding.is_chunked;
        message->is_packed = coding.is_packed;
        if (coding.is_unknown)
            dissection_add_number(d, HTTP_ID(HTTP_TE_UNKNOWN), 0);
        break;
    case HTTP_CONTENT_TYPE:
        while (len < value.len && value.data[len] != ';' && !is_space(value.data[len]))
            len++;
        message->media_type = bytes_of(value.data, len);
        break;
    case HTTP_CONTENT_ENCODING:
        message->content_encoding = value;
        break;
    case HTTP_HOST:
        message->host = value;
        break;
    case HTTP_UPGRADE:
        message->upgrade = value;
        break;
    case HTTP_AUTHORIZATION:
    case HTTP_PROXY_AUTHORIZATION:
        add_credentials(d, value);
        break;
    case HTTP_COOKIE:
        add_cookies(d, value);
        break;
    default:
        break;
    }
}

static bool begins_with(struct bytes text, const char *word)
{
    size_t len = strlen(word);

    return text.len >= len && http_is(bytes_of(text.data, len), word);
}

void http_add_full_uri(struct dissection *d, const struct http_head *message)
{
    const char *scheme = d->present & PROTOCOL_BIT(PROTOCOL_TLS) ? "https://" : "http://";
    struct bytes host = message->host, uri = message->uri;
    bool keeps = message->conversation && (message->conversation->is_connect ||
                                           dissection_wants(d, PROTOCOL_HTTP, HTTP_RESPONSE_FOR_URI));
    bool wants = keeps || dissection_wants(d, PROTOCOL_HTTP, HTTP_REQUEST_FULL_URI);

    if (keeps && uri.data && host.data == NULL)
        http_remember_uri(d, message->conversation, uri, false);
    if (host.data == NULL || uri.data == NULL)
        return;
    while (host.len > 0 && is_space(host.data[host.len - 1]))
        host.len--;
    if (wants && !begins_with(uri, "http://") && !begins_with(uri, "https://") &&
        !(message->conversation && message->conversation->is_connect)) {
        size_t len = strlen(scheme);
        uint8_t *text = dissection_scratch(d, len + host.len + uri.len);

        if (text == NULL)
            return;
        memcpy(text, scheme, len);
        memcpy(text + len, host.data, host.len);
        memcpy(text + len + host.len, uri.data, uri.len);
        uri = bytes_of(text, len + host.len + uri.len);
    }
    http_add_text(d, HTTP_REQUEST_FULL_URI, uri);
    if (keeps)
        http_remember_uri(d, message->conversation, uri, true);
}

/* ---- lines ---- */

bool http_add_head(struct dissection *d, struct reader *r, struct http_head *message, bool *is_broken)
{
    bool has_line = false;

    while (reader_left(r) > 0) {
        struct reader start = *r, rest;
        struct bytes line, method;
        struct http_header header;
        enum http_kind kind;

        if (!http_line(r, &line)) {
            r->at = r->end; /* the last line has no end */
            if (line.len > 0 && line.data[line.len - 1] == '\r')
                line.len--;
        }
        rest = (struct reader) { start.at, r->at };
        kind = http_kind_of(line, &method);
        if (kind != HTTP_KIND_OTHER) {
            message->kind = kind;
            has_line = true;
            dissection_add_number(d, HTTP_ID(HTTP_CHAT), 0);
            if (kind == HTTP_KIND_RESPONSE)
                add_response(d, line, message);
            else
                add_request(d, line, message, method);
        } else if (line.len == 0) {
            return true;
        } else if (http_header_of(line, &header)) {
            has_line = true;
            add_header(d, &header, reader_rest(&rest), message);
        } else {
            *is_broken = has_line && r->at == r->end && line.data + line.len == r->end;
            *r = start;
            return false;
        }
    }
    return true;
}
