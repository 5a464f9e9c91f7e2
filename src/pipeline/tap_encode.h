/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap_encode - the blocks of a tap's stream that differ from those of a segment: packets with their numbers,
 * and statistics that count what a slow reader lost. Interfaces are numbered as in the stream's table.
 */
#pragma once

#include "base/buffer.h"
#include "pipeline/tap.h"

/* At most. */
size_t tap_packet_bytes(const struct packet *packet);

/*
 * An Enhanced Packet Block. Its epb_packetid is packet_id (none for 0), also where the packet brought one
 * from where it was captured first.
 */
bool tap_put_packet(struct buffer *buffer, const struct packet *packet);

/*
 * For each row whose interface is described (below n_interfaces) the statistics since the recorder began; the
 * first interface's also count n_lost, what this reader was too slow for, as isb_osdrop, and say it in words.
 */
void tap_put_statistics(struct buffer *buffer, const struct tap_statistics *rows, uint32_t n,
                        uint32_t n_interfaces, uint64_t n_lost, int64_t since_ns, int64_t now_ns);
