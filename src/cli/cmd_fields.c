/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_fields - prints what a filter may ask for: every protocol and field, from the tables that filters are
 * compiled by, so that the list cannot be out of step with them.
 *
 * Asks nobody else: what tshark knows besides, `tshark -G fields` prints.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json_writer.h"
#include "cli/commands.h"
#include "protocol/protocol.h"

enum {
    NAME_COLUMNS = 40, /* longer names push their line to the right; few are */
    TYPE_COLUMNS = 8,
    ROW_BYTES = 16 << 20, /* with the names of its values */
};

struct settings {
    const char *format;
    bool wants_values;
};

static const struct option options[] = {
    { 'T', "format", OPTION_TEXT, offsetof(struct settings, format), "FORMAT", "text (default) or json" },
    { 'v', "values", OPTION_FLAG, offsetof(struct settings, wants_values), NULL,
      "also the names of values (mqtt.msgtype == \"Publish Message\"), each below its field" },
    { 0 },
};

struct row { /* a protocol's, or a field's */
    const char *name, *title;
    const struct field *field; /* NULL: a protocol */
    const struct field *table; /* which field->any_of points into */
};

struct listing {
    const char *wanted; /* NULL: all */
    bool is_json, wants_values;
    int name_columns;
    struct buffer text;
    struct json_writer json;
    uint32_t n_rows;
};

static bool is_alias(const struct row *row)
{
    return row->field && (row->field->any_of[0] || row->field->any_of[1]);
}

static void type_format(const struct row *row, char *type, size_t room)
{
    static const char *const words[] = {
        [FIELD_NONE] = "mark",   [FIELD_DOUBLE] = "double",     [FIELD_BOOL] = "bool",
        [FIELD_IPV4] = "ipv4",   [FIELD_IPV6] = "ipv6",         [FIELD_ETHER] = "eth",
        [FIELD_BYTES] = "bytes", [FIELD_STRING] = "text",       [FIELD_TIME] = "time",
        [FIELD_FRAME] = "frame", [FIELD_DURATION] = "duration",
    };

    const struct field *field = is_alias(row) ? &row->table[row->field->any_of[0]] : row->field;

    if (field == NULL)
        snprintf(type, room, "protocol");
    else if (field->type == FIELD_UINT || field->type == FIELD_INT)
        snprintf(type, room, "%c%u", field->type == FIELD_UINT ? 'u' : 'i', field_width(field));
    else
        snprintf(type, room, "%s", words[field->type]);
}

static bool is_wanted(const struct listing *listing, const struct row *row)
{
    return row->name && (listing->wanted == NULL || strcasestr(row->name, listing->wanted) ||
                         (row->title && strcasestr(row->title, listing->wanted)));
}

/* ---- text ---- */

static int value_spell(const struct field *field, uint64_t value, char *spelt, size_t room)
{
    if (field->type == FIELD_INT)
        return snprintf(spelt, room, "%lld", (long long)value);
    if (field->base == FIELD_BASE_HEX)
        return snprintf(spelt, room, "0x%0*llx", (int)field_width(field) / 4, (unsigned long long)value);
    return snprintf(spelt, room, "%llu", (unsigned long long)value);
}

static void values_print(struct listing *listing, const struct field *field)
{
    char spelt[32];
    int columns = 0;

    for (const struct value_name *value = field->names; value && value->name; value++) {
        int n = value_spell(field, value->value, spelt, sizeof spelt);

        columns = n > columns ? n : columns;
    }
    for (const struct value_name *value = field->names; value && value->name; value++) {
        value_spell(field, value->value, spelt, sizeof spelt);
        buffer_printf(&listing->text, "    %*s  %s\n", columns, spelt, value->name);
    }
}

static void row_print(struct listing *listing, const struct row *row)
{
    char type[16];

    type_format(row, type, sizeof type);
    buffer_printf(&listing->text, "%-*s  ", listing->name_columns, row->name);
    if (row->title && *row->title)
        buffer_printf(&listing->text, "%-*s  %s", TYPE_COLUMNS, type, row->title);
    else
        buffer_put_text(&listing->text, type);
    if (is_alias(row))
        buffer_printf(&listing->text, " (either of %s, %s)", row->table[row->field->any_of[0]].name,
                      row->table[row->field->any_of[1]].name);
    buffer_put_u8(&listing->text, '\n');
    if (listing->wants_values && row->field)
        values_print(listing, row->field);
}

/* ---- JSON ---- */

static void values_write(struct json_writer *json, const struct field *field)
{
    json_writer_name(json, "values");
    json_writer_array(json);
    for (const struct value_name *value = field->names; value->name; value++) {
        json_writer_object(json);
        json_writer_name(json, "value");
        if (field->type == FIELD_INT)
            json_writer_signed(json, (int64_t)value->value);
        else
            json_writer_number(json, value->value);
        json_writer_name(json, "name");
        json_writer_string(json, value->name);
        json_writer_end(json);
    }
    json_writer_end(json);
}

