/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/http_message.h"

#include <strings.h>

bool http_line(struct reader *r, struct bytes *line)
{
    const uint8_t *at = r->at;

    while (at < r->end && *at != '\r' && *at != '\n')
        at++;
    *line = bytes_of(r->at, (size_t)(at - r->at));
    if (at == r->end || (*at == '\r' && at + 1 == r->end)) /* the other half may come */
        return false;
    r->at = at + (*at == '\r' && at[1] == '\n' ? 2 : 1);
    return true;
}

bool http_is(struct bytes text, const char *word)
{
    return strlen(word) == text.len && strncasecmp(word, (const char *)text.data, text.len) == 0;
}

static bool begins_with(struct bytes text, const char *word)
{
    size_t len = strlen(word);

    return text.len >= len && memcmp(text.data, word, len) == 0;
}

static const struct {
    const char *method;
    enum http_kind kind;
} methods[] = {
    { "GET", HTTP_KIND_REQUEST },
    { "PUT", HTTP_KIND_REQUEST },
    { "POST", HTTP_KIND_REQUEST },
    { "HEAD", HTTP_KIND_REQUEST },
    { "PATCH", HTTP_KIND_REQUEST },
    { "DELETE", HTTP_KIND_REQUEST },
    { "OPTIONS", HTTP_KIND_REQUEST },
    { "CONNECT", HTTP_KIND_REQUEST },
    { "TRACE", HTTP_KIND_REQUEST },
    /* WebDAV: RFC 4918, RFC 3253, RFC 5323 */
    { "COPY", HTTP_KIND_REQUEST },
    { "LOCK", HTTP_KIND_REQUEST },
    { "MOVE", HTTP_KIND_REQUEST },
    { "MKCOL", HTTP_KIND_REQUEST },
    { "LABEL", HTTP_KIND_REQUEST },
    { "MERGE", HTTP_KIND_REQUEST },
    { "SEARCH", HTTP_KIND_REQUEST },
    { "UNLOCK", HTTP_KIND_REQUEST },
    { "REPORT", HTTP_KIND_REQUEST },
    { "UPDATE", HTTP_KIND_REQUEST },
    { "CHECKIN", HTTP_KIND_REQUEST },
    { "PROPFIND", HTTP_KIND_REQUEST },
    { "CHECKOUT", HTTP_KIND_REQUEST },
    { "PROPPATCH", HTTP_KIND_REQUEST },
    { "UNCHECKOUT", HTTP_KIND_REQUEST },
    { "MKACTIVITY", HTTP_KIND_REQUEST },
    { "MKWORKSPACE", HTTP_KIND_REQUEST },
    { "VERSION-CONTROL", HTTP_KIND_REQUEST },
    { "BASELINE-CONTROL", HTTP_KIND_REQUEST },
    /* others seen in the field */
    { "POLL", HTTP_KIND_REQUEST },
    { "BCOPY", HTTP_KIND_REQUEST },
    { "BMOVE", HTTP_KIND_REQUEST },
    { "BDELETE", HTTP_KIND_REQUEST },
    { "BPROPFIND", HTTP_KIND_REQUEST },
    { "BPROPPATCH", HTTP_KIND_REQUEST },
    { "CCM_POST", HTTP_KIND_REQUEST },
    { "RPC_CONNECT", HTTP_KIND_REQUEST },
    { "RPC_IN_DATA", HTTP_KIND_REQUEST },
    { "RPC_OUT_DATA", HTTP_KIND_REQUEST },
    { "SSTP_DUPLEX_POST", HTTP_KIND_REQUEST },
    /* UPnP */
    { "NOTIFY", HTTP_KIND_NOTIFICATION },
    { "SUBSCRIBE", HTTP_KIND_NOTIFICATION },
    { "UNSUBSCRIBE", HTTP_KIND_NOTIFICATION },
};

enum http_kind http_kind_of(struct bytes line, struct bytes *method)
{
    const uint8_t *space;

