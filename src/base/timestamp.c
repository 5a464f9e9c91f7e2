/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timestamp.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
    SECONDS_PER_DAY = 86400,
    FRACTION_DIGITS = 9,
    YEAR_FIRST = 1678, /* all of these years fit in 64 bits of nanoseconds */
    YEAR_LAST = 2261,
};

struct civil { /* a moment as a calendar has it */
    int64_t year;
    unsigned month, day; /* from 1 */
    unsigned hour, minute, second;
    uint32_t ns;
};

/* Days since 1970-01-01 in the Gregorian calendar, the year taken to begin in March so that February's end
 * is the year's. */
static int64_t civil_days(int64_t year, unsigned month, unsigned day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void civil_of_days(int64_t days, struct civil *civil)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month_from_march = (unsigned)((5 * day_of_year + 2) / 153);

    civil->day = (unsigned)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    civil->month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    civil->year = year_of_era + era * 400 + (civil->month <= 2);
}

static int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

static void civil_of(int64_t ts_ns, bool is_local, struct civil *civil, long *offset_s)
{
    int64_t seconds = floor_divide(ts_ns, NS_PER_SECOND);
    int64_t second_of_day;

    *offset_s = 0;
    civil->ns = (uint32_t)((ts_ns % NS_PER_SECOND + NS_PER_SECOND) % NS_PER_SECOND);
    if (is_local) {
        time_t t = (time_t)seconds;
        struct tm tm;

        if (localtime_r(&t, &tm)) {
            *offset_s = tm.tm_gmtoff;
            seconds += tm.tm_gmtoff;
        }
    }
    civil_of_days(floor_divide(seconds, SECONDS_PER_DAY), civil);
    second_of_day = seconds - floor_divide(seconds, SECONDS_PER_DAY) * SECONDS_PER_DAY;
    civil->hour = (unsigned)(second_of_day / 3600);
    civil->minute = (unsigned)(second_of_day / 60 % 60);
    civil->second = (unsigned)(second_of_day % 60);
}

const char *timestamp_format(int64_t ts_ns, bool is_local, char text[static TIMESTAMP_TEXT_BYTES])
{
    struct civil civil;
    long offset_s;
    int n;

    civil_of(ts_ns, is_local, &civil, &offset_s);
    n = snprintf(text, TIMESTAMP_TEXT_BYTES, "%04d-%02u-%02uT%02u:%02u:%02u.%09u", (int)civil.year,
                 civil.month, civil.day, civil.hour, civil.minute, civil.second, civil.ns);
    if (is_local) {
        long minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;

        snprintf(text + n, (size_t)(TIMESTAMP_TEXT_BYTES - n), "%c%02ld:%02ld", offset_s < 0 ? '-' : '+',
                 minutes / 60 % 100, minutes % 60);
    } else {
        snprintf(text + n, (size_t)(TIMESTAMP_TEXT_BYTES - n), "Z");
    }
    return text;
}

static bool civil_to(const struct civil *civil, bool is_local, long offset_s, int64_t *ts_ns)
{
    int64_t seconds;

    if (civil->year < YEAR_FIRST || civil->year > YEAR_LAST)
        return false;
    if (is_local) {
        struct tm tm = { .tm_year = (int)(civil->year - 1900),
                         .tm_mon = (int)civil->month - 1,
                         .tm_mday = (int)civil->day,
                         .tm_hour = (int)civil->hour,
                         .tm_min = (int)civil->minute,
                         .tm_sec = (int)civil->second,
                         .tm_isdst = -1 };

        seconds = mktime(&tm);
    } else {
        seconds = civil_days(civil->year, civil->month, civil->day) * SECONDS_PER_DAY + civil->hour * 3600 +
                  civil->minute * 60 + civil->second - offset_s;
    }
    *ts_ns = seconds * NS_PER_SECOND + civil->ns;
    return true;
}

