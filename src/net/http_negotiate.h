/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_negotiate - what a client asks for beside the thing itself: which encodings it takes (RFC 9110 section
 * 12.5.3), whether it has it already (section 13.1.2), which part of it (section 14).
 */
#pragma once

#include "net/http_fields.h"

/*
 * Weight from 0 (refused) to 1000 that Accept-Encoding gives a coding ("br", "gzip", "zstd", "identity").
 * Without the header only identity is taken, because then nobody asked for anything else.
 */
unsigned http_encoding_weight(const struct http_fields *fields, const char *coding);

/* True when If-None-Match names etag (with its quotes), weakly compared, or is "*": answer 304 to GET and
 * HEAD. */
bool http_none_match_hits(const struct http_fields *fields, const char *etag);

enum http_range {
    HTTP_RANGE_WHOLE,         /* no Range, or one that is passed over: answer 200 with all */
    HTTP_RANGE_PART,          /* answer 206 with *first..*last */
    HTTP_RANGE_UNSATISFIABLE, /* answer 416, and Content-Range tells the length (section 14.4) */
};

/*
 * One range of bytes of a thing of length_bytes; first and last are offsets, both within. Several ranges are
 * passed over, as section 14.2 allows. With If-Range (section 13.1.5) it counts only when that is etag
 * exactly; etag may be NULL.
 */
enum http_range http_range(const struct http_fields *fields, uint64_t length_bytes, const char *etag,
                           uint64_t *first, uint64_t *last);
