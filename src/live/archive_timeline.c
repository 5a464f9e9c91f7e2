/* SPDX-License-Identifier: Apache-2.0 */
#include "live/archive_timeline.h"

#include <stdlib.h>

#include "base/timestamp.h"
#include "live/archive_row.h"

enum { ITEMS_LEAST = 256 };

struct drawing {
    struct archive_reader *reader;
    struct judge *judge;
    struct archive_row_maker *maker;
    struct demand demand; /* which protocols there are, and nothing in them */
    struct bar_cache *cache;
    const struct timeline_question *question;
    struct timeline *timeline;
    int64_t deadline_ms;
    uint64_t first, end; /* numbers that may be in it */
    bool is_out_of_memory;
    /* the chunk at hand, by second and protocol */
    struct bar_item *items;
    uint32_t n_items, cap_items;
    const char *last_name; /* and its number: mostly the same again */
    uint8_t last_protocol;
};

/* ---- bars ---- */

static void add_bar(struct drawing *drawing, uint8_t protocol, int64_t ts_ns, uint32_t n)
{
    struct timeline *timeline = drawing->timeline;
    int64_t bucket;

    if (ts_ns < timeline->from_ns)
        return;
    bucket = (ts_ns - timeline->from_ns) / timeline->bucket_ns;
    if (bucket >= timeline->n_buckets)
        return;
    if (timeline->counts[protocol] == NULL)
        timeline->counts[protocol] = calloc(timeline->n_buckets, sizeof **timeline->counts);
    if (timeline->counts[protocol] == NULL) {
        drawing->is_out_of_memory = true;
        return;
    }
    timeline->counts[protocol][bucket] += n;
    timeline->n_of[protocol] += n;
    timeline->n_matched += n;
}

static uint8_t protocol_of(struct drawing *drawing, const struct dissection *d)
{
    const char *name = archive_row_protocol(drawing->maker, d);

    if (name != drawing->last_name) {
        drawing->last_name = name;
        drawing->last_protocol = bar_cache_protocol(drawing->cache, name);
    }
    return drawing->last_protocol;
}

/* Seconds come nearly in order: the item is among the last ones, or new. */
static void add_item(struct drawing *drawing, int64_t second, uint8_t protocol, uint32_t n)
{
    uint32_t i = drawing->n_items;

    while (i > 0 && drawing->n_items - i < 64 && drawing->items[i - 1].second >= second - 1) {
        i--;
        if (drawing->items[i].second == second && drawing->items[i].protocol == protocol) {
            drawing->items[i].n += n;
            return;
        }
    }
    if (drawing->n_items == drawing->cap_items) {
        uint32_t cap = drawing->cap_items ? 2 * drawing->cap_items : ITEMS_LEAST;
        struct bar_item *items = realloc(drawing->items, cap * sizeof *items);

        if (items == NULL) {
            drawing->is_out_of_memory = true;
            return;
        }
        drawing->items = items;
        drawing->cap_items = cap;
    }
    drawing->items[drawing->n_items++] = (struct bar_item) { second, n, protocol };
}

static void take_item(void *context, const struct bar_item *item)
{
    struct drawing *drawing = context;

    add_item(drawing, item->second, item->protocol, item->n);
}

/* ---- packets ---- */

/* Numbers first up to end; as_items: into the chunk's items, else into the bars. *through: how far. */
static bool look_through(struct drawing *drawing, uint64_t first, uint64_t end, bool as_items,
                         uint64_t *through, bool *is_over, struct error *error)
{
    struct scan_options options = { .reader = drawing->reader,
                                    .judge = drawing->judge,
                                    .also = &drawing->demand,
                                    .first = first,
                                    .end = end,
                                    .stop = drawing->question->stop,
                                    .deadline_ms = drawing->deadline_ms };
    struct archive_scan *scan = archive_scan_new(&options, error);
    const struct dissection *d;
    enum scan_result result;

    if (scan == NULL)
        return false;
    while ((result = archive_scan_next(scan, &d, error)) == SCAN_MATCH) {
        uint8_t protocol = protocol_of(drawing, d);

        if (as_items)
            add_item(drawing, d->packet->ts_ns / NS_PER_SECOND, protocol, 1);
        else
            add_bar(drawing, protocol, d->packet->ts_ns, 1);
    }
    *through = archive_scan_through(scan);
    *is_over = result == SCAN_TIME_OVER;
    archive_scan_free(scan);
    return result != SCAN_FAULT;
}

