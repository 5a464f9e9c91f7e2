/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openers - the sources there are, one function each. interfaces is borrowed for the source's life. NULL with
 * *error set.
 */
#pragma once

#include <stdatomic.h>

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

/* Unpacks in a thread from now on, until the close. False: there is nothing to unpack, or no thread. */
bool pcap_file_unpack_ahead(struct source *source);

/* The first n packets are passed over, and counted as if handed over. Before the first one is read. */
void pcap_file_pass_over(struct source *source, uint64_t n_packets);

/* What was met and stepped over in a file that is read with pcap_file_step_over_damage. */
struct pcap_file_damage {
    uint32_t n_places;
    uint64_t n_bytes;   /* passed over */
    struct error first; /* names file and offset */
};

/*
 * Damage in the middle of a classic pcap file no longer ends it: reading goes on where records make sense
 * again (packet/pcap_resume). Other formats end there all the same, with a fault.
 */
void pcap_file_step_over_damage(struct source *source);
const struct pcap_file_damage *pcap_file_damage(const struct source *source);

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

/*
 * The same for inputs that are opened when their turn comes, and closed when they have ended: so that of
 * thousands of files only those are open whose times overlap. Calls come from within source_next.
 */
struct merge_plan {
    void *context; /* borrowed, as what the calls answer from */
    uint32_t n;
    int64_t (*begins_ns)(void *context, uint32_t input); /* time of its first packet, or earlier */

    /* NULL leaves it out, and is not called again for it; with *error set that is a fault of it. */
    struct source *(*open)(void *context, uint32_t input, struct error *error);

    /* About to be closed. fault: NULL when it ended rightly; the others go on in either case. source: NULL
     * when there was no memory for it. */
    void (*ended)(void *context, uint32_t input, struct source *source, const struct error *fault);

    bool gives_faults; /* as merge_open does: the first one comes when the others have ended */
};

struct source *merge_open_in_turn(const struct merge_plan *plan, struct interface_table *interfaces,
                                  struct error *error);

/* Packets in a row from one input. */
struct merge_run {
    uint32_t input, n_packets;
};

/* Which inputs the newest batch came from, in its order: of a source that merges. */
const struct merge_run *merge_runs(struct source *source, uint32_t *n_runs);

/*
 * What a tap sends (record --tap): path is "tap:unix:PATH" or "tap:tcp:ADDR:PORT". Waits for packets as long
 * as it is told to (SOURCE_IDLE), and ends when the other end does. Packets have their recorder's number
 * (packet_id); stats.n_dropped_kernel is what the stream says was dropped anywhere before.
 */
bool tap_source_is_named(const char *path);
struct source *tap_source_open(const char *path, struct interface_table *interfaces, struct error *error);

/* The same; who does not answer is waited for no longer than until *stop (may be NULL), or ten seconds. */
struct source *tap_source_open_until(const char *path, struct interface_table *interfaces,
                                     const atomic_bool *stop, struct error *error);

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