/* ---- reading: each of these moves *text on when it succeeds ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take(const char **text, char c)
{
    if (**text != c)
        return false;
    ++*text;
    return true;
}

static bool take_digits(const char **text, unsigned n, unsigned *value)
{
    unsigned result = 0;

    for (unsigned i = 0; i < n; i++) {
        if (!is_digit((*text)[i]))
            return false;
        result = result * 10 + (unsigned)((*text)[i] - '0');
    }
    *text += n;
    *value = result;
    return true;
}

/* Digits of a fraction as nanoseconds; what is finer than that is dropped. */
static bool take_fraction(const char **text, uint32_t *ns)
{
    uint32_t result = 0;
    unsigned n = 0;

    if (!is_digit(**text))
        return false;
    for (; is_digit(**text); ++*text)
        if (n < FRACTION_DIGITS) {
            result = result * 10 + (uint32_t)(**text - '0');
            n++;
        }
    for (; n < FRACTION_DIGITS; n++)
        result *= 10;
    *ns = result;
    return true;
}

/* "10:00[:00[.5]]" */
static bool take_time_of_day(const char **text, struct civil *civil)
{
    const char *at = *text;
    struct civil read = *civil;

    read.second = 0;
    read.ns = 0;
    if (!take_digits(&at, 2, &read.hour) || !take(&at, ':') || !take_digits(&at, 2, &read.minute))
        return false;
    if (take(&at, ':')) {
        if (!take_digits(&at, 2, &read.second))
            return false;
        if ((take(&at, '.') || take(&at, ',')) && !take_fraction(&at, &read.ns))
            return false;
    }
    /* 60: a leap second, RFC 3339 section 5.6; it is the next minute's first here */
    if (read.hour > 23 || read.minute > 59 || read.second > 60)
        return false;
    *civil = read;
    *text = at;
    return true;
}

/* "2024-08-29" */
static bool take_date(const char **text, struct civil *civil)
{
    static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    const char *at = *text;
    unsigned year, month, day;
    bool is_leap;

    if (!take_digits(&at, 4, &year) || !take(&at, '-') || !take_digits(&at, 2, &month) || !take(&at, '-') ||
        !take_digits(&at, 2, &day))
        return false;
    is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month < 1 || month > 12 || day < 1 || day > days[month - 1] + (unsigned)(month == 2 && is_leap))
        return false;
    civil->year = year;
    civil->month = month;
    civil->day = day;
    *text = at;
    return true;
}

