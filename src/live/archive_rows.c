/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backwards is a matter of windows: the numbers just before are looked through forwards, then, while there
 * are too few rows, a window four times as large before those. So what depends on earlier packets is always
 * met in the order it came.
 */
#include "live/archive_rows.h"

#include <stdlib.h>

#include "live/archive_row.h"

enum { TEXTS_LIMIT_BYTES = 8 << 20 };

struct gathering {
    struct archive_reader *reader;
    struct judge *judge;
    struct archive_row_maker *maker;
    const struct rows_question *question;
    struct rows_answer *answer;
    int64_t deadline_ms;
};

struct kept { /* offsets, for the buffer moves */
    struct row row;
    size_t at[5];
};

static const size_t text_members[5] = { offsetof(struct row, source), offsetof(struct row, destination),
                                        offsetof(struct row, device), offsetof(struct row, protocol),
                                        offsetof(struct row, info) };

static struct bytes *text_of(struct row *row, size_t i)
{
    return (struct bytes *)((char *)row + text_members[i]);
}

static void keep(struct buffer *texts, const struct row *row, struct kept *kept)
{
    kept->row = *row;
    for (size_t i = 0; i < 5; i++) {
        struct bytes *text = text_of(&kept->row, i);

        kept->at[i] = texts->len;
        if (text->len && !buffer_put(texts, text->data, text->len))
            text->len = 0;
    }
}

/*
 * Rows of numbers first up to end into kept, as a ring of n when only the last ones count. *through: how far
 * it came. False with *error.
 */
static bool gather(struct gathering *g, uint64_t first, uint64_t end, bool wants_last, uint32_t n,
                   struct kept *kept, uint32_t *n_found, uint64_t *through, enum scan_result *result,
                   struct error *error)
{
    struct scan_options options = { .reader = g->reader,
                                    .judge = g->judge,
                                    .also = archive_row_demand(g->maker),
                                    .first = first,
                                    .end = end,
                                    .stop = g->question->stop,
                                    .deadline_ms = g->deadline_ms };
    struct archive_scan *scan = archive_scan_new(&options, error);
    const struct dissection *d;
    struct row row;

    *n_found = 0;
    if (scan == NULL)
        return false;
    *result = SCAN_END;
    while ((wants_last || *n_found < n) && (*result = archive_scan_next(scan, &d, error)) == SCAN_MATCH) {
        archive_row_make(g->maker, d, &row);
        keep(&g->answer->texts, &row, &kept[(*n_found)++ % n]);
    }
    *through = archive_scan_through(scan);
    archive_scan_free(scan);
    return *result != SCAN_FAULT;
}

static void settle_rows(struct rows_answer *answer, struct kept *kept, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        answer->rows[i] = kept[i].row;
        for (size_t t = 0; t < 5; t++)
            text_of(&answer->rows[i], t)->data = answer->texts.data + kept[i].at[t];
    }
    answer->n = n;
}

static bool go_forwards(struct gathering *g, uint64_t from, struct kept *kept, struct error *error)
{
    struct rows_answer *answer = g->answer;
    enum scan_result result;
    uint64_t through;
    uint32_t n;

    if (!gather(g, from, answer->span_end, false, g->question->n, kept, &n, &through, &result, error))
        return false;
    settle_rows(answer, kept, n);
    answer->is_complete = result != SCAN_TIME_OVER;
    if (n == g->question->n)
        through = answer->rows[n - 1].number + 1;
    else if (answer->is_complete && through < answer->span_end)
        through = answer->span_end;
    if (through > from) {
        answer->first = from;
        answer->last = through - 1;
    }
    return true;
}

/* The last rows of a window in front of those kept already, as many as there is room for. */
static void put_in_front(struct kept *kept, uint32_t *n_kept, const struct kept *ring, uint32_t n_found,
                         uint32_t cap)
{
    uint32_t n = n_found < cap - *n_kept ? n_found : cap - *n_kept;

    memmove(kept + n, kept, *n_kept * sizeof *kept);
    for (uint32_t i = 0; i < n; i++)
        kept[i] = ring[(n_found - n + i) % cap];
    *n_kept += n;
}

