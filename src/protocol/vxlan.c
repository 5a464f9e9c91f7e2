/* SPDX-License-Identifier: Apache-2.0 */
/* vxlan - RFC 7348 section 5: eight bytes, then an Ethernet frame. */
#include "protocol/dissection.h"
#include "protocol/names.h"

enum { VXLAN_FLAGS, VXLAN_FLAG_G, VXLAN_FLAG_I, VXLAN_FLAG_D, VXLAN_FLAG_A, VXLAN_GBP, VXLAN_VNI };

enum { VXLAN_HEADER_BYTES = 8 };

static const struct value_name flag_g_names[] = { { 1, "Defined" }, { 0, "Not defined" }, { 0, NULL } };

static const struct field vxlan_fields[] = {
    [VXLAN_FLAGS] = { "vxlan.flags", FIELD_UINT, FIELD_BASE_HEX, "Flags", .at_bit = 0, .n_bits = 16 },
    [VXLAN_FLAG_G] = { "vxlan.flag_g", FIELD_BOOL, .title = "GBP Extension", .at_bit = 0, .n_bits = 1,
                       .names = flag_g_names },
    [VXLAN_FLAG_I] = { "vxlan.flag_i", FIELD_BOOL, .title = "VXLAN Network ID (VNI)", .at_bit = 4,
                       .n_bits = 1 },
    [VXLAN_FLAG_D] = { "vxlan.flag_d", FIELD_BOOL, .title = "Don't Learn", .at_bit = 9, .n_bits = 1 },
    [VXLAN_FLAG_A] = { "vxlan.flag_a", FIELD_BOOL, .title = "Policy Applied", .at_bit = 12, .n_bits = 1 },
    [VXLAN_GBP] = { "vxlan.gbp", FIELD_UINT, .title = "Group Policy ID", .at_bit = 16, .n_bits = 16 },
    [VXLAN_VNI] = { "vxlan.vni", FIELD_UINT, .title = "VXLAN Network Identifier (VNI)", .at_bit = 32,
                    .n_bits = 24 },
};

static enum dissect_result vxlan_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_VXLAN, r, VXLAN_HEADER_BYTES))
        return DISSECT_OK;
    if (!reader_skip(r, VXLAN_HEADER_BYTES))
        return DISSECT_TRUNCATED;
    dissection_next(d, r, PROTOCOL_ETHERNET, d->left_wire - VXLAN_HEADER_BYTES);
    return DISSECT_OK;
}

const struct protocol protocol_vxlan = {
    .name = "vxlan",
    .title = "Virtual eXtensible Local Area Network",
    .fields = vxlan_fields,
    .n_fields = sizeof vxlan_fields / sizeof vxlan_fields[0],
    .may_carry = PROTOCOL_BIT(PROTOCOL_ETHERNET),
    .dissect = vxlan_dissect,
};
