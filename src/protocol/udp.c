/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp - RFC 768. Who comes next: a known port, the lower one first as Wireshark does it, else DTLS if the
 * payload looks like it, else data.
 */
#include "protocol/dissection.h"
#include "protocol/udp.h"

enum { UDP_SRCPORT, UDP_DSTPORT, UDP_PORT, UDP_LENGTH, UDP_CHECKSUM, UDP_PAYLOAD };

enum { UDP_HEADER_BYTES = 8 };

static const struct field udp_fields[] = {
    [UDP_SRCPORT] = { "udp.srcport", FIELD_UINT, .title = "Source Port", .at_bit = 0, .n_bits = 16 },
    [UDP_DSTPORT] = { "udp.dstport", FIELD_UINT, .title = "Destination Port", .at_bit = 16, .n_bits = 16 },
    [UDP_PORT] = { "udp.port", FIELD_UINT, .title = "Source or Destination Port",
                   .any_of = { UDP_SRCPORT, UDP_DSTPORT } },
    [UDP_LENGTH] = { "udp.length", FIELD_UINT, .title = "Length", .at_bit = 32, .n_bits = 16 },
    [UDP_CHECKSUM] = { "udp.checksum", FIELD_UINT, FIELD_BASE_HEX, "Checksum", .at_bit = 48, .n_bits = 16 },
    [UDP_PAYLOAD] = { "udp.payload", FIELD_BYTES, .title = "Payload" },
};

enum protocol_id udp_decoded(const struct dissection *d, uint16_t source, uint16_t destination)
{
    enum protocol_id next =
        preferences_decoded(d->preferences, PORT_TABLE_UDP, source < destination ? source : destination);

    if (next == PROTOCOL_NONE)
        next =
            preferences_decoded(d->preferences, PORT_TABLE_UDP, source < destination ? destination : source);
    return next;
}

static enum dissect_result udp_dissect(struct dissection *d, struct reader *r)
{
    struct layer *layer = dissection_push(d, PROTOCOL_UDP, r, UDP_HEADER_BYTES);
    uint16_t source, destination, length, checksum;
    uint32_t wire_len;

    if (layer == NULL)
        return DISSECT_OK;
    if (!reader_u16(r, &source) || !reader_u16(r, &destination) || !reader_u16(r, &length) ||
        !reader_u16(r, &checksum))
        return d->left_wire < UDP_HEADER_BYTES ? DISSECT_MALFORMED : DISSECT_TRUNCATED;
    wire_len = d->left_wire - UDP_HEADER_BYTES;
    if (length == 0) /* jumbogram (RFC 2675 section 4), or offload: up to the end of the IP payload */
        length = (uint16_t)d->left_wire;
    else if (length < UDP_HEADER_BYTES)
        return DISSECT_MALFORMED;
    else if (length - UDP_HEADER_BYTES < (int64_t)wire_len)
        wire_len = (uint32_t)length - UDP_HEADER_BYTES;
    if (reader_left(r) > wire_len)
        r->end = r->at + wire_len;
    if (wire_len > 0)
        dissection_add_bytes(d, FIELD_ID(PROTOCOL_UDP, UDP_PAYLOAD), reader_rest(r));
    dissection_next(d, r, udp_next(d, source, destination, r, wire_len), wire_len);
    return DISSECT_OK;
}

const struct protocol protocol_udp = {
    .name = "udp",
    .title = "User Datagram Protocol",
    .fields = udp_fields,
    .n_fields = sizeof udp_fields / sizeof udp_fields[0],
    .may_carry = DISPATCH_UDP_MASK | DISPATCH_DECODED_MASK,
    .only_by_rule = DISPATCH_DECODED_MASK & ~DISPATCH_UDP_MASK,
    .dissect = udp_dissect,
};
