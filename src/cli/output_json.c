/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_json - an array of packets in the shape of `tshark -T json`: with -e the asked fields as arrays of
 * texts; without, each protocol an object of its fields. What occurs more than once, a field in a layer or a
 * protocol in a packet, is an array (as tshark --no-duplicate-keys has it), so that every JSON reader sees
 * all.
 *
 * An archive's answer ends with an element of "_type": "coverage", which says how complete it is.
 *
 * Each packet is written whole: the stream is valid once output_end has closed the array, wherever it
 * stopped.
 */
#include "base/json_writer.h"
#include "base/timestamp.h"
#include "cli/answer.h"
#include "cli/output_trade.h"
#include "protocol/value_format.h"

struct json_state {
    struct json_writer *json;
    struct buffer *value; /* the text of one */
    bool is_local;
    bool is_open; /* the array of the column was begun */
    const char *name;
};

static void json_prepare(struct output *output)
{
    demand_add_everything(&output->demand);
}

static bool json_begin(struct output *output)
{
    return buffer_put_u8(&output->text, '[');
}

static void put_value_text(struct json_state *state, const struct value *value)
{
    if (value->type == FIELD_STRING) {
        json_writer_text(state->json, value->bytes);
        return;
    }
    buffer_empty(state->value);
    if (value->type != FIELD_NONE)
        value_format_raw(state->value, value, state->is_local);
    json_writer_text(state->json, buffer_bytes(state->value));
}

/* ---- with -e ---- */

static void column_begin(struct json_state *state)
{
    if (state->is_open)
        return;
    json_writer_name(state->json, state->name);
    json_writer_array(state->json);
    state->is_open = true;
}

static bool put_column_value(void *context, const struct value *value)
{
    struct json_state *state = context;

    column_begin(state);
    if (value->type == FIELD_NONE)
        json_writer_string(state->json, "1");
    else
        put_value_text(state, value);
    return true;
}

static void put_columns(struct output *output, const struct dissection *d, struct json_state *state)
{
    for (uint32_t i = 0; i < output->n_columns; i++) {
        const struct output_column *column = &output->columns[i];

        state->name = column->name;
        state->is_open = false;
        if (column->field != FIELD_ID_NONE) {
            dissection_values(d, column->field, put_column_value, state);
        } else {
            for (uint32_t l = 0; l < d->n_layers; l++)
                if (d->layers[l].protocol == column->protocol) {
                    column_begin(state);
                    json_writer_string(state->json, protocols[column->protocol]->name);
                }
        }
        if (state->is_open)
            json_writer_end(state->json);
    }
}

/* ---- whole layers ---- */

static void put_field(const struct dissection *d, uint32_t layer, uint16_t id, struct json_state *state)
{
    struct value value;
    uint32_t n = 0;

    if (field_of(id)->n_bits > 0) {
        if (layer_value(&d->layers[layer], id, &value)) {
            json_writer_name(state->json, field_of(id)->name);
            put_value_text(state, &value);
        }
        return;
    }
    for (uint32_t i = 0; i < d->n_values; i++)
        n += d->values[i].field == id && d->values[i].layer == layer;
    if (n == 0)
        return;
    json_writer_name(state->json, field_of(id)->name);
    if (n > 1)
        json_writer_array(state->json);
    for (uint32_t i = 0; i < d->n_values; i++)
        if (d->values[i].field == id && d->values[i].layer == layer)
            put_value_text(state, &d->values[i]);
    if (n > 1)
        json_writer_end(state->json);
}

static void put_fields(const struct dissection *d, uint32_t layer, enum protocol_id id,
                       struct json_state *state)
{
    const struct protocol *protocol = protocols[id];

    for (unsigned i = 0; i < protocol->n_fields; i++)
        if (protocol->fields[i].name && protocol->fields[i].any_of[0] == protocol->fields[i].any_of[1])
            put_field(d, layer, FIELD_ID(id, i), state);
}

/* A layer's own fields, and those that others lend it. */
static void put_layer(const struct dissection *d, uint32_t layer, struct json_state *state)
{
    enum protocol_id id = d->layers[layer].protocol;

    json_writer_object(state->json);
    put_fields(d, layer, id, state);
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++)
        if (protocols[p]->lends_to >> id & 1)
            put_fields(d, layer, (enum protocol_id)p, state);
    json_writer_end(state->json);
}

static void put_layers(const struct dissection *d, struct json_state *state)
{
    uint64_t done = 0; /* protocols whose layers all stand there */

    for (uint32_t i = 0; i < d->n_layers; i++) {
        uint8_t protocol = d->layers[i].protocol;
        uint32_t n = 0;

        if (done & PROTOCOL_BIT(protocol))
            continue;
        done |= PROTOCOL_BIT(protocol);
        for (uint32_t l = i; l < d->n_layers; l++)
            n += d->layers[l].protocol == protocol;
        json_writer_name(state->json, protocols[protocol]->name);
        if (n > 1)
            json_writer_array(state->json);
        for (uint32_t l = i; l < d->n_layers; l++)
            if (d->layers[l].protocol == protocol)
                put_layer(d, l, state);
        if (n > 1)
            json_writer_end(state->json);
    }
}

/* Up to and into "_source". */
static void begin_element(struct output *output, struct json_writer *json, const char *index,
                          const char *type)
{
    json_writer_init(json, &output->text, JSON_WRITER_INDENTED);
    json->depth = 1; /* inside the array that json_begin opened */
    json->has_items = output->n_packets > 0 ? 2 : 0;

    json_writer_object(json);
    json_writer_name(json, "_index");
    json_writer_string(json, index);
    json_writer_name(json, "_type");
    json_writer_string(json, type);
    json_writer_name(json, "_score");
    json_writer_null(json);
    json_writer_name(json, "_source");
    json_writer_object(json);
}

/* A last element, whose layers are empty: who walks over the packets' layers finds nothing in it. */
static bool json_answer(struct output *output, const struct answer *answer)
{
    struct json_writer json;

    begin_element(output, &json, "coverage", "coverage");
    json_writer_name(&json, "layers");
    json_writer_object(&json);
    json_writer_end(&json);
    json_writer_name(&json, "coverage");
    answer_put_json(&json, answer);
    json_writer_end(&json);
    json_writer_end(&json);
    return !output->text.is_full;
}

static bool json_packet(struct output *output, const struct dissection *d)
{
    struct json_writer json;
    struct json_state state = { .json = &json, .value = &output->value, .is_local = output->is_local };
    char stamp[TIMESTAMP_TEXT_BYTES], index[32];

    timestamp_format(d->packet->ts_ns, output->is_local, stamp);
    snprintf(index, sizeof index, "packets-%.10s", stamp);
    begin_element(output, &json, index, "doc");
    json_writer_name(&json, "layers");
    json_writer_object(&json);
    if (output->n_columns > 0)
        put_columns(output, d, &state);
    else
        put_layers(d, &state);
    json_writer_end(&json);
    json_writer_end(&json);
    json_writer_end(&json);
    return !output->text.is_full;
}

static bool json_finish(struct output *output)
{
    return buffer_put_text(&output->text, output->n_packets > 0 || output->has_answer ? "\n]\n" : "]\n");
}

const struct output_trade output_trade_json = {
    .begin = json_begin,
    .packet = json_packet,
    .end = json_finish,
    .answer = json_answer,
    .prepare = json_prepare,
};
