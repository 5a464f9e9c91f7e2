/* SPDX-License-Identifier: Apache-2.0 */
#include "web/problem.h"

#include "base/json_writer.h"
#include "net/http_status.h"

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
