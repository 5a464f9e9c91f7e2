/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ieee8021ad - the outer tag of a provider's bridge (IEEE 802.1ad, EtherType 0x88a8). Wireshark calls the
 * number of a lone tag ieee8021ad.id, and reads two such tags in a row as one layer with an S-VID and a
 * C-VID.
 */
#include "protocol/dispatch.h"
#include "protocol/dissection.h"

enum { IEEE8021AD_PRIORITY, IEEE8021AD_DEI, IEEE8021AD_ID, IEEE8021AD_SVID, IEEE8021AD_CVID };

enum { ETHERTYPE_IEEE8021AD = 0x88a8 };

#define IEEE8021AD_ID_OF(index) FIELD_ID(PROTOCOL_IEEE8021AD, index)

static const struct field ieee8021ad_fields[] = {
    [IEEE8021AD_PRIORITY] = { "ieee8021ad.priority", FIELD_UINT, .title = "Priority", .ft_bits = 16 },
    [IEEE8021AD_DEI] = { "ieee8021ad.dei", FIELD_BOOL, .title = "DEI" },
    [IEEE8021AD_ID] = { "ieee8021ad.id", FIELD_UINT, .title = "ID", .ft_bits = 16 },
    [IEEE8021AD_SVID] = { "ieee8021ad.svid", FIELD_UINT, .title = "ID", .ft_bits = 16 },
    [IEEE8021AD_CVID] = { "ieee8021ad.cvid", FIELD_UINT, .title = "ID", .ft_bits = 16 },
};

static void add_tag(struct dissection *d, uint16_t id_field, uint16_t tag)
{
    dissection_add_number(d, IEEE8021AD_ID_OF(IEEE8021AD_PRIORITY), tag >> 13);
    dissection_add_number(d, IEEE8021AD_ID_OF(IEEE8021AD_DEI), tag >> 12 & 1);
    dissection_add_number(d, id_field, tag & 0x0fff);
}

static enum dissect_result ieee8021ad_dissect(struct dissection *d, struct reader *r)
{
    struct layer *layer = dissection_push(d, PROTOCOL_IEEE8021AD, r, 4);
    uint16_t tag, type;

    if (layer == NULL)
        return DISSECT_OK;
    if (!reader_u16(r, &tag) || !reader_u16(r, &type))
        return DISSECT_TRUNCATED;
    if (type == ETHERTYPE_IEEE8021AD) {
        add_tag(d, IEEE8021AD_ID_OF(IEEE8021AD_SVID), tag);
        if (!reader_u16(r, &tag) || !reader_u16(r, &type))
            return DISSECT_TRUNCATED;
        add_tag(d, IEEE8021AD_ID_OF(IEEE8021AD_CVID), tag);
        layer->header_len = 8;
    } else {
        add_tag(d, IEEE8021AD_ID_OF(IEEE8021AD_ID), tag);
    }
    dissection_next(d, r, dispatch_ethertype(type), d->left_wire - layer->header_len);
    return DISSECT_OK;
}

const struct protocol protocol_ieee8021ad = {
    .name = "ieee8021ad",
    .title = "IEEE 802.1ad",
    .fields = ieee8021ad_fields,
    .n_fields = sizeof ieee8021ad_fields / sizeof ieee8021ad_fields[0],
    .may_carry = DISPATCH_ETHERTYPE_MASK,
    .dissect = ieee8021ad_dissect,
};
