/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/word.h"

#include <ctype.h>

#include "base/ip_address.h"

enum { ADDRESS_TEXT_BYTES = 46 };

static char char_at(struct bytes text, size_t at)
{
    return at < text.len ? (char)text.data[at] : '\0';
}

static bool is_digit(char c)
{
    return isdigit((unsigned char)c);
}

static bool is_hex(char c)
{
    return isxdigit((unsigned char)c);
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* udp.srcport, .ip, 1.5e-3, 2024-08-29: parts with a dot between, the first of which does not begin with "-"
 */
static size_t name_length(struct bytes text)
{
    size_t at = char_at(text, 0) == '.';

    if (!is_name_char(char_at(text, at)) || char_at(text, at) == '-')
        return 0;
    while (is_name_char(char_at(text, at)) ||
           (char_at(text, at) == '.' && is_name_char(char_at(text, at + 1))))
        at++;
    return at;
}

/* :5, :abc: the colon says that they are digits, not a name */
static size_t colon_digits_length(struct bytes text)
{
    size_t at = 1;

    if (char_at(text, 0) != ':')
        return 0;
    while (is_hex(char_at(text, at)))
        at++;
    return at > 1 ? at : 0;
}

/* 0a:1b:2c, :0a-1b: pairs of digits with one separator */
static size_t bytes_length(struct bytes text)
{
    size_t from = char_at(text, 0) == ':', at = from + 2;
    char separator = char_at(text, at);

    if (!is_hex(char_at(text, from)) || !is_hex(char_at(text, from + 1)) || separator == '\0' ||
        strchr(":.-", separator) == NULL)
        return 0;
    while (char_at(text, at) == separator && is_hex(char_at(text, at + 1)) && is_hex(char_at(text, at + 2)))
        at += 3;
    return at > from + 2 ? at : 0;
}

/* The longest address of a family the text begins with. */
static size_t address_length(struct bytes text, unsigned family)
{
    char address[ADDRESS_TEXT_BYTES];
    struct ip_address parsed;
    size_t len = 0;

    while (len + 1 < sizeof address &&
           (char_at(text, len) == '.' || (family == 6 && char_at(text, len) == ':') ||
            (family == 4 ? is_digit : is_hex)(char_at(text, len)))) {
        address[len] = char_at(text, len);
        len++;
    }
    for (; len > 1; len--) {
        address[len] = '\0';
        if (ip_address_parse(address, &parsed) && parsed.family == family)
            return len;
    }
    return 0;
}

/* With the length of its prefix: /24 */
static size_t prefix_length(struct bytes text, unsigned family)
{
    size_t len = address_length(text, family), digits = 0;

    if (len == 0 || char_at(text, len) != '/')
        return len;
    while (digits < (family == 4 ? 2 : 3) && is_digit(char_at(text, len + 1 + digits)))
        digits++;
    return digits ? len + 1 + digits : len;
}

size_t word_length(struct bytes text)
{
    size_t lengths[] = { name_length(text), colon_digits_length(text), bytes_length(text),
                         prefix_length(text, 4), prefix_length(text, 6) };
    size_t longest = 0;

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        if (lengths[i] > longest)
            longest = lengths[i];
    return longest;
}
