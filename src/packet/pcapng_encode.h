/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcapng_encode - pcapng blocks (draft-ietf-opsawg-pcapng) appended to a buffer, little endian, times in
 * nanoseconds. Shared by the export writer and the archive's segment writer.
 */
#pragma once

#include "base/buffer.h"
#include "packet/interface.h"
#include "packet/packet.h"

/* SHB, hardware and os of this machine. comment: what opt_comment says, "" nothing; cut at 65535 bytes. */
bool pcapng_put_section(struct buffer *buffer, const char *application, const char *comment);
bool pcapng_put_interface(struct buffer *buffer, const struct interface *interface);

/* Enhanced Packet Block; interface is its number within the section. */
bool pcapng_put_packet(struct buffer *buffer, const struct packet *packet, uint32_t interface);

static inline size_t pcapng_packet_bytes(const struct packet *packet) /* what pcapng_put_packet will add */
{
    size_t options = packet->options_len ? (size_t)packet->options_len + 4 : 0;

    return 32 + (((size_t)packet->caplen + 3) & ~(size_t)3) + options;
}

struct pcapng_statistics {
    uint32_t interface;
    int64_t ts_ns, start_ns, end_ns;
    uint64_t n_received, n_dropped, n_dropped_os; /* isb_ifrecv, isb_ifdrop, isb_osdrop */
    const char *comment;                          /* NULL: none */
    bool is_comment_only;                         /* nothing was counted, and no span is told */
};

bool pcapng_put_statistics(struct buffer *buffer, const struct pcapng_statistics *statistics);
