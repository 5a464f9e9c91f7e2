/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tzsp - TaZmen Sniffer Protocol, by which sensors and routers (MikroTik) mirror frames: four bytes, tagged
 * options up to the tag "end", the frame. No RFC; the members are those of its known senders.
 *
 *    0         1      2 ..3           4 ..
 *   +---------+------+---------------+-----+-----+------+- -+-----+-------+
 *   | version | type | encapsulation | tag | len | data |   | end | frame |   tags 0 (pad) and 1 (end): no
 * len
 *   +---------+------+---------------+-----+-----+------+- -+-----+-------+
 */
#include "protocol/dissection.h"
#include "protocol/names.h"

enum {
    TZSP_VERSION,
    TZSP_TYPE,
    TZSP_ENCAP,
    TZSP_OPTION_TAG,
    TZSP_OPTION_LENGTH,
    TZSP_MSG_TYPE,
    TZSP_PCF,
    TZSP_UNDECRYPTED,
    TZSP_FCS_ERR,
    TZSP_TIME,
    TZSP_SILENCE,
    TZSP_ORIGINAL_LENGTH,
    TZSP_SIGNAL,
    TZSP_RATE,
    TZSP_CHANNEL,
    TZSP_UNKNOWN,
    TZSP_SENSORMAC,
    TZSP_DEVICE_NAME,
    TZSP_CAPTURE_LOCATION,
    TZSP_DEVICE_INFO,
    TZSP_DEVICE_ID,
    TZSP_TIME_STAMP,
    TZSP_PACKET_ID,
};

enum { TZSP_HEADER_BYTES = 4, TYPE_KEEPALIVE = 4, TYPE_PORT_OPENER = 5, TAG_PAD = 0, TAG_END = 1 };

#define TZSP_ID(index) FIELD_ID(PROTOCOL_TZSP, index)

static const struct value_name type_names[] = {
    { 0, "Received packet" }, { 1, "Packet for transmit" }, { 3, "Configuration" },
    { 4, "Keepalive" },       { 5, "Port opener" },         { 0, NULL },
};

static const struct value_name encap_names[] = {
    { 1, "Ethernet" },
    { 2, "Token Ring" },
    { 3, "SLIP" },
    { 4, "PPP" },
    { 5, "FDDI" },
    { 7, "Raw IP" },
    { 18, "IEEE 802.11" },
    { 119, "IEEE 802.11 with Prism headers" },
    { 126, "IEEE 802.11 with radiotap headers" },
    { 127, "IEEE 802.11 with AVS headers" },
    { 0, NULL },
};

static const struct value_name tag_names[] = {
    { 0, "Pad" },
    { 1, "End" },
    { 40, "packet ID" },
    { 41, "Original Length" },
    { 80, "Device Name" },
    { 81, "Capture Location" },
    { 82, "Time Stamp" },
    { 83, "Information" },
    { 84, "Capture ID" },
    { 10, "Signal" },
    { 11, "Silence" },
    { 12, "Rate" },
    { 13, "Time" },
    { 14, "Message Type" },
    { 15, "Point Coordination Function" },
    { 16, "Undecrypted" },
    { 17, "Frame check sequence" },
    { 18, "Channel" },
    { 60, "Sensor MAC" },
    { 0, NULL },
};

static const struct value_name message_names[] = {
    { 0, "Normal" },
    { 1, "RFC1042 encoded" },
    { 2, "Bridge-tunnel encoded" },
    { 4, "802.11 management frame" },
    { 0, NULL },
};

static const struct value_name rate_names[] = {
    { 0x0a, "1 Mbit/s" }, { 0x14, "2 Mbit/s" }, { 0x37, "5.5 Mbit/s" }, { 0x6e, "11 Mbit/s" },
    { 2, "1 Mbit/s" },    { 4, "2 Mbit/s" },    { 11, "5.5 Mbit/s" },   { 12, "6 Mbit/s" },
    { 18, "9 Mbit/s" },   { 22, "11 Mbit/s" },  { 24, "12 Mbit/s" },    { 36, "18 Mbit/s" },
    { 48, "24 Mbit/s" },  { 72, "36 Mbit/s" },  { 96, "48 Mbit/s" },    { 108, "54 Mbit/s" },
    { 0, NULL },
};

