/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The window of numbers is cut into parts: runs of indexed segments whose times follow one another, each read
 * by one archive_source (it orders by time, and within such a run that is the order of numbers), and what is
 * read by number.
 */
#include "live/archive_scan.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "archive/archive_source.h"
#include "filter/sieve.h"
#include "packet/batch.h"
#include "protocol/state.h"

enum {
    LOOK_AT_CLOCK_EVERY = 32, /* packets */
    PAST_SEGMENTS = 16,       /* in which what came before is looked for */
};

struct archive_scan {
    struct scan_options options;
    struct demand demand;
    struct dissect_state *state;
    struct dissection *dissection;
    struct packet packet; /* that was dissected last */
    struct sieve *sieve;  /* NULL: every packet is looked at */
    bool is_first;        /* of a stream: the next one is */
    uint64_t hash_seed;
    uint64_t through, end;
    uint32_t n_since_clock;
    uint64_t n_damaged;

    /* the part at hand */
    uint64_t part_end;
    uint64_t run_end; /* one behind the numbers asked for that follow one another; no part goes beyond */
    bool is_by_number, has_part;
    uint64_t next_number; /* by number */
    struct number_run run;
    uint32_t run_at;
    struct catalog catalog; /* entries borrowed from the map's */
    struct judge_hint hint;
    struct source *source;
    struct batch batch;
    uint32_t batch_at;
};

int64_t scan_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the reader ---- */

struct archive_reader *archive_reader_new(const char *directory, const char *node, struct error *error)
{
    struct archive_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL) {
        error_set(error, ERROR_SYSTEM, "%s: no memory to read it", directory);
        return NULL;
    }
    if (number_map_load(&reader->map, directory, node, error))
        reader->numbers = number_reader_open(directory, node, &reader->interfaces, error);
    if (reader->numbers)
        return reader;
    archive_reader_free(reader);
    return NULL;
}

void archive_reader_free(struct archive_reader *reader)
{
    if (reader == NULL)
        return;
    number_reader_close(reader->numbers);
    interface_table_clear(&reader->interfaces);
    number_map_clear(&reader->map);
    free(reader);
}

bool archive_reader_span(struct archive_reader *reader, uint64_t *first, uint64_t *end)
{
    return number_reader_span(reader->numbers, first, end);
}

/* The time of the first packet from that number on; false: there is none. */
static bool time_at(struct archive_reader *reader, uint64_t number, uint64_t *found, int64_t *ts_ns)
{
    struct number_run run;
    struct error ignored;
    enum number_result result;

    while ((result = number_reader_from(reader->numbers, number, &run, &ignored)) == NUMBER_DAMAGED &&
           run.end > number)
        number = run.end;
    if (result != NUMBER_PACKETS || run.n == 0)
        return false;
    *found = run.first;
    *ts_ns = run.packets[0].ts_ns;
    return true;
}

