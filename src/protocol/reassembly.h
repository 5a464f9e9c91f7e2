/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reassembly - puts pieces of a message together that arrive in several packets, in any order, overlapping,
 * repeated, or never. Serves IP datagrams and DTLS handshake messages alike.
 *
 * Bounded: so many messages open at once, so many bytes in all, so long (in packet time). The one untouched
 * for longest goes first. Where pieces overlap, the one that begins first wins, and of two that begin
 * together the one that came first: as Wireshark does it, whatever the order of arrival (RFC 791 would have
 * the latest, RFC 5722 none; a receiver is known to do either). A piece that contradicts the message's total
 * length starts it afresh, or, where keeps_length says so, is noted as too long or as a second end.
 */
#pragma once

#include "base/ip_address.h"

struct reassembly_key { /* hashed and compared whole */
    struct ip_address source, destination;
    uint16_t source_port, destination_port;
    uint8_t protocol;
    uint8_t kind;
    uint32_t id; /* IP: identification; DTLS: message_seq */
};

struct reassembly_limits {
    uint32_t messages;
    uint32_t message_bytes; /* the longest one taken */
    uint32_t total_bytes;
    int64_t age_ns;
    bool keeps_length; /* the length told first stands: nothing but the piece is wrong that contradicts it */
};

struct reassembly;

struct reassembly *reassembly_new(const struct reassembly_limits *limits, uint64_t hash_seed);
void reassembly_free(struct reassembly *reassembly);

enum reassembly_result {
    REASSEMBLY_WAITS,    /* more is missing */
    REASSEMBLY_COMPLETE, /* *message is whole: borrowed until reassembly_release */
    REASSEMBLY_REFUSED,  /* longer than the limit, or no memory: counted */
};

/* total_len: 0 while it is not known (IP, before the last fragment). */
enum reassembly_result reassembly_add(struct reassembly *reassembly, const struct reassembly_key *key,
                                      int64_t ts_ns, uint32_t offset, struct bytes piece, uint32_t total_len,
                                      struct bytes *message);

/* Pieces added from now on came with this packet (its frame.number). */
void reassembly_at(struct reassembly *reassembly, uint64_t packet_number);

struct reassembly_piece {
    uint32_t offset, end;
    uint32_t number;   /* of the packet it came with, as reassembly_at was told */
    bool is_different; /* those that begin before it have other bytes where they overlap */
    bool is_other_end; /* it told another total length than the one that stands */
    bool is_too_long;  /* it goes beyond that */
};

enum { REASSEMBLY_PIECES = 256 }; /* noted of a message; of more, the number is known */

/*
 * The pieces of the message completed last, as they came, up to REASSEMBLY_PIECES; borrowed as the message.
 * Answers how many there were.
 */
uint32_t reassembly_pieces(const struct reassembly *reassembly, const struct reassembly_piece **pieces);

/* Forgets an unfinished message. */
void reassembly_drop(struct reassembly *reassembly, const struct reassembly_key *key);

/* Frees what was completed since the last call. */
void reassembly_release(struct reassembly *reassembly);

uint64_t reassembly_evicted(const struct reassembly *reassembly); /* given up unfinished, for room or age */
