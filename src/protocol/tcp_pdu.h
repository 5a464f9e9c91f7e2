/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_pdu - the bytes of a PDU that is under way in one direction of a connection: which are there, which
 * frames brought them, and what came too early for it. What a PDU is, and when it is handed over, is
 * tcp_stream's to say.
 */
#pragma once

#include "protocol/dissection.h"

enum {
    TCP_PDU_BYTES = 1 << 20, /* the longest PDU waited for; of longer ones each segment stands by itself */
    TCP_PDU_RANGES = 16,     /* pieces of a PDU with holes between them */
};

struct tcp_range { /* bytes from..to of a PDU are there */
    uint32_t from, to;
};

struct tcp_piece { /* of a PDU: which frame brought it */
    uint64_t frame;
    uint32_t offset, end;
};

struct tcp_early {          /* a segment that came before what precedes it */
    struct tcp_early *next; /* by seq */
    uint32_t seq, len;
    uint64_t frame;
    uint8_t bytes[];
};

struct tcp_pdu {    /* of one direction: the one under way, or the last that was */
    uint8_t *bytes; /* NULL: none kept */
    uint32_t cap;
    uint32_t seq;  /* of its first byte */
    uint32_t next; /* behind its last, as far as that is known */
    uint64_t first_frame, last_frame;
    struct tcp_piece *frames; /* when in demand */
    uint32_t n_frames, frames_cap;
    uint8_t carries;
    bool is_open;
    bool takes_segment; /* its length is not known: the whole next segment belongs to it, or what that says */
    bool is_until_end;
    uint8_t n_ranges;
    struct tcp_range ranges[TCP_PDU_RANGES]; /* in order, apart from each other */
    struct tcp_early *early;
    uint32_t early_bytes;
    uint16_t n_early;
};

/* Frees the first of those that came early. */
void tcp_pdu_drop_early(struct tcp_pdu *pdu);

/* Puts a piece that begins at seq and came with that frame in its place; of one too long, what fits. */
void tcp_pdu_add(struct dissection *d, struct tcp_pdu *pdu, uint32_t seq, struct bytes piece, uint64_t frame);

/* Lists the frame alone: it brought offset to end of the PDU. */
void tcp_pdu_note_frame(const struct dissection *d, struct tcp_pdu *pdu, uint32_t offset, uint32_t end,
                        uint64_t frame);

/* How many bytes are there without a hole before them. */
uint32_t tcp_pdu_bytes_from_start(const struct tcp_pdu *pdu);

/* tcp.segments and tcp.reassembled.* of the PDU, whose bytes are those. */
void tcp_pdu_add_fields(struct dissection *d, const struct tcp_pdu *pdu, struct bytes bytes);
