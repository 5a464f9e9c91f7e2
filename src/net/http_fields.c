/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_fields.h"

bool http_is_token_char(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool http_is_token(struct bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (!http_is_token_char(bytes.data[i]))
            return false;
    return bytes.len > 0;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool http_text_equal(struct bytes bytes, const char *text)
{
    if (bytes.len != strlen(text))
        return false;
    for (size_t i = 0; i < bytes.len; i++)
        if (lower(bytes.data[i]) != lower((uint8_t)text[i]))
            return false;
    return true;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

struct bytes http_trim(struct bytes bytes)
{
    while (bytes.len > 0 && is_blank(bytes.data[0])) {
        bytes.data++;
        bytes.len--;
    }
    while (bytes.len > 0 && is_blank(bytes.data[bytes.len - 1]))
        bytes.len--;
    return bytes;
}

bool http_list_next(struct bytes *list, char separator, struct bytes *part)
{
    while (list->len > 0) {
        struct reader r = reader_over(*list);
        bool is_quoted = false, is_escaped = false;
        size_t len = 0;
        uint8_t c;

        while (reader_u8(&r, &c)) {
            if (is_escaped)
                is_escaped = false;
            else if (is_quoted && c == '\\')
                is_escaped = true;
            else if (c == '"')
                is_quoted = !is_quoted;
            else if (c == (uint8_t)separator && !is_quoted)
                break;
            len++;
        }
        *part = http_trim(bytes_of(list->data, len));
        *list = reader_rest(&r);
        if (part->len > 0)
            return true;
    }
    return false;
}

bool http_head_line(struct reader *r, struct bytes *line)
{
    const uint8_t *begin = r->at;
    size_t len = 0;
    uint8_t c;

    while (reader_u8(r, &c)) {
        if (c == '\n')
            return false;
        if (c == '\r') {
            *line = bytes_of(begin, len);
            return reader_u8(r, &c) && c == '\n';
        }
        len++;
    }
    return false;
}

/* RFC 9110 section 5.5: visible characters, obs-text, spaces and tabs. */
static bool is_field_value(struct bytes value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((value.data[i] < 0x20 && value.data[i] != '\t') || value.data[i] == 0x7f)
            return false;
    return true;
}

static const char *parse_field(struct bytes line, struct http_field *field)
{
    const uint8_t *colon;

    if (is_blank(line.data[0]))
        return "folded header line";
    colon = memchr(line.data, ':', line.len);
    if (colon == NULL)
        return "header line without a colon";
    field->name = bytes_of(line.data, (size_t)(colon - line.data));
    field->value = http_trim(bytes_of(colon + 1, line.len - field->name.len - 1));
    if (!http_is_token(field->name))
        return "header name";
    return is_field_value(field->value) ? NULL : "header value";
}

enum http_fields_result http_fields_parse(struct http_fields *fields, struct reader *r, const char **why)
{
    fields->n_fields = 0;
    for (;;) {
        struct http_field field;
        struct bytes line;
        const char *fault;

        if (!http_head_line(r, &line)) {
            *why = "end of a header line";
            return HTTP_FIELDS_MALFORMED;
        }
        if (line.len == 0)
            return HTTP_FIELDS_OK;
        fault = parse_field(line, &field);
        if (fault) {
            *why = fault;
            return HTTP_FIELDS_MALFORMED;
        }
        if (fields->n_fields == HTTP_FIELDS_LIMIT) {
            *why = "more headers than are taken";
            return HTTP_FIELDS_TOO_MANY;
        }
        fields->fields[fields->n_fields++] = field;
    }
}

bool http_fields_find(const struct http_fields *fields, const char *name, struct bytes *value)
{
    *value = (struct bytes) { NULL, 0 };
    for (size_t i = 0; i < fields->n_fields; i++) {
        if (http_text_equal(fields->fields[i].name, name)) {
            *value = fields->fields[i].value;
            return true;
        }
    }
    return false;
}

size_t http_fields_count(const struct http_fields *fields, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < fields->n_fields; i++)
        n += http_text_equal(fields->fields[i].name, name);
    return n;
}

bool http_fields_have_token(const struct http_fields *fields, const char *name, const char *token)
{
    for (size_t i = 0; i < fields->n_fields; i++) {
        struct bytes list = fields->fields[i].value, part;

        if (!http_text_equal(fields->fields[i].name, name))
            continue;
        while (http_list_next(&list, ',', &part))
            if (http_text_equal(part, token))
                return true;
    }
    return false;
}

bool http_cookie_find(const struct http_fields *fields, const char *name, struct bytes *value)
{
    for (size_t i = 0; i < fields->n_fields; i++) {
        struct bytes list = fields->fields[i].value, part;

        if (!http_text_equal(fields->fields[i].name, "Cookie"))
            continue;
        while (http_list_next(&list, ';', &part)) {
            const uint8_t *equals = memchr(part.data, '=', part.len);
            struct bytes found;

            if (equals == NULL ||
                !bytes_equal(bytes_of(part.data, (size_t)(equals - part.data)), bytes_text(name)))
                continue;
            found = bytes_of(equals + 1, part.len - (size_t)(equals - part.data) - 1);
            if (found.len >= 2 && found.data[0] == '"' && found.data[found.len - 1] == '"')
                found = bytes_of(found.data + 1, found.len - 2);
            *value = found;
            return true;
        }
    }
    *value = (struct bytes) { NULL, 0 };
    return false;
}
