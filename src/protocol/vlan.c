/* SPDX-License-Identifier: Apache-2.0 */
/* vlan - IEEE 802.1Q tags, also under the EtherType that QinQ had before 802.1ad; a layer for each of a
 * stack. */
#include "protocol/dispatch.h"
#include "protocol/dissection.h"
#include "protocol/names.h"

enum { VLAN_PRIORITY, VLAN_DEI, VLAN_ID, VLAN_ETYPE, VLAN_LEN };

static const struct value_name priority_names[] = {
    { 0, "Best Effort (default)" },
    { 1, "Background" },
    { 2, "Spare" },
    { 3, "Excellent Effort" },
    { 4, "Controlled Load" },
    { 5, "Video, < 100ms latency and jitter" },
    { 6, "Voice, < 10ms latency and jitter" },
    { 7, "Network Control" },
    { 0, "Best Effort (default)" },
    { 1, "Background" },
    { 2, "Excellent Effort" },
    { 3, "Critical Applications" },
    { 4, "Video, < 100ms latency and jitter" },
    { 5, "Voice, < 10ms latency and jitter" },
    { 6, "Internetwork Control" },
    { 7, "Network Control" },
    { 0, "Best Effort (default)" },
    { 1, "Background" },
    { 2, "Excellent Effort" },
    { 3, "Critical Applications" },
    { 4, "Voice, < 10ms latency and jitter, Drop Eligible" },
    { 5, "Voice, < 10ms latency and jitter" },
    { 6, "Internetwork Control" },
    { 7, "Network Control" },
    { 0, "Best Effort (default)" },
    { 1, "Background" },
    { 2, "Critical Applications, Drop Eligible" },
    { 3, "Critical Applications" },
    { 4, "Voice, < 10ms latency and jitter, Drop Eligible" },
    { 5, "Voice, < 10ms latency and jitter" },
    { 6, "Internetwork Control" },
    { 7, "Network Control" },
    { 0, "Best Effort (default), Drop Eligible" },
    { 1, "Best Effort (default)" },
    { 2, "Critical Applications, Drop Eligible" },
    { 3, "Critical Applications" },
    { 4, "Voice, < 10ms latency and jitter, Drop Eligible" },
    { 5, "Voice, < 10ms latency and jitter" },
    { 6, "Internetwork Control" },
    { 7, "Network Control" },
    { 0, NULL },
};

static const struct value_name dei_names[] = { { 1, "Eligible" }, { 0, "Ineligible" }, { 0, NULL } };

static const struct field vlan_fields[] = {
    [VLAN_PRIORITY] = { "vlan.priority", FIELD_UINT, .title = "Priority", .at_bit = 0, .n_bits = 3,
                        .ft_bits = 16, .names = priority_names },
    [VLAN_DEI] = { "vlan.dei", FIELD_BOOL, .title = "DEI", .at_bit = 3, .n_bits = 1, .names = dei_names },
    [VLAN_ID] = { "vlan.id", FIELD_UINT, .title = "ID", .at_bit = 4, .n_bits = 12, .ft_bits = 16 },
    [VLAN_ETYPE] = { "vlan.etype", FIELD_UINT, FIELD_BASE_HEX, "Type", .ft_bits = 16,
                     .names = ethertype_names },
    [VLAN_LEN] = { "vlan.len", FIELD_UINT, .title = "Length", .ft_bits = 16 },
};

static enum dissect_result vlan_dissect(struct dissection *d, struct reader *r)
{
    uint16_t tag, type;
    uint32_t wire_len;

    if (!dissection_push(d, PROTOCOL_VLAN, r, 4))
        return DISSECT_OK;
    if (!reader_u16(r, &tag) || !reader_u16(r, &type))
        return DISSECT_TRUNCATED;
    wire_len = d->left_wire - 4;
    if (type > IEEE8023_LEN_MAX) {
        dissection_add_number(d, FIELD_ID(PROTOCOL_VLAN, VLAN_ETYPE), type);
        dissection_next(d, r, dispatch_ethertype(type), wire_len);
    } else {
        dissection_add_number(d, FIELD_ID(PROTOCOL_VLAN, VLAN_LEN), type);
        dissection_next(d, r, dispatch_ieee8023(r), type < wire_len ? type : wire_len);
    }
    return DISSECT_OK;
}

const struct protocol protocol_vlan = {
    .name = "vlan",
    .title = "802.1Q Virtual LAN",
    .fields = vlan_fields,
    .n_fields = sizeof vlan_fields / sizeof vlan_fields[0],
    .may_carry = DISPATCH_ETHERTYPE_MASK,
    .dissect = vlan_dissect,
};
