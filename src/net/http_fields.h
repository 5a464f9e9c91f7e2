/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_fields - the header fields of one HTTP/1.1 message (RFC 9110 section 5, RFC 9112 section 5): bytes to
 * a table of names and values, and the questions that are asked of it.
 *
 * Strict: what another server or proxy might read differently is refused, because two readings of one message
 * are how requests are smuggled: line folding, space before the colon, control characters, bare CR or LF.
 * Names and values are views of the bytes parsed.
 */
#pragma once

#include "base/reader.h"

enum { HTTP_FIELDS_LIMIT = 64 };

struct http_field {
    struct bytes name;
    struct bytes value; /* without the white space around it */
};

struct http_fields {
    struct http_field fields[HTTP_FIELDS_LIMIT];
    size_t n_fields;
};

enum http_fields_result {
    HTTP_FIELDS_OK,
    HTTP_FIELDS_MALFORMED,
    HTTP_FIELDS_TOO_MANY,
};

/* Up to and with the empty line that ends them. *why becomes a word for the log; unchanged when well. */
enum http_fields_result http_fields_parse(struct http_fields *fields, struct reader *r, const char **why);

/* The next line, which CR LF ends; false when there is none, or a CR or LF stands elsewhere in it. */
bool http_head_line(struct reader *r, struct bytes *line);

/* The first field of that name, whatever its case; false, and *value empty, when there is none. */
bool http_fields_find(const struct http_fields *fields, const char *name, struct bytes *value);
size_t http_fields_count(const struct http_fields *fields, const char *name);

/* True when a comma-separated field of that name (several are one list) has this token, whatever its case. */
bool http_fields_have_token(const struct http_fields *fields, const char *name, const char *token);

/*
 * The cookie of that name (RFC 6265 section 4.2); false when there is none. Names are compared exactly;
 * double quotes around the value are taken off. The first of several counts.
 */
bool http_cookie_find(const struct http_fields *fields, const char *name, struct bytes *value);

/* A character of a token (RFC 9110 section 5.6.2), such as a method or a field's name. */
bool http_is_token_char(uint8_t c);
bool http_is_token(struct bytes bytes);

/* Equal but for the case of ASCII letters. */
bool http_text_equal(struct bytes bytes, const char *text);

/* Without spaces and tabs at both ends. */
struct bytes http_trim(struct bytes bytes);

/*
 * Takes the part before the next separator off *list, trimmed; false when nothing is left. Separators within
 * double quotes do not count. Empty parts are passed over, as RFC 9110 section 5.6.1.2 asks.
 */
bool http_list_next(struct bytes *list, char separator, struct bytes *part);
