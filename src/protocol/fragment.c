/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/fragment.h"

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
