/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/literal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/ip_address.h"
#include "base/timestamp.h"

enum { LITERAL_TEXT_BYTES = 128 }; /* longer words are no address, number or time */

static bool fault(const struct literal_context *context, const struct node *node, const char *what)
{
    return fault_set(context->error, context->text, node->span, NULL, "%.*s is not %s",
                     node->span.len < 60 ? (int)node->span.len : 60,
                     (const char *)context->text.data + node->span.at, what);
}

/* As C writes numbers, and 0b1010. */
static bool number_parse(struct bytes text, uint64_t *number)
{
    unsigned base = 10;
    size_t i = 0;

    if (text.len > 2 && text.data[0] == '0' && (text.data[1] | 0x20) == 'x') {
        base = 16;
        i = 2;
    } else if (text.len > 2 && text.data[0] == '0' && (text.data[1] | 0x20) == 'b') {
        base = 2;
        i = 2;
    } else if (text.len > 1 && text.data[0] == '0') {
        base = 8;
        i = 1;
    }
    if (text.len == 0)
        return false;
    *number = 0;
    for (; i < text.len; i++) {
        int c = tolower(text.data[i]);
        unsigned digit = isdigit(c)             ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                                                : 99;

        if (digit >= base || __builtin_mul_overflow(*number, (uint64_t)base, number) ||
            __builtin_add_overflow(*number, (uint64_t)digit, number))
            return false;
    }
    return true;
}

static void constant_set(struct node *node, wide low, wide high)
{
    node->constant.low = low;
    node->constant.high = high;
}

/* In whatever case, as Wireshark compares them. */
static bool is_same_name(const char *name, struct bytes text)
{
    return strlen(name) == text.len && strncasecmp(name, (const char *)text.data, text.len) == 0;
}

static bool name_of_value(const struct field *field, struct bytes text, uint64_t *value)
{
    if (field == NULL || field->names == NULL)
        return false;
    for (const struct value_name *name = field->names; name->name; name++)
        if (is_same_name(name->name, text)) {
            *value = name->value;
            return true;
        }
    return false;
}

/* The number of a word, a character or a value's name. *is_named: the last, which may lie beyond the field's
 * range: dhcp.hw.type has eight bits, and ARP's names. */
static bool integer_parse(const struct literal_context *context, struct node *node, const struct field *field,
                          uint64_t *number, bool *is_named)
{
    *number = node->number;
    *is_named = false;
    if (node->kind == NODE_CHAR || (node->kind == NODE_WORD && number_parse(node->text, number)))
        return true;
    *is_named = name_of_value(field, node->text, number);
    if (node->kind == NODE_STRING && !*is_named)
        return fault(context, node,
                     field && field->names ? "the name of a value of this field"
                                           : "a number (the values of this field have no names)");
    if (node->kind == NODE_WORD && !*is_named)
        return fault(context, node,
                     isdigit(node->text.data[0]) ? "a number, or needs more than 64 bits"
                                                 : "a number or the name of a value");
    return true;
}

static bool too_big(const struct literal_context *context, const struct node *node, const char *sign,
                    uint64_t most)
{
    return fault_set(context->error, context->text, node->span, NULL,
                     "%s%.*s is too big for this field; %s%llu is the most", sign, (int)node->span.len,
                     (const char *)context->text.data + node->span.at, sign, (unsigned long long)most);
}

static uint64_t most_of(unsigned n_bits)
{
    return n_bits >= 64 ? UINT64_MAX : (UINT64_C(1) << n_bits) - 1;
}

static bool unsigned_resolve(const struct literal_context *context, struct node *node, unsigned n_bits,
                             const struct field *field, bool is_negative)
{
    uint64_t number, most = most_of(n_bits);
    bool is_named;

    if (!integer_parse(context, node, field, &number, &is_named))
        return false;
    if (number > most && node->kind != NODE_CHAR && !is_named)
        return too_big(context, node, "", most);
    if (is_negative && number > most_of(n_bits <= 32 ? 31 : 63))
        return too_big(context, node, "-", most_of(n_bits <= 32 ? 31 : 63));
    node->is_negative = is_negative && number;
    if (is_negative)
        number = 0 - number;
    constant_set(node, number, number);
    return true;
}

