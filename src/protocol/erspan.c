/* SPDX-License-Identifier: Apache-2.0 */
/*
 * erspan - Cisco's mirrors over GRE, draft-foschiano-erspan: type I is a bare frame, type II has eight bytes
 * before it, type III twelve and perhaps eight more of the switch's own. Types I and II share GRE's protocol
 * type: a GRE header without a sequence number says type I.
 */
#include "protocol/dispatch.h"
#include "protocol/dissection.h"
#include "protocol/names.h"

enum {
    ERSPAN_VERSION,
    ERSPAN_VLAN,
    ERSPAN_COS,
    ERSPAN_ENCAP,
    ERSPAN_BSO,
    ERSPAN_TRUNCATED,
    ERSPAN_SPANID,
    ERSPAN_RESERVED,
    ERSPAN_INDEX,
    ERSPAN_TIMESTAMP,
    ERSPAN_SGT,
    ERSPAN_P,
    ERSPAN_FT,
    ERSPAN_HW,
    ERSPAN_DIRECTION,
    ERSPAN_GRA,
    ERSPAN_O,
    ERSPAN_PLATID,
    ERSPAN_PID1_RSVD1,
    ERSPAN_PID1_VSMID,
    ERSPAN_PID1_PORT_INDEX,
    ERSPAN_PID3_RSVD1,
    ERSPAN_PID3_PORT_INDEX,
    ERSPAN_PID3_TIMESTAMP,
    ERSPAN_PID4_RSVD1,
    ERSPAN_PID4_RSVD2,
    ERSPAN_PID4_RSVD3,
    ERSPAN_PID5_SWITCHID,
    ERSPAN_PID5_PORT_INDEX,
    ERSPAN_PID5_TIMESTAMP,
    ERSPAN_PID7_RSVD1,
    ERSPAN_PID7_SOURCE_INDEX,
    ERSPAN_PID7_TIMESTAMP,
    ERSPAN_PID_RSVD,
    ERSPAN_VERSION_UNKNOWN,
};

enum { TYPE2_BYTES = 8, TYPE3_BYTES = 12, SUBHEADER_BYTES = 8, FRAME_ETHERNET = 0, GRE_HAS_SEQUENCE = 0x10 };

#define ERSPAN_ID(index) FIELD_ID(PROTOCOL_ERSPAN, index)

static const struct value_name version_names[] = {
    { 1, "Type II" },
    { 2, "Type III" },
    { 0, NULL },
};

static const struct value_name encap_names[] = {
    { 0, "Originally without VLAN tag" },
    { 1, "Originally ISL encapsulated" },
    { 2, "Originally 802.1Q encapsulated" },
    { 3, "VLAN tag preserved in frame" },
    { 0, NULL },
};

static const struct value_name bso_names[] = {
    { 0, "Good or unknown integrity" }, { 1, "Short frame" }, { 2, "Oversized frame" },
    { 3, "CRC or alignment error" },    { 0, NULL },
};

static const struct value_name truncated_names[] = {
    { 0, "Not truncated" },
    { 1, "Truncated" },
    { 0, NULL },
};

static const struct value_name frame_type_names[] = {
    { 0, "Ethernet" },
    { 2, "IP" },
    { 0, NULL },
};

static const struct value_name granularity_names[] = {
    { 0, "100 microseconds" },
    { 1, "100 nanoseconds" },
    { 2, "IEEE 1588" },
    { 3, "Custom granularity" },
    { 0, NULL },
};

#define MEMBER(name, wide, title)                                    \
    {                                                                \
        name, FIELD_UINT, FIELD_BASE_DEC, (title), .ft_bits = (wide) \
    }

