/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/tcp_pdu.h"

#include <stdlib.h>

#include "protocol/tcp.h"
#include "protocol/tcp_stream.h"

enum { PDU_BYTES_AT_FIRST = 2048 };

void tcp_pdu_drop_early(struct tcp_pdu *pdu)
{
    struct tcp_early *early = pdu->early;

    pdu->early = early->next;
    pdu->early_bytes -= (uint32_t)sizeof *early + early->len;
    pdu->n_early--;
    free(early);
}

/* Room for n bytes. False: too many, or no memory. */
static bool reserve(struct tcp_pdu *pdu, uint32_t n)
{
    uint32_t cap = pdu->cap ? pdu->cap : PDU_BYTES_AT_FIRST;
    uint8_t *bytes;

    if (n <= pdu->cap)
        return true;
    if (n > TCP_PDU_BYTES)
        return false;
    while (cap < n)
        cap *= 2;
    bytes = realloc(pdu->bytes, cap);
    if (bytes == NULL)
        return false;
    pdu->bytes = bytes;
    pdu->cap = cap;
    return true;
}

/* False: more holes than are kept track of. */
static bool add_range(struct tcp_pdu *pdu, struct tcp_range added)
{
    unsigned at = 0, end;

    while (at < pdu->n_ranges && pdu->ranges[at].to < added.from)
        at++;
    for (end = at; end < pdu->n_ranges && pdu->ranges[end].from <= added.to; end++) {
        if (pdu->ranges[end].from < added.from)
            added.from = pdu->ranges[end].from;
        if (pdu->ranges[end].to > added.to)
            added.to = pdu->ranges[end].to;
    }
    if (at == end && pdu->n_ranges == TCP_PDU_RANGES)
        return false;
    memmove(pdu->ranges + at + 1, pdu->ranges + end, (pdu->n_ranges - end) * sizeof *pdu->ranges);
    pdu->n_ranges = (uint8_t)(pdu->n_ranges - (end - at) + 1);
    pdu->ranges[at] = added;
    return true;
}

/* By their place in the PDU, as they are shown. */
static void add_frame(struct tcp_pdu *pdu, uint32_t offset, uint32_t end, uint64_t frame)
{
    uint32_t at = pdu->n_frames;

    if (pdu->n_frames == DISSECTION_VALUES)
        return;
    if (pdu->n_frames == pdu->frames_cap) {
        uint32_t cap = pdu->frames_cap ? pdu->frames_cap * 2 : 8;
        struct tcp_piece *frames = realloc(pdu->frames, cap * sizeof *frames);

        if (frames == NULL)
            return;
        pdu->frames = frames;
        pdu->frames_cap = cap;
    }
    while (at > 0 && pdu->frames[at - 1].offset > offset)
        at--;
    memmove(pdu->frames + at + 1, pdu->frames + at, (pdu->n_frames - at) * sizeof *pdu->frames);
    pdu->frames[at] = (struct tcp_piece) { frame, offset, end };
    pdu->n_frames++;
}

void tcp_pdu_note_frame(const struct dissection *d, struct tcp_pdu *pdu, uint32_t offset, uint32_t end,
                        uint64_t frame)
{
    pdu->last_frame = d->packet->number;
    if (tcp_wants_any(d, TCP_SEGMENTS, TCP_SEGMENT_COUNT))
        add_frame(pdu, offset, end, frame);
}

void tcp_pdu_add(struct dissection *d, struct tcp_pdu *pdu, uint32_t seq, struct bytes piece, uint64_t frame)
{
    uint32_t offset = seq - pdu->seq;

    if (offset < TCP_PDU_BYTES &&
        piece.len > TCP_PDU_BYTES - offset) /* of one until the end: as far as we go */
        piece.len = TCP_PDU_BYTES - offset;
    if (piece.len == 0 || offset >= TCP_PDU_BYTES || !reserve(pdu, offset + (uint32_t)piece.len) ||
        !add_range(pdu, (struct tcp_range) { offset, offset + (uint32_t)piece.len }))
        return;
    memcpy(pdu->bytes + offset, piece.data, piece.len);
    tcp_pdu_note_frame(d, pdu, offset, offset + (uint32_t)piece.len, frame);
}

uint32_t tcp_pdu_bytes_from_start(const struct tcp_pdu *pdu)
{
    return pdu->n_ranges && pdu->ranges[0].from == 0 ? pdu->ranges[0].to : 0;
}

void tcp_pdu_add_fields(struct dissection *d, const struct tcp_pdu *pdu, struct bytes bytes)
{
    if (!tcp_wants_any(d, TCP_PDU_FIRST, TCP_PDU_LAST))
        return;
    dissection_add_number(d, TCP_ID(TCP_SEGMENTS), 0);
    for (uint32_t i = 0, covered = 0; i < pdu->n_frames; i++) {
        dissection_add_number(d, TCP_ID(TCP_SEGMENT), pdu->frames[i].frame);
        if (pdu->frames[i].offset < covered)
            dissection_add_number(d, TCP_ID(TCP_SEGMENT_OVERLAP), 1);
        if (pdu->frames[i].end > covered)
            covered = pdu->frames[i].end;
    }
    dissection_add_number(d, TCP_ID(TCP_SEGMENT_COUNT), pdu->n_frames);
    dissection_add_number(d, TCP_ID(TCP_REASSEMBLED_LENGTH), bytes.len);
    dissection_add_bytes(d, TCP_ID(TCP_REASSEMBLED_DATA), bytes);
}