static bool signed_resolve(const struct literal_context *context, struct node *node, unsigned n_bits,
                           const struct field *field, bool is_negative)
{
    uint64_t number, most = most_of(n_bits - 1) + is_negative;
    bool is_named;

    if (!integer_parse(context, node, field, &number, &is_named))
        return false;
    if (number > most && !is_named)
        return too_big(context, node, is_negative ? "-" : "", most);
    number = key_of_signed(is_negative ? 0 - number : number);
    constant_set(node, number, number);
    return true;
}

static bool real_resolve(const struct literal_context *context, struct node *node, bool is_negative)
{
    char text[LITERAL_TEXT_BYTES] = { 0 }, *end = text;

    if (node->kind == NODE_WORD && node->text.len < sizeof text) {
        memcpy(text, node->text.data, node->text.len);
        errno = 0;
        node->constant.real = strtod(text, &end);
    }
    if (end == text || *end || errno == ERANGE)
        return fault(context, node, "a number (1.5, 1e-3)");
    if (is_negative)
        node->constant.real = -node->constant.real;
    return true;
}

/* The words true and false stand for numbers. What a field's two values are called is its own affair; those
 * of fields that say nothing are True and False. Names are in any case. */
static bool bool_resolve(const struct literal_context *context, struct node *node, const struct field *field)
{
    static const struct {
        const char *name;
        bool value;
    } names[] = { { "True", true }, { "False", false } };
    bool is_named = field && field->names;
    uint64_t number = node->number;

    if (node->kind == NODE_CHAR || (node->kind == NODE_WORD && number_parse(node->text, &number)) ||
        name_of_value(field, node->text, &number)) {
        constant_set(node, number != 0, number != 0);
        return true;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names && (node->kind == NODE_WORD || !is_named); i++)
        if (is_same_name(names[i].name, node->text)) {
            constant_set(node, names[i].value, names[i].value);
            return true;
        }
    return fault(context, node,
                 is_named ? "true or false (True, False, 1, 0, or the name of a value of this field)"
                          : "true or false (True, False, 1, 0)");
}

/* The word without a prefix length, ended by a zero. */
static bool prefix_split(struct bytes text, char address[static LITERAL_TEXT_BYTES], unsigned n_bits_max,
                         unsigned *n_bits)
{
    const uint8_t *slash = memchr(text.data, '/', text.len);
    size_t len = slash ? (size_t)(slash - text.data) : text.len;

    *n_bits = n_bits_max;
    if (len >= LITERAL_TEXT_BYTES)
        return false;
    memcpy(address, text.data, len);
    address[len] = '\0';
    if (slash) {
        uint64_t number;

        if (!number_parse((struct bytes) { slash + 1, text.len - len - 1 }, &number) || number > n_bits_max)
            return false;
        *n_bits = (unsigned)number;
    }
    return true;
}

static bool ip_resolve(const struct literal_context *context, struct node *node, enum field_type type)
{
    unsigned family = type == FIELD_IPV4 ? 4 : 6, n_bits_max = family == 4 ? 32 : 128, n_bits;
    char text[LITERAL_TEXT_BYTES];
    struct ip_address address;
    wide low = 0, host;

    if (node->kind != NODE_WORD || !prefix_split(node->text, text, n_bits_max, &n_bits) ||
        !ip_address_parse(text, &address) || address.family != family)
        return fault(context, node,
                     family == 4 ? "an IPv4 address or prefix (10.1.2.3, 10.0.0.0/8)"
                                 : "an IPv6 address or prefix (2001:db8::1, 2001:db8::/32)");
    for (unsigned i = 0; i < n_bits_max / 8; i++)
        low = low << 8 | address.bytes[i];
    host = family == 4 ? UINT32_MAX : ~(wide)0;
    host = n_bits == 128 ? 0 : host >> n_bits;
    constant_set(node, low & ~host, low | host);
    return true;
}

