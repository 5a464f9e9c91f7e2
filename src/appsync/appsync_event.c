/* SPDX-License-Identifier: Apache-2.0 */
#include "appsync/appsync_event.h"

#include <stdio.h>
#include <time.h>

#include "base/ip_address.h"
#include "base/json_writer.h"
#include "base/utf8.h"
#include "protocol/value_format.h"

enum {
    VALUE_LIMIT_BYTES =
        2048, /* of one field's text: enough for any name, and a packet has a thousand of them */
    DUMP_LINE_BYTES = 16,
};

#define PORTS_PROTOCOLS (PROTOCOL_BIT(PROTOCOL_UDP) | PROTOCOL_BIT(PROTOCOL_TCP))
#define IP_PROTOCOLS (PROTOCOL_BIT(PROTOCOL_IPV4) | PROTOCOL_BIT(PROTOCOL_IPV6))

struct event {
    const struct appsync_event_parts *parts;
    const struct dissection *d;
    struct json_writer json;
    struct buffer value;
};

/* ---- layers and their fields ---- */

static void put_value(struct event *event, const struct value *value)
{
    const struct field *field = field_of(value->field);

    buffer_empty(&event->value);
    event->value.is_full = false;
    if (value->type == FIELD_STRING) {
        struct bytes text = value->bytes;

        if (text.len > VALUE_LIMIT_BYTES)
            text.len = VALUE_LIMIT_BYTES;
        json_writer_text(&event->json, text);
        return;
    }
    if (field->names && (value->type == FIELD_UINT || value->type == FIELD_BOOL)) {
        const char *name = field_value_name(field, value->number);

        if (name) {
            json_writer_string(&event->json, name);
            return;
        }
    }
    if (value->type != FIELD_NONE)
        value_format_raw(&event->value, value, false);
    json_writer_text(&event->json, buffer_bytes(&event->value));
}

static void put_field(struct event *event, const struct value *value)
{
    const struct field *field = field_of(value->field);

    json_writer_object(&event->json);
    json_writer_name(&event->json, "label");
    json_writer_string(&event->json, field->title ? field->title : field->name);
    json_writer_name(&event->json, "value");
    put_value(event, value);
    json_writer_name(&event->json, "subFields");
    json_writer_null(&event->json);
    json_writer_end(&event->json);
}

/* In the table's order those at a fixed place, then the others as they were found. */
static void put_fields(struct event *event, uint32_t layer)
{
    enum protocol_id id = event->d->layers[layer].protocol;
    const struct protocol *protocol = protocols[id];
    struct value value;

    for (unsigned i = 0; i < protocol->n_fields; i++)
        if (protocol->fields[i].n_bits > 0 && layer_value(&event->d->layers[layer], FIELD_ID(id, i), &value))
            put_field(event, &value);
    for (uint32_t i = 0; i < event->d->n_values; i++)
        if (event->d->values[i].layer == layer && field_of(event->d->values[i].field)->name)
            put_field(event, &event->d->values[i]);
}

/* "IPv4": what the example's page knows them by; others by their short title. */
static const char *layer_name(enum protocol_id id)
{
    switch (id) {
    case PROTOCOL_IPV4:
        return "IPv4";
    case PROTOCOL_IPV6:
        return "IPv6";
    case PROTOCOL_TCP:
        return "TCP";
    case PROTOCOL_UDP:
        return "UDP";
    case PROTOCOL_ICMP:
        return "ICMP";
    default:
        return protocols[id]->title;
    }
}

static void put_layer(struct event *event, uint32_t layer, bool is_innermost)
{
    enum protocol_id id = event->d->layers[layer].protocol;

    json_writer_object(&event->json);
    json_writer_name(&event->json, "name");
    json_writer_string(&event->json, layer_name(id));
    json_writer_name(&event->json, "summary");
    if (is_innermost)
        json_writer_text(&event->json,
                         bytes_of(event->parts->summary->info, event->parts->summary->info_len));
    else
        json_writer_string(&event->json, protocols[id]->title);
    json_writer_name(&event->json, "fields");
    json_writer_array(&event->json);
    if (event->parts->has_fields)
        put_fields(event, layer);
    json_writer_end(&event->json);
    json_writer_end(&event->json);
}

