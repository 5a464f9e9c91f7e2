/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tap_address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool refuse(const char *text, struct error *error)
{
    return error_set(error, ERROR_USAGE,
                     "\"%s\" is no tap's address: give unix:PATH, tcp:ADDR:PORT or tcp:[ADDR]:PORT", text);
}

static bool parse_unix(const char *path, struct tap_address *address, struct error *error)
{
    if (path[0] == '\0')
        return refuse(address->text, error);
    if (strlen(path) >= sizeof address->path)
        return error_set(error, ERROR_USAGE, "%s: the path of a socket has at most %zu bytes", address->text,
                         sizeof address->path - 1);
    strcpy(address->path, path);
    address->socket.local.sun_family = AF_UNIX;
    strcpy(address->socket.local.sun_path, path);
    address->len = sizeof address->socket.local;
    address->is_loopback = true;
    return true;
}

static bool parse_ip(const char *host, uint16_t port, struct tap_address *address)
{
    struct sockaddr_in *ipv4 = &address->socket.ipv4;
    struct sockaddr_in6 *ipv6 = &address->socket.ipv6;

    if (strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    if (inet_pton(AF_INET, host, &ipv4->sin_addr) == 1) {
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = htons(port);
        address->len = sizeof *ipv4;
        address->is_loopback = ntohl(ipv4->sin_addr.s_addr) >> 24 == 127;
        return true;
    }
    if (inet_pton(AF_INET6, host, &ipv6->sin6_addr) == 1) {
        ipv6->sin6_family = AF_INET6;
        ipv6->sin6_port = htons(port);
        address->len = sizeof *ipv6;
        address->is_loopback = IN6_IS_ADDR_LOOPBACK(&ipv6->sin6_addr);
        return true;
    }
    return false;
}

static bool parse_tcp(const char *text, struct tap_address *address, struct error *error)
{
    const char *colon = strrchr(text, ':');
    char host[64], *end;
    unsigned long port;
    size_t len;

    if (colon == NULL || colon[1] < '0' || colon[1] > '9')
        return refuse(address->text, error);
    port = strtoul(colon + 1, &end, 10);
    len = (size_t)(colon - text);
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (*end != '\0' || port == 0 || port > 65535 || len == 0 || len >= sizeof host)
        return refuse(address->text, error);
    memcpy(host, text, len);
    host[len] = '\0';
    return parse_ip(host, (uint16_t)port, address) || refuse(address->text, error);
}

bool tap_address_parse(const char *text, struct tap_address *address, struct error *error)
{
    struct tap_address parsed = { .len = 0 };

    if (strlen(text) >= sizeof parsed.text)
        return error_set(error, ERROR_USAGE, "a tap's address has at most %zu bytes", sizeof parsed.text - 1);
    strcpy(parsed.text, text);
    if (strncmp(text, "unix:", 5) == 0) {
        if (!parse_unix(text + 5, &parsed, error))
            return false;
    } else if (strncmp(text, "tcp:", 4) == 0) {
        if (!parse_tcp(text + 4, &parsed, error))
            return false;
    } else {
        return refuse(text, error);
    }
    *address = parsed;
    return true;
}
