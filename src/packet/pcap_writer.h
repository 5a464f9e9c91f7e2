/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcap_writer - packets into one stream of bytes that every tool reads: pcapng (default) or classic pcap,
 * plain, gzip or single-frame zstd. For everything tapdeck hands out; segments have their own writer. One
 * thread.
 *
 * A fault is final: later calls give it again. A reader that went away (EPIPE) is a fault like others; the
 * program ignores SIGPIPE.
 */
#pragma once

#include "base/error.h"
#include "packet/interface.h"
#include "packet/packet.h"

enum pcap_format { PCAP_FORMAT_PCAPNG, PCAP_FORMAT_PCAP, PCAP_FORMAT_PCAP_NANO };
enum pcap_packing { PCAP_PACKING_NONE, PCAP_PACKING_GZIP, PCAP_PACKING_ZSTD };

struct pcap_writer;

/* By the name's end: .pcap, else pcapng; behind it .gz or .zst. */
void pcap_writer_formats_of(const char *path, enum pcap_format *format, enum pcap_packing *packing);

/*
 * path "-": standard output. Classic pcap holds one link type: a packet of another one is a fault that says
 * so. interfaces: the stream's table, borrowed; one is described before its first packet, whenever that
 * comes.
 */
struct pcap_writer *pcap_writer_open(const char *path, enum pcap_format format, enum pcap_packing packing,
                                     const struct interface_table *interfaces, struct error *error);

/*
 * What the section's header says of the whole file: before the first packet or block. Classic pcap has no
 * room for it, and goes without.
 */
bool pcap_writer_comment(struct pcap_writer *writer, const char *comment, struct error *error);

/* Raw pcapng blocks, little endian, padded (decryption secrets and the like); ignored for classic pcap. */
bool pcap_writer_blocks(struct pcap_writer *writer, struct bytes blocks, struct error *error);

/*
 * The same for what is known only behind the last packet: as the comment of a statistics block of the first
 * interface. Also left out of a file that has no interface to speak of.
 */
bool pcap_writer_remark(struct pcap_writer *writer, const char *comment, struct error *error);
bool pcap_writer_add(struct pcap_writer *writer, const struct packet *packet, struct error *error);
bool pcap_writer_close(struct pcap_writer *writer,
                       struct error *error); /* frees in every case; NULL is fine */