static int hex_value(uint8_t c)
{
    return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/*
 * Pairs of hex digits, with "-", ":" or "." between them or not; where a digit has no partner it is a byte by
 * itself. 0b and eight digits is one byte in binary.
 */
static bool bytes_parse(struct bytes text, uint8_t *out, size_t *n_out)
{
    size_t i = 0, n = 0;
    uint64_t number;

    if (text.len > 1 && text.data[0] == ':')
        text = (struct bytes) { text.data + 1, text.len - 1 };
    if (text.len == 10 && text.data[0] == '0' && (text.data[1] | 0x20) == 'b' &&
        number_parse(text, &number)) {
        out[0] = (uint8_t)number;
        *n_out = 1;
        return true;
    }
    if (text.len > 2 && text.data[0] == '0' && (text.data[1] | 0x20) == 'x') {
        if (text.len != 4) /* more than a byte: nobody knows its byte order */
            return false;
        i = 2;
    }
    while (i < text.len) {
        int value = hex_value(text.data[i++]);
        bool is_pair = value >= 0 && i < text.len && hex_value(text.data[i]) >= 0;

        if (value < 0)
            return false;
        if (is_pair)
            value = value * 16 + hex_value(text.data[i++]);
        out[n++] = (uint8_t)value;
        if (i < text.len && (text.data[i] == ':' || text.data[i] == '-' || text.data[i] == '.'))
            i++;
        else if (i < text.len && !is_pair)
            return false;
    }
    *n_out = n;
    return n > 0;
}

static bool bytes_resolve(const struct literal_context *context, struct node *node)
{
    uint8_t *out;
    size_t n;

    if (node->kind == NODE_STRING) {
        node->constant.bytes = node->text;
        return true;
    }
    out = arena_take(context->arena, node->text.len + 1);
    if (out == NULL)
        return fault_set(context->error, context->text, node->span, NULL,
                         "this filter needs too much memory");
    if (node->kind == NODE_CHAR && node->number > UINT8_MAX)
        return fault(context, node, "a byte");
    if (node->kind == NODE_CHAR) {
        out[0] = (uint8_t)node->number;
        n = 1;
    } else if (!bytes_parse(node->text, out, &n)) {
        return fault(context, node, "a run of bytes (0a:1b, 0a1b, 0x0a) nor a \"quoted string\"");
    }
    node->constant.bytes = (struct bytes) { out, n };
    return true;
}

static bool ether_resolve(const struct literal_context *context, struct node *node)
{
    uint8_t out[18];
    size_t n = 0;
    wide value = 0;

    if (node->kind != NODE_WORD || node->text.len > 18 || !bytes_parse(node->text, out, &n) || n != 6)
        return fault(context, node, "an Ethernet address (02:00:5e:00:01:01)");
    for (size_t i = 0; i < n; i++)
        value = value << 8 | out[i];
    constant_set(node, value, value);
    return true;
}

/* ---- times ---- */

struct scan {
    const char *at;
};

/* A number of n_min to n_max digits. */
static bool scan_number(struct scan *scan, unsigned n_min, unsigned n_max, int *value)
{
    unsigned n = 0;

    *value = 0;
    for (; n < n_max && isdigit((unsigned char)*scan->at); n++)
        *value = *value * 10 + (*scan->at++ - '0');
    return n >= n_min;
}

static bool scan_char(struct scan *scan, char c)
{
    if (*scan->at != c)
        return false;
    scan->at++;
    return true;
}

static void scan_space(struct scan *scan)
{
    while (*scan->at == ' ')
        scan->at++;
}

/* .fraction: nine digits, and zeros behind them; is_rounded: any digits, of which nine count. */
static bool scan_fraction(struct scan *scan, bool is_rounded, int64_t *ns)
{
    int64_t unit = NS_PER_SECOND;

    *ns = 0;
    for (; isdigit((unsigned char)*scan->at); scan->at++) {
        unit /= 10;
        if (unit == 0 && !is_rounded && *scan->at != '0')
            return false;
        *ns += (*scan->at - '0') * unit;
    }
    return true;
}

static bool scan_month_name(struct scan *scan, int *month)
{
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

    for (int i = 0; i < 12; i++)
        if (strncasecmp(scan->at, months[i], 3) == 0) {
            *month = i + 1;
            scan->at += 3;
            return *scan->at == ' ';
        }
    return false;
}

static bool is_date(int year, int month, int day)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && is_leap);
}

/* What a date and time is read as, before its zone is known to be there. */
struct time_parts {
    int year, month, day, hour, minute, second;
    int64_t fraction_ns;
};