static const struct value_name channel_names[] = {
    { 1, "1 (2.412 GHz)" },     { 2, "2 (2.417 GHz)" },
    { 3, "3 (2.422 GHz)" },     { 4, "4 (2.427 GHz)" },
    { 5, "5 (2.432 GHz)" },     { 6, "6 (2.437 GHz)" },
    { 7, "7 (2.442 GHz)" },     { 8, "8 (2.447 GHz)" },
    { 9, "9 (2.452 GHz)" },     { 10, "10 (2.457 GHz)" },
    { 11, "11 (2.462 GHz)" },   { 12, "12 (2.467 GHz)" },
    { 13, "13 (2.472 GHz)" },   { 14, "14 (2.484 GHz)" },
    { 36, "36 (5.180 GHz)" },   { 40, "40 (5.200 GHz)" },
    { 44, "44 (5.220 GHz)" },   { 48, "48 (5.240 GHz)" },
    { 52, "52 (5.260 GHz)" },   { 56, "56 (5.280 GHz)" },
    { 60, "60 (5.300 GHz)" },   { 64, "64 (5.320 GHz)" },
    { 149, "149 (5.745 GHz)" }, { 153, "153 (5.765 GHz)" },
    { 157, "157 (5.785 GHz)" }, { 161, "161 (5.805 GHz)" },
    { 191, "191 (5.955 GHz)" }, { 195, "195 (5.975 GHz)" },
    { 199, "199 (5.995 GHz)" }, { 203, "203 (6.015 GHz)" },
    { 207, "207 (6.035 GHz)" }, { 211, "211 (6.055 GHz)" },
    { 215, "215 (6.075 GHz)" }, { 219, "219 (6.095 GHz)" },
    { 223, "223 (6.115 GHz)" }, { 227, "227 (6.135 GHz)" },
    { 231, "231 (6.155 GHz)" }, { 235, "235 (6.175 GHz)" },
    { 239, "239 (6.195 GHz)" }, { 243, "243 (6.215 GHz)" },
    { 247, "247 (6.235 GHz)" }, { 251, "251 (6.255 GHz)" },
    { 255, "255 (6.275 GHz)" }, { 259, "259 (6.295 GHz)" },
    { 263, "263 (6.315 GHz)" }, { 267, "267 (6.335 GHz)" },
    { 271, "271 (6.355 GHz)" }, { 275, "275 (6.375 GHz)" },
    { 279, "279 (6.395 GHz)" }, { 283, "283 (6.415 GHz)" },
    { 287, "287 (6.435 GHz)" }, { 291, "291 (6.455 GHz)" },
    { 295, "295 (6.475 GHz)" }, { 299, "299 (6.495 GHz)" },
    { 303, "303 (6.515 GHz)" }, { 307, "307 (6.535 GHz)" },
    { 311, "311 (6.555 GHz)" }, { 315, "315 (6.575 GHz)" },
    { 319, "319 (6.595 GHz)" }, { 323, "323 (6.615 GHz)" },
    { 327, "327 (6.635 GHz)" }, { 331, "331 (6.655 GHz)" },
    { 335, "335 (6.675 GHz)" }, { 339, "339 (6.695 GHz)" },
    { 343, "343 (6.715 GHz)" }, { 347, "347 (6.735 GHz)" },
    { 351, "351 (6.755 GHz)" }, { 355, "355 (6.775 GHz)" },
    { 359, "359 (6.795 GHz)" }, { 363, "363 (6.815 GHz)" },
    { 367, "367 (6.835 GHz)" }, { 371, "371 (6.855 GHz)" },
    { 375, "375 (6.875 GHz)" }, { 379, "379 (6.895 GHz)" },
    { 383, "383 (6.915 GHz)" }, { 387, "387 (6.935 GHz)" },
    { 391, "391 (6.955 GHz)" }, { 395, "395 (6.975 GHz)" },
    { 399, "399 (6.995 GHz)" }, { 403, "403 (7.015 GHz)" },
    { 407, "407 (7.035 GHz)" }, { 411, "411 (7.055 GHz)" },
    { 415, "415 (7.075 GHz)" }, { 419, "419 (7.095 GHz)" },
    { 423, "423 (7.115 GHz)" }, { 0, NULL },
};

static const struct value_name pcf_names[] = { { 1, "CF: Frame received during CF period" },
                                               { 0, "Not CF" },
                                               { 0, NULL } };

static const struct value_name undecrypted_names[] = { { 1, "Encrypted frame could not be decrypted" },
                                                       { 0, "Unencrypted" },
                                                       { 0, NULL } };

static const struct value_name fcs_err_names[] = { { 1, "FCS error, frame is corrupted" },
                                                   { 0, "Frame is valid" },
                                                   { 0, NULL } };