/* From what is known of each chunk, and what is found out of the rest of it, which is known from then on. */
static bool draw_chunk(struct drawing *drawing, uint64_t chunk, uint64_t *through, bool *is_over,
                       struct error *error)
{
    const char *node = drawing->reader->map.node;
    uint64_t first = chunk * BAR_CHUNK_PACKETS, end = first + BAR_CHUNK_PACKETS, known_first = 0;
    uint64_t span_first = drawing->first > first ? drawing->first : first;

    drawing->n_items = 0;
    *through = span_first;
    *is_over = false;
    if (!bar_cache_find(drawing->cache, node, chunk, &known_first, through, take_item, drawing) ||
        known_first != span_first) { /* its first ones were deleted meanwhile */
        drawing->n_items = 0;
        *through = span_first;
    }
    if (*through < end && *through < drawing->end) {
        uint64_t from = *through;

        if (!look_through(drawing, from, end < drawing->end ? end : drawing->end, true, through, is_over,
                          error))
            return false;
        bar_cache_put(drawing->cache, node, chunk, span_first, *through, drawing->items, drawing->n_items);
    }
    if (*is_over) /* bars tell of whole chunks: what is known of this one is not counted twice later */
        *through = span_first;
    for (uint32_t i = 0; !*is_over && i < drawing->n_items; i++)
        add_bar(drawing, drawing->items[i].protocol, drawing->items[i].second * NS_PER_SECOND,
                drawing->items[i].n);
    return true;
}

static bool draw_chunks(struct drawing *drawing, struct error *error)
{
    struct timeline *timeline = drawing->timeline;
    uint64_t from = drawing->question->from > drawing->first ? drawing->question->from : drawing->first;
    bool is_over = false;

    timeline->next = from;
    if (from > drawing->first && from % BAR_CHUNK_PACKETS &&
        from < drawing->end) { /* the rest of a chunk, by itself */
        uint64_t end = from - from % BAR_CHUNK_PACKETS + BAR_CHUNK_PACKETS;

        if (!look_through(drawing, from, end < drawing->end ? end : drawing->end, false, &timeline->next,
                          &is_over, error))
            return false;
        if (!is_over)
            timeline->next = from = end;
    }
    for (uint64_t chunk = from / BAR_CHUNK_PACKETS;
         !is_over && chunk * BAR_CHUNK_PACKETS < drawing->end && timeline->next < drawing->end; chunk++) {
        uint64_t through;

        if (!draw_chunk(drawing, chunk, &through, &is_over, error))
            return false;
        if (!is_over)
            timeline->next = (chunk + 1) * BAR_CHUNK_PACKETS;
        is_over |= scan_now_ms() >= drawing->deadline_ms && (chunk + 1) * BAR_CHUNK_PACKETS < drawing->end;
    }
    timeline->is_complete = !is_over;
    if (timeline->next > drawing->end)
        timeline->next = drawing->end;
    return true;
}

/* ---- the question ---- */

static int64_t round_down(int64_t value, int64_t unit)
{
    int64_t rest = value % unit;

    return value - (rest < 0 ? rest + unit : rest);
}

/* Buckets of whole seconds where a second is not too long for one. */
static void lay_out(struct timeline *timeline, int64_t from_ns, int64_t to_ns, uint32_t n_buckets)
{
    uint64_t lasted = (uint64_t)to_ns - (uint64_t)from_ns;
    int64_t bucket_ns = (int64_t)(lasted / n_buckets) + 1;

    if (bucket_ns > NS_PER_SECOND / 2) {
        bucket_ns = round_down(bucket_ns + NS_PER_SECOND - 1, NS_PER_SECOND);
        from_ns = round_down(from_ns, NS_PER_SECOND);
    }
    timeline->from_ns = from_ns;
    timeline->to_ns = to_ns;
    timeline->bucket_ns = bucket_ns;
    timeline->n_buckets = (uint32_t)(((uint64_t)to_ns - (uint64_t)from_ns) / (uint64_t)bucket_ns) + 1;
    if (timeline->n_buckets > n_buckets + 1)
        timeline->n_buckets = n_buckets + 1;
}

/* Open ends are closed by the packets there are. */
static bool close_range(struct archive_reader *reader, uint64_t first, uint64_t end, struct time_range *range)
{
    struct number_run run;
    struct error ignored;

    if (range->from_ns == INT64_MIN &&
        number_reader_from(reader->numbers, first, &run, &ignored) == NUMBER_PACKETS && run.n)
        range->from_ns = run.packets[0].ts_ns;
    if (range->to_ns == INT64_MAX &&
        number_reader_before(reader->numbers, end, &run, &ignored) == NUMBER_PACKETS && run.n) {
        for (uint32_t i = 0; i < run.n; i++)
            if (range->to_ns == INT64_MAX || run.packets[i].ts_ns > range->to_ns)
                range->to_ns = run.packets[i].ts_ns;
    }
    return range->from_ns != INT64_MIN && range->to_ns != INT64_MAX && range->from_ns <= range->to_ns;
}

