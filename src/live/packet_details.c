/* SPDX-License-Identifier: Apache-2.0 */
#include "live/packet_details.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/timestamp.h"
#include "live/archive_row.h"
#include "live/session_view.h"
#include "packet/pcapng_encode.h"
#include "protocol/value_format.h"

enum {
    DETAILS_TIME_MS = 3000,
    DETAILS_LIMIT_BYTES = 8 << 20,
    FIELD_TEXT_BYTES = 4096, /* of one value; longer ones are cut, and say so */
};

struct telling {
    struct json_writer json;
    const struct dissection *d;
    enum bytes_level level;
    struct buffer value, text;
};

/* ---- fields ---- */

static const char *shown_name(const char *name)
{
    return name ? name : "";
}

/* What a level without bytes leaves out: runs of bytes, and what the packet was sent for. */
static bool is_shown(const struct telling *telling, uint16_t id)
{
    const struct field *field = field_of(id);

    if (field->counts_packets || strncmp(shown_name(field->name), "frame.time_", 11) == 0)
        return false; /* of the packets read before it, which were not all there are */
    if (telling->level == BYTES_FULL)
        return true;
    return field->type != FIELD_BYTES && strstr(shown_name(field->name), "payload") == NULL &&
           strstr(shown_name(field->name), "file_data") == NULL &&
           strcmp(shown_name(field->name), "mqtt.msg") != 0;
}

static bool is_content(enum protocol_id protocol)
{
    return protocol == PROTOCOL_DATA || protocol == PROTOCOL_JSON || protocol == PROTOCOL_CBOR ||
           protocol == PROTOCOL_TEXT_LINES || protocol == PROTOCOL_LWM2MTLV;
}

static void put_place(struct telling *telling, const uint8_t *data, size_t len)
{
    const struct packet *packet = telling->d->packet;
    bool is_there = len > 0 && data >= packet->data && data + len <= packet->data + packet->caplen;

    json_writer_name(&telling->json, "offset");
    if (is_there)
        json_writer_number(&telling->json, (uint64_t)(data - packet->data));
    else
        json_writer_null(&telling->json);
    json_writer_name(&telling->json, "length");
    json_writer_number(&telling->json, is_there ? len : 0);
}

static void put_field(struct telling *telling, uint32_t layer, const struct value *value, const uint8_t *data,
                      size_t len)
{
    const struct field *field = field_of(value->field);
    const char *label = field->title ? field->title : field->name;
    const char *named = value->type == FIELD_UINT || value->type == FIELD_BOOL || value->type == FIELD_INT
                            ? field_value_name(field, value->number)
                            : NULL;
    struct json_writer *json = &telling->json;
    bool is_cut;

    buffer_empty(&telling->value);
    if (value->type != FIELD_NONE)
        value_format_raw(&telling->value, value, false);
    is_cut = telling->value.len > FIELD_TEXT_BYTES;
    if (is_cut)
        telling->value.len = FIELD_TEXT_BYTES;
    buffer_empty(&telling->text);
    buffer_put_text(&telling->text, label);
    if (telling->value.len) {
        buffer_put_text(&telling->text, ": ");
        if (named)
            buffer_printf(&telling->text, "%s (", named);
        buffer_put(&telling->text, telling->value.data, telling->value.len);
        buffer_put_text(&telling->text, is_cut ? "…" : named ? ")" : "");
    }
    json_writer_object(json);
    json_writer_name(json, "name");
    json_writer_string(json, field->name);
    json_writer_name(json, "label");
    json_writer_string(json, label);
    json_writer_name(json, "text");
    json_writer_text(json, buffer_bytes(&telling->text));
    json_writer_name(json, "value");
    if (value->type == FIELD_NONE)
        json_writer_null(json);
    else
        json_writer_text(json, buffer_bytes(&telling->value));
    put_place(telling, data, len);
    json_writer_name(json, "layer");
    json_writer_number(json, layer);
    json_writer_end(json);
}

/* Fields at fixed places of the header. */
static void put_fixed(struct telling *telling, uint32_t number)
{
    const struct layer *layer = &telling->d->layers[number];
    const struct protocol *protocol = protocols[layer->protocol];

    for (unsigned i = 0; i < protocol->n_fields; i++) {
        const struct field *field = &protocol->fields[i];
        uint16_t id = FIELD_ID(layer->protocol, i);
        struct value value = { .field = id, .layer = (uint8_t)number };
        size_t first = field->at_bit / 8, end = (field->at_bit + field->n_bits + 7u) / 8;

        if (field->name && field->n_bits && is_shown(telling, id) && layer_value(layer, id, &value))
            put_field(telling, number, &value, layer->data + first, end - first);
    }
}

