/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener - takes connections on a TCP or unix socket and hands them over.
 *
 * Who is refused (admission) is closed at once, without a word: answering costs what the limit is to save.
 * When the process has no descriptor left, one kept in reserve is given up to take the connection and close
 * it, or the loop would be told of it for ever.
 */
#pragma once

#include "net/admission.h"
#include "net/loop.h"

enum { LISTENER_ADDRESS_BYTES = 128 };

struct listener;

struct listener_options {
    struct admission *admission; /* shared by the listeners of one loop */
    int backlog;                 /* 0: the system's most */
    unsigned unix_mode;          /* rights of a unix socket's file, such as 0660 */
    /* Owns fd (non-blocking, close-on-exec) from here on, and calls admission_leave() once it is closed. */
    void (*accepted)(void *context, int fd, const struct ip_address *source);
    void *context;
};

/*
 * address: "127.0.0.1:8080", "[::1]:8080", "localhost:8080" (its first address), "*:8080" or ":8080" (all,
 * IPv4 and IPv6 on one socket; IPv4 alone where the system has no IPv6), "unix:/run/x.sock" (a socket file
 * that nobody listens on any more is replaced; any other file is not). Port 0: any free one. NULL, with
 * *error set.
 */
struct listener *listener_open(struct loop *loop, const char *address, const struct listener_options *options,
                               struct error *error);

/* Closes it, and removes a unix socket's file. Connections that were accepted live on. NULL is fine. */
void listener_close(struct listener *listener);

/* Where it listens, the port filled in: "127.0.0.1:43121". Until listener_close(). */
const char *listener_address(const struct listener *listener);
