/* SPDX-License-Identifier: Apache-2.0 */
#include "web/share_request.h"

#include <errno.h>
#include <stdlib.h>

/* A time as a decimal string of nanoseconds; absent and null: otherwise. */
static bool ns_of(const json_t *body, const char *name, int64_t otherwise, int64_t *ns)
{
    const json_t *value = json_object_get(body, name);
    const char *text = json_string_value(value);
    char *end;

    *ns = otherwise;
    if (value == NULL || json_is_null(value))
        return true;
    if (text == NULL || json_string_length(value) != strlen(text) || text[0] == '\0')
        return false;
    errno = 0;
    *ns = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0';
}

/* A text; absent, null and empty: NULL. *is_wrong when it is something else. The caller's. */
static char *text_of(const json_t *body, const char *name, bool *is_wrong)
{
    const json_t *value = json_object_get(body, name);
    const char *text = json_string_value(value);
    char *copy;

    if (value == NULL || json_is_null(value) || (text && text[0] == '\0'))
        return NULL;
    copy = text && json_string_length(value) == strlen(text) ? strdup(text) : NULL;
    *is_wrong |= copy == NULL;
    return copy;
}

static bool number_of(const json_t *value, uint64_t *number)
{
    *number =
        json_is_integer(value) && json_integer_value(value) > 0 ? (uint64_t)json_integer_value(value) : 0;
    return *number > 0;
}

/* [[100, 120], [130, 130]]; absent and null: every number. None at all would be none to see. */
static bool numbers_of(const json_t *value, struct number_ranges *numbers, struct error *error)
{
    const json_t *range;
    size_t i;

    if (value == NULL || json_is_null(value))
        return true;
    if (!json_is_array(value) || json_array_size(value) == 0)
        return error_set(error, ERROR_USAGE, "numbers is a list of ranges, [[first, last], ...], or null");
    json_array_foreach(value, i, range)
    {
        uint64_t first, last;

        if (json_array_size(range) != 2 || !number_of(json_array_get(range, 0), &first) ||
            !number_of(json_array_get(range, 1), &last))
            return error_set(error, ERROR_USAGE, "each range of numbers is [first, last], both included");
        if (!number_ranges_add(numbers, first, last, error))
            return false;
    }
    return true;
}

bool share_request_read(const json_t *body, const char *created_by, struct link *link, struct error *error)
{
    const json_t *most = json_object_get(body, "most_viewers");
    const char *role = json_string_value(json_object_get(body, "role"));
    const char *bytes = json_string_value(json_object_get(body, "bytes"));
    bool is_wrong = false;

    *link = (struct link) { .scope = scope_of_all() };
    link->scope.bytes = BYTES_NONE;
    link->scope.source = text_of(body, "source", &is_wrong);
    link->scope.filter = text_of(body, "filter", &is_wrong);
    link->scope.device = text_of(body, "device", &is_wrong);
    link->label = text_of(body, "label", &is_wrong);
    link->created_by = strdup(created_by);
    if (is_wrong || link->created_by == NULL)
        return error_set(error, ERROR_USAGE, "source, filter, device and label are texts");
    if (!numbers_of(json_object_get(body, "numbers"), &link->scope.numbers, error))
        return false;
    if (role && !access_role_parse(bytes_text(role), &link->role))
        return error_set(error, ERROR_USAGE, "role is one of view, comment and control");
    if (bytes && !bytes_level_parse(bytes_text(bytes), &link->scope.bytes))
        return error_set(error, ERROR_USAGE, "bytes is one of none, headers and full");
    if (!ns_of(body, "from_ns", INT64_MIN, &link->scope.range.from_ns) ||
        !ns_of(body, "to_ns", INT64_MAX, &link->scope.range.to_ns) ||
        !ns_of(body, "expires_ns", INT64_MAX, &link->expires_ns))
        return error_set(error, ERROR_USAGE,
                         "from_ns, to_ns and expires_ns are decimal texts of nanoseconds since 1970");
    if (most && (!json_is_integer(most) || json_integer_value(most) < 0 ||
                 json_integer_value(most) > LINK_VIEWERS_LIMIT))
        return error_set(error, ERROR_USAGE, "most_viewers is a number up to %d", LINK_VIEWERS_LIMIT);
    link->most_viewers = (uint32_t)json_integer_value(most);
    return true;
}
