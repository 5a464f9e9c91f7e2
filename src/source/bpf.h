/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpf - capture filters in libpcap's language (pcap-filter(7)), for the kernel and for ourselves.
 *
 * libpcap compiles, and does nothing else here. A program for a socket and one for our own frames differ: the
 * kernel has taken VLAN tags off and knows a packet's direction and interface, so an expression is compiled
 * for where it will run.
 */
#pragma once

#include "base/error.h"
#include "packet/packet.h"

struct bpf;

/*
 * For frames in our own memory. expression NULL or "": everything. NULL with *error naming the expression and
 * libpcap's reason.
 */
struct bpf *bpf_compile(const char *expression, uint16_t linktype, struct error *error);

/* True when the frame, of the linktype compiled for, passes. Reads nothing outside it. */
bool bpf_matches(const struct bpf *bpf, struct bytes frame, uint32_t len);

/*
 * Puts the filter on an AF_PACKET socket, which cuts frames at snaplen by the same program. Do it before
 * bind: then no unfiltered packet slips in. interface is the one that will be bound ("any" for all);
 * is_cooked: the socket is SOCK_DGRAM and linktype LINUX_SLL2, whose header the kernel does not see. */
bool bpf_attach(int fd, const char *expression, const char *interface, uint16_t linktype, bool is_cooked,
                uint32_t snaplen, struct error *error);

void bpf_free(struct bpf *bpf);