/* Seconds since 1970, in UTC or in local time. False for what no calendar has. */
static bool time_parts_seconds(const struct time_parts *parts, bool is_utc, int64_t *seconds)
{
    struct tm tm = {
        .tm_year = parts->year - 1900,
        .tm_mon = parts->month - 1,
        .tm_mday = parts->day,
        .tm_hour = parts->hour,
        .tm_min = parts->minute,
        .tm_sec = parts->second,
        .tm_isdst = -1,
    };

    if (!is_date(parts->year, parts->month, parts->day) || parts->hour > 23 || parts->minute > 59 ||
        parts->second > 60)
        return false;
    *seconds = is_utc ? timegm(&tm) : mktime(&tm);
    return true;
}

/* +02:00, -0130, +5 */
static bool scan_offset(struct scan *scan, int64_t *offset_s)
{
    int sign = *scan->at++ == '-' ? -1 : 1, hours, minutes = 0;

    if (!scan_number(scan, 1, 2, &hours))
        return false;
    if (*scan->at && ((scan_char(scan, ':'), !scan_number(scan, 1, 2, &minutes))))
        return false;
    *offset_s = sign * ((int64_t)hours * 3600 + (int64_t)minutes * 60);
    return true;
}

/* 2020-07-04T12:34[:56[.789]][Z|+02:00], with a space for the T: as in ISO 8601 */
static bool iso_time_parse(const char *text, int64_t *seconds, int64_t *fraction_ns)
{
    struct scan scan = { text };
    struct time_parts parts = { 0 };
    int64_t offset_s = 0;
    bool has_zone;

    if (!scan_number(&scan, 4, 4, &parts.year) || !scan_char(&scan, '-') ||
        !scan_number(&scan, 1, 2, &parts.month) || !scan_char(&scan, '-') ||
        !scan_number(&scan, 1, 2, &parts.day) || !(scan_char(&scan, 'T') || scan_char(&scan, ' ')) ||
        !scan_number(&scan, 1, 2, &parts.hour) || !scan_char(&scan, ':') ||
        !scan_number(&scan, 1, 2, &parts.minute))
        return false;
    if (scan_char(&scan, ':')) {
        if (!scan_number(&scan, 1, 2, &parts.second))
            return false;
        if ((scan_char(&scan, '.') || scan_char(&scan, ',')) &&
            !scan_fraction(&scan, true, &parts.fraction_ns))
            return false;
    }
    has_zone = *scan.at == 'Z' || *scan.at == '+' || *scan.at == '-';
    if (has_zone && !scan_char(&scan, 'Z') && !scan_offset(&scan, &offset_s))
        return false;
    if (*scan.at || !time_parts_seconds(&parts, has_zone, seconds))
        return false;
    *seconds -= offset_s;
    *fraction_ns = parts.fraction_ns;
    return true;
}

/* Sep 26, 2004 23:18:04.954975[ UTC], 2004-09-26 [23[:18[:04.954975]]][ UTC] */
static bool plain_time_parse(const char *text, int64_t *seconds, int64_t *fraction_ns)
{
    struct scan scan = { text };
    struct time_parts parts = { 0 };
    bool has_month_name = scan_month_name(&scan, &parts.month), has_second = false, is_utc;

    scan_space(&scan);
    if (has_month_name) {
        if (!scan_number(&scan, 1, 2, &parts.day) || !scan_char(&scan, ','))
            return false;
        scan_space(&scan);
        if (!scan_number(&scan, 1, 4, &parts.year))
            return false;
    } else if (!scan_number(&scan, 1, 4, &parts.year) || !scan_char(&scan, '-') ||
               !scan_number(&scan, 1, 2, &parts.month) || !scan_char(&scan, '-') ||
               !scan_number(&scan, 1, 2, &parts.day)) {
        return false;
    }
    scan_space(&scan);
    if (scan_number(&scan, 1, 2, &parts.hour) && scan_char(&scan, ':')) {
        if (!scan_number(&scan, 1, 2, &parts.minute))
            return false;
        if (scan_char(&scan, ':')) {
            if (!scan_number(&scan, 1, 2, &parts.second))
                return false;
            has_second = true;
        }
    }
    if (has_month_name && !has_second)
        return false;
    if (has_second && scan_char(&scan, '.') &&
        (!isdigit((unsigned char)*scan.at) || !scan_fraction(&scan, false, &parts.fraction_ns)))
        return false;
    scan_space(&scan);
    is_utc = strcmp(scan.at, "UTC") == 0;
    *fraction_ns = parts.fraction_ns;
    return (is_utc || *scan.at == '\0') && time_parts_seconds(&parts, is_utc, seconds);
}

