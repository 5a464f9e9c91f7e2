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
