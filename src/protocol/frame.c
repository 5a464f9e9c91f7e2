/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/frame.h"

#include "base/timestamp.h"
#include "protocol/dispatch.h"
#include "protocol/names.h"

enum {
    FRAME_NUMBER,
    FRAME_TIME,
    FRAME_TIME_EPOCH,
    FRAME_TIME_RELATIVE,
    FRAME_TIME_DELTA,
    FRAME_LEN,
    FRAME_CAP_LEN,
    FRAME_PROTOCOLS,
    FRAME_INTERFACE_ID,
    FRAME_INTERFACE_NAME,
    FRAME_INTERFACE_DESCRIPTION,
    FRAME_INTERFACE_QUEUE,
    FRAME_TIME_DELTA_DISPLAYED,
    FRAME_ENCAP_TYPE,
    FRAME_MARKED,
    FRAME_IGNORED,
    FRAME_COMMENT,
    FRAME_DROP_COUNT,
    FRAME_PACKET_ID,
    FRAME_PACKET_FLAGS,
    FRAME_FLAGS_DIRECTION,
    FRAME_FLAGS_RECEPTION,
    FRAME_FLAGS_FCS_LENGTH,
    FRAME_FLAGS_RESERVED,
    FRAME_FLAGS_CRC,
    FRAME_FLAGS_TOO_LONG,
    FRAME_FLAGS_TOO_SHORT,
    FRAME_FLAGS_GAP,
    FRAME_FLAGS_UNALIGNED,
    FRAME_FLAGS_START,
    FRAME_FLAGS_PREAMBLE,
    FRAME_FLAGS_SYMBOL,
};

static const struct value_name direction_names[] = {
    { 0, "Unknown" },
    { 1, "Inbound" },
    { 2, "Outbound" },
    { 0, NULL },
};

static const struct value_name reception_names[] = {
    { 0, "Not specified" }, { 1, "Unicast" },     { 2, "Multicast" },
    { 3, "Broadcast" },     { 4, "Promiscuous" }, { 0, NULL },
};