static bool go_backwards(struct gathering *g, uint64_t before, struct kept *kept, struct error *error)
{
    struct rows_answer *answer = g->answer;
    uint64_t high = before < answer->span_end ? before : answer->span_end, low = high, through;
    uint32_t n = g->question->n, n_kept = 0, n_found = 0;
    uint64_t window = judge_takes_all(g->judge) ? n : ROWS_WINDOW_LEAST;
    struct kept *ring = calloc(n, sizeof *ring);
    enum scan_result result = SCAN_END;
    bool is_well = ring != NULL || error_set(error, ERROR_SYSTEM, "no memory for rows");

    answer->is_complete = true;
    while (is_well && n_kept < n && low > answer->span_first && answer->is_complete) {
        uint64_t first = low - answer->span_first > window ? low - window : answer->span_first;

        is_well = gather(g, first, low, true, n, ring, &n_found, &through, &result, error);
        answer->is_complete = result != SCAN_TIME_OVER;
        if (is_well && answer->is_complete) { /* else the rows behind are not known: it is asked for again */
            put_in_front(kept, &n_kept, ring, n_found, n);
            low = first;
            window *= 4;
        }
    }
    free(ring);
    if (!is_well)
        return false;
    settle_rows(answer, kept, n_kept);
    if (n_kept == n)
        low = answer->rows[0].number;
    if (low < high) {
        answer->first = low;
        answer->last = high - 1;
    }
    return true;
}

/* ---- what may be asked for ---- */

bool scope_span(struct archive_reader *reader, const struct scope *scope, uint64_t *first, uint64_t *end)
{
    *first = *end = 0;
    if (!archive_reader_span(reader, first, end))
        return false;
    if (scope->range.from_ns != INT64_MIN) {
        uint64_t from = archive_reader_at(reader, scope->range.from_ns);

        *first = from > *first ? from : *first;
    }
    if (scope->range.to_ns != INT64_MAX) {
        uint64_t to = archive_reader_at(reader, scope->range.to_ns + 1);

        *end = to < *end ? to : *end;
    }
    if (scope->numbers.n) {
        uint64_t last = scope->numbers.ranges[scope->numbers.n - 1].last;

        *first = scope->numbers.ranges[0].first > *first ? scope->numbers.ranges[0].first : *first;
        *end = last < *end ? last + 1 : *end;
    }
    if (*first < *end)
        return true;
    *first = *end = 0;
    return false;
}

static void keep_gap(void *context, const struct hub_gap *gap)
{
    struct rows_answer *answer = context;

    if (answer->n_gaps < ARCHIVE_GAPS_LIMIT)
        answer->gaps[answer->n_gaps++] = *gap;
}

static bool answer_within(struct gathering *g, struct error *error)
{
    const struct rows_question *question = g->question;
    struct rows_answer *answer = g->answer;
    struct kept *kept = calloc(question->n, sizeof *kept);
    uint64_t from = answer->span_first;
    bool is_done;

    if (kept == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory for rows");
    if (question->mode == ROWS_FROM && question->number > from)
        from = question->number;
    if (question->mode == ROWS_AT) {
        uint64_t at = archive_reader_at(g->reader, question->at_ns);

        from = at > from ? at : from;
    }
    is_done = question->mode == ROWS_BEFORE ? go_backwards(g, question->number, kept, error)
                                            : go_forwards(g, from, kept, error);
    free(kept);
    if (is_done && answer->last) { /* what was asked for and is not there any more belongs to the answer */
        uint64_t first = question->mode == ROWS_FROM && question->number < answer->first ? question->number
                                                                                         : answer->first;

        number_map_gaps(&g->reader->map, first, answer->last, judge_range(g->judge), keep_gap, answer);
    }
    return is_done;
}

enum answer_result archive_rows(struct archive_reader *reader, struct archive_devices *devices,
                                const struct rows_question *question, struct rows_answer *answer,
                                struct error *error)
{
    struct gathering g = {
        .reader = reader, .question = question, .answer = answer, .deadline_ms = scan_now_ms() + ROWS_TIME_MS
    };
    enum judge_result judged;
    bool is_done;

    *answer = (struct rows_answer) { .is_complete = true };
    buffer_init(&answer->texts, TEXTS_LIMIT_BYTES);
    judged = judge_new(&question->question, devices, &g.judge, error);
    if (judged != JUDGE_READY)
        return judged == JUDGE_REFUSED ? ANSWER_REFUSED : ANSWER_FAULT;
    archive_devices_refresh(devices, 0);
    g.maker = archive_row_maker_new(devices);
    is_done = g.maker != NULL || error_set(error, ERROR_SYSTEM, "no memory for rows");
    if (is_done && scope_span(reader, &question->question.scope, &answer->span_first, &answer->span_end))
        is_done = answer_within(&g, error);
    archive_row_maker_free(g.maker);
    judge_free(g.judge);
    return is_done ? ANSWER_DONE : ANSWER_FAULT;
}

void rows_answer_clear(struct rows_answer *answer)
{
    buffer_clear(&answer->texts);
}
