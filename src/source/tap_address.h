/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap_address - where a tap is: "unix:PATH" or "tcp:ADDR:PORT", as --tap takes it and as -r tap:… does. Both
 * ends read it here, so that what one listens on is what the other is told.
 */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/error.h"

struct tap_address {
    char text[160];   /* as it was given */
    char path[108];   /* of a unix socket; "" for TCP */
    bool is_loopback; /* nobody but this machine's programs can connect */
    socklen_t len;
    union {
        struct sockaddr any;
        struct sockaddr_un local;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } socket;
};

/* ADDR is an IP address (IPv6 in brackets) or localhost; the port is 1 to 65535. ERROR_USAGE says what is
 * off. */
bool tap_address_parse(const char *text, struct tap_address *address, struct error *error);