static void put_added(struct telling *telling, uint32_t number)
{
    const struct dissection *d = telling->d;

    for (uint32_t i = 0; i < d->n_values; i++) {
        const struct value *value = &d->values[i];
        bool has_bytes = value->type == FIELD_BYTES || value->type == FIELD_STRING ||
                         value->type == FIELD_IPV4 || value->type == FIELD_IPV6 || value->type == FIELD_ETHER;

        if (value->layer == number && field_of(value->field)->name && is_shown(telling, value->field))
            put_field(telling, number, value, has_bytes ? value->bytes.data : NULL,
                      has_bytes ? value->bytes.len : 0);
    }
}

static void put_layer(struct telling *telling, uint32_t number)
{
    const struct layer *layer = &telling->d->layers[number];
    const struct protocol *protocol = protocols[layer->protocol];
    struct json_writer *json = &telling->json;

    json_writer_object(json);
    json_writer_name(json, "protocol");
    json_writer_string(json, protocol->name);
    json_writer_name(json, "title");
    json_writer_string(json, protocol->title);
    json_writer_name(json, "text");
    json_writer_string(json, protocol->title);
    put_place(telling, layer->data, layer->header_len);
    json_writer_name(json, "layer");
    json_writer_number(json, number);
    json_writer_name(json, "severity");
    json_writer_string(json, layer->result == DISSECT_MALFORMED   ? "error"
                             : layer->result == DISSECT_TRUNCATED ? "warning"
                                                                  : "ok");
    json_writer_name(json, "fields");
    json_writer_array(json);
    put_fixed(telling, number);
    put_added(telling, number);
    json_writer_end(json);
    json_writer_end(json);
}

static void put_layers(const struct dissection *d, enum bytes_level level, struct buffer *out)
{
    struct telling telling = { .d = d, .level = level };

    buffer_init(&telling.value, DETAILS_LIMIT_BYTES);
    buffer_init(&telling.text, DETAILS_LIMIT_BYTES);
    json_writer_init(&telling.json, out, JSON_WRITER_COMPACT);
    json_writer_array(&telling.json);
    for (uint32_t i = 0; level != BYTES_NONE && i < d->n_layers; i++)
        if (level == BYTES_FULL || !is_content((enum protocol_id)d->layers[i].protocol))
            put_layer(&telling, i);
    json_writer_end(&telling.json);
    buffer_clear(&telling.value);
    buffer_clear(&telling.text);
}

/* ---- the packet ---- */

static void keep_text(struct buffer *texts, struct bytes *text, size_t *at)
{
    *at = texts->len;
    if (text->len && !buffer_put(texts, text->data, text->len))
        text->len = 0;
}

static void keep(struct packet_details *details, struct archive_row_maker *maker,
                 struct archive_devices *devices, const struct dissection *d, const struct scope *scope)
{
    const struct packet *packet = d->packet;
    struct row *row = &details->row;
    struct bytes *texts[] = { &row->source, &row->destination, &row->device, &row->protocol, &row->info };
    size_t at[5];

    archive_row_make(maker, d, row);
    for (size_t i = 0; i < 5; i++)
        keep_text(&details->texts, texts[i], &at[i]);
    for (size_t i = 0; i < 5; i++)
        texts[i]->data = details->texts.data + at[i];
    if (d->interfaces && packet->interface < d->interfaces->n)
        snprintf(details->interface, sizeof details->interface, "%s",
                 d->interfaces->items[packet->interface].name);
    details->linktype = packet->linktype;
    details->caplen = packet->caplen;
    buffer_put(&details->bytes, packet->data, packet->caplen);
    put_layers(d, scope->bytes, &details->layers);
    session_id_of_packet(devices, d, details->session, sizeof details->session);
    for (uint32_t layer = d->n_layers; !details->has_flow && layer-- > 0;) {
        bool is_forward;

        if (d->layers[layer].protocol == PROTOCOL_IPV4 || d->layers[layer].protocol == PROTOCOL_IPV6)
            details->has_flow = dissection_flow(d, layer, &details->flow, &is_forward);
    }
}

enum details_result packet_details_find(struct archive_reader *reader, struct archive_devices *devices,
                                        const struct scope *scope, uint64_t number, const atomic_bool *stop,
                                        struct packet_details *details, struct error *error)
{
    struct question question = { .scope = *scope };
    struct scan_options options = { .reader = reader,
                                    .first = number,
                                    .end = number + 1,
                                    .stop = stop,
                                    .deadline_ms = scan_now_ms() + DETAILS_TIME_MS };
    struct archive_row_maker *maker = archive_row_maker_new(devices);
    enum details_result found = DETAILS_FAULT;
    enum scan_result result = SCAN_END;
    const struct dissection *d;
    struct archive_scan *scan;
    struct demand demand;