/* ---- the payload ---- */

static uint32_t innermost(const struct dissection *d, uint64_t mask)
{
    for (uint32_t i = d->n_layers; i-- > 0;)
        if (mask & PROTOCOL_BIT(d->layers[i].protocol))
            return i;
    return UINT32_MAX;
}

/* What UDP or TCP carries, as far as it was captured; else what is behind the last layer. */
static struct bytes payload_of(const struct dissection *d, uint32_t *wire_len)
{
    uint32_t i = innermost(d, PORTS_PROTOCOLS);
    const struct layer *layer;

    *wire_len = 0;
    if (i == UINT32_MAX && d->n_layers == 0)
        return (struct bytes) { 0 };
    layer = &d->layers[i == UINT32_MAX ? d->n_layers - 1 : i];
    *wire_len = layer->payload_len;
    return bytes_of(layer->data + layer->header_len, layer->payload_caplen);
}

static void put_dump(struct event *event, const char *label, struct bytes data, size_t n_more, bool is_hex)
{
    struct buffer *text = &event->value;

    buffer_empty(text);
    text->is_full = false;
    for (size_t at = 0; at < data.len; at += DUMP_LINE_BYTES) {
        buffer_printf(text, "%s%04zx  ", at > 0 ? "\n" : "", at);
        for (size_t i = at; i < at + DUMP_LINE_BYTES && i < data.len; i++) {
            uint8_t c = data.data[i];

            if (is_hex)
                buffer_printf(text, "%s%02x", i > at ? " " : "", c);
            else
                buffer_put_u8(text, c >= 0x20 && c < 0x7f ? c : '.');
        }
    }
    if (n_more > 0)
        buffer_printf(text, "\n... (%zu more bytes)", n_more);
    json_writer_object(&event->json);
    json_writer_name(&event->json, "label");
    json_writer_string(&event->json, label);
    json_writer_name(&event->json, "value");
    json_writer_text(&event->json, buffer_bytes(text));
    json_writer_name(&event->json, "subFields");
    json_writer_null(&event->json);
    json_writer_end(&event->json);
}

static void put_data_layer(struct event *event, struct bytes payload)
{
    struct bytes shown = { payload.data,
                           payload.len < APPSYNC_EVENT_DATA_BYTES ? payload.len : APPSYNC_EVENT_DATA_BYTES };

    json_writer_object(&event->json);
    json_writer_name(&event->json, "name");
    json_writer_string(&event->json, "Data");
    json_writer_name(&event->json, "summary");
    json_writer_printf(&event->json, "%zu bytes", payload.len);
    json_writer_name(&event->json, "fields");
    json_writer_array(&event->json);
    put_dump(event, "Hex Dump", shown, payload.len - shown.len, true);
    put_dump(event, "Text View", shown, payload.len - shown.len, false);
    json_writer_end(&event->json);
    json_writer_end(&event->json);
}

/* ---- the head ---- */

/* .NET's round-trip form: seven digits of a second, and the zone. */
static void put_time(struct event *event, int64_t ts_ns)
{
    time_t seconds = (time_t)(ts_ns / 1000000000 - (ts_ns % 1000000000 < 0));
    long hundreds = (long)((ts_ns - (int64_t)seconds * 1000000000) / 100);
    struct tm tm = { 0 };

    gmtime_r(&seconds, &tm);
    json_writer_name(&event->json, "capturedAt");
    json_writer_printf(&event->json, "%04d-%02d-%02dT%02d:%02d:%02d.%07ld+00:00", tm.tm_year + 1900,
                       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, hundreds);
}

