/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_request.h"

enum {
    STATE_BEFORE_HEAD, /* an empty line or two may stand before a request: RFC 9112 section 2.2 */
    STATE_HEAD,
    STATE_BODY_BEGINS,
    STATE_BODY,
    STATE_CHUNK_LINE,
    STATE_CHUNK,
    STATE_CHUNK_CR,
    STATE_CHUNK_LF,
    STATE_TRAILER,
    STATE_ENDED,
    STATE_REFUSED,

    EMPTY_LINES_LIMIT = 2,
};

static const struct {
    const char *text;
    enum http_method method;
} methods[] = {
    { "GET", HTTP_GET },       { "HEAD", HTTP_HEAD },       { "POST", HTTP_POST },   { "PUT", HTTP_PUT },
    { "DELETE", HTTP_DELETE }, { "OPTIONS", HTTP_OPTIONS }, { "PATCH", HTTP_PATCH },
};

void http_parser_init(struct http_parser *parser, uint64_t body_limit_bytes)
{
    memset(parser, 0, sizeof *parser);
    parser->body_limit_bytes = body_limit_bytes;
    buffer_init(&parser->head, HTTP_HEAD_LIMIT_BYTES);
    buffer_init(&parser->line, HTTP_TRAILER_LIMIT_BYTES);
}

void http_parser_clear(struct http_parser *parser)
{
    buffer_clear(&parser->head);
    buffer_clear(&parser->line);
}

bool http_parser_is_between(const struct http_parser *parser)
{
    return parser->state == STATE_BEFORE_HEAD || parser->state == STATE_ENDED;
}

bool http_request_header(const struct http_request *request, const char *name, struct bytes *value)
{
    return http_fields_find(&request->fields, name, value);
}

static enum http_event refuse(struct http_parser *parser, unsigned status, const char *why)
{
    parser->state = STATE_REFUSED;
    parser->refusal_status = status;
    parser->refusal = why;
    return HTTP_EVENT_REFUSED;
}

/* RFC 3986 section 3.2: a name or IPv4 address, or an IPv6 address in brackets, and perhaps a port. */
static bool is_host(struct bytes host)
{
    bool is_bracketed = host.len > 0 && host.data[0] == '[';
    size_t i = is_bracketed ? 1 : 0;

    for (; i < host.len; i++) {
        uint8_t c = host.data[i];

        if (c >= 0x80)
            return false;
        if (is_bracketed ? c == ']' : c == ':')
            break;
        if (is_bracketed ? strchr("0123456789abcdefABCDEF:.", c) == NULL
                         : !http_is_token_char(c) || strchr("#^`|", c) != NULL)
            return false;
    }
    if (is_bracketed) {
        if (i == host.len || i == 1)
            return false;
        i++;
    } else if (i == 0) {
        return false;
    }
    if (i == host.len)
        return true;
    if (host.data[i++] != ':' || host.len - i > 5)
        return false;
    for (; i < host.len; i++)
        if (host.data[i] < '0' || host.data[i] > '9')
            return false;
    return true;
}

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Visible ASCII as URLs have it and browsers send it; "%" only before two hexadecimal digits. */
static bool is_target(struct bytes target)
{
    for (size_t i = 0; i < target.len; i++) {
        uint8_t c = target.data[i];

        if (c <= 0x20 || c >= 0x7f || strchr("\"#<>", c) != NULL)
            return false;
        if (c == '%' && (target.len - i < 3 || !is_hex(target.data[i + 1]) || !is_hex(target.data[i + 2])))
            return false;
    }
    return target.len > 0;
}

static struct bytes after(struct bytes bytes, size_t n)
{
    return bytes_of(bytes.data + n, bytes.len - n);
}

/* Takes "http://" and the host off a target in absolute form. False when it is no such URL. */
static bool take_authority(struct bytes *target, struct bytes *host)
{
    size_t scheme = target->len > 8 && http_text_equal(bytes_of(target->data, 8), "https://") ? 8 : 7;
    size_t n = 0;

    if (target->len <= scheme || (scheme == 7 && !http_text_equal(bytes_of(target->data, 7), "http://")))
        return false;
    *target = after(*target, scheme);
    while (n < target->len && target->data[n] != '/' && target->data[n] != '?')
        n++;
    *host = bytes_of(target->data, n);
    *target = after(*target, n);
    return is_host(*host);
}

