/* SPDX-License-Identifier: Apache-2.0 */
#include "live/number_map.h"

#include <stdlib.h>

#include "archive/segment_reader.h"

static int by_first(const void *left, const void *right)
{
    const struct numbered_segment_view *a = left, *b = right;
    int order = (a->first > b->first) - (a->first < b->first);

    return order ? order : (a->entry > b->entry) - (a->entry < b->entry);
}

static bool is_same_entry(const struct catalog_entry *a, const struct catalog_entry *b)
{
    return !a->is_open && !b->is_open && a->has_index == b->has_index && a->stored_bytes == b->stored_bytes &&
           a->index_changed_ns == b->index_changed_ns && strcmp(a->path, b->path) == 0;
}

/* Of a sealed segment whose index is lost or of another version: its own first block says it. 0: it does not.
 */
static uint64_t first_number_of(const struct catalog_entry *entry)
{
    struct interface_table interfaces = { 0 };
    struct error ignored;
    struct segment_reader *reader = segment_reader_open(entry->path, NULL, &interfaces, &ignored);
    const struct packet *packets;
    uint64_t number = 0;
    uint32_t n;

    if (reader && segment_reader_next(reader, &packets, &n, &ignored) == SEGMENT_BLOCK && n > 0)
        number = packets[0].packet_id;
    segment_reader_close(reader);
    interface_table_clear(&interfaces);
    return number;
}

/* Both catalogs are in the same order, so one pass finds what is in both. */
static bool read_accounts(struct number_map *map, const struct catalog *old,
                          const struct segment_account *known)
{
    uint32_t at = 0;

    map->accounts = calloc(map->catalog.n + 1, sizeof *map->accounts);
    if (map->accounts == NULL)
        return false;
    for (uint32_t i = 0; i < map->catalog.n; i++) {
        const struct catalog_entry *entry = &map->catalog.entries[i];

        if (strcmp(entry->node, map->node) != 0)
            continue;
        for (uint32_t k = at; k < old->n && old->entries[k].named_ts_ns <= entry->named_ts_ns; k++) {
            if (old->entries[k].named_ts_ns < entry->named_ts_ns)
                at = k + 1;
            else if (is_same_entry(&old->entries[k], entry)) {
                map->accounts[i] = known[k];
                break;
            }
        }
        if (map->accounts[i].node == NULL) {
            segment_account_read(entry, &map->accounts[i]);
            if (!map->accounts[i].is_known && map->accounts[i].recording.first_number == 0)
                map->accounts[i].recording.first_number = first_number_of(entry);
        }
        map->accounts[i].node = map->node;
    }
    return true;
}

static bool list_segments(struct number_map *map)
{
    map->segments = calloc(map->catalog.n + 1, sizeof *map->segments);
    map->n = 0;
    if (map->segments == NULL)
        return false;
    for (uint32_t i = 0; i < map->catalog.n; i++) {
        const struct segment_account *account = &map->accounts[i];
        struct numbered_segment_view *segment = &map->segments[map->n];
        bool is_counted = !account->is_open && account->is_known && map->catalog.entries[i].has_index;

        if (account->node == NULL || account->recording.first_number == 0 ||
            (is_counted && account->n_packets == 0))
            continue;
        *segment = (struct numbered_segment_view) { .first = account->recording.first_number,
                                                    .end = UINT64_MAX,
                                                    .min_ts_ns = INT64_MIN,
                                                    .max_ts_ns = INT64_MAX,
                                                    .entry = i,
                                                    .is_indexed = is_counted,
                                                    .is_open = account->is_open,
                                                    .recording = account->recording };
        if (is_counted) {
            segment->end = segment->first + account->n_packets;
            segment->min_ts_ns = account->min_ts_ns;
            segment->max_ts_ns = account->max_ts_ns;
        }
        map->n++;
    }
    qsort(map->segments, map->n, sizeof *map->segments, by_first);
    for (uint32_t i = 0; i + 1 < map->n;
         i++) /* without an index: it ends before the next one at the latest */
        if (map->segments[i].end > map->segments[i + 1].first)
            map->segments[i].end = map->segments[i + 1].first;
    return true;
}

bool number_map_update(struct number_map *map, struct error *error)
{
    struct catalog old = map->catalog;
    struct segment_account *known = map->accounts;
    bool is_done;

    map->catalog = (struct catalog) { 0 };
    map->accounts = NULL;
    free(map->segments);
    map->segments = NULL;
    map->n = 0;
    is_done = catalog_load(&map->catalog, map->directory, error) &&
              ((read_accounts(map, &old, known) && list_segments(map)) ||
               error_set(error, ERROR_SYSTEM, "%s: no memory for its segments", map->directory));
    catalog_clear(&old);
    free(known);
    return is_done;
}

bool number_map_load(struct number_map *map, const char *directory, const char *node, struct error *error)
{
    *map = (struct number_map) { .directory = strdup(directory), .node = strdup(node) };
    if (map->directory && map->node && number_map_update(map, error))
        return true;
    if (map->directory == NULL || map->node == NULL)
        error_set(error, ERROR_SYSTEM, "%s: no memory for its segments", directory);
    number_map_clear(map);
    return false;
}

void number_map_clear(struct number_map *map)
{
    catalog_clear(&map->catalog);
    free(map->accounts);
    free(map->segments);
    free(map->directory);
    free(map->node);
    *map = (struct number_map) { 0 };
}