/* Local time where no zone is given, as Wireshark has it. What 64 bits of nanoseconds do not reach is the
 * first or the last of them, before or after all packets. */
static bool time_parse(const char *text, int64_t *ns)
{
    int64_t seconds, fraction_ns;

    if (!iso_time_parse(text, &seconds, &fraction_ns) && !plain_time_parse(text, &seconds, &fraction_ns))
        return false;
    if (__builtin_mul_overflow(seconds, NS_PER_SECOND, ns) || __builtin_add_overflow(*ns, fraction_ns, ns))
        *ns = seconds < 0 ? INT64_MIN : INT64_MAX;
    return true;
}

static bool duration_parse_text(const char *text, int64_t *ns)
{
    struct scan scan = { text };
    int64_t seconds = 0, fraction = 0;

    if (!isdigit((unsigned char)*scan.at) && !(*scan.at == '.' && isdigit((unsigned char)scan.at[1])))
        return false;
    for (; isdigit((unsigned char)*scan.at); scan.at++)
        if (__builtin_mul_overflow(seconds, 10, &seconds) ||
            __builtin_add_overflow(seconds, *scan.at - '0', &seconds))
            return false;
    if (scan_char(&scan, '.') && !scan_fraction(&scan, false, &fraction))
        return false;
    if (*scan.at || __builtin_mul_overflow(seconds, NS_PER_SECOND, ns))
        return false;
    return !__builtin_add_overflow(*ns, fraction, ns);
}

static bool time_resolve(const struct literal_context *context, struct node *node, enum field_type type,
                         bool is_negative)
{
    char text[LITERAL_TEXT_BYTES] = { 0 };
    int64_t ns = 0;

    if (node->kind == NODE_CHAR || node->text.len >= sizeof text ||
        (node->kind == NODE_STRING && type == FIELD_DURATION))
        return fault(context, node, type == FIELD_TIME ? "a date and time" : "a number of seconds (1.5)");
    memcpy(text, node->text.data, node->text.len);
    if (type == FIELD_TIME && (is_negative || !time_parse(text, &ns)))
        return fault(context, node, "a date and time (\"2024-08-29 10:00:00.5\", \"Aug 29, 2024 10:00:00\")");
    if (type == FIELD_DURATION && !duration_parse_text(text, &ns))
        return fault(context, node, "a number of seconds with at most nine decimals (1.5)");
    if (is_negative)
        ns = -ns;
    constant_set(node, key_of_signed((uint64_t)ns), key_of_signed((uint64_t)ns));
    return true;
}

bool literal_resolve(const struct literal_context *context, struct node *node, enum field_type type,
                     unsigned n_bits, const struct field *field, bool is_negative)
{
    bool is_good = false;

    if (is_negative && !type_is_integer(type) && type != FIELD_DOUBLE && type != FIELD_DURATION)
        return fault_set(context->error, context->text, node->span, NULL, "%s is never negative",
                         type_text(type));
    switch (type) {
    case FIELD_UINT:
    case FIELD_FRAME:
        is_good = unsigned_resolve(context, node, n_bits, field, is_negative);
        break;
    case FIELD_INT:
        is_good = signed_resolve(context, node, n_bits, field, is_negative);
        break;
    case FIELD_DOUBLE:
        is_good = real_resolve(context, node, is_negative);
        break;
    case FIELD_BOOL:
        is_good = bool_resolve(context, node, field);
        break;
    case FIELD_IPV4:
    case FIELD_IPV6:
        is_good = ip_resolve(context, node, type);
        break;
    case FIELD_ETHER:
        is_good = ether_resolve(context, node);
        break;
    case FIELD_BYTES:
        is_good = bytes_resolve(context, node);
        break;
    case FIELD_STRING:
        if (node->kind == NODE_CHAR)
            return bytes_resolve(context, node) && (node->kind = NODE_CONSTANT, node->type = type, true);
        node->constant.bytes = node->text;
        is_good = true;
        break;
    case FIELD_TIME:
    case FIELD_DURATION:
        is_good = time_resolve(context, node, type, is_negative);
        break;
    case FIELD_NONE:
        return fault(context, node, "comparable: this field has no value, it can only be there or not");
    }
    if (!is_good)
        return false;
    node->kind = NODE_CONSTANT;
    node->type = type;
    return true;
}
