/* SPDX-License-Identifier: Apache-2.0 */
#include "device/binding.h"

#include <string.h>

static const struct scheme {
    const char *name;
    enum identity_class class;
} schemes[] = {
    [IDENTITY_NONE] = { "none", IDENTITY_OF_NOBODY },
    [IDENTITY_DTLS_PSK] = { "dtls.psk", IDENTITY_OF_DEVICE },
    [IDENTITY_EXTERNAL_PSK] = { "dtls.psk13", IDENTITY_OF_DEVICE },
    [IDENTITY_CERT_CN] = { "cert.cn", IDENTITY_OF_DEVICE },
    [IDENTITY_CERT_SAN] = { "cert.san", IDENTITY_OF_DEVICE },
    [IDENTITY_TLS_SNI] = { "tls.sni", IDENTITY_OF_SERVICE },
    [IDENTITY_LWM2M_ENDPOINT] = { "lwm2m.ep", IDENTITY_OF_DEVICE },
    [IDENTITY_MQTT_CLIENT_ID] = { "mqtt.clientid", IDENTITY_OF_DEVICE },
    [IDENTITY_MQTT_USER] = { "mqtt.user", IDENTITY_OF_GROUP },
    [IDENTITY_MQTTSN_CLIENT_ID] = { "mqttsn.clientid", IDENTITY_OF_DEVICE },
    [IDENTITY_OSCORE_KID] = { "oscore.kid", IDENTITY_OF_DEVICE },
    [IDENTITY_DHCP_HOST_NAME] = { "dhcp.host", IDENTITY_OF_DEVICE },
    [IDENTITY_DHCP_CLIENT_ID] = { "dhcp.clientid", IDENTITY_OF_DEVICE },
    [IDENTITY_MAC] = { "mac", IDENTITY_OF_ADDRESS },
};

static const char *const reason_names[] = {
    [BINDING_HANDSHAKE] = "handshake",
    [BINDING_RESUMED] = "resumed",
    [BINDING_CID] = "connection id",
    [BINDING_ATTEMPT] = "attempt",
    [BINDING_REGISTRATION] = "registration",
    [BINDING_LOCATION] = "location",
    [BINDING_CONNECT] = "connect",
    [BINDING_REQUEST] = "request",
    [BINDING_LEASE] = "lease",
};

static const char *const confidence_names[] = {
    [CONFIDENCE_GUESS] = "guess",   [CONFIDENCE_WEAK] = "weak",       [CONFIDENCE_PROBABLE] = "probable",
    [CONFIDENCE_STRONG] = "strong", [CONFIDENCE_CERTAIN] = "certain",
};

enum {
    N_SCHEMES = sizeof schemes / sizeof schemes[0],
    N_REASONS = sizeof reason_names / sizeof reason_names[0],
    N_CONFIDENCES = sizeof confidence_names / sizeof confidence_names[0],
};

const char *identity_scheme_name(enum identity_scheme scheme)
{
    return (size_t)scheme < N_SCHEMES ? schemes[scheme].name : NULL;
}

enum identity_class identity_scheme_class(enum identity_scheme scheme)
{
    return (size_t)scheme < N_SCHEMES ? schemes[scheme].class : IDENTITY_OF_NOBODY;
}

const char *binding_reason_name(enum binding_reason reason)
{
    return (size_t)reason < N_REASONS && reason_names[reason] ? reason_names[reason] : "unknown";
}

const char *binding_confidence_name(enum binding_confidence confidence)
{
    return (size_t)confidence < N_CONFIDENCES && confidence_names[confidence] ? confidence_names[confidence]
                                                                              : "unknown";
}

enum binding_confidence binding_reason_confidence(enum binding_reason reason)
{
    switch (reason) {
    case BINDING_HANDSHAKE:
    case BINDING_REGISTRATION:
    case BINDING_CONNECT:
    case BINDING_REQUEST:
    case BINDING_LEASE:
        return CONFIDENCE_STRONG;
    case BINDING_RESUMED:
    case BINDING_CID:
    case BINDING_LOCATION:
        return CONFIDENCE_PROBABLE;
    default:
        return CONFIDENCE_WEAK;
    }
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