static void row_write(struct listing *listing, const struct row *row)
{
    struct json_writer *json = &listing->json;
    char type[16];

    type_format(row, type, sizeof type);
    json_writer_object(json);
    json_writer_name(json, "name");
    json_writer_string(json, row->name);
    json_writer_name(json, "type");
    json_writer_string(json, type);
    json_writer_name(json, "description");
    json_writer_string(json, row->title ? row->title : "");
    if (is_alias(row)) {
        json_writer_name(json, "either_of");
        json_writer_array(json);
        json_writer_string(json, row->table[row->field->any_of[0]].name);
        json_writer_string(json, row->table[row->field->any_of[1]].name);
        json_writer_end(json);
    }
    if (listing->wants_values && row->field && row->field->names)
        values_write(json, row->field);
    json_writer_end(json);
}

/* ---- the walk ---- */

static void text_flush(struct listing *listing)
{
    fwrite(listing->text.data, 1, listing->text.len, stdout);
    buffer_empty(&listing->text);
}

static void measure(struct listing *listing, const struct row *row)
{
    int columns = (int)strlen(row->name);

    listing->n_rows++;
    if (columns > listing->name_columns && columns <= NAME_COLUMNS)
        listing->name_columns = columns;
}

static void show(struct listing *listing, const struct row *row)
{
    if (listing->is_json)
        row_write(listing, row);
    else
        row_print(listing, row);
    text_flush(listing);
}

static void walk(struct listing *listing, void (*each)(struct listing *listing, const struct row *row))
{
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
        struct row row = { .name = protocols[p]->name, .title = protocols[p]->title };

        if (is_wanted(listing, &row))
            each(listing, &row);
        row.table = protocols[p]->fields;
        for (unsigned i = 0; i < protocols[p]->n_fields; i++) {
            row.field = &row.table[i];
            row.name = row.field->name;
            row.title = row.field->title;
            if (is_wanted(listing, &row))
                each(listing, &row);
        }
    }
}

static int list(struct listing *listing)
{
    struct error error;
    bool is_whole;

    buffer_init(&listing->text, ROW_BYTES);
    walk(listing, measure);
    if (listing->is_json) {
        json_writer_init(&listing->json, &listing->text, JSON_WRITER_INDENTED);
        json_writer_array(&listing->json);
    }
    walk(listing, show);
    if (listing->is_json) {
        json_writer_end(&listing->json);
        buffer_put_u8(&listing->text, '\n');
        text_flush(listing);
    }
    is_whole = !listing->text.is_full;
    buffer_clear(&listing->text);
    if (!is_whole) {
        error_set(&error, ERROR_SYSTEM, "no memory for the list");
        return command_fault(&command_fields, &error);
    }
    return listing->n_rows ? EXIT_FOUND : EXIT_NONE;
}

static bool listing_of(const struct settings *settings, const struct text_list *operands,
                       struct listing *listing, struct error *error)
{
    if (operands->n > 1)
        return error_set(error, ERROR_USAGE, "\"%s\" is one word too many; text with spaces goes into quotes",
                         operands->items[1]);
    if (settings->format && strcmp(settings->format, "json") != 0 && strcmp(settings->format, "text") != 0)
        return error_set(error, ERROR_USAGE, "-T %s is not a format; there are text and json",
                         settings->format);
    listing->wanted = operands->n ? operands->items[0] : NULL;
    listing->is_json = settings->format && strcmp(settings->format, "json") == 0;
    listing->wants_values = settings->wants_values;
    return true;
}

static int run(int argc, char **argv)
{
    struct settings settings = { 0 };
    struct text_list operands = { 0 };
    struct listing listing = { 0 };
    struct error error = { 0 };
    int code = EXIT_ERROR;

    switch (option_parse(&command_fields, argc, argv, &settings, &operands, &error)) {
    case OPTION_HELP:
        code = EXIT_FOUND;
        break;
    case OPTION_WRONG:
        code = command_fault(&command_fields, &error);
        break;
    case OPTION_RUN:
        code = listing_of(&settings, &operands, &listing, &error) ? list(&listing)
                                                                  : command_fault(&command_fields, &error);
        break;
    }
    text_list_clear(&operands);
    return code;
}

const struct command command_fields = {
    .name = "fields",
    .summary = "the protocols and fields that a filter (find -Y, -e) may ask for",
    .usage = "[TEXT] [-T text|json] [-v]",
    .options = options,
    .notes = "Prints name, type and description of each, under Wireshark's names; with TEXT only those that\n"
             "have it in name or description, in large or small letters.\n"
             "\n"
             "Types:\n"
             "  u8 u16 u24 u32 u64, i8..i64  numbers without and with a sign, of so many bits\n"
             "  double, bool                 numbers with a fraction; yes or no (== 1, == 0)\n"
             "  text, bytes                  coap.opt.uri_path contains \"rd\"; dtls.record.connection_id == "
             "c1:05\n"
             "  ipv4, ipv6, eth              addresses, also with a prefix: ip.src == 10.0.0.0/8\n"
             "  time, duration               \"2024-08-29 14:00:00\"; seconds: coap.response_time > 0.5\n"
             "  frame                        the number of another packet\n"
             "  mark                         has no value: it is there or not\n"
             "  protocol                     is there or not; its bytes: udp[0:2], dtls contains 16:fe:fd\n"
             "\n"
             "Exit status: 0 some were found, 1 none, 2 an error.\n"
             "\n"
             "Examples:\n"
             "  tapdeck fields 'client id'\n"
             "  tapdeck fields -v mqtt.msgtype\n",
    .run = run,
};
