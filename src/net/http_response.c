/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_response.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "net/http_fields.h"
#include "net/http_status.h"

enum { PRINTED_VALUE_BYTES = 1024 };

/* IMF-fixdate, RFC 9110 section 5.6.7: English, whatever the locale. */
static void put_date(struct buffer *out, int64_t now_ns)
{
    static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t seconds = (time_t)(now_ns / 1000000000);
    struct tm tm;

    if (gmtime_r(&seconds, &tm) == NULL)
        return;
    buffer_printf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[tm.tm_wday], tm.tm_mday,
                  months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void http_response_begin(struct http_response *response, struct buffer *out, unsigned status, int64_t now_ns)
{
    *response = (struct http_response) { .out = out, .begins_at = out->len, .status = status };
    response->is_bad = status < 100 || status > 599 || out->is_full;
    buffer_printf(out, "HTTP/1.1 %u %s\r\n", status, http_status_reason(status));
    if (status >= 200)
        put_date(out, now_ns);
}

static bool is_safe_value(struct bytes value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((value.data[i] < 0x20 && value.data[i] != '\t') || value.data[i] == 0x7f)
            return false;
    return true;
}

void http_response_header(struct http_response *response, const char *name, struct bytes value)
{
    if (!http_is_token(bytes_text(name)) || !is_safe_value(value)) {
        response->is_bad = true;
        return;
    }
    buffer_put_text(response->out, name);
    buffer_put_text(response->out, ": ");
    buffer_put(response->out, value.data, value.len);
    buffer_put_text(response->out, "\r\n");
}

void http_response_header_printf(struct http_response *response, const char *name, const char *format, ...)
{
    char value[PRINTED_VALUE_BYTES];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(value, sizeof value, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof value)
        response->is_bad = true;
    else
        http_response_header(response, name, bytes_of(value, (size_t)n));
}

bool http_response_end_bare(struct http_response *response)
{
    buffer_put_text(response->out, "\r\n");
    if (!response->is_bad && !response->out->is_full)
        return true;
    response->out->len = response->begins_at;
    return false;
}

static bool end_head(struct http_response *response, bool keeps_alive)
{
    if (!keeps_alive)
        buffer_put_text(response->out, "Connection: close\r\n");
    return http_response_end_bare(response);
}

bool http_response_end(struct http_response *response, uint64_t length_bytes, bool keeps_alive)
{
    if (!http_status_is_bodiless(response->status))
        buffer_printf(response->out, "Content-Length: %llu\r\n", (unsigned long long)length_bytes);
    return end_head(response, keeps_alive);
}

bool http_response_end_chunked(struct http_response *response, bool keeps_alive)
{
    buffer_put_text(response->out, "Transfer-Encoding: chunked\r\n");
    return end_head(response, keeps_alive);
}

bool http_response_end_by_close(struct http_response *response)
{
    return end_head(response, false);
}

size_t http_chunk_head(char text[static HTTP_CHUNK_HEAD_BYTES], size_t len)
{
    return (size_t)snprintf(text, HTTP_CHUNK_HEAD_BYTES, "%zx\r\n", len & (SIZE_MAX >> 8));
}

bool http_put_chunk(struct buffer *out, struct bytes data)
{
    char head[HTTP_CHUNK_HEAD_BYTES];
    size_t before = out->len;

    if (data.len == 0)
        return true;
    if (buffer_put(out, head, http_chunk_head(head, data.len)) && buffer_put(out, data.data, data.len) &&
        buffer_put(out, "\r\n", 2))
        return true;
    out->len = before;
    return false;
}