    *details = (struct packet_details) { 0 };
    buffer_init(&details->texts, DETAILS_LIMIT_BYTES);
    buffer_init(&details->layers, DETAILS_LIMIT_BYTES);
    buffer_init(&details->bytes, DETAILS_LIMIT_BYTES);
    if (maker == NULL || judge_new(&question, devices, &options.judge, error) != JUDGE_READY) {
        if (maker == NULL)
            error_set(error, ERROR_SYSTEM, "no memory for a packet");
        archive_row_maker_free(maker);
        return DETAILS_FAULT;
    }
    demand_init(&demand);
    demand_add_everything(&demand);
    options.also = &demand;
    archive_devices_refresh(devices, 0);
    scan = archive_scan_new(&options, error);
    if (scan)
        result = archive_scan_next(scan, &d, error);
    if (scan && result == SCAN_MATCH) {
        keep(details, maker, devices, d, scope);
        found = DETAILS_FOUND;
    } else if (scan && result == SCAN_END) {
        found = DETAILS_NOT_HERE;
    } else if (scan && result == SCAN_TIME_OVER) {
        error_set(error, ERROR_LIMIT, "looking for packet %llu took too long", (unsigned long long)number);
    }
    archive_scan_free(scan);
    judge_free(options.judge);
    archive_row_maker_free(maker);
    return found;
}

/* ---- what came before ---- */

struct context {
    struct buffer blocks; /* each packet's, one behind the other */
    size_t sizes[CONTEXT_PACKETS];
    uint32_t n;
};

/* The oldest gives way. */
static bool add_to_context(struct context *context, const struct packet *packet)
{
    size_t before;

    if (context->n == CONTEXT_PACKETS) {
        memmove(context->blocks.data, context->blocks.data + context->sizes[0],
                context->blocks.len - context->sizes[0]);
        context->blocks.len -= context->sizes[0];
        memmove(context->sizes, context->sizes + 1, --context->n * sizeof *context->sizes);
    }
    before = context->blocks.len;
    if (!pcapng_put_packet(&context->blocks, packet, packet->interface))
        return false;
    context->sizes[context->n++] = context->blocks.len - before;
    return true;
}

static struct device_match *conversation_of(const struct packet_details *details)
{
    struct device_match *match;
    uint64_t seed;

    if (!details->has_flow || getrandom(&seed, sizeof seed, 0) != sizeof seed)
        return NULL;
    match = device_match_new(seed);
    if (match && !device_match_add(match, &details->flow, details->row.ts_ns - CONTEXT_S * NS_PER_SECOND,
                                   details->row.ts_ns)) {
        device_match_free(match);
        return NULL;
    }
    if (match)
        device_match_settle(match);
    return match;
}

bool packet_context_put(struct archive_reader *reader, struct archive_devices *devices,
                        const struct scope *scope, const struct packet_details *details,
                        const atomic_bool *stop, struct buffer *capture, uint32_t *n_frames,
                        struct error *error)
{
    struct question question = { .scope = *scope };
    uint64_t number = details->row.number;
    struct device_match *match = conversation_of(details);
    struct scan_options options = {
        .reader = reader,
        .first = match && number > CONTEXT_NUMBERS ? number - CONTEXT_NUMBERS
                 : match                           ? 1
                                                   : number,
        .end = number + 1,
        .stop = stop,
        .deadline_ms = scan_now_ms() + DETAILS_TIME_MS,
    };
    enum scan_result result = SCAN_FAULT;
    struct context context = { .n = 0 };
    const struct dissection *d;
    struct archive_scan *scan;
    uint64_t last = 0;

    if (judge_new(&question, devices, &options.judge, error) != JUDGE_READY) {
        device_match_free(match);
        return false;
    }
    if (match)
        judge_narrow(options.judge, match);
    buffer_init(&context.blocks, DETAILS_LIMIT_BYTES);
    scan = archive_scan_new(&options, error);
    while (scan && (result = archive_scan_next(scan, &d, error)) == SCAN_MATCH &&
           add_to_context(&context, d->packet))
        last = d->packet->packet_id;
    archive_scan_free(scan);
    judge_free(options.judge);
    pcapng_put_section(capture, "tapdeck", "");
    for (uint32_t i = 0; i < reader->interfaces.n; i++)
        pcapng_put_interface(capture, &reader->interfaces.items[i]);
    buffer_put(capture, context.blocks.data, context.blocks.len);
    buffer_clear(&context.blocks);
    *n_frames = context.n;
    if (last == number && !capture->is_full)
        return true;
    return error_set(error, ERROR_LIMIT, "what came before of packet %llu cannot be read",
                     (unsigned long long)number);
}

void packet_details_clear(struct packet_details *details)
{
    buffer_clear(&details->texts);
    buffer_clear(&details->layers);
    buffer_clear(&details->bytes);
}
