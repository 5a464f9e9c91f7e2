/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_negotiate.h"

/* ";q=0.5" and the like, RFC 9110 section 12.4.2: at most three decimals. -1 when it is no weight. */
static int parse_weight(struct bytes text)
{
    int weight, scale = 100;

    if (text.len == 0 || text.len > 5 || text.data[0] < '0' || text.data[0] > '1')
        return -1;
    weight = (text.data[0] - '0') * 1000;
    if (text.len > 1 && text.data[1] != '.')
        return -1;
    for (size_t i = 2; i < text.len; i++, scale /= 10) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        weight += (text.data[i] - '0') * scale;
    }
    return weight <= 1000 ? weight : -1;
}

static int part_weight(struct bytes parameters)
{
    struct bytes parameter;

    while (http_list_next(&parameters, ';', &parameter))
        if (parameter.len > 2 && (parameter.data[0] | 0x20) == 'q' && parameter.data[1] == '=')
            return parse_weight(bytes_of(parameter.data + 2, parameter.len - 2));
    return 1000;
}

unsigned http_encoding_weight(const struct http_fields *fields, const char *coding)
{
    int named = -1, any = -1;

    for (size_t i = 0; i < fields->n_fields; i++) {
        struct bytes list = fields->fields[i].value, part, name;

        if (!http_text_equal(fields->fields[i].name, "Accept-Encoding"))
            continue;
        while (http_list_next(&list, ',', &part)) {
            int weight;

            if (!http_list_next(&part, ';', &name))
                continue;
            weight = part_weight(part);
            if (weight < 0)
                continue;
            if (http_text_equal(name, coding) ||
                (http_text_equal(name, "x-gzip") && strcmp(coding, "gzip") == 0))
                named = weight;
            else if (http_text_equal(name, "*"))
                any = weight;
        }
    }
    if (named >= 0)
        return (unsigned)named;
    if (any >= 0)
        return (unsigned)any;
    return strcmp(coding, "identity") == 0 ? 1000 : 0;
}

static struct bytes without_weak(struct bytes etag)
{
    if (etag.len > 2 && etag.data[0] == 'W' && etag.data[1] == '/')
        return bytes_of(etag.data + 2, etag.len - 2);
    return etag;
}

bool http_none_match_hits(const struct http_fields *fields, const char *etag)
{
    struct bytes ours = without_weak(bytes_text(etag));

    for (size_t i = 0; i < fields->n_fields; i++) {
        struct bytes list = fields->fields[i].value, part;

        if (!http_text_equal(fields->fields[i].name, "If-None-Match"))
            continue;
        while (http_list_next(&list, ',', &part))
            if (bytes_equal(part, bytes_text("*")) || bytes_equal(without_weak(part), ours))
                return true;
    }
    return false;
}

static bool take_number(struct reader *r, uint64_t *number, bool *is_there)
{
    *number = 0;
    *is_there = false;
    while (reader_left(r) > 0 && *r->at >= '0' && *r->at <= '9') {
        uint8_t c;

        if (*number > UINT64_MAX / 10 - 1 || !reader_u8(r, &c))
            return false;
        *number = *number * 10 + (uint64_t)(c - '0');
        *is_there = true;
    }
    return true;
}

enum http_range http_range(const struct http_fields *fields, uint64_t length_bytes, const char *etag,
                           uint64_t *first, uint64_t *last)
{
    struct bytes value, condition;
    uint64_t from, to;
    bool has_from, has_to;
    struct reader r;
    uint8_t dash;

    if (http_fields_count(fields, "Range") != 1 || !http_fields_find(fields, "Range", &value))
        return HTTP_RANGE_WHOLE;
    if (http_fields_find(fields, "If-Range", &condition) &&
        (etag == NULL || strncmp(etag, "W/", 2) == 0 || !bytes_equal(condition, bytes_text(etag))))
        return HTTP_RANGE_WHOLE;
    if (value.len < 6 || !http_text_equal(bytes_of(value.data, 6), "bytes="))
        return HTTP_RANGE_WHOLE;
    r = reader_over(bytes_of(value.data + 6, value.len - 6));
    if (!take_number(&r, &from, &has_from) || !reader_u8(&r, &dash) || dash != '-' ||
        !take_number(&r, &to, &has_to) || reader_left(&r) > 0 || (!has_from && !has_to) ||
        (has_from && has_to && to < from))
        return HTTP_RANGE_WHOLE;
    if (has_from ? from >= length_bytes : to == 0 || length_bytes == 0)
        return HTTP_RANGE_UNSATISFIABLE;
    if (has_from) {
        *first = from;
        *last = has_to && to < length_bytes ? to : length_bytes - 1;
    } else {
        *first = to < length_bytes ? length_bytes - to : 0;
        *last = length_bytes - 1;
    }
    return HTTP_RANGE_PART;
}
