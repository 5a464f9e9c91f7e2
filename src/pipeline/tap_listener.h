/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap_listener - the socket on which a tap's readers connect. Replaces the socket file that a dead recorder
 * left, never a live one's, and never a file that is no socket.
 */
#pragma once

#include <sys/types.h>

#include "source/tap_address.h"

struct tap_listener {
    struct tap_address address;
    int fd;
    dev_t device; /* of the socket file: at the end only that one is removed */
    ino_t inode;
};

/*
 * where: "unix:PATH" (mode 0660), "tcp:ADDR:PORT". is_insecure: an address that other machines reach is
 * allowed. Needs no start. False with *error set, and nothing left behind.
 */
bool tap_listener_open(struct tap_listener *listener, const char *where, bool is_insecure,
                       struct error *error);

/* The socket file becomes that user's: before root is given up. Nothing to do for TCP. */
bool tap_listener_give(const struct tap_listener *listener, uid_t user, gid_t group, struct error *error);

void tap_listener_close(struct tap_listener *listener); /* removes its socket file */
