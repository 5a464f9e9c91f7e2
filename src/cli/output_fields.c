/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_fields - one line a packet, one column a -e, as `tshark -T fields` prints them.
 */
#include "cli/output_label.h"
#include "cli/output_trade.h"
#include "protocol/value_format.h"

static bool fields_begin(struct output *output)
{
    if (output->style.has_bom)
        buffer_put_text(&output->text, "\xef\xbb\xbf");
    if (!output->style.has_header)
        return true;
    for (uint32_t i = 0; i < output->n_columns; i++) {
        if (i > 0)
            buffer_put_u8(&output->text, (uint8_t)output->style.separator);
        buffer_put_text(&output->text, output->columns[i].name);
    }
    return buffer_put_u8(&output->text, '\n');
}

struct column_state {
    struct output *output;
    size_t start; /* of the column's first value in the text */
    uint32_t n;
};

static void value_begin(struct column_state *column)
{
    const struct output_style *style = &column->output->style;
    struct buffer *text = &column->output->text;

    if (column->n++ == 0) {
        if (style->quote)
            buffer_put_u8(text, (uint8_t)style->quote);
        column->start = text->len;
    } else if (style->occurrence == OCCURRENCE_LAST) {
        text->len = column->start;
    } else {
        buffer_put_u8(text, (uint8_t)style->aggregator);
    }
}

static bool put_value(void *context, const struct value *value)
{
    struct column_state *column = context;

    const struct output *output = column->output;

    value_begin(column);
    if (output->is_terminal)
        value_format_zoned(&column->output->text, value, output->is_local);
    else
        value_format_piped(&column->output->text, value, output->is_local);
    return output->style.occurrence != OCCURRENCE_FIRST;
}

/* A protocol as a column: each of its layers in words. */
static void put_layers(struct column_state *column, const struct dissection *d, enum protocol_id protocol)
{
    for (uint32_t i = 0; i < d->n_layers; i++)
        if (d->layers[i].protocol == protocol) {
            value_begin(column);
            output_label(&column->output->text, d, i);
            if (column->output->style.occurrence == OCCURRENCE_FIRST)
                break;
        }
}

static bool fields_packet(struct output *output, const struct dissection *d)
{
    for (uint32_t i = 0; i < output->n_columns; i++) {
        const struct output_column *column = &output->columns[i];
        struct column_state state = { .output = output };

        if (i > 0)
            buffer_put_u8(&output->text, (uint8_t)output->style.separator);
        if (column->field != FIELD_ID_NONE)
            dissection_values(d, column->field, put_value, &state);
        else
            put_layers(&state, d, column->protocol);
        if (state.n > 0 && output->style.quote)
            buffer_put_u8(&output->text, (uint8_t)output->style.quote);
    }
    return buffer_put_u8(&output->text, '\n');
}

static bool fields_end(struct output *output)
{
    (void)output;
    return true;
}

const struct output_trade output_trade_fields = {
    .begin = fields_begin,
    .packet = fields_packet,
    .end = fields_end,
};