/* "Z", "+02:00", "+0200"; nothing leaves *has_zone false. */
static bool take_zone(const char **text, bool *has_zone, long *offset_s)
{
    const char *at = *text;
    unsigned hours, minutes;
    bool is_west;

    if (take(&at, 'Z') || take(&at, 'z')) {
        *has_zone = true;
        *text = at;
        return true;
    }
    if (*at != '+' && *at != '-')
        return true;
    is_west = *at++ == '-';
    if (!take_digits(&at, 2, &hours))
        return false;
    take(&at, ':');
    if (!take_digits(&at, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *offset_s = (long)(hours * 3600 + minutes * 60) * (is_west ? -1 : 1);
    *has_zone = true;
    *text = at;
    return true;
}

/* "thu", "Thursday": 0 is Sunday. */
static bool take_weekday(const char **text, unsigned *weekday)
{
    static const char *const names[] = { "sunday",   "monday", "tuesday", "wednesday",
                                         "thursday", "friday", "saturday" };

    for (unsigned i = 0; i < 7; i++) {
        size_t len = strlen(names[i]);

        if (strncasecmp(*text, names[i], len) != 0)
            len = 3;
        if (strncasecmp(*text, names[i], len) == 0 && ((*text)[len] == '\0' || (*text)[len] == ' ')) {
            *text += len;
            *weekday = i;
            return true;
        }
    }
    return false;
}

/* "1725000000", "1725000000.5" */
static bool seconds_parse(const char *text, int64_t *ts_ns)
{
    const char *at = text;
    int64_t seconds = 0;
    uint32_t ns = 0;

    if (!is_digit(*at))
        return false;
    for (; is_digit(*at); at++) {
        seconds = seconds * 10 + (*at - '0');
        if (seconds > INT64_MAX / NS_PER_SECOND - 1)
            return false;
    }
    if (take(&at, '.') && !take_fraction(&at, &ns))
        return false;
    if (*at != '\0')
        return false;
    *ts_ns = seconds * NS_PER_SECOND + ns;
    return true;
}

bool timestamp_parse(const char *text, int64_t now_ns, bool is_local, int64_t *ts_ns)
{
    struct civil civil;
    const char *at = text;
    bool has_zone = false, is_weekday = false;
    unsigned weekday;
    long offset_s = 0, now_offset_s;
    int64_t span_ns, result;

    if (strcmp(text, "now") == 0) {
        *ts_ns = now_ns;
        return true;
    }
    if (text[0] == '-')
        return duration_parse(text + 1, &span_ns) && !__builtin_sub_overflow(now_ns, span_ns, ts_ns);
    if (seconds_parse(text, ts_ns))
        return true;

    civil_of(now_ns, is_local, &civil, &now_offset_s);
    if (take_weekday(&at, &weekday)) {
        int64_t today = civil_days(civil.year, civil.month, civil.day);

        is_weekday = true;
        civil_of_days(today - (today + 4 - weekday + 7) % 7, &civil); /* day 0 was a Thursday */
        civil.hour = civil.minute = civil.second = civil.ns = 0;
        if (take(&at, ' ') && !take_time_of_day(&at, &civil))
            return false;
    } else if (take_date(&at, &civil)) {
        civil.hour = civil.minute = civil.second = civil.ns = 0;
        if ((take(&at, 'T') || take(&at, 't') || take(&at, ' ')) && !take_time_of_day(&at, &civil))
            return false;
    } else if (!take_time_of_day(&at, &civil)) {
        return false;
    }
    if (!take_zone(&at, &has_zone, &offset_s) || *at != '\0')
        return false;
    if (!civil_to(&civil, is_local && !has_zone, offset_s, &result))
        return false;
    if (is_weekday && result > now_ns) { /* today's name, an hour still to come: a week ago was meant */
        civil_of_days(civil_days(civil.year, civil.month, civil.day) - 7, &civil);
        if (!civil_to(&civil, is_local && !has_zone, offset_s, &result))
            return false;
    }
    *ts_ns = result;
    return true;
}

bool duration_parse(const char *text, int64_t *duration_ns)
{
    static const struct {
        const char *name; /* a longer name before its own beginning */
        int64_t unit_ns;
    } units[] = {
        { "ns", 1 },
        { "us", 1000 },
        { "ms", 1000000 },
        { "s", NS_PER_SECOND },
        { "m", 60 * NS_PER_SECOND },
        { "h", 3600 * NS_PER_SECOND },
        { "d", SECONDS_PER_DAY * NS_PER_SECOND },
        { "w", 7 * SECONDS_PER_DAY * NS_PER_SECOND },
    };
    int64_t total = 0;
    const char *at = text;

    if (*at == '\0')
        return false;
    while (*at != '\0') {
        const char *fraction = NULL;
        int64_t whole = 0, unit_ns = 0, part, scale_ns;

        if (!is_digit(*at) && !(*at == '.' && is_digit(at[1])))
            return false;
        for (; is_digit(*at); at++)
            if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, *at - '0', &whole))
                return false;
        if (take(&at, '.')) {
            fraction = at;
            while (is_digit(*at))
                at++;
        }
        for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
            size_t len = strlen(units[i].name);

            if (strncmp(at, units[i].name, len) == 0 && (at[len] == '\0' || is_digit(at[len]))) {
                unit_ns = units[i].unit_ns;
                at += len;
                break;
            }
        }
        if (unit_ns == 0) {
            if (*at != '\0' || total != 0) /* only a lone number may go without its unit */
                return false;
            unit_ns = NS_PER_SECOND;
        }
        if (__builtin_mul_overflow(whole, unit_ns, &part) || __builtin_add_overflow(total, part, &total))
            return false;
        scale_ns = unit_ns / 10;
        for (; fraction && is_digit(*fraction); fraction++, scale_ns /= 10)
            if (__builtin_add_overflow(total, (*fraction - '0') * scale_ns, &total))
                return false;
    }
    *duration_ns = total;
    return true;
}

int64_t timestamp_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}