static const struct field erspan_fields[] = {
    [ERSPAN_VERSION] = { "erspan.version", FIELD_UINT, .title = "Version", .ft_bits = 16,
                         .names = version_names },
    [ERSPAN_VLAN] = MEMBER("erspan.vlan", 16, "Vlan"),
    [ERSPAN_COS] = MEMBER("erspan.cos", 16, "COS"),
    [ERSPAN_ENCAP] = { "erspan.encap", FIELD_UINT, .title = "Encap", .ft_bits = 16, .names = encap_names },
    [ERSPAN_BSO] = { "erspan.bso", FIELD_UINT, .title = "Bad/Short/Oversized", .ft_bits = 16,
                     .names = bso_names },
    [ERSPAN_TRUNCATED] = { "erspan.truncated", FIELD_UINT, .title = "Truncated", .ft_bits = 16,
                           .names = truncated_names },
    [ERSPAN_SPANID] = MEMBER("erspan.spanid", 16, "SpanID"),
    [ERSPAN_RESERVED] = MEMBER("erspan.reserved", 32, "Reserved"),
    [ERSPAN_INDEX] = MEMBER("erspan.index", 32, "Index"),
    [ERSPAN_TIMESTAMP] = MEMBER("erspan.timestamp", 32, "Timestamp"),
    [ERSPAN_SGT] = MEMBER("erspan.sgt", 16, "Security Group Tag"),
    [ERSPAN_P] = MEMBER("erspan.p", 16, "Has Ethernet PDU"),
    [ERSPAN_FT] = { "erspan.ft", FIELD_UINT, .title = "Frame Type", .ft_bits = 16,
                    .names = frame_type_names },
    [ERSPAN_HW] = MEMBER("erspan.hw", 16, "Hardware ID"),
    [ERSPAN_DIRECTION] = { "erspan.direction", FIELD_BOOL, .title = "Direction", .names = egress_names },
    [ERSPAN_GRA] = { "erspan.gra", FIELD_UINT, .title = "Timestamp granularity", .ft_bits = 16,
                     .names = granularity_names },
    [ERSPAN_O] = MEMBER("erspan.o", 16, "Optional Sub headers"),
    [ERSPAN_PLATID] = MEMBER("erspan.platid", 32, "Platform ID"),
    [ERSPAN_PID1_RSVD1] = MEMBER("erspan.pid1.rsvd1", 32, "Reserved"),
    [ERSPAN_PID1_VSMID] = MEMBER("erspan.pid1.vsmid", 32, "VSM Domain ID"),
    [ERSPAN_PID1_PORT_INDEX] = MEMBER("erspan.pid1.port_index", 32, "Port ID/Index"),
    [ERSPAN_PID3_RSVD1] = MEMBER("erspan.pid3.rsvd1", 32, "Reserved"),
    [ERSPAN_PID3_PORT_INDEX] = MEMBER("erspan.pid3.port_index", 32, "Port ID/Index"),
    [ERSPAN_PID3_TIMESTAMP] = MEMBER("erspan.pid3.timestamp", 32, "Upper 32-bit Timestamp"),
    [ERSPAN_PID4_RSVD1] = MEMBER("erspan.pid4.rsvd1", 32, "Reserved"),
    [ERSPAN_PID4_RSVD2] = MEMBER("erspan.pid4.rsvd2", 32, "Reserved"),
    [ERSPAN_PID4_RSVD3] = MEMBER("erspan.pid4.rsvd3", 32, "Reserved"),
    [ERSPAN_PID5_SWITCHID] = MEMBER("erspan.pid5.switchid", 32, "Switch ID"),
    [ERSPAN_PID5_PORT_INDEX] = MEMBER("erspan.pid5.port_index", 32, "Port ID/Index"),
    [ERSPAN_PID5_TIMESTAMP] = MEMBER("erspan.pid5.timestamp", 32, "Timestamp (seconds)"),
    [ERSPAN_PID7_RSVD1] = MEMBER("erspan.pid7.rsvd1", 32, "Reserved"),
    [ERSPAN_PID7_SOURCE_INDEX] = MEMBER("erspan.pid7.source_index", 32, "Source Index"),
    [ERSPAN_PID7_TIMESTAMP] = MEMBER("erspan.pid7.timestamp", 32, "Upper 32-bit Timestamp"),
    [ERSPAN_PID_RSVD] = MEMBER("erspan.pid.rsvd", 64, "Reserved"),
    [ERSPAN_VERSION_UNKNOWN] = { "erspan.version.unknown", FIELD_NONE,
                                 .title =
                                     "Unknown version, please report or test to use fake ERSPAN preference" },
};

