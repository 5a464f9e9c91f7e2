/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet_twins - the same packet out of two files: of captures that overlap, or a file and a copy of it. Same
 * time, lengths, link type, interface's name and bytes; the bytes and numbers as their digest.
 *
 * What one file has twice is twice: within a file nothing is taken for a twin. Of several files, each packet
 * is wanted as often as the file has it that has it most often.
 *
 * Wants packets in time order, and looks only among those of one time, at most PACKET_TWINS_LIMIT of them:
 * a packet beyond that counts as new.
 */
#pragma once

#include "packet/interface.h"
#include "packet/packet.h"

enum { PACKET_TWINS_LIMIT = 1024 };

struct packet_twin {
    uint64_t digest;
    uint32_t interface;
    uint32_t input;
    uint32_t n; /* so often in this input */
};

/* All zero is empty, but for ts_ns, which then wants a time no packet has: packet_twins_init. */
struct packet_twins {
    int64_t ts_ns;
    uint32_t n;
    uint64_t n_overlooked; /* packets met when there was no room */
    struct packet_twin items[PACKET_TWINS_LIMIT];
};

void packet_twins_init(struct packet_twins *twins);

/*
 * Enters the packet. True when another input had it already; *other then says which. digest: packet_digest.
 */
bool packet_twins_meet(struct packet_twins *twins, const struct interface_table *interfaces,
                       const struct packet *packet, uint64_t digest, uint32_t input, uint32_t *other);
