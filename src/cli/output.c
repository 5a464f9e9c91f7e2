/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output - chooses the format, reads -e and -E, and writes what the formats append. The formats know nothing
 * of the stream; this file nothing of how they look.
 */
#include "cli/output_label.h"
#include "cli/output_trade.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/nearest.h"
#include "protocol/value_format.h"

enum { TEXT_LIMIT_BYTES = 64 << 20 }; /* of one packet's text: a frame of 256 KiB in hex, many times over */

bool output_layer_value(const struct dissection *d, uint32_t layer, uint16_t field, struct value *value)
{
    if (field == FIELD_ID_NONE)
        return false;
    if (field_of(field)->n_bits > 0)
        return d->layers[layer].protocol == FIELD_PROTOCOL(field) &&
               layer_value(&d->layers[layer], field, value);
    for (uint32_t i = 0; i < d->n_values; i++)
        if (d->values[i].field == field && d->values[i].layer == layer) {
            *value = d->values[i];
            return true;
        }
    return false;
}

/* ---- -e ---- */

static bool column_parse(struct output_column *column, const char *name, const struct output_options *options,
                         struct error *error)
{
    size_t len = strlen(name);
    const char *meant;

    column->name = name;
    column->field = field_find(name, len);
    column->protocol = column->field == FIELD_ID_NONE ? protocol_find(name, len) : PROTOCOL_NONE;
    if (column->field != FIELD_ID_NONE || column->protocol != PROTOCOL_NONE)
        return true;
    if (options->is_known_elsewhere && options->is_known_elsewhere(NULL, name))
        return error_set(error, ERROR_USAGE,
                         "-e \"%.100s\": tshark knows this field, tapdeck does not; -Y can use it, -e cannot",
                         name);
    meant = field_nearest(name, len);
    if (meant)
        return error_set(error, ERROR_USAGE, "-e \"%.100s\" is not a field; did you mean %s?", name, meant);
    return error_set(error, ERROR_USAGE, "-e \"%.100s\" is not a field", name);
}

static bool columns_parse(struct output *output, const struct output_options *options, struct error *error)
{
    const struct text_list *fields = options->fields;

    if (fields == NULL || fields->n == 0)
        return true;
    output->columns = calloc(fields->n, sizeof *output->columns);
    if (output->columns == NULL)
        return error_set(error, ERROR_SYSTEM, "-e: out of memory");
    for (; output->n_columns < fields->n; output->n_columns++) {
        struct output_column *column = &output->columns[output->n_columns];

        if (!column_parse(column, fields->items[output->n_columns], options, error))
            return false;
        if (column->field != FIELD_ID_NONE)
            demand_add_field(&output->demand, column->field);
        else
            demand_add_protocol(&output->demand, column->protocol);
        if (column->field == FIELD_ID_NONE && options->format == OUTPUT_FIELDS)
            output_label_demand(column->protocol, &output->demand);
    }
    return true;
}

/* ---- -E ---- */

static bool yes_or_no(const char *value, bool *is_yes)
{
    if ((value[0] != 'y' && value[0] != 'n') || value[1] != '\0')
        return false;
    *is_yes = value[0] == 'y';
    return true;
}

static bool character(const char *value, char *c)
{
    if (value[0] == '\0')
        return false;
    *c = value[0];
    if (value[0] == '/' && value[1] != '\0')
        *c = value[1] == 't' ? '\t' : value[1] == 's' ? ' ' : value[1];
    return true;
}

static bool one_of(const char *value, const char *letters, unsigned *at)
{
    const char *found = value[0] ? strchr(letters, value[0]) : NULL;

    if (found == NULL || value[1] != '\0')
        return false;
    *at = (unsigned)(found - letters);
    return true;
}

static bool set_bom(struct output_style *style, const char *value)
{
    return yes_or_no(value, &style->has_bom);
}

static bool set_header(struct output_style *style, const char *value)
{
    return yes_or_no(value, &style->has_header);
}

static bool set_separator(struct output_style *style, const char *value)
{
    return character(value, &style->separator);
}

static bool set_aggregator(struct output_style *style, const char *value)
{
    return character(value, &style->aggregator);
}

static bool set_occurrence(struct output_style *style, const char *value)
{
    unsigned at;

    if (!one_of(value, "afl", &at))
        return false;
    style->occurrence = (enum output_occurrence)at;
    return true;
}

static bool set_quote(struct output_style *style, const char *value)
{
    unsigned at;

    if (!one_of(value, "nds", &at))
        return false;
    style->quote = "\0\"'"[at];
    return true;
}

static const struct {
    const char *name, *values;
    bool (*set)(struct output_style *style, const char *value);
} settings[] = {
    { "bom", "y or n", set_bom },
    { "header", "y or n", set_header },
    { "separator", "/t (tab), /s (space) or a character", set_separator },
    { "occurrence", "f (first), l (last) or a (all)", set_occurrence },
    { "aggregator", "a comma, /s (space) or a character", set_aggregator },
    { "quote", "d (double), s (single) or n (none)", set_quote },
};