/* Bits of a word, counted from its lowest. */
struct part {
    uint8_t field, shift, n_bits;
};

static void add_parts(struct dissection *d, const struct part *parts, size_t n, uint32_t word)
{
    for (size_t i = 0; i < n; i++)
        dissection_add_number(d, ERSPAN_ID(parts[i].field),
                              word >> parts[i].shift & ((UINT64_C(1) << parts[i].n_bits) - 1));
}

#define ADD_PARTS(d, parts, word) add_parts(d, parts, sizeof(parts) / sizeof(parts)[0], word)

static const struct part type2_first[] = {
    { ERSPAN_VLAN, 16, 12 },     { ERSPAN_COS, 13, 3 },    { ERSPAN_ENCAP, 11, 2 },
    { ERSPAN_TRUNCATED, 10, 1 }, { ERSPAN_SPANID, 0, 10 },
};
static const struct part type2_second[] = { { ERSPAN_RESERVED, 20, 12 }, { ERSPAN_INDEX, 0, 20 } };
static const struct part type3_first[] = {
    { ERSPAN_VLAN, 16, 12 },     { ERSPAN_COS, 13, 3 },    { ERSPAN_BSO, 11, 2 },
    { ERSPAN_TRUNCATED, 10, 1 }, { ERSPAN_SPANID, 0, 10 },
};
static const struct part type3_third[] = {
    { ERSPAN_SGT, 16, 16 },     { ERSPAN_P, 15, 1 },  { ERSPAN_FT, 10, 5 }, { ERSPAN_HW, 4, 6 },
    { ERSPAN_DIRECTION, 3, 1 }, { ERSPAN_GRA, 1, 2 }, { ERSPAN_O, 0, 1 },
};

/* The optional subheader of type III, by the platform it names in its first six bits. */
static bool add_subheader(struct dissection *d, struct reader *r)
{
    static const struct subheader {
        uint8_t platform;
        struct part first[2], second;
    } subheaders[] = {
        { 0,
          { { ERSPAN_PID7_RSVD1, 20, 6 }, { ERSPAN_PID7_SOURCE_INDEX, 0, 20 } },
          { ERSPAN_PID7_TIMESTAMP, 0, 32 } },
        { 1,
          { { ERSPAN_PID1_RSVD1, 12, 14 }, { ERSPAN_PID1_VSMID, 0, 12 } },
          { ERSPAN_PID1_PORT_INDEX, 0, 32 } },
        { 3,
          { { ERSPAN_PID3_RSVD1, 14, 12 }, { ERSPAN_PID3_PORT_INDEX, 0, 14 } },
          { ERSPAN_PID3_TIMESTAMP, 0, 32 } },
        { 4, { { ERSPAN_PID4_RSVD1, 14, 12 }, { ERSPAN_PID4_RSVD2, 0, 14 } }, { ERSPAN_PID4_RSVD3, 0, 32 } },
        { 5,
          { { ERSPAN_PID5_SWITCHID, 16, 10 }, { ERSPAN_PID5_PORT_INDEX, 0, 16 } },
          { ERSPAN_PID5_TIMESTAMP, 0, 32 } },
        { 6,
          { { ERSPAN_PID5_SWITCHID, 16, 10 }, { ERSPAN_PID5_PORT_INDEX, 0, 16 } },
          { ERSPAN_PID5_TIMESTAMP, 0, 32 } },
        { 7,
          { { ERSPAN_PID7_RSVD1, 20, 6 }, { ERSPAN_PID7_SOURCE_INDEX, 0, 20 } },
          { ERSPAN_PID7_TIMESTAMP, 0, 32 } },
    };
    uint32_t first, second;

    if (!reader_u32(r, &first))
        return false;
    dissection_add_number(d, ERSPAN_ID(ERSPAN_PLATID), first >> 26);
    for (size_t i = 0; i < sizeof subheaders / sizeof subheaders[0]; i++) {
        if (subheaders[i].platform != first >> 26)
            continue;
        add_parts(d, subheaders[i].first, 2, first);
        if (!reader_u32(r, &second))
            return false;
        add_parts(d, &subheaders[i].second, 1, second);
        return true;
    }
    if (!reader_u32(r, &second))
        return false;
    dissection_add_number(d, ERSPAN_ID(ERSPAN_PID_RSVD),
                          second & 0x3ffffff); /* Wireshark's mask, on 64 bits */
    return true;
}

