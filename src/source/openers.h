/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openers - the sources there are, one function each. interfaces is borrowed for the source's life. NULL with
 * *error set.
 */
#pragma once

#include "packet/packet_sieve.h"
#include "packet/pcapng_read.h"
#include "source/source.h"

/*
 * A capture file: pcap (micro, nano, both byte orders, "modified" variants) or pcapng (all blocks, sections,
 * resolutions, both byte orders), plain or packed by gzip, zstd or lz4, told by content; "-" is standard
 * input. A file that ends in the middle of a packet delivers what is whole, then faults with the offset.
 */
struct source *pcap_file_open(const char *path, struct interface_table *interfaces, struct error *error);

/* How far: bytes of the file read so far, and its size (0 unknown: a pipe). */
void pcap_file_progress(const struct source *source, uint64_t *done_bytes, uint64_t *size_bytes);

/*
 * From now on packets that the sieve does not keep need not be handed over; they count as if they had been
 * (packet.number, stats). sieve is borrowed. A source of files (pcap_file_open, merge_open) that cannot do it
 * hands over all, and answers false. Else a batch may be empty, now and then, so that the caller can see how
 * far it is. n_threads may take part (0: as many as there are processors). Before the first packet is read.
 */
bool pcap_file_sift(struct source *source, const struct packet_sieve *sieve, unsigned n_threads);

/* Decryption secrets and name resolution blocks met so far: pcapng blocks, little endian, for who writes a
 * file. */
struct bytes pcap_file_extra_blocks(const struct source *source);

/* What a pcapng file held beyond that and was passed over; NULL for other files, or before the first block.
 */
const struct pcapng_reader_counts *pcap_file_counts(const struct source *source);

/*
 * Several sources read as one in time order, at equal times in the order given; takes them (closed with it,
 * also on failure). One source is given back as it is. A source that faults is left out from there on and the
 * fault comes when the others have ended, so that one cut file does not hide the rest of the others.
 */
struct source *merge_open(struct source **sources, uint32_t n, struct interface_table *interfaces,
                          struct error *error);

struct afpacket_options {
    const char *interface; /* "eth0", "any" */
    const char *filter;    /* BPF expression; NULL: everything */
    uint32_t snaplen;      /* 0: 262144 */
    uint32_t ring_bytes;   /* 0: 64 MiB */
};

struct source *afpacket_open(const struct afpacket_options *options, struct interface_table *interfaces,
                             struct error *error);

struct vxlan_listener_options {
    const char *address;    /* NULL: all, IPv6 and IPv4 */
    uint16_t port;          /* 0: 4789 */
    uint32_t snaplen;       /* of the inner frame; 0: 262144 */
    const char *filter;     /* BPF on the inner frame; NULL: everything */
    uint32_t receive_bytes; /* socket buffer asked for; 0: 32 MiB */
};

struct source *vxlan_listener_open(const struct vxlan_listener_options *options,
                                   struct interface_table *interfaces, struct error *error);
