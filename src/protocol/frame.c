/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/frame.h"

#include "base/timestamp.h"
#include "protocol/dispatch.h"

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
};

static const struct field frame_fields[] = {
    [FRAME_NUMBER] = { "frame.number", FIELD_UINT, .title = "Frame Number" },
    [FRAME_TIME] = { "frame.time", FIELD_TIME, .title = "Arrival Time" },
    [FRAME_TIME_EPOCH] = { "frame.time_epoch", FIELD_DURATION, .title = "Epoch Time" },
    [FRAME_TIME_RELATIVE] = { "frame.time_relative", FIELD_DURATION, .title = "Time since first frame" },
    [FRAME_TIME_DELTA] = { "frame.time_delta", FIELD_DURATION, .title = "Time since previous frame" },
    [FRAME_LEN] = { "frame.len", FIELD_UINT, .title = "Frame length on the wire" },
    [FRAME_CAP_LEN] = { "frame.cap_len", FIELD_UINT, .title = "Frame length stored in the capture" },
    [FRAME_PROTOCOLS] = { "frame.protocols", FIELD_STRING, .title = "Protocols in frame", .needs_all = true },
    [FRAME_INTERFACE_ID] = { "frame.interface_id", FIELD_UINT, .title = "Interface id" },
    [FRAME_INTERFACE_NAME] = { "frame.interface_name", FIELD_STRING, .title = "Interface name" },
};

void frame_begin(struct dissection *d)
{
    struct reader none = { d->packet->data, d->packet->data };

    dissection_push(d, PROTOCOL_FRAME, &none, 0);
}

/* True when an EtherType names what follows: Wireshark counts that as a protocol, "ethertype". */
static bool is_by_ethertype(const struct layer *layer)
{
    struct reader r = reader_over(bytes_of(layer->data, layer->header_len));
    uint16_t type;

    switch (layer->protocol) {
    case PROTOCOL_ETHERNET:
        return reader_skip(&r, 12) && reader_u16(&r, &type) && (type >= ETHERTYPE_LEAST || type == 0);
    case PROTOCOL_VLAN:
        return reader_skip(&r, 2) && reader_u16(&r, &type) && type >= ETHERTYPE_LEAST;
    case PROTOCOL_IEEE8021AD:
    case PROTOCOL_SLL:
        return true;
    default:
        return false;
    }
}

/* The names as Wireshark joins them: "eth:ethertype:ip:udp:dtls". */
static struct bytes protocols_text(struct dissection *d)
{
    size_t len = 0;

    for (uint32_t i = 1; i < d->n_layers; i++) {
        const char *name = protocols[d->layers[i].protocol]->name;
        bool goes_on = i + 1 < d->n_layers && is_by_ethertype(&d->layers[i]);
        const char *between = goes_on ? ":ethertype" : "";
        size_t room = sizeof d->protocols_text - len;

        if (strlen(name) + strlen(between) + 1 > room)
            break;
        if (len > 0)
            d->protocols_text[len++] = ':';
        memcpy(d->protocols_text + len, name, strlen(name));
        len += strlen(name);
        memcpy(d->protocols_text + len, between, strlen(between));
        len += strlen(between);
    }
    return bytes_of(d->protocols_text, len);
}

#define FRAME_ID(index) FIELD_ID(PROTOCOL_FRAME, index)

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
