/* SPDX-License-Identifier: Apache-2.0 */
#include "device/binding.h"

#include <string.h>

static const char *const scheme_names[] = {
    [IDENTITY_NONE] = "none",
    [IDENTITY_DTLS_PSK] = "dtls.psk",
};

static const char *const reason_names[] = {
    [BINDING_HANDSHAKE] = "handshake",
    [BINDING_RESUMED] = "resumed",
    [BINDING_CID] = "connection id",
    [BINDING_ATTEMPT] = "attempt",
};

const char *identity_scheme_name(enum identity_scheme scheme)
{
    if ((size_t)scheme >= sizeof scheme_names / sizeof scheme_names[0])
        return NULL;
    return scheme_names[scheme];
}

const char *binding_reason_name(enum binding_reason reason)
{
    if ((size_t)reason >= sizeof reason_names / sizeof reason_names[0] || reason_names[reason] == NULL)
        return "unknown";
    return reason_names[reason];
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Bytes as Wireshark writes them: one or two digits each, with ':', '-' or '.' between; at least two bytes.
 */
static bool is_same_hex(struct bytes identity, const char *text)
{
    size_t n = 0;

    while (*text) {
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);
        int byte = low < 0 ? high : high * 16 + low;

        if (byte < 0 || n >= identity.len || identity.data[n] != byte)
            return false;
        n++;
        text += low < 0 ? 1 : 2;
        if (*text == ':' || *text == '-' || *text == '.')
            text++;
        else if (*text)
            return false;
    }
    return n == identity.len && n >= 2;
}

bool identity_is_named(enum identity_scheme scheme, struct bytes identity, const char *text)
{
    const char *name = identity_scheme_name(scheme);

    if (name && strncmp(text, name, strlen(name)) == 0 && text[strlen(name)] == '=')
        text += strlen(name) + 1;
    return bytes_equal(identity, bytes_text(text)) || is_same_hex(identity, text);
}