uint32_t number_map_from(const struct number_map *map, uint64_t number)
{
    uint32_t low = 0, high = map->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (map->segments[middle].end <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool touches(const struct numbered_segment_view *segment, const struct time_range *range)
{
    return segment->min_ts_ns <= range->to_ns && segment->max_ts_ns >= range->from_ns;
}

bool number_map_window(const struct number_map *map, const struct time_range *range, uint64_t *first,
                       uint64_t *end)
{
    bool is_any = false;

    for (uint32_t i = 0; i < map->n; i++) {
        if (!touches(&map->segments[i], range))
            continue;
        if (!is_any)
            *first = map->segments[i].first;
        *end = map->segments[i].end;
        is_any = true;
    }
    return is_any;
}

/* ---- gaps ---- */

struct telling {
    const struct time_range *range;
    void (*told)(void *context, const struct hub_gap *gap);
    void *context;
};

static void tell(const struct telling *telling, struct hub_gap gap)
{
    if (gap.from_ns > telling->range->to_ns || gap.to_ns < telling->range->from_ns)
        return;
    if (gap.from_ns < telling->range->from_ns)
        gap.from_ns = telling->range->from_ns;
    if (gap.to_ns > telling->range->to_ns)
        gap.to_ns = telling->range->to_ns;
    telling->told(telling->context, &gap);
}

static void tell_losses(const struct telling *telling, const struct numbered_segment_view *segment)
{
    const struct segment_recording *recording = &segment->recording;
    const struct {
        enum hub_gap_cause cause;
        uint64_t n;
    } losses[] = { { HUB_GAP_KERNEL, recording->n_kernel },
                   { HUB_GAP_QUEUE, recording->n_queue },
                   { HUB_GAP_DISK, recording->n_disk } };

    if (!segment->is_indexed)
        return;
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
        if (losses[i].n)
            tell(telling, (struct hub_gap) { .cause = losses[i].cause,
                                             .n = losses[i].n,
                                             .from_ns = segment->min_ts_ns,
                                             .to_ns = segment->max_ts_ns });
}

/* Between one segment and the next. A killed recorder leaves numbers that nobody got; what was deleted had
 * packets. */
static void tell_between(const struct telling *telling, const struct numbered_segment_view *before,
                         const struct numbered_segment_view *after, uint64_t first, uint64_t last)
{
    const struct segment_recording *recording = &before->recording;
    bool is_live = recording->kind == RECORDING_LIVE && after->recording.kind == RECORDING_LIVE;
    struct hub_gap gap = { .cause = HUB_GAP_EVICTED,
                           .from_ns = before->max_ts_ns,
                           .to_ns =
                               after->min_ts_ns == INT64_MIN ? after->recording.since_ns : after->min_ts_ns };

    if (recording->until_ns > gap.from_ns && recording->until_ns < gap.to_ns)
        gap.from_ns = recording->until_ns;
    if (is_live && recording->end != RECORDING_GOES_ON && after->recording.since_ns > gap.from_ns)
        gap.to_ns = after->recording.since_ns;
    if (is_live && recording->end != RECORDING_GOES_ON)
        gap.cause = HUB_GAP_STOPPED;
    if (before->end < after->first && before->end <= last && after->first > first) {
        gap.first = before->end > first ? before->end : first;
        gap.last = after->first - 1 < last ? after->first - 1 : last;
        if (gap.cause == HUB_GAP_EVICTED)
            gap.n = gap.last - gap.first + 1;
    } else if (gap.cause != HUB_GAP_STOPPED || gap.to_ns - gap.from_ns < NS_PER_SECOND ||
               after->first > last || after->first <= first) {
        return;
    }
    tell(telling, gap);
}

void number_map_gaps(const struct number_map *map, uint64_t first, uint64_t last,
                     const struct time_range *range, void (*told)(void *context, const struct hub_gap *gap),
                     void *context)
{
    struct telling telling = { range, told, context };

    if (map->n && first < map->segments[0].first && map->segments[0].first > 1)
        tell(&telling,
             (struct hub_gap) { .cause = HUB_GAP_EVICTED,
                                .first = first ? first : 1,
                                .last = map->segments[0].first - 1 < last ? map->segments[0].first - 1 : last,
                                .n = (map->segments[0].first - 1 < last ? map->segments[0].first - 1 : last) -
                                     (first ? first : 1) + 1,
                                .from_ns = INT64_MIN,
                                .to_ns = map->segments[0].min_ts_ns });
    for (uint32_t i = 0; i < map->n; i++) {
        const struct numbered_segment_view *segment = &map->segments[i];

        if (i > 0)
            tell_between(&telling, segment - 1, segment, first, last);
        if (segment->end > first && segment->end - 1 <= last)
            tell_losses(&telling, segment);
    }
}

/* ---- nodes ---- */

static int by_name(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

bool archive_nodes(const char *directory, char ***names, uint32_t *n, struct error *error)
{
    struct catalog catalog;
    bool is_well = true;

    *n = 0;
    if (!catalog_load(&catalog, directory, error))
        return false;
    *names = calloc(catalog.n + 1, sizeof **names);
    for (uint32_t i = 0; *names && is_well && i < catalog.n; i++) {
        bool is_known = false;

        for (uint32_t k = 0; k < *n && !is_known; k++)
            is_known = strcmp((*names)[k], catalog.entries[i].node) == 0;
        if (!is_known)
            is_well = ((*names)[(*n)++] = strdup(catalog.entries[i].node)) != NULL;
    }
    catalog_clear(&catalog);
    if (*names && is_well) {
        qsort(*names, *n, sizeof **names, by_name);
        return true;
    }
    for (uint32_t i = 0; *names && i < *n; i++)
        free((*names)[i]);
    free(*names);
    return error_set(error, ERROR_SYSTEM, "%s: no memory for its nodes", directory);
}