static const struct field tzsp_fields[] = {
    [TZSP_VERSION] = { "tzsp.version", FIELD_UINT, .title = "Version", .at_bit = 0, .n_bits = 8 },
    [TZSP_TYPE] = { "tzsp.type", FIELD_UINT, .title = "Type", .at_bit = 8, .n_bits = 8, .names = type_names },
    [TZSP_ENCAP] = { "tzsp.encap", FIELD_UINT, .title = "Encapsulation", .at_bit = 16, .n_bits = 16,
                     .names = encap_names },
    [TZSP_OPTION_TAG] = { "tzsp.option_tag", FIELD_UINT, .title = "Option Tag", .ft_bits = 8,
                          .names = tag_names },
    [TZSP_OPTION_LENGTH] = { "tzsp.option_length", FIELD_UINT, .title = "Option Length", .ft_bits = 8 },
    [TZSP_MSG_TYPE] = { "tzsp.wlan.status.msg_type", FIELD_UINT, FIELD_BASE_HEX, "Type", .ft_bits = 8,
                        .names = message_names },
    [TZSP_PCF] = { "tzsp.wlan.status.pcf", FIELD_BOOL, .title = "PCF", .names = pcf_names },
    [TZSP_UNDECRYPTED] = { "tzsp.wlan.status.undecrypted", FIELD_BOOL, .title = "Undecrypted",
                           .names = undecrypted_names },
    [TZSP_FCS_ERR] = { "tzsp.wlan.status.fcs_err", FIELD_BOOL, .title = "FCS", .names = fcs_err_names },
    [TZSP_TIME] = { "tzsp.wlan.time", FIELD_UINT, FIELD_BASE_HEX, "Time", .ft_bits = 32 },
    [TZSP_SILENCE] = { "tzsp.wlan.silence", FIELD_INT, .title = "Silence", .ft_bits = 8 },
    [TZSP_ORIGINAL_LENGTH] = { "tzsp.original_length", FIELD_INT, .title = "Original Length", .ft_bits = 16 },
    [TZSP_SIGNAL] = { "tzsp.wlan.signal", FIELD_INT, .title = "Signal", .ft_bits = 8 },
    [TZSP_RATE] = { "tzsp.wlan.rate", FIELD_UINT, .title = "Rate", .ft_bits = 8, .names = rate_names },
    [TZSP_CHANNEL] = { "tzsp.wlan.channel", FIELD_UINT, .title = "Channel", .ft_bits = 16,
                       .names = channel_names },
    [TZSP_UNKNOWN] = { "tzsp.unknown", FIELD_BYTES, .title = "Unknown tag" },
    [TZSP_SENSORMAC] = { "tzsp.sensormac", FIELD_ETHER, .title = "Sensor Address" },
    [TZSP_DEVICE_NAME] = { "tzsp.device_name", FIELD_STRING, .title = "Device Name" },
    [TZSP_CAPTURE_LOCATION] = { "tzsp.capture_location", FIELD_STRING, .title = "Capture Location" },
    [TZSP_DEVICE_INFO] = { "tzsp.device_info", FIELD_STRING, .title = "Capture Information" },
    [TZSP_DEVICE_ID] = { "tzsp.device_id", FIELD_UINT, .title = "Capture Id", .ft_bits = 32 },
    [TZSP_TIME_STAMP] = { "tzsp.time_stamp", FIELD_TIME, .title = "Time Stamp" },
    [TZSP_PACKET_ID] = { "tzsp.packet_id", FIELD_UINT, .title = "Packet Id", .ft_bits = 32 },
};

/* What each tag holds: n_bytes of a field, 0 for as many as the option has. */
static const struct option {
    uint8_t tag, field, n_bytes;
} options[] = {
    { 10, TZSP_SIGNAL, 1 },      { 11, TZSP_SILENCE, 1 },          { 12, TZSP_RATE, 1 },
    { 13, TZSP_TIME, 4 },        { 14, TZSP_MSG_TYPE, 1 },         { 15, TZSP_PCF, 1 },
    { 16, TZSP_UNDECRYPTED, 1 }, { 17, TZSP_FCS_ERR, 1 },          { 18, TZSP_CHANNEL, 0 },
    { 40, TZSP_PACKET_ID, 4 },   { 41, TZSP_ORIGINAL_LENGTH, 2 },  { 60, TZSP_SENSORMAC, 6 },
    { 80, TZSP_DEVICE_NAME, 0 }, { 81, TZSP_CAPTURE_LOCATION, 0 }, { 82, TZSP_TIME_STAMP, 0 },
    { 83, TZSP_DEVICE_INFO, 0 }, { 84, TZSP_DEVICE_ID, 4 },
};

/* Up to eight bytes as a number, the first one the highest. */
static uint64_t number_of(struct bytes bytes)
{
    uint64_t number = 0;

    for (size_t i = 0; i < bytes.len; i++)
        number = number << 8 | bytes.data[i];
    return number;
}