static void keep_gap(void *context, const struct hub_gap *gap)
{
    struct timeline *timeline = context;

    if (timeline->n_gaps < ARCHIVE_GAPS_LIMIT)
        timeline->gaps[timeline->n_gaps++] = *gap;
}

/* Which numbers it is about. In whole chunks, whose edges lie where they always lie, when they are
 * remembered. */
static void bound(struct drawing *drawing, const struct time_range *range, bool is_remembered)
{
    uint64_t span_first = drawing->first, span_end = drawing->end;
    uint64_t from = archive_reader_at(drawing->reader, range->from_ns);
    uint64_t end = archive_reader_at(drawing->reader, range->to_ns + 1) + SCAN_DISORDER_PACKETS;

    from = from > SCAN_DISORDER_PACKETS ? from - SCAN_DISORDER_PACKETS : 0;
    if (is_remembered) {
        from -= from % BAR_CHUNK_PACKETS;
        end += BAR_CHUNK_PACKETS - end % BAR_CHUNK_PACKETS;
    }
    drawing->first = from > span_first ? from : span_first;
    drawing->end = end < span_end ? end : span_end;
}

/* True with an empty timeline when there is nothing to draw. */
static bool prepare(struct drawing *drawing, bool *is_empty)
{
    const struct scope *scope = &drawing->question->question.scope;
    struct time_range range = drawing->question->range;

    if (scope->range.from_ns > range.from_ns)
        range.from_ns = scope->range.from_ns;
    if (scope->range.to_ns < range.to_ns)
        range.to_ns = scope->range.to_ns;
    *is_empty = !scope_span(drawing->reader, scope, &drawing->first, &drawing->end) ||
                !close_range(drawing->reader, drawing->first, drawing->end, &range);
    if (*is_empty)
        return true;
    lay_out(drawing->timeline, range.from_ns, range.to_ns, drawing->question->n_buckets);
    number_map_gaps(&drawing->reader->map, drawing->first, drawing->end, &range, keep_gap, drawing->timeline);
    return true;
}

static bool draw(struct drawing *drawing, bool is_remembered, struct error *error)
{
    struct timeline *timeline = drawing->timeline;
    struct time_range range = { timeline->from_ns, timeline->to_ns };
    bool is_over = false;

    bound(drawing, &range, is_remembered);
    if (is_remembered)
        return draw_chunks(drawing, error);
    if (drawing->question->from > drawing->first)
        drawing->first = drawing->question->from;
    if (!look_through(drawing, drawing->first, drawing->end, false, &timeline->next, &is_over, error))
        return false;
    timeline->is_complete = !is_over;
    return true;
}

static bool is_all(const char *text)
{
    return text == NULL || text[0] == '\0';
}

enum answer_result archive_timeline(struct archive_reader *reader, struct archive_devices *devices,
                                    struct bar_cache *cache, const struct timeline_question *question,
                                    struct timeline *timeline, struct error *error)
{
    struct drawing drawing = { .reader = reader,
                               .cache = cache,
                               .question = question,
                               .timeline = timeline,
                               .deadline_ms = scan_now_ms() + TIMELINE_TIME_MS };
    struct question narrowed = question->question;
    bool is_empty, is_remembered, is_done;
    enum judge_result judged;

    *timeline = (struct timeline) { .is_complete = true };
    prepare(&drawing, &is_empty);
    is_remembered = !is_empty && is_all(narrowed.filter) && is_all(narrowed.device) &&
                    scope_is_all(&narrowed.scope) && timeline->bucket_ns >= NS_PER_SECOND;
    if (!is_empty && !is_remembered) { /* what is remembered is of all there is */
        if (timeline->from_ns > narrowed.scope.range.from_ns)
            narrowed.scope.range.from_ns = timeline->from_ns;
        if (timeline->to_ns < narrowed.scope.range.to_ns)
            narrowed.scope.range.to_ns = timeline->to_ns;
    }
    judged =
        judge_new(&narrowed, devices, &drawing.judge, error); /* the filter's fault is told in any case */
    if (judged != JUDGE_READY)
        return judged == JUDGE_REFUSED ? ANSWER_REFUSED : ANSWER_FAULT;
    drawing.maker = archive_row_maker_new(NULL);
    if (drawing.maker)
        archive_row_protocol_demand(drawing.maker, &drawing.demand);
    is_done = drawing.maker != NULL && (is_empty || draw(&drawing, is_remembered, error));
    if (drawing.maker == NULL || drawing.is_out_of_memory)
        is_done = error_set(error, ERROR_SYSTEM, "no memory for a timeline");
    archive_row_maker_free(drawing.maker);
    judge_free(drawing.judge);
    free(drawing.items);
    return is_done ? ANSWER_DONE : ANSWER_FAULT;
}