static const struct field frame_fields[] = {
    [FRAME_NUMBER] = { "frame.number", FIELD_UINT, .title = "Frame Number" },
    [FRAME_TIME] = { "frame.time", FIELD_TIME, .title = "Arrival Time" },
    [FRAME_TIME_EPOCH] = { "frame.time_epoch", FIELD_DURATION, .title = "Epoch Time" },
    [FRAME_TIME_RELATIVE] = { "frame.time_relative", FIELD_DURATION,
                              .title = "Time since reference or first frame" },
    [FRAME_TIME_DELTA] = { "frame.time_delta", FIELD_DURATION,
                           .title = "Time delta from previous captured frame" },
    [FRAME_LEN] = { "frame.len", FIELD_UINT, .title = "Frame length on the wire" },
    [FRAME_CAP_LEN] = { "frame.cap_len", FIELD_UINT, .title = "Frame length stored into the capture file" },
    [FRAME_PROTOCOLS] = { "frame.protocols", FIELD_STRING, .title = "Protocols in frame", .needs_all = true },
    [FRAME_INTERFACE_ID] = { "frame.interface_id", FIELD_UINT, .title = "Interface id" },
    [FRAME_INTERFACE_NAME] = { "frame.interface_name", FIELD_STRING, .title = "Interface name" },
    [FRAME_INTERFACE_DESCRIPTION] = { "frame.interface_description", FIELD_STRING,
                                      .title = "Interface description" },
    [FRAME_INTERFACE_QUEUE] = { "frame.interface_queue", FIELD_UINT, .title = "Interface queue",
                                .ft_bits = 32 },
    [FRAME_TIME_DELTA_DISPLAYED] = { "frame.time_delta_displayed", FIELD_DURATION,
                                     .title = "Time delta from previous displayed frame" },
    [FRAME_ENCAP_TYPE] = { "frame.encap_type", FIELD_INT, .title = "Encapsulation type", .ft_bits = 16,
                           .names = wtap_encap_names },
    [FRAME_MARKED] = { "frame.marked", FIELD_BOOL, .title = "Frame is marked" },
    [FRAME_IGNORED] = { "frame.ignored", FIELD_BOOL, .title = "Frame is ignored" },
    [FRAME_COMMENT] = { "frame.comment", FIELD_STRING, .title = "Comment" },
    [FRAME_DROP_COUNT] = { "frame.drop_count", FIELD_UINT, .title = "Drop Count", .ft_bits = 64 },
    [FRAME_PACKET_ID] = { "frame.packet_id", FIELD_UINT, .title = "Packet id", .ft_bits = 64 },
    [FRAME_PACKET_FLAGS] = { "frame.packet_flags", FIELD_UINT, FIELD_BASE_HEX, "Packet flags",
                             .ft_bits = 32 },
    [FRAME_FLAGS_DIRECTION] = { "frame.packet_flags_direction", FIELD_UINT, FIELD_BASE_HEX,
                                .title = "Direction", .ft_bits = 32, .names = direction_names },
    [FRAME_FLAGS_RECEPTION] = { "frame.packet_flags_reception_type", FIELD_UINT, .title = "Reception type",
                                .ft_bits = 32, .names = reception_names },
    [FRAME_FLAGS_FCS_LENGTH] = { "frame.packet_flags_fcs_length", FIELD_UINT, .title = "FCS length",
                                 .ft_bits = 32 },
    [FRAME_FLAGS_RESERVED] = { "frame.packet_flags_reserved", FIELD_UINT, .title = "Reserved",
                               .ft_bits = 32 },
    [FRAME_FLAGS_CRC] = { "frame.packet_flags_crc_error", FIELD_BOOL, .title = "CRC error",
                          .names = set_names },
    [FRAME_FLAGS_TOO_LONG] = { "frame.packet_flags_packet_too_error", FIELD_BOOL,
                               .title = "Packet too long error", .names = set_names },
    [FRAME_FLAGS_TOO_SHORT] = { "frame.packet_flags_packet_too_short_error", FIELD_BOOL,
                                .title = "Packet too short error", .names = set_names },
    [FRAME_FLAGS_GAP] = { "frame.packet_flags_wrong_inter_frame_gap_error", FIELD_BOOL,
                          .title = "Wrong interframe gap error", .names = set_names },
    [FRAME_FLAGS_UNALIGNED] = { "frame.packet_flags_unaligned_frame_error", FIELD_BOOL,
                                .title = "Unaligned frame error", .names = set_names },
    [FRAME_FLAGS_START] = { "frame.packet_flags_start_frame_delimiter_error", FIELD_BOOL,
                            .title = "Start frame delimiter error", .names = set_names },
    [FRAME_FLAGS_PREAMBLE] = { "frame.packet_flags_preamble_error", FIELD_BOOL, .title = "Preamble error",
                               .names = set_names },
    [FRAME_FLAGS_SYMBOL] = { "frame.packet_flags_symbol_error", FIELD_BOOL, .title = "Symbol error",
                             .names = set_names },
};

void frame_begin(struct dissection *d)
{
    struct reader none = { d->packet->data, d->packet->data };

    dissection_push(d, PROTOCOL_FRAME, &none, 0);
}

/* True when an EtherType names what follows: Wireshark counts that as a protocol, "ethertype". */
enum { SLL_HEADER_BYTES = 16 };

/* The EtherType that stands in a layer's header, if it is one of those whose header ends with it. */
static bool ethertype_of(const struct layer *layer, uint16_t *type)
{
    struct reader r = reader_over(bytes_of(layer->data, layer->header_len));
    bool is_version2 = layer->header_len > SLL_HEADER_BYTES; /* the type comes first then */

    switch (layer->protocol) {
    case PROTOCOL_ETHERNET:
        return reader_skip(&r, 12) && reader_u16(&r, type) && (*type >= ETHERTYPE_LEAST || *type == 0);
    case PROTOCOL_VLAN:
        return reader_skip(&r, 2) && reader_u16(&r, type) && *type > IEEE8023_LEN_MAX;
    case PROTOCOL_IEEE8021AD:
        return reader_skip(&r, 2) && reader_u16(&r, type);
    case PROTOCOL_SLL:
        return (is_version2 || reader_skip(&r, SLL_HEADER_BYTES - 2)) && reader_u16(&r, type) &&
               *type >= ETHERTYPE_LEAST;
    default:
        return false;
    }
}

/* What Wireshark calls that which follows the last layer, and is known by name alone; NULL for nothing. */
static const char *foreign_name(const struct dissection *d)
{
    const struct layer *last = &d->layers[d->n_layers - 1];
    uint16_t type;

    if (d->n_layers < 2)
        return d->packet->caplen > 0 ? foreign_linktype(d->packet->linktype) : NULL;
    if (last->result != DISSECT_OK || last->payload_caplen == 0)
        return NULL;
    if (ethertype_of(last, &type))
        return foreign_ethertype(type);
    if (last->protocol == PROTOCOL_IPV4 || last->protocol == PROTOCOL_IPV6)
        return last->fragment == FRAGMENT_NO || last->fragment == FRAGMENT_COMPLETES
                   ? foreign_ip_protocol(last->carries)
                   : NULL;
    return d->top == last ? d->foreign : NULL;
}

