/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fragment - what IPv4 and IPv6 share about fragments: hand one in, learn what follows the layer.
 */
#pragma once

#include "protocol/dissection.h"
#include "protocol/state.h"

struct fragment {
    struct ip_address source, destination;
    uint8_t protocol;
    uint32_t id;
    uint32_t offset; /* bytes */
    bool has_more;
    uint32_t wire_len; /* of this fragment's payload */
    bool is_gathered;  /* the preference: put together, and not shown each by itself */
};

/* Fields that the kinds have, of their own names: FIELD_IDs; FIELD_ID_NONE for those that one lacks. */
struct fragment_fields {
    uint16_t fragments, fragment, overlap, conflict, error, count, length, data;
    bool is_bytes; /* Wireshark has the first one as bytes with IPv4, and as presence with IPv6 */
};

/* Adds them, when *r is at the whole datagram that fragment_follow has just put together. */
void fragment_add_fields(struct dissection *d, const struct reader *r, const struct fragment_fields *fields);

/* Adds the frames of what `reassembly` completed last, in the order of their offsets, and how many there
 * were: of fields, no others are looked at than fragment to count. */
void fragment_add_pieces(struct dissection *d, const struct reassembly *reassembly,
                         const struct fragment_fields *fields);

/*
 * Trims *r to the fragment, sets layer->fragment, and answers what follows: `next` on the whole datagram (to
 * which *r then points) when this fragment completes it; on a first fragment that can not be kept (no state,
 * not gathered, or cut by the capture), `next` on what there is of it; else PROTOCOL_DATA.
 */
enum protocol_id fragment_follow(struct dissection *d, struct reader *r, struct layer *layer,
                                 const struct fragment *fragment, enum protocol_id next);
