/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcapng_read - packets out of pcapng blocks (draft-ietf-opsawg-pcapng), lent from the bytes they came in.
 *
 * Keeps a section's state (byte order, interfaces and their clocks) from one run of bytes to the next, and
 * nothing else. Files, pipes and unpacked blocks of an archive are its callers' trade.
 */
#pragma once

#include "packet/interface.h"
#include "packet/pcap_read.h"

enum {
    PCAPNG_BLOCK_LIMIT_BYTES = 16 << 20, /* a larger block is refused */
    PCAPNG_EXTRA_LIMIT_BYTES = 4 << 20,  /* kept of secrets and names; more is counted */
};

struct pcapng_reader;

/* interfaces: the stream's table, borrowed. NULL without memory. */
struct pcapng_reader *pcapng_reader_new(struct interface_table *interfaces);
void pcapng_reader_free(struct pcapng_reader *reader);

/* True when the bytes begin as a pcapng file does; wants 4. */
bool pcapng_is_magic(struct bytes bytes);

/*
 * Starts in the middle of a little-endian section, all of whose interfaces are known and count nanoseconds:
 * numbers[i] is where its interface i lies in the table. Descriptions met later in the section are passed
 * over. For who knows where blocks lie and reads some of them, in any order. False without memory.
 */
bool pcapng_reader_begin_section(struct pcapng_reader *reader, const uint32_t *numbers, uint32_t n);

/*
 * Takes blocks from the start of bytes until max packets are filled or no whole block is left; *used says how
 * many bytes those took. Packets' data lie in bytes; their options too, or, in a big-endian section, in the
 * reader until the next call. PCAP_READ may come with no packet: other blocks were taken; or with fewer than
 * max and bytes left: call again. interface is its number in the table; number is left for the caller; len is
 * never below caplen. offset: where bytes begin in the file, for *error. Damage stops at *used, after the
 * packets before it.
 *
 * Times finer than nanoseconds are rounded down; those outside of years 1677 to 2262 become the nearest that
 * can be said. A simple packet block has no time: 0.
 */
enum pcap_result pcapng_read_packets(struct pcapng_reader *reader, struct bytes bytes, uint64_t offset,
                                     struct packet *packets, uint32_t max, uint32_t *n, size_t *used,
                                     size_t *needed, struct error *error);

/* Decryption secrets and name resolution blocks met so far, as little-endian blocks. */
struct bytes pcapng_reader_extra_blocks(const struct pcapng_reader *reader);

struct pcapng_reader_counts {
    uint64_t
        n_blocks_skipped; /* of kinds that hold no packet for us: custom, journal, system calls, unknown */
    uint64_t n_extra_dropped;   /* secrets and names beyond PCAPNG_EXTRA_LIMIT_BYTES */
    uint64_t n_dropped;         /* packets that the capture missed, as its statistics blocks say */
    uint64_t n_options_dropped; /* packet options beyond what a packet can carry along, 65532 bytes */
};

const struct pcapng_reader_counts *pcapng_reader_counts(const struct pcapng_reader *reader);
