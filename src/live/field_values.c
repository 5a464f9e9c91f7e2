/* SPDX-License-Identifier: Apache-2.0 */
#include "live/field_values.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/lru_table.h"
#include "protocol/value_format.h"

struct spelling { /* hashed whole: zeroes behind the text */
    uint16_t len;
    char text[FIELD_VALUE_BYTES];
};

struct counted {
    uint64_t n;
    const struct spelling *spelling;
};

struct counting {
    struct lru_table *table;
    struct spelling *spellings;
    struct counted *counts;
    uint32_t n;
    uint16_t field;
    bool is_cut;
    struct buffer text;
};

static bool count(void *context, const struct value *value)
{
    struct counting *counting = context;
    struct spelling key = { 0 };
    uint32_t *place;
    bool is_new;

    buffer_empty(&counting->text);
    if (value->type == FIELD_NONE || !value_format_raw(&counting->text, value, false) ||
        counting->text.len >= sizeof key.text)
        return true;
    memcpy(key.text, counting->text.data, counting->text.len);
    key.len = (uint16_t)counting->text.len;
    if (counting->n == FIELD_VALUES_COUNTED && lru_table_find(counting->table, &key) == NULL) {
        counting->is_cut = true;
        return true;
    }
    place = lru_table_put(counting->table, &key, &is_new);
    if (place == NULL)
        return true;
    if (is_new) {
        *place = counting->n++;
        counting->spellings[*place] = key;
        counting->counts[*place] = (struct counted) { 0, &counting->spellings[*place] };
    }
    counting->counts[*place].n++;
    return true;
}

static int most_first(const void *left, const void *right)
{
    const struct counted *a = left, *b = right;

    return a->n != b->n ? (a->n < b->n) - (a->n > b->n) : strcmp(a->spelling->text, b->spelling->text);
}

/* As it would be written in a filter: texts in quotes. */
static void put_spelt(struct buffer *out, const struct field *field, const struct spelling *spelling)
{
    if (field->type != FIELD_STRING && field->type != FIELD_TIME) {
        buffer_put(out, spelling->text, spelling->len);
        return;
    }
    buffer_put_u8(out, '"');
    for (uint16_t i = 0; i < spelling->len; i++) {
        if (spelling->text[i] == '"' || spelling->text[i] == '\\')
            buffer_put_u8(out, '\\');
        buffer_put_u8(out, (uint8_t)spelling->text[i]);
    }
    buffer_put_u8(out, '"');
}

static void put_shown(struct buffer *out, const struct field *field, const struct spelling *spelling)
{
    char *end;
    uint64_t number = strtoull(spelling->text, &end, 0);
    const char *name = field->type == FIELD_UINT && *end == '\0' ? field_value_name(field, number) : NULL;

    if (name)
        buffer_put_text(out, name);
    else
        buffer_put(out, spelling->text, spelling->len);
}

static void settle(struct counting *counting, uint32_t n, struct field_values *values)
{
    const struct field *field = field_of(counting->field);
    size_t at[FIELD_VALUES_LIMIT + 1][2];

    if (field->any_of[0] || field->any_of[1])
        field = &protocols[FIELD_PROTOCOL(counting->field)]->fields[field->any_of[0]];
    qsort(counting->counts, counting->n, sizeof *counting->counts, most_first);
    values->n = counting->n < n ? counting->n : n;
    values->is_complete &= !counting->is_cut && counting->n <= n;
    for (uint32_t i = 0; i < values->n; i++) {
        at[i][0] = values->texts.len;
        put_spelt(&values->texts, field, counting->counts[i].spelling);
        at[i][1] = values->texts.len;
        put_shown(&values->texts, field, counting->counts[i].spelling);
    }
    at[values->n][0] = values->texts.len;
    for (uint32_t i = 0; i < values->n; i++)
        values->values[i] =
            (struct field_value) { bytes_of(values->texts.data + at[i][0], at[i][1] - at[i][0]),
                                   bytes_of(values->texts.data + at[i][1], at[i + 1][0] - at[i][1]),
                                   counting->counts[i].n };
}

static bool count_newest(struct counting *counting, struct archive_reader *reader, struct judge *judge,
                         const struct scope *scope, const atomic_bool *stop, struct field_values *values,
                         struct error *error)
{
    struct scan_options options = {
        .reader = reader, .judge = judge, .stop = stop, .deadline_ms = scan_now_ms() + FIELD_VALUES_TIME_MS
    };
    enum scan_result result = SCAN_END;
    const struct dissection *d;
    struct archive_scan *scan;
    struct demand demand;
    uint64_t first, end;

    values->is_complete = true;
    if (!scope_span(reader, scope, &first, &end))
        return true;
    demand_init(&demand);
    demand_add_field(&demand, counting->field);
    options.also = &demand;
    options.end = end;
    options.first = end - first > FIELD_VALUES_PACKETS ? end - FIELD_VALUES_PACKETS : first;
    scan = archive_scan_new(&options, error);
    if (scan == NULL)
        return false;
    while ((result = archive_scan_next(scan, &d, error)) == SCAN_MATCH)
        dissection_values(d, counting->field, count, counting);
    values->n_seen = archive_scan_through(scan) - options.first;
    values->is_complete = result == SCAN_END && options.first == first;
    archive_scan_free(scan);
    return result != SCAN_FAULT;
}

enum answer_result field_values_find(struct archive_reader *reader, struct archive_devices *devices,
                                     const struct question *question, const char *field, uint32_t n,
                                     const atomic_bool *stop, struct field_values *values,
                                     struct error *error)
{
    struct counting counting = { .field = field_find(field, strlen(field)) };
    struct lru_table_options options = { .key_bytes = sizeof(struct spelling),
                                         .value_bytes = sizeof(uint32_t),
                                         .limit = FIELD_VALUES_COUNTED };
    enum answer_result result = ANSWER_FAULT;
    enum judge_result judged;
    struct judge *judge = NULL;

    *values = (struct field_values) { 0 };
    buffer_init(&values->texts, 1 << 20);
    buffer_init(&counting.text, 1 << 20);
    judged = judge_new(question, devices, &judge, error);
    if (judged != JUDGE_READY)
        return judged == JUDGE_REFUSED ? ANSWER_REFUSED : ANSWER_FAULT;
    if (getrandom(&options.hash_seed, sizeof options.hash_seed, 0) == sizeof options.hash_seed)
        counting.table = lru_table_new(&options);
    counting.spellings = calloc(FIELD_VALUES_COUNTED, sizeof *counting.spellings);
    counting.counts = calloc(FIELD_VALUES_COUNTED, sizeof *counting.counts);
    if (counting.table == NULL || counting.spellings == NULL || counting.counts == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory for values");
    } else if (count_newest(&counting, reader, judge, &question->scope, stop, values, error)) {
        settle(&counting, n, values);
        result = ANSWER_DONE;
    }
    lru_table_free(counting.table);
    free(counting.spellings);
    free(counting.counts);
    buffer_clear(&counting.text);
    judge_free(judge);
    return result;
}

void field_values_clear(struct field_values *values)
{
    buffer_clear(&values->texts);
}
