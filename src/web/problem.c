/* SPDX-License-Identifier: Apache-2.0 */
#include "web/problem.h"

#include "base/json_writer.h"
#include "net/http_status.h"
#include "web/html.h"

bool problem_put(struct buffer *out, unsigned status, const char *code, const char *detail)
{
    struct json_writer json;

    json_writer_init(&json, out, JSON_WRITER_COMPACT);
    json_writer_object(&json);
    json_writer_name(&json, "type");
    json_writer_string(&json, "about:blank");
    json_writer_name(&json, "title");
    json_writer_string(&json, http_status_reason(status));
    json_writer_name(&json, "status");
    json_writer_number(&json, status);
    json_writer_name(&json, "code");
    json_writer_string(&json, code);
    json_writer_name(&json, "detail");
    json_writer_string(&json, detail);
    json_writer_end(&json);
    return !out->is_full;
}

bool problem_put_page(struct buffer *html, unsigned status, const char *detail)
{
    struct bytes reason = bytes_text(http_status_reason(status));

    html_put_head(html, reason);
    buffer_put_text(html, "</head><body>\n<h1>");
    html_put_text(html, reason);
    buffer_put_text(html, "</h1>\n<p>");
    html_put_text(html, bytes_text(detail));
    buffer_put_text(html, "</p>\n<p><a href=\"/\">To the live view</a></p>\n</body></html>\n");
    return !html->is_full;
}
