/* SPDX-License-Identifier: Apache-2.0 */
/*
 * llc - IEEE 802.2 logical link control, and SNAP (RFC 1042) where it names an EtherType.
 *
 *    0      1      2         3 ..5          6 ..7
 *   +------+------+---------+- - - - - - -+- - - - - -+
 *   | dsap | ssap | control | organisation  type      |   the latter two when dsap = ssap = 0xaa
 *   +------+------+---------+- - - - - - -+- - - - - -+
 */
#include "protocol/dispatch.h"
#include "protocol/dissection.h"
#include "protocol/names.h"

enum { LLC_DSAP, LLC_SSAP, LLC_CONTROL, LLC_OUI, LLC_TYPE };

enum { OUI_CISCO = 0x00000c };

enum { SAP_IP = 0x06, SAP_SNAP = 0xaa, CONTROL_UNNUMBERED = 3, SNAP_BYTES = 5 };

#define LLC_ID(index) FIELD_ID(PROTOCOL_LLC, index)

static const struct value_name sap_names[] = {
    { 0x0, "NULL LSAP" },
    { 0x1, "NULL LSAP" },
    { 0x2, "LLC Sub-Layer Management" },
    { 0x4, "SNA Path Control" },
    { 0x6, "TCP/IP" },
    { 0x8, "SNA" },
    { 0xc, "SNA" },
    { 0xe, "PROWAY (IEC955) Network Management and Initialization" },
    { 0x10, "NetWare (unofficial?)" },
    { 0x14, "ISO Network Layer (OSLAN 1)" },
    { 0x18, "Texas Instruments" },
    { 0x20, "ISO Network Layer (unofficial?)" },
    { 0x34, "ISO Network Layer (unofficial?)" },
    { 0x42, "Spanning Tree BPDU" },
    { 0x4e, "EIA RS-511 Manufacturing Message Service" },
    { 0x54, "ISO Network Layer (OSLAN 2)" },
    { 0x7e, "ISO 8208 (X.25 over 802.2)" },
    { 0x7f, "ISO 802.2" },
    { 0x80, "XNS" },
    { 0x82, "BACnet" },
    { 0x86, "Nestar" },
    { 0x8e, "PROWAY (IEC955) Active Station List Maintenance" },
    { 0x98, "ARP" },
    { 0xb4, "HP JetDirect Printer" },
    { 0xaa, "SNAP" },
    { 0xba, "Banyan Vines" },
    { 0xbc, "Banyan Vines" },
    { 0xe0, "NetWare" },
    { 0xf0, "NetBIOS" },
    { 0xf4, "IBM Net Management" },
    { 0xf8, "HP Extended LLC" },
    { 0xfa, "Ungermann-Bass" },
    { 0xfc, "Remote Program Load" },
    { 0xfe, "ISO Network Layer" },
    { 0xff, "Global LSAP" },
    { 0, NULL },
};

static const struct field llc_fields[] = {
    [LLC_DSAP] = { "llc.dsap", FIELD_UINT, FIELD_BASE_HEX, "DSAP", .at_bit = 0, .n_bits = 8,
                   .names = sap_names },
    [LLC_SSAP] = { "llc.ssap", FIELD_UINT, FIELD_BASE_HEX, "SSAP", .at_bit = 8, .n_bits = 8,
                   .names = sap_names },
    [LLC_CONTROL] = { "llc.control", FIELD_UINT, FIELD_BASE_HEX, "Control", .ft_bits = 16 },
    [LLC_OUI] = { "llc.oui", FIELD_UINT, .title = "Organization Code", .ft_bits = 24 },
    [LLC_TYPE] = { "llc.type", FIELD_UINT, FIELD_BASE_HEX, "Type", .ft_bits = 16, .names = ethertype_names },
};

static enum dissect_result llc_dissect(struct dissection *d, struct reader *r)
{
    struct layer *layer = dissection_push(d, PROTOCOL_LLC, r, 3);
    uint8_t dsap, ssap, control, high = 0;
    enum protocol_id next = PROTOCOL_DATA;
    const char *foreign = NULL;
    uint32_t organisation;
    uint16_t type;

    if (layer == NULL)
        return DISSECT_OK;
    if (!reader_u8(r, &dsap) || !reader_u8(r, &ssap) || !reader_u8(r, &control))
        return d->left_wire < 3 ? DISSECT_MALFORMED : DISSECT_TRUNCATED;
    /* Numbered frames have a second byte of control: IEEE 802.2 section 5.4. */
    if ((control & CONTROL_UNNUMBERED) != CONTROL_UNNUMBERED && !reader_u8(r, &high))
        return d->left_wire < 4 ? DISSECT_MALFORMED : DISSECT_TRUNCATED;
    dissection_add_number(d, LLC_ID(LLC_CONTROL), (uint64_t)high << 8 | control);
    if (dsap == SAP_SNAP && ssap == SAP_SNAP) {
        size_t wanted = (size_t)(r->at - layer->data) + SNAP_BYTES;

        if (!reader_u24(r, &organisation) || !reader_u16(r, &type))
            return dissection_cut(d, wanted);
        dissection_add_number(d, LLC_ID(LLC_OUI), organisation);
        if (organisation == 0) { /* others number their protocols themselves */
            dissection_add_number(d, LLC_ID(LLC_TYPE), type);
            next = dispatch_ethertype(type);
            foreign = foreign_ethertype(type);
        } else if (organisation == OUI_CISCO) {
            foreign = foreign_cisco_pid(type);
        }
    } else if (dsap == SAP_IP) {
        next = PROTOCOL_IPV4;
    } else {
        foreign = foreign_sap(dsap);
    }
    if (foreign) {
        d->foreign = foreign;
        next = PROTOCOL_NONE;
    }
    layer->header_len = (uint32_t)(r->at - layer->data);
    dissection_next(d, r, next, d->left_wire - layer->header_len);
    return DISSECT_OK;
}

const struct protocol protocol_llc = {
    .name = "llc",
    .title = "Logical-Link Control",
    .fields = llc_fields,
    .n_fields = sizeof llc_fields / sizeof llc_fields[0],
    .may_carry = DISPATCH_ETHERTYPE_MASK,
    .dissect = llc_dissect,
};