static bool parse_target(struct http_request *request, struct bytes target)
{
    const uint8_t *mark;

    if (!is_target(target))
        return false;
    if (bytes_equal(target, bytes_text("*"))) {
        request->path = target;
        return request->method == HTTP_OPTIONS;
    }
    if (target.data[0] != '/' && !take_authority(&target, &request->host))
        return false;
    mark = memchr(target.data, '?', target.len);
    request->path = mark ? bytes_of(target.data, (size_t)(mark - target.data)) : target;
    if (mark)
        request->query = after(target, request->path.len + 1);
    if (request->path.len == 0)
        request->path = bytes_text("/"); /* absolute form may leave it out */
    return true;
}

static enum http_event parse_request_line(struct http_parser *parser, struct bytes line)
{
    struct http_request *request = &parser->request;
    const uint8_t *first = memchr(line.data, ' ', line.len);
    const uint8_t *last = memrchr(line.data, ' ', line.len);
    struct bytes target, version;

    if (first == NULL || first == last)
        return refuse(parser, 400, "request line");
    request->method_text = bytes_of(line.data, (size_t)(first - line.data));
    target = bytes_of(first + 1, (size_t)(last - first - 1));
    version = after(line, (size_t)(last + 1 - line.data));
    if (!http_is_token(request->method_text))
        return refuse(parser, 400, "method");
    if (version.len != 8 || memcmp(version.data, "HTTP/", 5) != 0 || version.data[6] != '.')
        return refuse(parser, 400, "protocol version");
    if (version.data[5] != '1' || version.data[7] < '0' || version.data[7] > '9')
        return refuse(parser, 505, "protocol version");
    request->minor_version = version.data[7] > '0';
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (bytes_equal(request->method_text, bytes_text(methods[i].text)))
            request->method = methods[i].method;
    if (target.len > HTTP_TARGET_LIMIT_BYTES)
        return refuse(parser, 414, "target too long");
    if (!parse_target(request, target))
        return refuse(parser, 400, "request target");
    return HTTP_EVENT_HEAD;
}

static bool parse_length(struct bytes text, uint64_t *length)
{
    *length = 0;
    if (text.len == 0 || text.len > 18)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *length = *length * 10 + (uint64_t)(text.data[i] - '0');
    }
    return true;
}

/* RFC 9112 section 6: how long the body is. Where the RFC lets a server choose, it is refused. */
static enum http_event parse_framing(struct http_parser *parser)
{
    const struct http_request *request = &parser->request;
    size_t n_lengths = http_fields_count(&request->fields, "Content-Length");
    size_t n_codings = http_fields_count(&request->fields, "Transfer-Encoding");
    struct bytes value;

    if (n_lengths && n_codings)
        return refuse(parser, 400, "Content-Length beside Transfer-Encoding");
    if (n_lengths > 1 || n_codings > 1)
        return refuse(parser, 400, "body length given twice");
    if (n_codings) {
        http_request_header(request, "Transfer-Encoding", &value);
        if (request->minor_version == 0)
            return refuse(parser, 400, "Transfer-Encoding in HTTP/1.0");
        if (!http_text_equal(value, "chunked"))
            return refuse(parser, 501, "transfer coding other than chunked");
        parser->is_chunked = true;
    } else if (n_lengths) {
        http_request_header(request, "Content-Length", &value);
        if (!parse_length(value, &parser->n_left))
            return refuse(parser, 400, "Content-Length");
    }
    return HTTP_EVENT_HEAD;
}

static enum http_event parse_host(struct http_parser *parser)
{
    struct http_request *request = &parser->request;
    size_t n_hosts = http_fields_count(&request->fields, "Host");
    struct bytes host;

    if (n_hosts > 1 || (n_hosts == 0 && request->minor_version > 0))
        return refuse(parser, 400, "one Host header is needed");
    http_request_header(request, "Host", &host);
    if (n_hosts && host.len > 0 && !is_host(host))
        return refuse(parser, 400, "Host");
    if (request->host.len == 0)
        request->host = host;
    return HTTP_EVENT_HEAD;
}

static enum http_event parse_head(struct http_parser *parser)
{
    struct http_request *request = &parser->request;
    struct reader r = reader_over(buffer_bytes(&parser->head));
    const char *why = NULL;
    struct bytes line, expect;
    enum http_event event;

