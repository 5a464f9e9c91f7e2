/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url - the path and the query of a request's target, decoded (RFC 3986 section 2.1; queries as HTML forms
 * write them).
 *
 * Decoding happens once, after the parts are told apart: a "%2F" is never a border, and "%252e" never a dot.
 */
#pragma once

#include "base/buffer.h"

/* Appends text with %xx undone. False when a % has no two digits, or out is full; out may then hold a part.
 */
bool url_decode(struct bytes text, struct buffer *out);

/*
 * Takes the next segment off a path that begins with "/": "/api/v1" gives "api", then "v1"; "/a/" gives "a",
 * then
 * "". False at its end. Still encoded.
 */
bool url_segment_next(struct bytes *path, struct bytes *segment);

/*
 * Fit to be looked up: begins with "/", and has no segment that decodes to "." or "..", none with "/", "\\",
 * NUL or a control character in it, and no empty one but the last. Browsers send none of these.
 */
bool url_path_is_plain(struct bytes path);

/* Takes the next pair off a query; value is empty without "=". False at its end. Still encoded. */
bool url_query_next(struct bytes *query, struct bytes *name, struct bytes *value);

enum url_query {
    URL_QUERY_FOUND,
    URL_QUERY_ABSENT,
    URL_QUERY_MALFORMED, /* bad encoding in it, given twice, or out is full */
};

/* Appends the value of that parameter (its name as in code, unencoded), "+" and %xx undone. */
enum url_query url_query_find(struct bytes query, const char *name, struct buffer *out);

/* Appends text so that it may stand in a path's segment or a query's value: all but unreserved characters as
 * %XX. */
bool url_encode(struct bytes text, struct buffer *out);