/* The names as Wireshark joins them: "eth:ethertype:ip:udp:dtls". */
static struct bytes protocols_text(struct dissection *d)
{
    const char *foreign = foreign_name(d);
    struct text {
        char *at, *end;
    } text = { d->protocols_text, d->protocols_text + sizeof d->protocols_text };
    uint16_t type;

    for (uint32_t i = 1; i <= d->n_layers; i++) {
        bool is_last = i == d->n_layers;
        const char *name = is_last ? foreign : protocols[d->layers[i].protocol]->name;
        bool goes_on = !is_last && (i + 1 < d->n_layers || foreign) && ethertype_of(&d->layers[i], &type);
        const char *between = goes_on ? ":ethertype" : "";

        if (name == NULL || strlen(name) + strlen(between) + 1 > (size_t)(text.end - text.at))
            break;
        if (text.at > d->protocols_text)
            *text.at++ = ':';
        memcpy(text.at, name, strlen(name));
        text.at += strlen(name);
        memcpy(text.at, between, strlen(between));
        text.at += strlen(between);
    }
    return bytes_of(d->protocols_text, (size_t)(text.at - d->protocols_text));
}

#define FRAME_ID(index) FIELD_ID(PROTOCOL_FRAME, index)

/* Wireshark's numbers (WTAP_ENCAP_*) of link types; 0: it has none that is met here. */
static uint64_t encap_type(uint16_t linktype)
{
    static const struct {
        uint16_t linktype;
        uint8_t encap;
    } encaps[] = {
        { 0, 15 },    { 1, 1 },     { 8, 3 },     { 9, 4 },     { 12, 7 },    { 50, 4 },
        { 100, 10 },  { 101, 7 },   { 104, 28 },  { 105, 20 },  { 106, 11 },  { 107, 26 },
        { 108, 174 }, { 113, 25 },  { 123, 13 },  { 127, 23 },  { 129, 9 },   { 137, 67 },
        { 140, 42 },  { 149, 47 },  { 160, 58 },  { 165, 63 },  { 178, 83 },  { 192, 97 },
        { 195, 104 }, { 226, 124 }, { 228, 129 }, { 229, 130 }, { 230, 127 }, { 231, 146 },
        { 239, 141 }, { 242, 180 }, { 258, 171 }, { 276, 210 }, { 253, 158 }, { 271, 185 },
    };

    for (size_t i = 0; i < sizeof encaps / sizeof encaps[0]; i++)
        if (encaps[i].linktype == linktype)
            return encaps[i].encap;
    return 0;
}

/* ---- options of the packet block: draft-ietf-opsawg-pcapng section 4.3; little endian ---- */

enum { OPTION_COMMENT = 1, OPTION_FLAGS = 2, OPTION_DROP_COUNT = 4, OPTION_PACKET_ID = 5, OPTION_QUEUE = 6 };

static uint64_t little_endian(struct bytes bytes)
{
    uint64_t number = 0;

    for (size_t i = bytes.len < 8 ? bytes.len : 8; i-- > 0;)
        number = number << 8 | bytes.data[i];
    return number;
}

static void add_flags(struct dissection *d, uint64_t flags)
{
    static const struct {
        uint8_t field, shift, n_bits;
    } parts[] = {
        { FRAME_FLAGS_DIRECTION, 0, 2 },  { FRAME_FLAGS_RECEPTION, 2, 3 }, { FRAME_FLAGS_FCS_LENGTH, 5, 4 },
        { FRAME_FLAGS_RESERVED, 9, 7 },   { FRAME_FLAGS_CRC, 24, 1 },      { FRAME_FLAGS_TOO_LONG, 25, 1 },
        { FRAME_FLAGS_TOO_SHORT, 26, 1 }, { FRAME_FLAGS_GAP, 27, 1 },      { FRAME_FLAGS_UNALIGNED, 28, 1 },
        { FRAME_FLAGS_START, 29, 1 },     { FRAME_FLAGS_PREAMBLE, 30, 1 }, { FRAME_FLAGS_SYMBOL, 31, 1 },
    };

    dissection_add_number(d, FRAME_ID(FRAME_PACKET_FLAGS), flags);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        dissection_add_number(d, FRAME_ID(parts[i].field),
                              flags >> parts[i].shift & ((UINT64_C(1) << parts[i].n_bits) - 1));
}

