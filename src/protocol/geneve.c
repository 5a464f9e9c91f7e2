/* SPDX-License-Identifier: Apache-2.0 */
/*
 * geneve - RFC 8926: eight bytes, options, and a frame of any EtherType behind.
 *
 *    0                 1                2 ..3          4 ..6   7
 *   +-----+-----------+---+---+--------+--------------+-------+----------+- - - - -+
 *   | ver | opt len/4 | O | C | rsvd   | EtherType    | VNI   | reserved | options |
 *   +-----+-----------+---+---+--------+--------------+-------+----------+- - - - -+
 */
#include "protocol/dispatch.h"
#include "protocol/dissection.h"
#include "protocol/names.h"

enum {
    GENEVE_VERSION,
    GENEVE_FLAGS,
    GENEVE_FLAGS_OAM,
    GENEVE_FLAGS_CRITICAL,
    GENEVE_FLAGS_RESERVED,
    GENEVE_PROTO_TYPE,
    GENEVE_VNI,
    GENEVE_RESERVED,
    GENEVE_OPTIONS,
    GENEVE_OPTION,
    GENEVE_OPTION_CLASS,
    GENEVE_OPTION_TYPE,
    GENEVE_OPTION_CRITICAL,
    GENEVE_OPTION_FLAGS,
    GENEVE_OPTION_FLAGS_RESERVED,
    GENEVE_OPTION_LENGTH,
    GENEVE_OPTION_UNKNOWN_DATA,
    GENEVE_GCP_VNID,
    GENEVE_GCP_RESERVED,
    GENEVE_GCP_DIRECTION,
    GENEVE_GCP_ENDPOINT,
    GENEVE_GCP_PROFILE,
    GENEVE_VERSION_UNKNOWN,
    GENEVE_OPTION_LENGTH_INVALID,
};

enum {
    GENEVE_HEADER_BYTES = 8,
    OPTION_HEADER_BYTES = 4,
    CLASS_GOOGLE = 0x0132, /* with three types of their own */
};

#define GENEVE_ID(index) FIELD_ID(PROTOCOL_GENEVE, index)