    if (!http_head_line(&r, &line) || line.len == 0)
        return refuse(parser, 400, "request line");
    event = parse_request_line(parser, line);
    if (event == HTTP_EVENT_REFUSED)
        return event;
    switch (http_fields_parse(&request->fields, &r, &why)) {
    case HTTP_FIELDS_OK:
        break;
    case HTTP_FIELDS_MALFORMED:
        return refuse(parser, 400, why);
    case HTTP_FIELDS_TOO_MANY:
        return refuse(parser, 431, why);
    }
    event = parse_host(parser);
    if (event == HTTP_EVENT_HEAD)
        event = parse_framing(parser);
    if (event == HTTP_EVENT_REFUSED)
        return event;
    if (http_request_header(request, "Expect", &expect)) {
        if (!http_text_equal(expect, "100-continue"))
            return refuse(parser, 417, "expectation");
        request->expects_continue = request->minor_version > 0;
    }
    request->has_body = parser->is_chunked || parser->n_left > 0;
    request->keeps_alive =
        !http_fields_have_token(&request->fields, "Connection", "close") &&
        (request->minor_version > 0 || http_fields_have_token(&request->fields, "Connection", "keep-alive"));
    parser->state = STATE_BODY_BEGINS;
    return HTTP_EVENT_HEAD;
}

/* Copies bytes of the head until its empty line; refuses a line end that is not CR LF at once. */
static enum http_event read_head(struct http_parser *parser, struct reader *input)
{
    const uint8_t *begin = input->at;
    uint8_t before = parser->before, c;
    bool is_whole = false;

    while (!is_whole && reader_u8(input, &c)) {
        if ((c == '\n') != (before == '\r'))
            return refuse(parser, 400, "line end other than CR LF");
        if (c == '\n')
            is_whole = ++parser->n_line_ends == 2;
        else if (c != '\r')
            parser->n_line_ends = 0;
        before = c;
    }
    parser->before = before;
    if (!buffer_put(&parser->head, begin, (size_t)(input->at - begin)))
        return refuse(parser, 431, "head too long");
    return is_whole ? parse_head(parser) : HTTP_EVENT_MORE;
}

static enum http_event read_before_head(struct http_parser *parser, struct reader *input)
{
    uint8_t c;

    while (reader_left(input) > 0) {
        const struct reader here = *input;

        if (!reader_u8(input, &c))
            break;
        if (parser->before != '\r' && c != '\r') {
            *input = here;
            parser->before = 0;
            parser->n_line_ends = 0;
            parser->state = STATE_HEAD;
            return read_head(parser, input);
        }
        if ((c == '\n') != (parser->before == '\r'))
            return refuse(parser, 400, "line end other than CR LF");
        if (c == '\n' && ++parser->n_line_ends > EMPTY_LINES_LIMIT)
            return refuse(parser, 400, "empty lines");
        parser->before = c == '\n' ? 0 : c;
    }
    return HTTP_EVENT_MORE;
}

static enum http_event ended(struct http_parser *parser)
{
    parser->state = STATE_ENDED;
    return HTTP_EVENT_END;
}

static enum http_event begin_body(struct http_parser *parser)
{
    if (!parser->is_chunked && parser->n_left > parser->body_limit_bytes)
        return refuse(parser, 413, "body too long");
    if (!parser->is_chunked && parser->n_left == 0)
        return ended(parser);
    parser->state = parser->is_chunked ? STATE_CHUNK_LINE : STATE_BODY;
    parser->before = 0;
    return HTTP_EVENT_MORE;
}

static enum http_event take_body(struct http_parser *parser, struct reader *input, struct bytes *body)
{
    size_t n = reader_left(input) < parser->n_left ? reader_left(input) : (size_t)parser->n_left;

    if (n == 0 || !reader_bytes(input, n, body))
        return HTTP_EVENT_MORE;
    parser->n_left -= n;
    parser->n_body_bytes += n;
    return HTTP_EVENT_BODY;
}

/* RFC 9112 section 7.1.1: extensions are passed over, but only behind the ";" that begins them. */
static enum http_event parse_chunk_line(struct http_parser *parser, struct bytes line)
{
    uint64_t size = 0;
    size_t n = 0;

