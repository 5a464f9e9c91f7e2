/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet - the noun everything shares: one captured frame, its bytes borrowed from the batch that owns them.
 */
#pragma once

#include "base/bytes.h"

/* Link types as in pcap files (LINKTYPE_*, tcpdump.org/linktypes.html); the names we meet. */
enum linktype {
    LINKTYPE_NULL = 0,
    LINKTYPE_ETHERNET = 1,
    LINKTYPE_RAW = 101,
    LINKTYPE_LOOP = 108,
    LINKTYPE_LINUX_SLL = 113,
    LINKTYPE_IPV4 = 228,
    LINKTYPE_IPV6 = 229,
    LINKTYPE_LINUX_SLL2 = 276,
};

enum { SNAPLEN_MAX = 262144 }; /* as for tcpdump and Wireshark: nobody keeps more of a packet */

struct packet {
    int64_t ts_ns;        /* since 1970, UTC */
    const uint8_t *data;  /* caplen bytes, borrowed */
    uint32_t caplen;      /* bytes kept */
    uint32_t len;         /* bytes on the wire; never below caplen */
    uint16_t linktype;    /* LINKTYPE_* */
    uint16_t options_len; /* bytes at options */
    uint64_t number;      /* frame.number: from 1 in its stream; 0 when the stream has not counted it */
    uint64_t packet_id;   /* what its recorder calls it (epb_packetid): packet_numbers.h; 0: not known */
    uint32_t interface;   /* into the interface table that goes with the stream */
    const uint8_t
        *options; /* pcapng packet options without opt_endofopt, little endian, padded; NULL for none */
};
