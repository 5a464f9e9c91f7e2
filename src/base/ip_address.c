/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ip_address.h"

#include <arpa/inet.h>
#include <stdio.h>

bool ip_address_in_prefix(const struct ip_address *address, const struct ip_address *prefix, unsigned n_bits)
{
    unsigned whole = n_bits / 8, rest = n_bits % 8;

    if (address->family != prefix->family || n_bits > ip_address_bits(address))
        return false;
    if (whole && memcmp(address->bytes, prefix->bytes, whole) != 0)
        return false;
    return rest == 0 || ((address->bytes[whole] ^ prefix->bytes[whole]) >> (8 - rest)) == 0;
}

const char *ip_address_format(const struct ip_address *address, char text[static IP_ADDRESS_TEXT_BYTES])
{
    int family = address->family == 4 ? AF_INET : AF_INET6;

    if (address->family == 0 || inet_ntop(family, address->bytes, text, IP_ADDRESS_TEXT_BYTES) == NULL)
        snprintf(text, IP_ADDRESS_TEXT_BYTES, "-");
    return text;
}

bool ip_address_parse(const char *text, struct ip_address *address)
{
    struct ip_address parsed = { .family = 4 };

    if (inet_pton(AF_INET, text, parsed.bytes) == 1) {
        *address = parsed;
        return true;
    }
    parsed = (struct ip_address) { .family = 6 };
    if (inet_pton(AF_INET6, text, parsed.bytes) != 1)
        return false;
    *address = parsed;
    return true;
}