static const struct field geneve_fields[] = {
    [GENEVE_VERSION] = { "geneve.version", FIELD_UINT, .title = "Version", .at_bit = 0, .n_bits = 2 },
    [GENEVE_FLAGS] = { "geneve.flags", FIELD_UINT, FIELD_BASE_HEX, "Flags", .at_bit = 8, .n_bits = 8 },
    [GENEVE_FLAGS_OAM] = { "geneve.flags.oam", FIELD_BOOL,
                           .title = "Operations, Administration and Management Frame", .at_bit = 8,
                           .n_bits = 1 },
    [GENEVE_FLAGS_CRITICAL] = { "geneve.flags.critical", FIELD_BOOL, .title = "Critical Options Present",
                                .at_bit = 9, .n_bits = 1 },
    [GENEVE_FLAGS_RESERVED] = { "geneve.flags.reserved", FIELD_BOOL, .title = "Reserved" },
    [GENEVE_PROTO_TYPE] = { "geneve.proto_type", FIELD_UINT, FIELD_BASE_HEX, "Protocol Type", .at_bit = 16,
                            .n_bits = 16, .names = ethertype_names },
    [GENEVE_VNI] = { "geneve.vni", FIELD_UINT, FIELD_BASE_HEX, "Virtual Network Identifier (VNI)",
                     .at_bit = 32, .n_bits = 24 },
    [GENEVE_RESERVED] = { "geneve.reserved", FIELD_UINT, FIELD_BASE_HEX, "Reserved", .at_bit = 56,
                          .n_bits = 8 },
    [GENEVE_OPTIONS] = { "geneve.options", FIELD_BYTES, .title = "Geneve Options" },
    [GENEVE_OPTION] = { "geneve.option", FIELD_BYTES, .title = "Option" },
    [GENEVE_OPTION_CLASS] = { "geneve.option.class", FIELD_UINT, FIELD_BASE_HEX, "Class", .ft_bits = 16 },
    [GENEVE_OPTION_TYPE] = { "geneve.option.type", FIELD_UINT, FIELD_BASE_HEX, "Type", .ft_bits = 8 },
    [GENEVE_OPTION_CRITICAL] = { "geneve.option.type.critical", FIELD_BOOL, .title = "Critical Option" },
    [GENEVE_OPTION_FLAGS] = { "geneve.option.flags", FIELD_UINT, FIELD_BASE_HEX, "Flags", .ft_bits = 8 },
    [GENEVE_OPTION_FLAGS_RESERVED] = { "geneve.option.flags.reserved", FIELD_BOOL, .title = "Reserved" },
    [GENEVE_OPTION_LENGTH] = { "geneve.option.length", FIELD_UINT, .title = "Length", .ft_bits = 8 },
    [GENEVE_OPTION_UNKNOWN_DATA] = { "geneve.option.unknown.data", FIELD_BYTES,
                                     .title = "Unknown Option Data" },
    [GENEVE_GCP_VNID] = { "geneve.option.gcp.vnid", FIELD_UINT, .title = "GCP Virtual Network ID",
                          .ft_bits = 32 },
    [GENEVE_GCP_RESERVED] = { "geneve.option.gcp.reserved", FIELD_BOOL, .title = "GCP Reserved bits" },
    [GENEVE_GCP_DIRECTION] = { "geneve.option.gcp.direction", FIELD_BOOL, .title = "GCP Traffic Direction",
                               .names = egress_names },
    [GENEVE_GCP_ENDPOINT] = { "geneve.option.gcp.endpoint", FIELD_BYTES, .title = "GCP Endpoint ID" },
    [GENEVE_GCP_PROFILE] = { "geneve.option.gcp.profile", FIELD_UINT, .title = "GCP Profile ID",
                             .ft_bits = 64 },
    [GENEVE_VERSION_UNKNOWN] = { "geneve.version.unknown", FIELD_NONE, .title = "Unknown version" },
    [GENEVE_OPTION_LENGTH_INVALID] = { "geneve.option.length.invalid", FIELD_NONE,
                                       .title = "Invalid length for option" },
};

/* What Google's platform puts into its options; false: not one of those. */
static bool add_google(struct dissection *d, uint8_t type, struct bytes data)
{
    struct reader r = reader_over(data);
    uint64_t profile = 0;
    uint32_t word;
    uint8_t byte;

    switch (type) {
    case 1:
        if (reader_u32(&r, &word)) {
            dissection_add_number(d, GENEVE_ID(GENEVE_GCP_VNID), word >> 4);
            dissection_add_number(d, GENEVE_ID(GENEVE_GCP_DIRECTION), word & 1);
            dissection_add_number(d, GENEVE_ID(GENEVE_GCP_RESERVED), (word & 0xe) != 0);
        }
        return true;
    case 2:
        dissection_add_bytes(d, GENEVE_ID(GENEVE_GCP_ENDPOINT), data);
        return true;
    case 3:
        for (unsigned i = 0; i < 8 && reader_u8(&r, &byte); i++)
            profile = profile << 8 | byte;
        dissection_add_number(d, GENEVE_ID(GENEVE_GCP_PROFILE), profile);
        return true;
    default:
        return false;
    }
}

