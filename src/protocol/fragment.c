/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/fragment.h"

static bool wants(const struct dissection *d, uint16_t field_id)
{
    return field_id != FIELD_ID_NONE && dissection_wants(d, FIELD_PROTOCOL(field_id), FIELD_INDEX(field_id));
}

/* FIELD_ID_NONE: a kind that does not have the field. */
static void add(struct dissection *d, uint16_t field_id, uint64_t number)
{
    if (field_id != FIELD_ID_NONE)
        dissection_add_number(d, field_id, number);
}

void fragment_add_pieces(struct dissection *d, const struct reassembly *reassembly,
                         const struct fragment_fields *fields)
{
    const struct reassembly_piece *pieces;
    uint32_t n = reassembly_pieces(reassembly, &pieces);
    uint32_t n_noted = n < REASSEMBLY_PIECES ? n : REASSEMBLY_PIECES;
    uint64_t last = 0; /* offset and place of the piece told last, so that each is told once */
    uint32_t covered = 0;

    if (wants(d, fields->fragment) || wants(d, fields->overlap) || wants(d, fields->conflict) ||
        wants(d, fields->error)) {
        /* In the order of their offsets: few enough for the plainest way. */
        for (uint32_t told = 0; told < n_noted; told++) {
            const struct reassembly_piece *piece;
            uint64_t least = UINT64_MAX;

            for (uint32_t i = 0; i < n_noted; i++) {
                uint64_t rank = ((uint64_t)pieces[i].offset << 32 | i) + 1;

                if (rank > last && rank < least)
                    least = rank;
            }
            last = least;
            piece = &pieces[(uint32_t)(least - 1)];
            add(d,
                piece->is_different || piece->is_other_end || piece->is_too_long ? fields->error
                                                                                 : fields->fragment,
                piece->number);
            if (piece->offset < covered)
                add(d, fields->overlap, 1);
            if (piece->is_different)
                add(d, fields->conflict, 1);
            if (piece->end > covered)
                covered = piece->end;
        }
    }
    dissection_add_number(d, fields->count, n);
}

void fragment_add_fields(struct dissection *d, const struct reader *r, const struct fragment_fields *fields)
{
    struct bytes datagram = reader_rest(r);

    if (fields->is_bytes)
        dissection_add_bytes(d, fields->fragments, datagram);
    else
        dissection_add_number(d, fields->fragments, 1);
    fragment_add_pieces(d, dissect_state_ip(d->state), fields);
    dissection_add_number(d, fields->length, datagram.len);
    dissection_add_bytes(d, fields->data, datagram);
}

enum protocol_id fragment_follow(struct dissection *d, struct reader *r, struct layer *layer,
                                 const struct fragment *fragment, enum protocol_id next)
{
    struct reassembly_key key = {
        .source = fragment->source,
        .destination = fragment->destination,
        .protocol = fragment->protocol,
        .id = fragment->id,
    };
    struct bytes piece, datagram;

    dissection_next(d, r, PROTOCOL_NONE, fragment->wire_len);
    layer->fragment = fragment->offset == 0 ? FRAGMENT_FIRST : FRAGMENT_LATER;
    piece = reader_rest(r);
    if (d->state == NULL || !fragment->is_gathered || piece.len < fragment->wire_len)
        return fragment->offset == 0 ? next : PROTOCOL_DATA;
    reassembly_at(dissect_state_ip(d->state), d->packet->number);
    if (reassembly_add(dissect_state_ip(d->state), &key, d->packet->ts_ns, fragment->offset, piece,
                       fragment->has_more ? 0 : fragment->offset + (uint32_t)piece.len,
                       &datagram) != REASSEMBLY_COMPLETE)
        return PROTOCOL_DATA;
    layer->fragment = FRAGMENT_COMPLETES;
    *r = reader_over(datagram);
    d->source++;
    d->left_wire = (uint32_t)datagram.len;
    return next;
}