uint64_t archive_reader_at(struct archive_reader *reader, int64_t ts_ns)
{
    const struct number_map *map = &reader->map;
    uint64_t low, high, first = 0, end = 0;
    uint32_t at = 0;

    if (!archive_reader_span(reader, &first, &end))
        return 0;
    while (at < map->n && map->segments[at].max_ts_ns < ts_ns)
        at++;
    if (at == map->n)
        return end;
    low = map->segments[at].first;
    high = map->segments[at].end < end ? map->segments[at].end : end;
    while (low < high) { /* the packet is at low, or behind it, and not behind high */
        uint64_t middle = low + (high - low) / 2, found;
        int64_t found_ns;

        if (time_at(reader, middle, &found, &found_ns) && found < high && found_ns < ts_ns)
            low = found + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- parts ---- */

static void end_part(struct archive_scan *scan)
{
    source_close(scan->source);
    scan->source = NULL;
    free(scan->catalog.entries);
    scan->catalog = (struct catalog) { 0 };
    judge_hint_clear(&scan->hint);
    scan->has_part = false;
}

static bool begin_state(struct archive_scan *scan, struct error *error)
{
    dissect_state_free(scan->state);
    scan->state = dissect_state_new(scan->hash_seed);
    if (scan->state == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory for dissection");
    dissection_init(scan->dissection, &scan->demand, scan->state, &scan->options.reader->interfaces);
    scan->is_first = true;
    return true;
}

/* Blocks behind the window's edges do not widen the time that is asked for. */
static void narrow(const struct archive_scan *scan, const struct numbered_segment_view *segment,
                   struct time_range *range)
{
    const struct catalog_entry *entry = &scan->options.reader->map.catalog.entries[segment->entry];
    struct segment_index *index;
    struct segment_block row;
    struct error ignored;
    uint32_t n;

    if (segment->first >= scan->through && segment->end <= scan->end) {
        range->from_ns = segment->min_ts_ns < range->from_ns ? segment->min_ts_ns : range->from_ns;
        range->to_ns = segment->max_ts_ns > range->to_ns ? segment->max_ts_ns : range->to_ns;
        return;
    }
    index = segment_index_open(entry->index_path, &ignored);
    n = index ? segment_index_blocks(index) : 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t first;

        if (!segment_index_block(index, i, &row) || row.n_packets == 0)
            continue;
        first = segment->first + row.first_packet;
        if (first + row.n_packets <= scan->through || first >= scan->end)
            continue;
        range->from_ns = row.min_ts_ns < range->from_ns ? row.min_ts_ns : range->from_ns;
        range->to_ns = row.max_ts_ns > range->to_ns ? row.max_ts_ns : range->to_ns;
    }
    segment_index_close(index);
}

/* By number, from some packets before on, so that what is shown of the first ones knows what they go on from.
 */
static void begin_by_number(struct archive_scan *scan, uint64_t first, uint64_t end, uint64_t context)
{
    scan->part_end = end < scan->run_end ? end : scan->run_end;
    scan->next_number = first > context ? first - context : 1;
    scan->run = (struct number_run) { 0 };
    scan->run_at = 0;
}

/* The run of indexed segments from number `at` on: read with what came before, if that counts. */
static bool begin_indexed(struct archive_scan *scan, uint32_t at, struct error *error)
{
    const struct number_map *map = &scan->options.reader->map;
    bool wants_past = judge_memory(scan->options.judge) != HINT_MEMORY_NONE;
    struct time_range range = { INT64_MAX, INT64_MIN };
    uint32_t end = at, begin;

    scan->catalog.entries = calloc(map->n + 1, sizeof *scan->catalog.entries);
    if (scan->catalog.entries == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory for the search");
    do {
        narrow(scan, &map->segments[end], &range);
        end++;
    } while (end < map->n && map->segments[end].is_indexed && map->segments[end].first < scan->end &&
             map->segments[end].min_ts_ns >= map->segments[end - 1].max_ts_ns);
    scan->part_end = map->segments[end - 1].end < scan->end ? map->segments[end - 1].end : scan->end;
    if (scan->part_end > scan->run_end)
        scan->part_end = scan->run_end;
    begin = !wants_past ? at : at > PAST_SEGMENTS ? at - PAST_SEGMENTS : 0;
    for (uint32_t i = 0; i < map->catalog.n; i++) { /* in the catalog's order */
        for (uint32_t s = begin; s < end; s++) {
            if (map->segments[s].entry == i)
                scan->catalog.entries[scan->catalog.n++] = map->catalog.entries[i];
        }
    }
    scan->batch_at = 0;
    batch_empty(&scan->batch);
    if (!judge_hint_make(scan->options.judge, &range, &scan->hint, error))
        return false;
    scan->source = archive_source_open_with_past(&scan->catalog, scan->hint.hint, scan->hint.past,
                                                 &scan->options.reader->interfaces, error);
    if (scan->source == NULL)
        return false;
    if (archive_source_counters(scan->source)->n_blocks_before > SCAN_PAST_BLOCKS) {
        uint64_t part_end = scan->part_end;

        end_part(scan);
        scan->is_by_number = true;
        begin_by_number(scan, scan->through, part_end, SCAN_LONG_CONTEXT_PACKETS);
    }
    return true;
}

/* On to the next number that is asked for. False: none is left. */
static bool skip_to_asked(struct archive_scan *scan)
{
    uint64_t first, last;

    if (!number_ranges_from(judge_numbers(scan->options.judge), scan->through, &first, &last))
        return false;
    scan->through = first;
    scan->run_end = last < UINT64_MAX ? last + 1 : UINT64_MAX;
    return true;
}

/* False: the window is done, or *error. */
static bool begin_part(struct archive_scan *scan, struct error *error)
{
    const struct number_map *map = &scan->options.reader->map;
    bool goes_on = scan->is_by_number && scan->state;
    uint64_t before = scan->through;
    uint32_t at;

    end_part(scan);
    error->kind = ERROR_NONE;
    if (!skip_to_asked(scan)) {
        scan->through = scan->end > scan->through ? scan->end : scan->through;
        return false;
    }
    goes_on &= scan->through == before;
    at = number_map_from(map, scan->through);
    if (scan->through >= scan->end || at == map->n || map->segments[at].first >= scan->end)
        return false;
    if (scan->through < map->segments[at].first) {
        scan->through = map->segments[at].first;
        if (scan->through >= scan->run_end) /* those asked for are not kept; others may be */
            return begin_part(scan, error);
    }
    scan->is_by_number = judge_takes_all(scan->options.judge) || !map->segments[at].is_indexed;
    if (!(scan->is_by_number && goes_on) && !begin_state(scan, error))
        return false;
    if (!scan->is_by_number) {
        scan->has_part = begin_indexed(scan, at, error);
        return scan->has_part;
    }
    if (judge_takes_all(scan->options.judge))
        begin_by_number(scan, scan->through, scan->end, SCAN_CONTEXT_PACKETS);
    else
        begin_by_number(scan, scan->through,
                        map->segments[at].end < scan->end ? map->segments[at].end : scan->end,
                        judge_memory(scan->options.judge) == HINT_MEMORY_NONE ? SCAN_CONTEXT_PACKETS
                                                                              : SCAN_LONG_CONTEXT_PACKETS);
    if (goes_on)
        scan->next_number = scan->through;
    scan->has_part = true;
    return true;
}

/* ---- packets ---- */

/* The next packet of the part; NULL at its end. */
static const struct packet *next_by_number(struct archive_scan *scan)
{
    struct error ignored;

    while (scan->run_at == scan->run.n) {
        enum number_result result;

        if (scan->next_number >= scan->part_end)
            return NULL;
        result = number_reader_from(scan->options.reader->numbers, scan->next_number, &scan->run, &ignored);
        scan->run_at = 0;
        if (result == NUMBER_NONE || (result == NUMBER_DAMAGED && scan->run.end <= scan->next_number))
            return NULL;
        if (result == NUMBER_DAMAGED) {
            scan->n_damaged++;
            scan->run.n = 0;
        }
        scan->next_number = scan->run.end;
    }
    return &scan->run.packets[scan->run_at++];
}

static const struct packet *next_indexed(struct archive_scan *scan)
{
    struct error ignored;

    while (scan->batch_at == scan->batch.n) {
        scan->batch_at = 0;
        if (source_next(scan->source, &scan->batch, 0, &ignored) != SOURCE_PACKETS) {
            scan->n_damaged += archive_source_counters(scan->source)->n_damaged;
            return NULL;
        }
    }
    return &scan->batch.packets[scan->batch_at++];
}

static bool is_time_over(struct archive_scan *scan)
{
    if (scan->options.stop && atomic_load_explicit(scan->options.stop, memory_order_relaxed))
        return true;
    if (++scan->n_since_clock < LOOK_AT_CLOCK_EVERY)
        return false;
    scan->n_since_clock = 0;
    return scan_now_ms() >= scan->options.deadline_ms;
}

/* Without an index's help: to the numbers of that time, and what may have come out of order. */
static void narrow_by_time(struct archive_scan *scan, const struct time_range *range)
{
    if (range->from_ns != INT64_MIN) {
        uint64_t at = archive_reader_at(scan->options.reader, range->from_ns);

        if (at > SCAN_DISORDER_PACKETS && at - SCAN_DISORDER_PACKETS > scan->through)
            scan->through = at - SCAN_DISORDER_PACKETS;
    }
    if (range->to_ns != INT64_MAX) {
        uint64_t at = archive_reader_at(scan->options.reader, range->to_ns + 1);

        if (at + SCAN_DISORDER_PACKETS < scan->end)
            scan->end = at + SCAN_DISORDER_PACKETS;
    }
    if (scan->through > scan->end)
        scan->through = scan->end;
}

struct archive_scan *archive_scan_new(const struct scan_options *options, struct error *error)
{
    struct archive_scan *scan = calloc(1, sizeof *scan);
    uint64_t first = 0, end = 0;

    if (scan == NULL || !batch_init(&scan->batch, 0) ||
        (scan->dissection = malloc(sizeof *scan->dissection)) == NULL) {
        archive_scan_free(scan);
        error_set(error, ERROR_SYSTEM, "no memory to look through the archive");
        return NULL;
    }
    scan->options = *options;
    if (getrandom(&scan->hash_seed, sizeof scan->hash_seed, 0) != sizeof scan->hash_seed) {
        error_system(error, "random numbers");
        archive_scan_free(scan);
        return NULL;
    }
    demand_init(&scan->demand);
    demand_merge(&scan->demand, judge_demand(options->judge));
    if (options->also)
        demand_merge(&scan->demand, options->also);
    demand_settle(&scan->demand);
    if (judge_filter(options->judge))
        scan->sieve = sieve_new(judge_filter(options->judge), &scan->demand, &preferences_default);
    scan->through = options->first;
    scan->end = options->end;
    if (!number_map_window(&options->reader->map, judge_range(options->judge), &first, &end))
        scan->end = scan->through; /* nothing of that time is there */
    if (scan->through < first)
        scan->through = first;
    if (scan->end > end)
        scan->end = end > scan->through ? end : scan->through;
    if (judge_takes_all(options->judge))
        narrow_by_time(scan, judge_range(options->judge));
    return scan;
}

void archive_scan_free(struct archive_scan *scan)
{
    if (scan == NULL)
        return;
    end_part(scan);
    batch_clear(&scan->batch);
    sieve_free(scan->sieve);
    dissect_state_free(scan->state);
    free(scan->dissection);
    free(scan);
}

/* Whether it is one of those asked for. What comes from before is looked at for what it leaves behind. */
static bool look_at(struct archive_scan *scan, const struct packet *packet)
{
    bool is_one = false;

    if (scan->sieve == NULL || scan->is_first || sieve_keeps(scan->sieve, packet)) {
        scan->packet = *packet;
        scan->packet.number = packet->packet_id; /* what people see as No. is what frame.number asks for */
        dissect(scan->dissection, &scan->packet);
        is_one = judge_packet(scan->options.judge, scan->dissection);
        scan->is_first = false;
    }
    if (packet->packet_id < scan->through)
        return false;
    scan->through = packet->packet_id + 1;
    return is_one;
}

enum scan_result archive_scan_next(struct archive_scan *scan, const struct dissection **d,
                                   struct error *error)
{
    for (;;) {
        const struct packet *packet;

        if (!scan->has_part && !begin_part(scan, error))
            return error->kind == ERROR_NONE ? SCAN_END : SCAN_FAULT;
        if (is_time_over(scan))
            return SCAN_TIME_OVER;
        packet = scan->is_by_number ? next_by_number(scan) : next_indexed(scan);
        if (packet == NULL || packet->packet_id >= scan->part_end) {
            if (packet == NULL && scan->is_by_number && scan->next_number < scan->part_end)
                scan->end = scan->through; /* there is nothing behind it, or not yet */
            else
                scan->through = scan->part_end;
            end_part(scan);
            continue;
        }
        if (!look_at(scan, packet))
            continue;
        *d = scan->dissection;
        return SCAN_MATCH;
    }
}

uint64_t archive_scan_through(const struct archive_scan *scan)
{
    return scan->through;
}

uint64_t archive_scan_damaged(const struct archive_scan *scan)
{
    return scan->n_damaged;
}
