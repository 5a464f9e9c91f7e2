/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcap_read - packets out of the bytes of a classic pcap file (draft-ietf-opsawg-pcap), lent, never copied.
 *
 * Knows bytes only: who brings them, from a map, a pipe or an unpacked block, and what to do when they end
 * too early, is the caller's to say. Takes micro- and nanoseconds, both byte orders, and the variants that
 * Wireshark takes: modified (Kuznetzov), Nokia, AIX, Ixia, and lengths in the order of before version 2.3.
 */
#pragma once

#include "base/error.h"
#include "packet/packet.h"
#include "packet/packet_sieve.h"

enum {
    PCAP_PACKET_LIMIT_BYTES = 262144,         /* a larger packet is damage, as for tcpdump and Wireshark */
    PCAP_PACKET_LIMIT_BYTES_LARGE = 15 << 20, /* the same for D-Bus, USBPcap and EBHSCR */
    PCAP_HEADER_BYTES = 24,                   /* of the file; Ixia adds 4 */
};

uint32_t pcap_packet_limit(uint16_t linktype);

enum pcap_result {
    PCAP_READ,    /* as far as there was room for packets, or to the end of the bytes */
    PCAP_SHORT,   /* more bytes are wanted: at *used, *needed of them */
    PCAP_DAMAGED, /* at *used; *error says what */
};

enum pcap_lengths { PCAP_LENGTHS_AS_NOW, PCAP_LENGTHS_SWAPPED, PCAP_LENGTHS_SWAPPED_IF_ODD };

struct pcap_header {
    bool is_big_endian;
    bool is_modified; /* the magic says: one of the "modified" variants */
    bool is_guessed;  /* the magic leaves open which variant: pcap_guess_records may look at records */
    enum pcap_lengths lengths;
    uint32_t header_bytes;        /* of the file, to the first record */
    uint32_t record_header_bytes; /* 16, or more with a variant's own fields */
    uint32_t fraction_ns;         /* nanoseconds in a unit of the fraction: 1000 or 1 */
    uint32_t snaplen;
    uint16_t linktype; /* without the FCS length that may be packed above it */
    uint32_t packet_limit_bytes;
};

/* True when the bytes begin as one of the classic pcap files does; wants 4. */
bool pcap_is_magic(struct bytes bytes);

/* Reads the file header at the start of bytes. PCAP_SHORT: wants *needed bytes in all. */
enum pcap_result pcap_read_header(struct bytes bytes, struct pcap_header *header, size_t *needed,
                                  struct error *error);

/*
 * Variants that share a magic number are told apart by the first three records, as Wireshark does: whichever
 * layout makes the most sense. bytes: after the file header, as many as there are.
 */
void pcap_guess_records(struct pcap_header *header, struct bytes bytes);

/*
 * Fills up to max packets from the records at the start of bytes and says in *used how many bytes those took;
 * the packets' data lie in bytes. interface and number are left for the caller. offset: where in the file
 * bytes begin, for *error. Damage stops at *used, after the packets before it.
 */
enum pcap_result pcap_read_packets(const struct pcap_header *header, struct bytes bytes, uint64_t offset,
                                   struct packet *packets, uint32_t max, uint32_t *n, size_t *used,
                                   size_t *needed, struct error *error);

/* Little endian, records of 16 bytes and nothing odd about them: nearly all files. */
bool pcap_is_plain(const struct pcap_header *header);

/* What pcap_sift_packets took, handed over or not. */
struct pcap_sifting {
    const struct packet_sieve *sieve;
    uint64_t n_packets; /* the last one's number */
    uint64_t n_bytes;   /* caplen of all */
    uint64_t n_cut;     /* those that a snaplen cut */
};

/*
 * The same, without the packets that the sieve does not keep, and with numbers: by sifting->n_packets, which
 * goes on from call to call. The very first packet is always kept. max is at least GLANCES; ends when fewer
 * places than that are left.
 */
enum pcap_result pcap_sift_packets(const struct pcap_header *header, struct pcap_sifting *sifting,
                                   struct bytes bytes, uint64_t offset, struct packet *packets, uint32_t max,
                                   uint32_t *n, size_t *used, size_t *needed, struct error *error);
