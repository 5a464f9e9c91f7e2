/* SPDX-License-Identifier: Apache-2.0 */
/* summary_http - HTTP/1.1 (RFC 9112): the first line of a message, and what its body is. */
#include "protocol/summary_sentence.h"

enum { METHOD, URI, REQUEST_VERSION, RESPONSE_VERSION, CODE, PHRASE, CONTENT_TYPE };

static const char *const field_names[] = {
    [METHOD] = "http.request.method",
    [URI] = "http.request.uri",
    [REQUEST_VERSION] = "http.request.version",
    [RESPONSE_VERSION] = "http.response.version",
    [CODE] = "http.response.code",
    [PHRASE] = "http.response.phrase",
    [CONTENT_TYPE] = "http.content_type",
};

static void put_http(struct sentence *s)
{
    struct value value;
    uint64_t code;

    if (sentence_has(s, METHOD)) {
        sentence_put_field(s, METHOD);
        sentence_put(s, " ");
        sentence_put_field(s, URI);
        sentence_put(s, " ");
        sentence_put_field(s, REQUEST_VERSION);
    } else if (sentence_number(s, CODE, &code)) {
        sentence_put_field(s, RESPONSE_VERSION);
        sentence_printf(s, " %u ", (unsigned)code);
        if (sentence_value(s, PHRASE, &value))
            sentence_put_text(s, value.bytes);
        if (code >= 400)
            sentence_warn(s, SUMMARY_ERROR);
    } else {
        sentence_put(s, "Continuation");
    }
    if (sentence_value(s, CONTENT_TYPE, &value)) {
        const uint8_t *end = memchr(value.bytes.data, ';', value.bytes.len);

        sentence_put(s, " (");
        sentence_put_text(
            s, bytes_of(value.bytes.data, end ? (size_t)(end - value.bytes.data) : value.bytes.len));
        sentence_put(s, ")");
    }
}

SUMMARY_TRADE(summary_http, "HTTP", put_http);
