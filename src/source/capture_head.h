/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture_head - what the first bytes of a file tell: whether it is a capture, and its first packet. Names
 * and endings count for nothing: tcpdump's say when the process began, or what was in the file a cycle ago.
 */
#pragma once

#include "base/error.h"
#include "packet/packet.h"

enum capture_kind {
    CAPTURE_PACKETS,    /* at least one */
    CAPTURE_EMPTY,      /* no bytes, or a file header and no packet */
    CAPTURE_FOREIGN,    /* no capture at all */
    CAPTURE_UNREADABLE, /* *error: no right to, damage before the first packet, packed by a program not known
                         */
};

/* take gets the first packet, whose bytes are lent for the call. */
enum capture_kind capture_head_read(const char *path, void (*take)(void *context, const struct packet *first),
                                    void *context, struct error *error);