static enum dissect_result erspan_type2(struct dissection *d, struct reader *r, struct layer *layer)
{
    uint32_t first, second;

    if (!reader_u32(r, &first))
        return dissection_cut(d, 4);
    ADD_PARTS(d, type2_first, first);
    if (!reader_u32(r, &second))
        return dissection_cut(d, TYPE2_BYTES);
    ADD_PARTS(d, type2_second, second);
    layer->header_len = TYPE2_BYTES;
    dissection_next(d, r, PROTOCOL_ETHERNET, d->left_wire - TYPE2_BYTES);
    return DISSECT_OK;
}

static enum dissect_result erspan_type3(struct dissection *d, struct reader *r, struct layer *layer)
{
    uint32_t first, timestamp, third, header_len = TYPE3_BYTES;

    if (!reader_u32(r, &first))
        return dissection_cut(d, 4);
    ADD_PARTS(d, type3_first, first);
    if (!reader_u32(r, &timestamp))
        return dissection_cut(d, 8);
    dissection_add_number(d, ERSPAN_ID(ERSPAN_TIMESTAMP), timestamp);
    if (!reader_u32(r, &third))
        return dissection_cut(d, TYPE3_BYTES);
    ADD_PARTS(d, type3_third, third);
    if (third & 1) {
        header_len += SUBHEADER_BYTES;
        if (!add_subheader(d, r))
            return dissection_cut(d, header_len);
    }
    layer->header_len = header_len;
    dissection_next(d, r, (third >> 10 & 31) == FRAME_ETHERNET ? PROTOCOL_ETHERNET : PROTOCOL_DATA,
                    d->left_wire - header_len);
    return DISSECT_OK;
}

static enum dissect_result erspan_dissect(struct dissection *d, struct reader *r)
{
    const struct layer *gre = d->n_layers && d->top->protocol == PROTOCOL_GRE ? d->top : NULL;
    bool has_header =
        gre && gre->header_len >= 4 &&
        ((gre->data[2] << 8 | gre->data[3]) == GRE_TYPE_ERSPAN3 || gre->data[0] & GRE_HAS_SEQUENCE);
    struct layer *layer = dissection_push(d, PROTOCOL_ERSPAN, r, has_header ? 2 : 0);
    struct reader peek = *r;
    uint16_t word;

    if (layer == NULL)
        return DISSECT_OK;
    if (!has_header) {
        dissection_next(d, r, PROTOCOL_ETHERNET, d->left_wire);
        return DISSECT_OK;
    }
    if (!reader_u16(&peek, &word))
        return dissection_cut(d, 2);
    dissection_add_number(d, ERSPAN_ID(ERSPAN_VERSION), word >> 12);
    switch (word >> 12) {
    case 1:
        return erspan_type2(d, r, layer);
    case 2:
        return erspan_type3(d, r, layer);
    default:
        dissection_add_number(d, ERSPAN_ID(ERSPAN_VERSION), word >> 12); /* twice, as Wireshark has it */
        dissection_add_number(d, ERSPAN_ID(ERSPAN_VERSION_UNKNOWN), 1);
        return DISSECT_OK;
    }
}

const struct protocol protocol_erspan = {
    .name = "erspan",
    .title = "Encapsulated Remote Switch Packet ANalysis",
    .fields = erspan_fields,
    .n_fields = sizeof erspan_fields / sizeof erspan_fields[0],
    .may_carry = PROTOCOL_BIT(PROTOCOL_ETHERNET) | PROTOCOL_BIT(PROTOCOL_DATA),
    .dissect = erspan_dissect,
};