    if (begins_with(line, "M-")) /* a mandatory extension: RFC 2774 section 5 */
        line = bytes_of(line.data + 2, line.len - 2);
    *method = bytes_of(line.data, 0);
    if (begins_with(line, "HTTP/") || begins_with(line, "ICY"))
        return HTTP_KIND_RESPONSE;
    space = line.len ? memchr(line.data, ' ', line.len) : NULL;
    *method = bytes_of(line.data, space ? (size_t)(space - line.data) : line.len);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strlen(methods[i].method) == method->len && begins_with(*method, methods[i].method))
            return methods[i].kind;
    }
    return HTTP_KIND_OTHER;
}

struct bytes http_word(struct reader *line)
{
    const uint8_t *start = line->at;
    struct bytes word;

    while (line->at < line->end && *line->at != ' ')
        line->at++;
    word = bytes_of(start, (size_t)(line->at - start));
    while (line->at < line->end && *line->at == ' ')
        line->at++;
    return word;
}

uint32_t http_status_of(struct bytes line)
{
    struct reader r = reader_over(line);
    uint32_t status = 0;
    struct bytes word;

    http_word(&r);
    word = http_word(&r);
    if (word.len != 3)
        return 0;
    for (size_t i = 0; i < 3; i++) {
        if (word.data[i] < '0' || word.data[i] > '9')
            return 0;
        status = status * 10 + word.data[i] - '0';
    }
    return status;
}

bool http_header_of(struct bytes line, struct http_header *header)
{
    const uint8_t *colon = line.len ? memchr(line.data, ':', line.len) : NULL;
    const uint8_t *end = line.data + line.len, *value;

    if (colon == NULL)
        return false;
    header->name = bytes_of(line.data, (size_t)(colon - line.data));
    for (value = colon + 1; value < end && (*value == ' ' || *value == '\t'); value++)
        ;
    header->value = bytes_of(value, (size_t)(end - value));
    return true;
}

bool http_number_of(struct bytes value, uint64_t *number)
{
    size_t i = 0;

    *number = 0;
    for (; i < value.len && value.data[i] >= '0' && value.data[i] <= '9'; i++) {
        if (*number > (UINT64_MAX >> 1) / 10)
            return false;
        *number = *number * 10 + value.data[i] - '0';
    }
    return i > 0 &&
           (i == value.len || value.data[i] == ' ' || (value.data[i] >= '\t' && value.data[i] <= '\r'));
}

struct http_coding http_coding_of(struct bytes value)
{
    static const struct {
        const char *word;
        bool is_packed;
    } words[] = { { "compress", true },  { "deflate", true },    { "gzip", true },
                  { "identity", false }, { "x-compress", true }, { "x-gzip", true } };
    struct http_coding coding = { 0 };

    while (value.len > 0) {
        size_t skip = 0;

        if (*value.data == ' ' || *value.data == '\t' || *value.data == ',') {
            skip = 1;
        } else if (begins_with(value, "chunked")) {
            coding.is_chunked = true;
            skip = strlen("chunked");
        } else {
            for (size_t i = 0; i < sizeof words / sizeof words[0] && skip == 0; i++) {
                if (coding.is_packed || coding.is_identity || !begins_with(value, words[i].word))
                    continue;
                coding.is_packed = words[i].is_packed;
                coding.is_identity = !words[i].is_packed;
                skip = strlen(words[i].word);
            }
            if (skip == 0) {
                const uint8_t *comma = memchr(value.data, ',', value.len);

                coding.is_unknown = true;
                skip = comma ? (size_t)(comma - value.data) : value.len;
            }
        }
        value = bytes_of(value.data + skip, value.len - skip);
    }
    return coding;
}

/* ---- chunks, RFC 9112 section 7.1 ---- */