    for (; n < line.len && is_hex(line.data[n]); n++) {
        uint8_t c = line.data[n];

        if (n == 15)
            return refuse(parser, 400, "chunk size");
        size = size * 16 + (uint64_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    if (n == 0 || (n < line.len && line.data[n] != ';'))
        return refuse(parser, 400, "chunk size");
    for (; n < line.len; n++)
        if ((line.data[n] < 0x20 && line.data[n] != '\t') || line.data[n] == 0x7f)
            return refuse(parser, 400, "chunk extension");
    if (size > parser->body_limit_bytes || parser->n_body_bytes > parser->body_limit_bytes - size)
        return refuse(parser, 413, "body too long");
    parser->n_left = size;
    parser->state = size ? STATE_CHUNK : STATE_TRAILER;
    return HTTP_EVENT_MORE;
}

/* A chunk's line into parser->line: the head's memory must stay where it is, the request lies in it. */
static enum http_event read_chunk_line(struct http_parser *parser, struct reader *input)
{
    uint8_t c;

    while (reader_u8(input, &c)) {
        if ((c == '\n') != (parser->before == '\r'))
            return refuse(parser, 400, "line end other than CR LF");
        parser->before = c == '\n' ? 0 : c;
        if (c == '\n') {
            struct bytes line = bytes_of(parser->line.data, parser->line.len - 1);

            buffer_empty(&parser->line);
            return parse_chunk_line(parser, line);
        }
        if (parser->line.len >= HTTP_CHUNK_LINE_LIMIT_BYTES || !buffer_put_u8(&parser->line, c))
            return refuse(parser, 400, "chunk line too long");
    }
    return HTTP_EVENT_MORE;
}

/* RFC 9112 section 7.1.2: well-formed, and thrown away: nothing here needs a trailer. */
static enum http_event read_trailer(struct http_parser *parser, struct reader *input)
{
    uint8_t c;

    while (reader_u8(input, &c)) {
        bool is_empty_line;

        if ((c == '\n') != (parser->before == '\r'))
            return refuse(parser, 400, "line end other than CR LF");
        parser->before = c == '\n' ? 0 : c;
        if (parser->line.len >= HTTP_TRAILER_LIMIT_BYTES || !buffer_put_u8(&parser->line, c))
            return refuse(parser, 431, "trailer too long");
        if (c != '\n')
            continue;
        is_empty_line =
            parser->line.len == 2 ||
            (parser->line.len >= 4 && memcmp(parser->line.data + parser->line.len - 4, "\r\n\r\n", 4) == 0);
        if (is_empty_line) {
            struct http_fields trailer;
            struct reader r = reader_over(buffer_bytes(&parser->line));
            const char *why = NULL;

            if (http_fields_parse(&trailer, &r, &why) != HTTP_FIELDS_OK)
                return refuse(parser, 400, "trailer");
            return ended(parser);
        }
    }
    return HTTP_EVENT_MORE;
}

/* The CR LF behind a chunk. */
static enum http_event read_chunk_end(struct http_parser *parser, struct reader *input, uint8_t expected,
                                      int next)
{
    uint8_t c;

    if (!reader_u8(input, &c))
        return HTTP_EVENT_MORE;
    if (c != expected)
        return refuse(parser, 400, "chunk longer than its size");
    parser->state = next;
    return HTTP_EVENT_MORE;
}

static void begin_request(struct http_parser *parser)
{
    uint64_t body_limit_bytes = parser->body_limit_bytes;

    http_parser_clear(parser);
    http_parser_init(parser, body_limit_bytes);
}

enum http_event http_parser_next(struct http_parser *parser, struct reader *input, struct bytes *body)
{
    for (;;) {
        enum http_event event = HTTP_EVENT_MORE;
        int state = parser->state;

        switch (state) {
        case STATE_BEFORE_HEAD:
            event = read_before_head(parser, input);
            break;
        case STATE_HEAD:
            event = read_head(parser, input);
            break;
        case STATE_BODY_BEGINS:
            event = begin_body(parser);
            break;
        case STATE_BODY:
            if (parser->n_left == 0)
                return ended(parser);
            event = take_body(parser, input, body);
            break;
        case STATE_CHUNK_LINE:
            event = read_chunk_line(parser, input);
            break;
        case STATE_CHUNK:
            if (parser->n_left == 0)
                parser->state = STATE_CHUNK_CR;
            else
                event = take_body(parser, input, body);
            break;
        case STATE_CHUNK_CR:
            event = read_chunk_end(parser, input, '\r', STATE_CHUNK_LF);
            break;
        case STATE_CHUNK_LF:
            event = read_chunk_end(parser, input, '\n', STATE_CHUNK_LINE);
            break;
        case STATE_TRAILER:
            event = read_trailer(parser, input);
            break;
        case STATE_ENDED:
            begin_request(parser);
            break;
        default:
            return HTTP_EVENT_REFUSED;
        }
        if (event != HTTP_EVENT_MORE || parser->state == state)
            return event;
    }
}
