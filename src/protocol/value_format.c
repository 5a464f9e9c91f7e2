/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/value_format.h"

#include <float.h>
#include <time.h>

#include "base/ip_address.h"
#include "base/timestamp.h"
#include "base/utf8.h"

bool hex_format(struct buffer *text, struct bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *room = buffer_room(text, bytes.len * 2);

    if (room == NULL)
        return false;
    for (size_t i = 0; i < bytes.len; i++) {
        *room++ = (uint8_t)digits[bytes.data[i] >> 4];
        *room++ = (uint8_t)digits[bytes.data[i] & 15];
    }
    text->len += bytes.len * 2;
    return true;
}

static bool ether_format(struct buffer *text, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        buffer_printf(text, "%s%02x", i ? ":" : "", bytes.data[i]);
    return !text->is_full;
}

static bool address_format(struct buffer *text, struct bytes bytes)
{
    struct ip_address address = ip_address_of(bytes);
    char spelt[IP_ADDRESS_TEXT_BYTES];

    return buffer_put_text(text, ip_address_format(&address, spelt));
}

bool time_format(struct buffer *text, int64_t ts_ns, bool is_local)
{
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    int64_t ns = ts_ns % NS_PER_SECOND;
    time_t seconds = (time_t)(ts_ns / NS_PER_SECOND);
    struct tm tm;

    if (ns < 0) {
        ns += NS_PER_SECOND;
        seconds--;
    }
    if ((is_local ? localtime_r(&seconds, &tm) : gmtime_r(&seconds, &tm)) == NULL)
        return buffer_put_text(text, "Not representable");
    return buffer_printf(text, "%s %2d, %d %02d:%02d:%02d.%09d %s", months[tm.tm_mon], tm.tm_mday,
                         tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)ns,
                         is_local ? tm.tm_zone : "UTC");
}

static bool duration_in_seconds_format(struct buffer *text, int64_t duration_ns)
{
    uint64_t ns = duration_ns < 0 ? -(uint64_t)duration_ns : (uint64_t)duration_ns;

    return buffer_printf(text, "%s%llu.%09llu", duration_ns < 0 ? "-" : "",
                         (unsigned long long)(ns / NS_PER_SECOND), (unsigned long long)(ns % NS_PER_SECOND));
}

static bool number_format(struct buffer *text, const struct value *value)
{
    const struct field *field = field_of(value->field);

    if (field->base == FIELD_BASE_HEX)
        return buffer_printf(text, "0x%0*llx", (int)(field_width(field) / 4),
                             (unsigned long long)value->number);
    return buffer_printf(text, "%llu", (unsigned long long)value->number);
}

bool value_format_raw(struct buffer *text, const struct value *value, bool is_local)
{
    switch ((enum field_type)value->type) {
    case FIELD_NONE:
        return buffer_put_text(text, "1"); /* so that its presence shows */
    case FIELD_UINT:
        return number_format(text, value);
    case FIELD_FRAME:
        return buffer_printf(text, "%llu", (unsigned long long)value->number);
    case FIELD_INT:
        return buffer_printf(text, "%lld", (long long)value->number);
    case FIELD_DOUBLE:
        /* As many digits as the type holds: 6 of a float, 15 of a double. */
        return buffer_printf(text, "%.*g", field_of(value->field)->ft_bits == 32 ? FLT_DIG : DBL_DIG,
                             value->real);
    case FIELD_BOOL:
        return buffer_put_u8(text, value->number ? '1' : '0');
    case FIELD_IPV4:
    case FIELD_IPV6:
        return address_format(text, value->bytes);
    case FIELD_ETHER:
        return ether_format(text, value->bytes);
    case FIELD_BYTES:
        return value->bytes.len ? hex_format(text, value->bytes) : buffer_put_text(text, "<MISSING>");
    case FIELD_STRING:
        return buffer_put(text, value->bytes.data, value->bytes.len);
    case FIELD_TIME:
        if (value->number == 0 && field_of(value->field)->base == FIELD_BASE_NTP)
            return buffer_put_text(text, "NULL");
        return time_format(text, (int64_t)value->number, is_local);
    case FIELD_DURATION:
        return duration_in_seconds_format(text, (int64_t)value->number);
    }
    return false;
}

/* Control characters as tshark 4.0 has them: five as two characters each, the others (\v too) as they are. */
static bool piped_string_format(struct buffer *text, struct bytes bytes)
{
    static const char letters[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };

    while (bytes.len > 0) {
        uint32_t character = 0;
        size_t len = utf8_first(bytes, &character);

        if (len == 0) {
            buffer_printf(text, "\\x%02x", bytes.data[0]);
            len = 1;
        } else if (character < sizeof letters && letters[character]) {
            const char escape[2] = { '\\', letters[character] };

            buffer_put(text, escape, sizeof escape);
        } else {
            buffer_put(text, bytes.data, len);
        }
        bytes = bytes_of(bytes.data + len, bytes.len - len);
    }
    return !text->is_full;
}

bool value_format_piped(struct buffer *text, const struct value *value, bool is_local)
{
    if (value->type == FIELD_STRING)
        return piped_string_format(text, value->bytes);
    return value_format_raw(text, value, is_local);
}

bool value_format_zoned(struct buffer *text, const struct value *value, bool is_local)
{
    if (value->type == FIELD_STRING)
        return utf8_put_escaped(text, value->bytes);
    return value_format_raw(text, value, is_local);
}

bool value_format(struct buffer *text, const struct value *value)
{
    return value_format_zoned(text, value, false);
}