static int digit_of(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

#define CHUNK_TOO_LONG UINT32_MAX

/* Hexadecimal digits, after spaces; CHUNK_TOO_LONG when they are too many. False: there are none. */
static bool chunk_size_of(struct bytes line, uint32_t *size)
{
    uint64_t sum = 0;
    size_t i = 0, first;

    while (i < line.len && (line.data[i] == ' ' || line.data[i] == '\t'))
        i++;
    for (first = i; i < line.len && digit_of(line.data[i]) >= 0; i++) {
        sum = sum << 4 | (unsigned)digit_of(line.data[i]);
        if (sum >= CHUNK_TOO_LONG) {
            *size = CHUNK_TOO_LONG;
            return true;
        }
    }
    *size = (uint32_t)sum;
    return i > first;
}

bool http_chunk(struct reader *r, struct bytes *chunk)
{
    struct bytes line;
    uint32_t size;
    size_t behind;

    if (reader_left(r) == 0 || !http_line(r, &line) || line.len == 0)
        return false;
    if (!chunk_size_of(line, &size))
        size = 0;
    if (size == CHUNK_TOO_LONG) { /* what follows belongs to it, whatever it looks like */
        r->at = r->end;
        return false;
    }
    if (size > reader_left(r))
        size = (uint32_t)reader_left(r);
    behind = size == 0 ? 0 : reader_left(r) - size < 2 ? reader_left(r) - size : 2;
    return reader_bytes(r, size, chunk) && reader_skip(r, behind);
}

struct bytes http_trailer(struct reader *r)
{
    struct reader start = *r, before;
    struct bytes line;

    do {
        before = *r;
        if (!http_line(r, &line)) {
            *r = before;
            break;
        }
    } while (line.len > 0);
    return bytes_of(start.at, (size_t)(before.at - start.at));
}

/* Up to the end of the chunk of no bytes. */
static uint32_t chunked_length(struct bytes stream, uint32_t at, struct http_chunks_seen *seen)
{
    if (seen && seen->offset > at && seen->len <= stream.len)
        at = seen->offset;
    for (;;) {
        struct reader r = reader_over(bytes_of(stream.data + at, stream.len - at));
        struct bytes line;
        uint32_t size;

        if (reader_left(&r) == 0 || !http_line(&r, &line))
            break;
        if (seen)
            *seen = (struct http_chunks_seen) { at, (uint32_t)stream.len };
        if (!chunk_size_of(line, &size) || size > UINT32_C(1) << 31)
            return (uint32_t)stream.len; /* no chunk after all: what there is */
        if (size == 0) {
            if (!http_line(&r, &line))
                break;
            return (uint32_t)(r.at - stream.data);
        }
        if (reader_left(&r) < size + UINT64_C(2))
            break;
        at = (uint32_t)(r.at - stream.data) + size + 2;
    }
    return PDU_MORE;
}

/* ---- the whole ---- */

struct head {
    enum http_kind kind;
    uint32_t status;
    uint32_t len; /* with the empty line */
    bool is_chunked, has_length;
    uint64_t length;
};

enum head_result { HEAD_WHOLE, HEAD_MORE, HEAD_NONE };

static enum head_result read_head(struct bytes stream, struct head *head)
{
    struct reader r = reader_over(stream);
    struct http_header header;
    struct bytes line, method;
    uint64_t number;

    *head = (struct head) { 0 };
    if (!http_line(&r, &line))
        return stream.len < HTTP_HEAD_BYTES ? HEAD_MORE : HEAD_NONE;
    head->kind = http_kind_of(line, &method);
    if (head->kind == HTTP_KIND_OTHER)
        return HEAD_NONE;
    if (head->kind == HTTP_KIND_RESPONSE)
        head->status = http_status_of(line);
    do {
        if (!http_line(&r, &line))
            return stream.len < HTTP_HEAD_BYTES ? HEAD_MORE : HEAD_NONE;
        if (!http_header_of(line, &header))
            continue;
        if (http_is(header.name, "Content-Length") && http_number_of(header.value, &number) &&
            number <= INT32_MAX) {
            head->has_length = true;
            head->length = number;
        } else if (http_is(header.name, "Transfer-Encoding") && header.value.len >= 7 &&
                   strncasecmp((const char *)header.value.data, "chunked", 7) == 0) {
            head->is_chunked = true;
        }
    } while (line.len > 0);
    head->len = (uint32_t)(r.at - stream.data);
    return HEAD_WHOLE;
}

static bool has_no_body(const struct head *head, struct http_expected expected)
{
    return head->kind == HTTP_KIND_RESPONSE &&
           (expected.is_to_head || (expected.is_to_connect && head->status / 100 == 2) ||
            head->status / 100 == 1 || head->status == 204 || head->status == 304);
}

uint32_t http_message_length(struct bytes stream, struct http_expected expected,
                             struct http_chunks_seen *seen)
{
    const uint32_t all = (uint32_t)stream.len;
    uint32_t before = 0, len;
    struct head head;

    if (stream.len > 3 && stream.data[0] == '\r' && stream.data[1] == '\n') { /* RFC 9112 section 2.2 */
        before = 2;
        stream = bytes_of(stream.data + 2, stream.len - 2);
    }
    if (stream.len == 0 || stream.data[0] < 0x20 || stream.data[0] > 0x7e)
        return all;
    switch (read_head(stream, &head)) {
    case HEAD_MORE:
        return PDU_MORE;
    case HEAD_NONE:
        return all;
    default:
        break;
    }
    if (expected.is_ending || has_no_body(&head, expected)) {
        if (expected.is_ending && !has_no_body(&head, expected) &&
            !(head.kind == HTTP_KIND_REQUEST && !head.has_length && !head.is_chunked))
            return head.has_length && !head.is_chunked && head.length < stream.len - head.len
                       ? before + head.len + (uint32_t)head.length
                       : all;
        return before + head.len;
    }
    if (head.is_chunked) {
        len = chunked_length(stream, head.len, seen);
        return len == PDU_MORE ? len : before + len;
    }
    if (head.has_length)
        return before + head.len + (uint32_t)head.length;
    return head.kind == HTTP_KIND_RESPONSE ? PDU_UNTIL_END : before + head.len;
}

enum protocol_id http_media_protocol(struct bytes media_type)
{
    static const struct {
        const char *media_type;
        enum protocol_id protocol;
    } known[] = {
        { "application/json", PROTOCOL_JSON },
        { "application/senml+json", PROTOCOL_JSON },
        { "application/sensml+json", PROTOCOL_JSON },
        { "application/json-rpc", PROTOCOL_JSON },
        { "application/jsonrequest", PROTOCOL_JSON },
        { "application/dds-web+json", PROTOCOL_JSON },
        { "application/vnd.oma.lwm2m+json", PROTOCOL_JSON },
        { "application/problem+json", PROTOCOL_JSON },
        { "application/merge-patch+json", PROTOCOL_JSON },
        { "application/json-patch+json", PROTOCOL_JSON },
        { "application/x-ndjson", PROTOCOL_JSON },
        { "application/cbor", PROTOCOL_CBOR },
        { "application/senml+cbor", PROTOCOL_CBOR },
        { "application/sensml+cbor", PROTOCOL_CBOR },
        { "application/vnd.oma.lwm2m+tlv", PROTOCOL_LWM2MTLV },
        { "application/dns-message", PROTOCOL_DNS },
        { "application/octet-stream", PROTOCOL_DATA },
        { "text/plain", PROTOCOL_TEXT_LINES },
        { "text/richtext", PROTOCOL_TEXT_LINES },
        { "text/enriched", PROTOCOL_TEXT_LINES },
        { "text/parameters", PROTOCOL_TEXT_LINES },
        { "text/html", PROTOCOL_TEXT_LINES },
        { "text/css", PROTOCOL_TEXT_LINES },
        { "text/javascript", PROTOCOL_TEXT_LINES },
        { "text/xml-external-parsed-entity", PROTOCOL_TEXT_LINES },
        { "text/vnd.sun.j2me.app-descriptor", PROTOCOL_TEXT_LINES },
        { "application/xml-external-parsed-entity", PROTOCOL_TEXT_LINES },
        { "application/x-javascript", PROTOCOL_TEXT_LINES },
        { "application/x-tia-p25-issi", PROTOCOL_TEXT_LINES },
        { "application/x-tia-p25-sndcp", PROTOCOL_TEXT_LINES },
        { "application/x-ns-proxy-autoconfig", PROTOCOL_TEXT_LINES },
        { "application/x-wms-logplaystats", PROTOCOL_TEXT_LINES },
        { "application/x-rtsp-udp-packetpair", PROTOCOL_TEXT_LINES },
        { "application/vnd.poc.refer-to", PROTOCOL_TEXT_LINES },
        { "application/vnd.drm.message", PROTOCOL_TEXT_LINES },
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (http_is(media_type, known[i].media_type))
            return known[i].protocol;
    return PROTOCOL_NONE;
}