void timeline_clear(struct timeline *timeline)
{
    for (size_t i = 0; i < BAR_PROTOCOLS; i++)
        free(timeline->counts[i]);
    *timeline = (struct timeline) { 0 };
}

/* ---- in all ---- */

static void count_packet(struct count_answer *answer, const struct packet *packet)
{
    if (answer->n_matched++ == 0) {
        answer->first = packet->packet_id;
        answer->from_ns = answer->to_ns = packet->ts_ns;
    }
    answer->last = packet->packet_id;
    answer->n_bytes += packet->len;
    if (packet->ts_ns < answer->from_ns)
        answer->from_ns = packet->ts_ns;
    if (packet->ts_ns > answer->to_ns)
        answer->to_ns = packet->ts_ns;
}

/* Every number that is kept is one: nothing need be read but its first and last. */
static void count_all(struct archive_reader *reader, uint64_t first, uint64_t end,
                      struct count_answer *answer)
{
    struct number_run run;
    struct error ignored;

    answer->next = end;
    answer->n_seen = end > first ? end - first : 0;
    for (uint32_t i = 0; i < reader->map.n; i++) {
        const struct numbered_segment_view *segment = &reader->map.segments[i];
        uint64_t from = segment->first > first ? segment->first : first;
        uint64_t to = segment->end < end ? segment->end : end;

        answer->n_matched += to > from ? to - from : 0;
    }
    if (answer->n_matched == 0)
        return;
    if (number_reader_from(reader->numbers, first, &run, &ignored) == NUMBER_PACKETS && run.n) {
        answer->first = run.first;
        answer->from_ns = run.packets[0].ts_ns;
    }
    if (number_reader_before(reader->numbers, end, &run, &ignored) == NUMBER_PACKETS && run.n) {
        answer->last = run.end - 1;
        answer->to_ns = run.packets[run.n - 1].ts_ns;
    }
    answer->has_no_bytes = true;
}

enum answer_result archive_count(struct archive_reader *reader, struct archive_devices *devices,
                                 const struct count_question *question, struct count_answer *answer,
                                 struct error *error)
{
    struct scan_options options = { .reader = reader,
                                    .stop = question->stop,
                                    .deadline_ms = scan_now_ms() + COUNT_TIME_MS };
    enum scan_result result = SCAN_END;
    enum judge_result judged;
    const struct dissection *d;
    struct archive_scan *scan;
    uint64_t first, end, from;

    *answer =
        (struct count_answer) { .from_ns = INT64_MAX, .to_ns = INT64_MIN, .share = 1, .is_complete = true };
    judged = judge_new(&question->question, devices, &options.judge, error);
    if (judged != JUDGE_READY)
        return judged == JUDGE_REFUSED ? ANSWER_REFUSED : ANSWER_FAULT;
    if (!scope_span(reader, &question->question.scope, &first, &end)) {
        judge_free(options.judge);
        return ANSWER_DONE;
    }
    if (question->first > first)
        first = question->first;
    if (question->last < UINT64_MAX && question->last + 1 < end)
        end = question->last + 1;
    from = question->from > first ? question->from : first;
    if (judge_takes_all(options.judge) && scope_is_all(&question->question.scope)) {
        count_all(reader, from, end, answer);
        judge_free(options.judge);
        return ANSWER_DONE;
    }
    options.first = from;
    options.end = end > from ? end : from;
    scan = archive_scan_new(&options, error);
    while (scan && (result = archive_scan_next(scan, &d, error)) == SCAN_MATCH)
        count_packet(answer, d->packet);
    if (scan) {
        uint64_t through = archive_scan_through(scan);

        answer->is_complete = result != SCAN_TIME_OVER;
        answer->next = answer->is_complete ? options.end : through;
        answer->n_seen = answer->next - from;
        if (!answer->is_complete && end > first)
            answer->share = (double)(through - first) / (double)(end - first);
    }
    archive_scan_free(scan);
    judge_free(options.judge);
    return scan == NULL || result == SCAN_FAULT ? ANSWER_FAULT : ANSWER_DONE;
}