static void add_option(struct dissection *d, uint8_t index, struct bytes bytes)
{
    enum { NS_PER_S = 1000000000 };

    switch (index) {
    case TZSP_SIGNAL:
    case TZSP_SILENCE:
        dissection_add_number(d, TZSP_ID(index), (uint64_t)(int64_t)(int8_t)number_of(bytes));
        break;
    case TZSP_ORIGINAL_LENGTH:
        dissection_add_number(d, TZSP_ID(index), (uint64_t)(int64_t)(int16_t)number_of(bytes));
        break;
    case TZSP_PCF:
    case TZSP_UNDECRYPTED:
    case TZSP_FCS_ERR:
        dissection_add_number(d, TZSP_ID(index), number_of(bytes) != 0);
        break;
    case TZSP_TIME_STAMP: /* seconds, or seconds and nanoseconds */
        if (bytes.len == 4)
            dissection_add_number(d, TZSP_ID(index), number_of(bytes) * NS_PER_S);
        else if (bytes.len == 8)
            dissection_add_number(d, TZSP_ID(index),
                                  (number_of(bytes) >> 32) * NS_PER_S + (uint32_t)number_of(bytes));
        break;
    case TZSP_UNKNOWN:
    case TZSP_SENSORMAC:
        dissection_add_bytes(d, TZSP_ID(index), bytes);
        break;
    case TZSP_DEVICE_NAME:
    case TZSP_CAPTURE_LOCATION:
    case TZSP_DEVICE_INFO: /* what is behind a zero is not text */
        for (size_t i = 0; i < bytes.len; i++)
            if (bytes.data[i] == 0)
                bytes.len = i;
        dissection_add_bytes(d, TZSP_ID(index), bytes);
        break;
    case TZSP_CHANNEL:
        if (bytes.len == 1 || bytes.len == 2)
            dissection_add_number(d, TZSP_ID(index), number_of(bytes));
        break;
    default:
        dissection_add_number(d, TZSP_ID(index), number_of(bytes));
    }
}

/* All options, up to the one that ends them; false where the bytes end before. */
static bool add_options(struct dissection *d, struct reader *r)
{
    uint8_t tag, length;

    while (reader_u8(r, &tag)) {
        uint8_t index = TZSP_UNKNOWN, n_bytes = 0;
        struct reader content;
        struct bytes bytes;

        if (tag == TAG_END || tag == TAG_PAD) {
            dissection_add_number(d, TZSP_ID(TZSP_OPTION_TAG), tag);
            if (tag == TAG_END)
                return true;
            continue;
        }
        if (!reader_u8(r, &length) || length > reader_left(r))
            return false;
        dissection_add_number(d, TZSP_ID(TZSP_OPTION_TAG), tag);
        dissection_add_number(d, TZSP_ID(TZSP_OPTION_LENGTH), length);
        for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
            if (options[i].tag == tag) {
                index = options[i].field;
                n_bytes = options[i].n_bytes;
            }
        }
        content = *r; /* a member may be longer than its option says: Wireshark reads it all the same */
        if (!reader_bytes(&content, n_bytes ? n_bytes : length, &bytes))
            return false;
        add_option(d, index, bytes);
        if (!reader_skip(r, length))
            return false;
    }
    return false;
}

static enum protocol_id encap_protocol(uint16_t encap)
{
    switch (encap) {
    case 1:
        return PROTOCOL_ETHERNET;
    case 7:
        return PROTOCOL_RAW;
    case 2: /* Wireshark knows them, and nobody here */
    case 4:
    case 5:
    case 18:
    case 119:
    case 126:
    case 127:
        return PROTOCOL_NONE;
    default:
        return PROTOCOL_DATA;
    }
}

static enum dissect_result tzsp_dissect(struct dissection *d, struct reader *r)
{
    struct layer *layer = dissection_push(d, PROTOCOL_TZSP, r, TZSP_HEADER_BYTES);
    struct reader whole = *r;
    uint32_t header_len;
    uint8_t version, type;
    uint16_t encap;

    if (layer == NULL)
        return DISSECT_OK;
    if (!reader_u8(r, &version) || !reader_u8(r, &type) || !reader_u16(r, &encap))
        return dissection_cut(d, TZSP_HEADER_BYTES);
    if (type == TYPE_KEEPALIVE || type == TYPE_PORT_OPENER)
        return DISSECT_OK;
    if (!add_options(d, r))
        return reader_left(&whole) < d->left_wire ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
    header_len = (uint32_t)(r->at - layer->data);
    layer->header_len = header_len;
    dissection_next(d, r, encap_protocol(encap), d->left_wire - header_len);
    return DISSECT_OK;
}

const struct protocol protocol_tzsp = {
    .name = "tzsp",
    .title = "Tazmen Sniffer Protocol",
    .fields = tzsp_fields,
    .n_fields = sizeof tzsp_fields / sizeof tzsp_fields[0],
    .may_carry = PROTOCOL_BIT(PROTOCOL_ETHERNET) | PROTOCOL_BIT(PROTOCOL_RAW) | PROTOCOL_BIT(PROTOCOL_DATA),
    .dissect = tzsp_dissect,
};