static void add_options(struct dissection *d)
{
    struct reader r = reader_over(bytes_of(d->packet->options, d->packet->options_len));
    struct bytes head, value;

    while (reader_bytes(&r, 4, &head)) {
        uint64_t code = little_endian(bytes_of(head.data, 2));
        size_t len = little_endian(bytes_of(head.data + 2, 2));

        if (!reader_bytes(&r, len, &value) || !reader_skip(&r, -len & 3))
            return;
        if (code == OPTION_COMMENT)
            dissection_add_bytes(d, FRAME_ID(FRAME_COMMENT), value);
        else if (code == OPTION_FLAGS && len == 4)
            add_flags(d, little_endian(value));
        else if (code == OPTION_DROP_COUNT && len == 8)
            dissection_add_number(d, FRAME_ID(FRAME_DROP_COUNT), little_endian(value));
        else if (code == OPTION_PACKET_ID && len == 8)
            dissection_add_number(d, FRAME_ID(FRAME_PACKET_ID), little_endian(value));
        else if (code == OPTION_QUEUE && len == 4)
            dissection_add_number(d, FRAME_ID(FRAME_INTERFACE_QUEUE), little_endian(value));
    }
}

void frame_end(struct dissection *d)
{
    const struct packet *packet = d->packet;
    uint32_t first = d->n_values;

    dissection_add_number(d, FRAME_ID(FRAME_NUMBER), packet->number);
    dissection_add_number(d, FRAME_ID(FRAME_TIME), (uint64_t)packet->ts_ns);
    dissection_add_number(d, FRAME_ID(FRAME_TIME_EPOCH), (uint64_t)packet->ts_ns);
    dissection_add_number(d, FRAME_ID(FRAME_TIME_RELATIVE), (uint64_t)(packet->ts_ns - d->first_ts_ns));
    dissection_add_number(d, FRAME_ID(FRAME_TIME_DELTA), (uint64_t)(packet->ts_ns - d->previous_ts_ns));
    dissection_add_number(d, FRAME_ID(FRAME_LEN), packet->len);
    dissection_add_number(d, FRAME_ID(FRAME_CAP_LEN), packet->caplen);
    if (dissection_wants(d, PROTOCOL_FRAME, FRAME_PROTOCOLS))
        dissection_add_bytes(d, FRAME_ID(FRAME_PROTOCOLS), protocols_text(d));
    dissection_add_number(d, FRAME_ID(FRAME_INTERFACE_ID), packet->interface);
    if (d->interfaces && packet->interface < d->interfaces->n)
        dissection_add_bytes(d, FRAME_ID(FRAME_INTERFACE_NAME),
                             bytes_text(d->interfaces->items[packet->interface].name));
    if (d->interfaces && packet->interface < d->interfaces->n &&
        d->interfaces->items[packet->interface].description[0])
        dissection_add_bytes(d, FRAME_ID(FRAME_INTERFACE_DESCRIPTION),
                             bytes_text(d->interfaces->items[packet->interface].description));
    dissection_add_number(d, FRAME_ID(FRAME_TIME_DELTA_DISPLAYED),
                          d->displayed_ts_ns == INT64_MIN ? 0
                                                          : (uint64_t)(packet->ts_ns - d->displayed_ts_ns));
    dissection_add_number(d, FRAME_ID(FRAME_ENCAP_TYPE), encap_type(packet->linktype));
    dissection_add_number(d, FRAME_ID(FRAME_MARKED), 0);
    dissection_add_number(d, FRAME_ID(FRAME_IGNORED), 0);
    if (packet->options_len > 0)
        add_options(d);
    for (uint32_t i = first; i < d->n_values; i++)
        d->values[i].layer = 0;
}

static enum dissect_result frame_dissect(struct dissection *d, struct reader *r)
{
    (void)d;
    (void)r;
    return DISSECT_REFUSED; /* nothing carries a frame: frame_begin and frame_end do the work */
}

const struct protocol protocol_frame = {
    .name = "frame",
    .title = "Frame",
    .fields = frame_fields,
    .n_fields = sizeof frame_fields / sizeof frame_fields[0],
    .dissect = frame_dissect,
};