static bool setting_parse(struct output_style *style, const char *text, struct error *error)
{
    const char *equals = strchr(text, '=');
    size_t len = equals ? (size_t)(equals - text) : strlen(text);
    struct nearest nearest;

    nearest_init(&nearest, text, len);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        nearest_offer(&nearest, settings[i].name);
        if (strlen(settings[i].name) != len || memcmp(settings[i].name, text, len) != 0)
            continue;
        if (equals && settings[i].set(style, equals + 1))
            return true;
        return error_set(error, ERROR_USAGE, "-E %s= wants %s", settings[i].name, settings[i].values);
    }
    if (nearest_name(&nearest))
        return error_set(error, ERROR_USAGE, "-E \"%.100s\" is not a setting; did you mean %s=?", text,
                         nearest_name(&nearest));
    return error_set(
        error, ERROR_USAGE,
        "-E \"%.100s\" is not a setting; there are header=, separator=, aggregator=, occurrence=, quote= "
        "and bom=",
        text);
}

/* ---- the life of an output ---- */

static const struct output_trade *const trades[] = {
    [OUTPUT_TEXT] = &output_trade_text,
    [OUTPUT_FIELDS] = &output_trade_fields,
    [OUTPUT_JSON] = &output_trade_json,
    [OUTPUT_NONE] = NULL,
};

static bool output_configure(struct output *output, const struct output_options *options, struct error *error)
{
    output->style = (struct output_style) { .separator = '\t', .aggregator = ',' };
    if (!columns_parse(output, options, error))
        return false;
    for (uint32_t i = 0; options->settings && i < options->settings->n; i++)
        if (!setting_parse(&output->style, options->settings->items[i], error))
            return false;
    if (options->format == OUTPUT_FIELDS && output->n_columns == 0)
        return error_set(error, ERROR_USAGE, "-T fields wants at least one -e FIELD");
    if (options->format == OUTPUT_TEXT && output->n_columns > 0)
        return error_set(error, ERROR_USAGE, "-e wants -T fields or -T json");
    if (output->trade && output->trade->prepare && output->n_columns == 0)
        output->trade->prepare(output);
    demand_settle(&output->demand);
    return true;
}

struct output *output_new(const struct output_options *options, FILE *out, struct error *error)
{
    struct output *output = calloc(1, sizeof *output);

    if (output == NULL) {
        error_set(error, ERROR_SYSTEM, "output: out of memory");
        return NULL;
    }
    output->trade = trades[options->format];
    output->out = out;
    output->is_local = options->is_local;
    output->is_terminal = isatty(fileno(out)) == 1;
    demand_init(&output->demand);
    buffer_init(&output->text, TEXT_LIMIT_BYTES);
    buffer_init(&output->value, TEXT_LIMIT_BYTES);
    if (!output_configure(output, options, error)) {
        output_free(output);
        return NULL;
    }
    return output;
}

const struct demand *output_demand(const struct output *output)
{
    return &output->demand;
}

static bool output_write(struct output *output, struct error *error)
{
    bool is_full = output->text.is_full || output->value.is_full;

    errno = 0;
    if (output->text.len > 0 &&
        fwrite(output->text.data, 1, output->text.len, output->out) < output->text.len) {
        output->is_closed = errno == EPIPE;
        return error_system(error, "standard output");
    }
    buffer_empty(&output->text);
    if (is_full)
        return error_set(error, ERROR_LIMIT, "output: one packet's text is longer than %d bytes",
                         TEXT_LIMIT_BYTES);
    return true;
}

bool output_begin(struct output *output, struct error *error)
{
    if (output->trade == NULL)
        return true;
    output->trade->begin(output);
    return output_write(output, error);
}

bool output_packet(struct output *output, const struct dissection *d, struct error *error)
{
    if (output->trade == NULL)
        return true;
    output->trade->packet(output, d);
    output->n_packets++;
    return output_write(output, error);
}

bool output_answer(struct output *output, const struct answer *answer, struct error *error)
{
    if (output->trade == NULL || output->trade->answer == NULL)
        return true;
    output->trade->answer(output, answer);
    output->has_answer = true;
    return output_write(output, error);
}

bool output_end(struct output *output, struct error *error)
{
    if (output->trade == NULL)
        return true;
    output->trade->end(output);
    if (!output_write(output, error))
        return false;
    if (fflush(output->out) != 0) {
        output->is_closed = errno == EPIPE;
        return error_system(error, "standard output");
    }
    return true;
}

bool output_is_closed(const struct output *output)
{
    return output->is_closed;
}

void output_free(struct output *output)
{
    if (output == NULL)
        return;
    buffer_clear(&output->text);
    buffer_clear(&output->value);
    free(output->columns);
    free(output);
}