static void put_address(struct event *event, const char *name, uint32_t layer, uint16_t ipv4_field,
                        uint16_t ipv6_field)
{
    struct value value;
    bool is_ipv4 = layer != UINT32_MAX && event->d->layers[layer].protocol == PROTOCOL_IPV4;

    json_writer_name(&event->json, name);
    if (layer != UINT32_MAX &&
        layer_value(&event->d->layers[layer], is_ipv4 ? ipv4_field : ipv6_field, &value)) {
        buffer_empty(&event->value);
        value_format(&event->value, &value);
        json_writer_text(&event->json, buffer_bytes(&event->value));
    } else {
        json_writer_string(&event->json, "");
    }
}

/* UDP and TCP begin with both ports: RFC 768, RFC 9293 section 3.1. */
static void put_port(struct event *event, const char *name, uint32_t layer, const char *udp_field,
                     const char *tcp_field)
{
    struct value value = { 0 };

    json_writer_name(&event->json, name);
    if (layer != UINT32_MAX) {
        const char *field = event->d->layers[layer].protocol == PROTOCOL_UDP ? udp_field : tcp_field;

        if (!layer_value(&event->d->layers[layer], field_find(field, strlen(field)), &value))
            value.number = 0;
    }
    json_writer_number(&event->json, value.number);
}

static uint16_t field_named(const char *name)
{
    return field_find(name, strlen(name));
}

static void put_head(struct event *event, uint32_t wire_len)
{
    const struct dissection *d = event->d;
    const struct packet_summary *summary = event->parts->summary;
    uint32_t ip = innermost(d, IP_PROTOCOLS), ports = innermost(d, PORTS_PROTOCOLS);
    const char *transport = "ip";

    if (ports != UINT32_MAX)
        transport = protocols[d->layers[ports].protocol]->name;
    else if (d->n_layers > 0)
        transport = protocols[d->layers[d->n_layers - 1].protocol]->name;
    json_writer_name(&event->json, "number");
    json_writer_number(&event->json, d->packet->packet_id);
    put_time(event, d->packet->ts_ns);
    json_writer_name(&event->json, "protocol");
    json_writer_string(&event->json, transport);
    put_address(event, "sourceIp", ip, field_named("ip.src"), field_named("ipv6.src"));
    put_port(event, "sourcePort", ports, "udp.srcport", "tcp.srcport");
    put_address(event, "destinationIp", ip, field_named("ip.dst"), field_named("ipv6.dst"));
    put_port(event, "destinationPort", ports, "udp.dstport", "tcp.dstport");
    json_writer_name(&event->json, "lengthBytes");
    json_writer_number(&event->json, wire_len);
    json_writer_name(&event->json, "note");
    json_writer_string(&event->json,
                       strcasecmp(summary->protocol, transport) == 0 ? NULL : summary->protocol);
    json_writer_name(&event->json, "info");
    json_writer_text(&event->json, bytes_of(summary->info, summary->info_len));
    json_writer_name(&event->json, "device");
    if (event->parts->device.len > 0)
        json_writer_text(&event->json, event->parts->device);
    else
        json_writer_null(&event->json);
}

/* The frame is the event itself, and data is what the last layer shows. */
static bool is_shown(enum protocol_id id)
{
    return id != PROTOCOL_FRAME && id != PROTOCOL_DATA;
}

bool appsync_event_put(struct buffer *out, const struct appsync_event_parts *parts)
{
    struct event event = { .parts = parts, .d = parts->d };
    uint32_t wire_len;
    struct bytes payload = payload_of(parts->d, &wire_len);

    buffer_init(&event.value, 2 * VALUE_LIMIT_BYTES);
    json_writer_init(&event.json, out, JSON_WRITER_COMPACT);
    json_writer_object(&event.json);
    put_head(&event, wire_len);
    json_writer_name(&event.json, "layers");
    json_writer_array(&event.json);
    for (uint32_t i = 0; i < parts->d->n_layers; i++)
        if (is_shown(parts->d->layers[i].protocol))
            put_layer(&event, i, i + 1 == parts->d->n_layers);
    if (parts->has_data && payload.len > 0)
        put_data_layer(&event, payload);
    json_writer_end(&event.json);
    json_writer_end(&event.json);
    buffer_clear(&event.value);
    return !out->is_full;
}