/* The options, which *r holds as far as they are there; *at: where in them the cut is. */
static bool add_options(struct dissection *d, struct reader *r, uint32_t options_len, uint32_t *at)
{
    for (*at = 0; *at < options_len;) {
        struct reader whole = *r;
        struct bytes option, data;
        uint8_t type, flags_len;
        uint32_t option_len;
        uint16_t class;

        *at += OPTION_HEADER_BYTES;
        if (!reader_u16(r, &class) || !reader_u8(r, &type) || !reader_u8(r, &flags_len))
            return false;
        option_len = OPTION_HEADER_BYTES + (flags_len & 31u) * 4;
        if (option_len - OPTION_HEADER_BYTES > options_len - *at) {
            dissection_add_number(d, GENEVE_ID(GENEVE_OPTION_LENGTH_INVALID), 1);
            return true;
        }
        *at += option_len - OPTION_HEADER_BYTES;
        if (!reader_bytes(&whole, option_len, &option))
            return false;
        dissection_add_bytes(d, GENEVE_ID(GENEVE_OPTION), option);
        dissection_add_number(d, GENEVE_ID(GENEVE_OPTION_CLASS), class);
        dissection_add_number(d, GENEVE_ID(GENEVE_OPTION_TYPE), type);
        dissection_add_number(d, GENEVE_ID(GENEVE_OPTION_CRITICAL), type >> 7);
        dissection_add_number(d, GENEVE_ID(GENEVE_OPTION_FLAGS), flags_len >> 5);
        dissection_add_number(d, GENEVE_ID(GENEVE_OPTION_FLAGS_RESERVED), flags_len >> 5 != 0);
        dissection_add_number(d, GENEVE_ID(GENEVE_OPTION_LENGTH), option_len);
        if (!reader_bytes(r, option_len - OPTION_HEADER_BYTES, &data))
            return false;
        if (class != CLASS_GOOGLE || !add_google(d, type, data))
            dissection_add_bytes(d, GENEVE_ID(GENEVE_OPTION_UNKNOWN_DATA), data);
    }
    return true;
}

static enum dissect_result geneve_dissect(struct dissection *d, struct reader *r)
{
    struct layer *layer = dissection_push(d, PROTOCOL_GENEVE, r, GENEVE_HEADER_BYTES);
    uint8_t version_len, flags, byte;
    struct reader options;
    struct bytes there;
    uint32_t options_len, vni, cut;
    uint16_t type;

    if (layer == NULL)
        return DISSECT_OK;
    if (!reader_u8(r, &version_len))
        return dissection_cut(d, 1);
    options_len = (version_len & 63u) * 4;
    if (version_len >> 6 != 0)
        dissection_add_number(d, GENEVE_ID(GENEVE_VERSION_UNKNOWN), 1);
    dissection_add_number(d, GENEVE_ID(GENEVE_OPTION_LENGTH), options_len);
    if (!reader_u8(r, &flags))
        return dissection_cut(d, 2);
    dissection_add_number(d, GENEVE_ID(GENEVE_FLAGS_RESERVED), (flags & 0x3f) != 0);
    if (!reader_u16(r, &type) || !reader_u24(r, &vni) || !reader_u8(r, &byte))
        return dissection_cut(d, GENEVE_HEADER_BYTES);
    options = *r;
    if (options_len > 0) {
        there = reader_rest(r);
        if (there.len > options_len)
            there.len = options_len;
        if (there.len == options_len)
            dissection_add_bytes(d, GENEVE_ID(GENEVE_OPTIONS), there);
        options = reader_over(there);
        if (!add_options(d, &options, options_len, &cut))
            return dissection_cut(d, GENEVE_HEADER_BYTES + cut);
    }
    if (!reader_skip(r, options_len))
        return dissection_cut(d, GENEVE_HEADER_BYTES + options_len);
    layer->header_len = GENEVE_HEADER_BYTES + options_len;
    dissection_next(d, r, dispatch_ethertype(type), d->left_wire - GENEVE_HEADER_BYTES - options_len);
    return DISSECT_OK;
}

const struct protocol protocol_geneve = {
    .name = "geneve",
    .title = "Generic Network Virtualization Encapsulation",
    .fields = geneve_fields,
    .n_fields = sizeof geneve_fields / sizeof geneve_fields[0],
    .may_carry = DISPATCH_ETHERTYPE_MASK,
    .dissect = geneve_dissect,
};
