/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A `lane` for each segment that may hold answers, in order of its first time. Lanes whose time has come are
 * active: each has one unpacked block, and the earliest packet of all is next. A lane becomes active when no
 * active one has an earlier packet, so segments that follow each other are read one at a time, and memory is
 * one block for each segment that is written at the same time.
 *
 * Packets are lent from the blocks: a batch ends where a lane that gave packets to it must unpack its next.
 * A batch with storage of its own gets copies.
 */
#include "archive/archive_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/digest.h"
#include "archive/flow_set.h"
#include "archive/posting.h"
#include "archive/segment_file.h"
#include "archive/segment_index_map.h"
#include "archive/segment_reader.h"

enum { INDEXES_KEPT_OPEN = 16 };

struct lane {
    const struct catalog_entry *entry;
    char *path; /* of the segment; an open one may have been sealed meanwhile */
    char *index_path;
    bool is_indexed;
    struct segment_index *index; /* NULL: not indexed, or opened again when its time comes */
    uint64_t *candidates;        /* bits; NULL when not indexed */
    uint32_t n_blocks, next_block;
    int64_t first_ts_ns;    /* no packet is looked for before */
    uint64_t number_before; /* packets in earlier segments */
    uint64_t n_limit;       /* packets in it as it is now; UINT64_MAX: not counted */
    struct segment_reader *reader;
    const struct packet *packets; /* of the block at hand */
    uint32_t n, at;
    uint64_t lent_in; /* the call in which the block gave packets to a batch */
};

struct archive_source {
    struct source base;
    struct archive_counters counters;
    const struct hint *hint;
    struct digest *digest;              /* while segments are chosen */
    struct digest_additions *additions; /* for those it does not know; NULL: not to be added */
    bool has_tried_to_add;
    struct lane *lanes; /* by first_ts_ns */
    uint32_t n_lanes, n_begun;
    struct lane **active;
    uint32_t n_active;
    uint32_t n_indexes_open;
    uint64_t n_calls;
};

static void count_damage(struct archive_source *archive, const struct error *error)
{
    if (archive->counters.n_damaged++ == 0)
        snprintf(archive->counters.first_damage, sizeof archive->counters.first_damage, "%.500s",
                 error->text);
}

static void lane_end(struct archive_source *archive, struct lane *lane)
{
    segment_reader_close(lane->reader);
    lane->reader = NULL;
    if (lane->index)
        archive->n_indexes_open--;
    segment_index_close(lane->index);
    lane->index = NULL;
    free(lane->candidates);
    lane->candidates = NULL;
    lane->n = lane->at = 0;
}

/* ---- choosing segments ---- */

/* A segment that was open when the catalog was made may be sealed now: then its new name is taken. */
static bool settle_paths(struct lane *lane, bool *is_open)
{
    const char *path = lane->entry->path;
    size_t len = strlen(path);

    *is_open = lane->entry->is_open;
    lane->path = strdup(path);
    lane->index_path = strdup(lane->entry->index_path);
    if (lane->path == NULL || lane->index_path == NULL)
        return false;
    if (*is_open && access(path, F_OK) < 0) {
        lane->path[len - strlen(".open")] = '\0';
        *is_open = access(lane->path, F_OK) < 0;
        if (*is_open)
            lane->path[len - strlen(".open")] = '.'; /* neither: gone; opening it says so */
    }
    return true;
}

/* The index, if there is one that can be used. */
static struct segment_index *open_index(const struct lane *lane, struct error *error)
{
    struct segment_index *index = segment_index_open(lane->index_path, error);

    if (index == NULL && error->kind != ERROR_DAMAGED)
        error->kind = ERROR_NONE; /* without index: slower, not wrong */
    return index;
}

/* No packet is looked for before those of the candidates. */
static void note_first_time(struct lane *lane)
{
    struct segment_block row;

    lane->first_ts_ns = INT64_MAX;
    for (uint32_t block = 0; block < lane->n_blocks; block++) {
        if (posting_has_bit(lane->candidates, block) && segment_index_block(lane->index, block, &row) &&
            row.n_packets && row.min_ts_ns < lane->first_ts_ns)
            lane->first_ts_ns = row.min_ts_ns;
    }
}

static void close_one_of_many(struct archive_source *archive, struct lane *lane)
{
    if (lane->index == NULL || archive->n_indexes_open <= INDEXES_KEPT_OPEN)
        return;
    archive->n_indexes_open--;
    segment_index_close(lane->index);
    lane->index = NULL;
}

/* Fills the candidates of an indexed lane. */
static bool choose_blocks(struct archive_source *archive, struct lane *lane)
{
    uint32_t n;

    lane->n_blocks = segment_index_blocks(lane->index);
    lane->candidates = calloc(posting_words(lane->n_blocks) + 1, sizeof *lane->candidates);
    if (lane->candidates == NULL)
        return false;
    n = segment_index_candidates(lane->index, archive->hint, lane->candidates);
    archive->counters.n_blocks += lane->n_blocks;
    note_first_time(lane);
    if (n == 0)
        lane_end(archive, lane);
    else
        close_one_of_many(archive, lane);
    return true;
}

/*
 * How many packets a segment without index has, and the earliest's time: its packets are numbered before
 * those of later segments, and its times may be in any order.
 */
static void count_packets(struct archive_source *archive, struct lane *lane)
{
    struct interface_table interfaces = { 0 };
    struct error error;
    struct segment_reader *reader = segment_reader_open(lane->path, NULL, &interfaces, &error);
    enum segment_result result;
    const struct packet *packets;
    uint32_t n;

    (void)archive;
    lane->n_limit = 0;
    lane->first_ts_ns = INT64_MAX;
    while (reader && (result = segment_reader_next(reader, &packets, &n, &error)) != SEGMENT_END) {
        for (uint32_t i = 0; result == SEGMENT_BLOCK && i < n; i++) {
            if (packets[i].ts_ns < lane->first_ts_ns)
                lane->first_ts_ns = packets[i].ts_ns;
        }
        lane->n_limit += result == SEGMENT_BLOCK ? n : 0;
    }
    segment_reader_close(reader);
    interface_table_clear(&interfaces);
}

/* What the digest says no packet of has an answer is counted, and not opened. */
static bool is_ruled_out(struct archive_source *archive, uint32_t entry, uint64_t *n_before)
{
    struct digest_segment segment;

    if (archive->digest == NULL || !digest_knows(archive->digest, entry, &segment) ||
        digest_may_match(archive->digest, entry, archive->hint))
        return false;
    *n_before += segment.n_packets;
    archive->counters.n_blocks += segment.n_blocks;
    return true;
}

/* A segment that had to be asked for want of a record need not be the next time. */
static void add_to_digest(struct archive_source *archive, const struct catalog *catalog, uint32_t entry,
                          const struct segment_index *index)
{
    struct digest_segment segment;

    if (archive->digest == NULL || digest_knows(archive->digest, entry, &segment))
        return;
    if (!archive->has_tried_to_add)
        archive->additions = digest_additions_new(catalog);
    archive->has_tried_to_add = true;
    if (archive->additions)
        digest_additions_put(archive->additions, &catalog->entries[entry], index);
}

/* One segment of the catalog. *keep: it may hold answers. Adds its packets to *n_before. */
static bool begin_lane(struct archive_source *archive, struct lane *lane, const struct catalog *catalog,
                       uint32_t number, uint64_t *n_before, bool *keep)
{
    const struct catalog_entry *entry = &catalog->entries[number];
    bool is_last = number + 1 == catalog->n;
    struct error error = { .kind = ERROR_NONE };
    bool is_open;

    *lane = (struct lane) { .entry = entry, .number_before = *n_before, .n_limit = UINT64_MAX };
    *keep = true;
    if (!settle_paths(lane, &is_open))
        return false;
    if (!is_open)
        lane->index = open_index(lane, &error);
    if (lane->index && lane->index->segment_bytes != entry->stored_bytes && !entry->is_open) {
        error_set(&error, ERROR_DAMAGED, "%s: is of a segment of another size", lane->index_path);
        segment_index_close(lane->index);
        lane->index = NULL;
    }
    if (error.kind == ERROR_DAMAGED)
        count_damage(archive, &error);
    if (lane->index) {
        lane->is_indexed = true;
        archive->n_indexes_open++;
        *n_before += segment_index_packets(lane->index);
        if (!entry->is_open)
            add_to_digest(archive, catalog, number, lane->index);
        if (!choose_blocks(archive, lane))
            return false;
        *keep = lane->candidates != NULL;
        return true;
    }
    lane->first_ts_ns = entry->named_ts_ns;
    if (is_last)
        return true; /* nothing is numbered behind it: no need to read it twice */
    count_packets(archive, lane);
    *n_before += lane->n_limit;
    return true;
}

/* ---- what came before ---- */

struct past {
    struct archive_source *archive;
    const struct catalog *catalog;
    const struct hint *hint;
    struct flow_set flows;
};

static bool add_to_flows(void *context, const struct flow_key *key)
{
    struct flow_set *flows = context;

    flow_set_add(flows, key);
    return !flows->is_everything;
}

static bool is_in_flows(void *context, const struct flow_key *key)
{
    return flow_set_has(context, key);
}

/* Opens the index of a lane that was passed over. False: there is none, and its blocks were not chosen
 * singly. */
static bool look_again(struct archive_source *archive, struct lane *lane)
{
    struct error error;
    bool is_open;

    if (lane->index)
        return true;
    if (lane->path == NULL && (!settle_paths(lane, &is_open) || is_open))
        return false;
    lane->index = segment_index_open(lane->index_path, &error);
    if (lane->index == NULL)
        return false;
    archive->n_indexes_open++;
    lane->n_blocks = segment_index_blocks(lane->index);
    lane->is_indexed = true;
    return true;
}

/*
 * From the last segment to the first: the conversations of its candidates are remembered, and its blocks with
 * packets of conversations that were remembered become candidates too.
 */
static bool add_past_of(struct past *past, uint32_t number, struct lane *lane, bool *is_kept)
{
    struct archive_source *archive = past->archive;
    uint64_t *bits, *own;
    size_t n_words;
    bool is_more = false;

    if (*is_kept && !lane->is_indexed) {
        past->flows.is_everything = true; /* of it nobody knows, and it is read as a whole */
        return true;
    }
    if (!*is_kept && ((past->flows.n == 0 && !past->flows.is_everything) ||
                      (archive->digest && !digest_may_match(archive->digest, number, past->hint))))
        return true;
    if (!look_again(archive, lane))
        return true;
    n_words = posting_words(lane->n_blocks);
    bits = calloc(n_words + 1, sizeof *bits);
    own = calloc(n_words + 1, sizeof *own);
    if (lane->candidates == NULL)
        lane->candidates = calloc(n_words + 1, sizeof *lane->candidates);
    if (bits && own && lane->candidates) {
        if (*is_kept && !past->flows.is_everything &&
            !segment_index_flows_in(lane->index, lane->candidates, archive->hint, add_to_flows, &past->flows))
            past->flows.is_everything = true;
        segment_index_candidates(lane->index, past->hint, bits);
        if (past->flows.is_everything ||
            !segment_index_blocks_of(lane->index, is_in_flows, &past->flows, own))
            posting_set_all(own, lane->n_blocks);
        for (size_t word = 0; word < n_words; word++) {
            uint64_t added = bits[word] & own[word] & ~lane->candidates[word];

            archive->counters.n_blocks_before += (unsigned)__builtin_popcountll(added);
            is_more |= added != 0;
            lane->candidates[word] |= bits[word] & own[word];
        }
        if (is_more)
            note_first_time(lane);
        *is_kept |= is_more;
    }
    free(own);
    free(bits);
    if (!*is_kept)
        lane_end(archive, lane);
    else
        close_one_of_many(archive, lane);
    return bits && own;
}

static bool add_past(struct past *past, struct lane *lanes, bool *kept)
{
    bool ok = true;

    for (uint32_t i = past->catalog->n; ok && i > 0; i--)
        ok = add_past_of(past, i - 1, &lanes[i - 1], &kept[i - 1]);
    flow_set_clear(&past->flows);
    return ok;
}

static int compare_lanes(const void *left, const void *right)
{
    const struct lane *a = left, *b = right;
    int order = a->first_ts_ns < b->first_ts_ns ? -1 : a->first_ts_ns > b->first_ts_ns;

    return order ? order : a->number_before < b->number_before ? -1 : a->number_before > b->number_before;
}

/* ---- reading ---- */

static bool open_reader(struct archive_source *archive, struct lane *lane, struct error *error)
{
    if (lane->is_indexed && lane->index == NULL) {
        lane->index = segment_index_open(lane->index_path, error);
        if (lane->index == NULL)
            return false;
        archive->n_indexes_open++;
        if (segment_index_blocks(lane->index) != lane->n_blocks)
            return error_set(error, ERROR_DAMAGED, "%s: was replaced while it was read", lane->index_path);
    }
    lane->reader = segment_reader_open(lane->path, lane->index, archive->base.interfaces, error);
    if (lane->reader == NULL)
        return false;
    archive->counters.n_segments_read++;
    return true;
}

static enum segment_result next_candidate(struct lane *lane, struct error *error)
{
    while (lane->next_block < lane->n_blocks && !posting_has_bit(lane->candidates, lane->next_block))
        lane->next_block++;
    if (lane->next_block == lane->n_blocks)
        return SEGMENT_END;
    return segment_reader_block(lane->reader, lane->next_block++, &lane->packets, &lane->n, error);
}

/* The next block with packets into the lane; false when there is none. Damage is counted and passed over. */
static bool lane_advance(struct archive_source *archive, struct lane *lane)
{
    struct error error;

    lane->n = lane->at = 0;
    if (lane->reader == NULL && !open_reader(archive, lane, &error)) {
        count_damage(archive, &error);
        return false;
    }
    while (lane->n == 0) {
        enum segment_result result =
            lane->is_indexed ? next_candidate(lane, &error)
                             : segment_reader_next(lane->reader, &lane->packets, &lane->n, &error);

        if (result == SEGMENT_END)
            return false;
        if (!lane->is_indexed)
            archive->counters.n_blocks++;
        archive->counters.n_blocks_read++;
        if (result == SEGMENT_DAMAGED) {
            count_damage(archive, &error);
            lane->n = 0;
        } else if (lane->n && lane->packets[0].number > lane->n_limit) {
            lane->n = 0;
            return false; /* came after the source was opened */
        }
    }
    if (lane->packets[lane->n - 1].number > lane->n_limit)
        lane->n -= (uint32_t)(lane->packets[lane->n - 1].number - lane->n_limit);
    return true;
}

static int64_t head_ts(const struct lane *lane)
{
    return lane->packets[lane->at].ts_ns;
}

/* Begins the lanes whose first packet may be before every one at hand. */
static void begin_due_lanes(struct archive_source *archive)
{
    while (archive->n_begun < archive->n_lanes) {
        struct lane *lane = &archive->lanes[archive->n_begun];

        for (uint32_t i = 0; i < archive->n_active; i++) {
            if (head_ts(archive->active[i]) < lane->first_ts_ns)
                return;
        }
        archive->n_begun++;
        if (lane_advance(archive, lane))
            archive->active[archive->n_active++] = lane;
        else
            lane_end(archive, lane);
    }
}

/* Lanes whose block is used up go on to their next. False: one of them still lends to this batch. */
static bool refresh_lanes(struct archive_source *archive)
{
    for (uint32_t i = 0; i < archive->n_active;) {
        struct lane *lane = archive->active[i];

        if (lane->at < lane->n) {
            i++;
            continue;
        }
        if (lane->lent_in == archive->n_calls)
            return false;
        if (lane_advance(archive, lane)) {
            i++;
        } else {
            lane_end(archive, lane);
            archive->active[i] = archive->active[--archive->n_active];
        }
    }
    begin_due_lanes(archive);
    return true;
}

/* The active lane with the earliest packet; *until: up to which time it stays so. */
static struct lane *earliest_lane(const struct archive_source *archive, int64_t *until)
{
    struct lane *lane = archive->active[0];

    *until = INT64_MAX;
    for (uint32_t i = 1; i < archive->n_active; i++) {
        struct lane *other = archive->active[i];
        bool is_earlier = head_ts(other) < head_ts(lane) ||
                          (head_ts(other) == head_ts(lane) && other->number_before < lane->number_before);

        if (is_earlier)
            lane = other;
    }
    for (uint32_t i = 0; i < archive->n_active; i++) {
        if (archive->active[i] != lane && head_ts(archive->active[i]) < *until)
            *until = head_ts(archive->active[i]);
    }
    if (archive->n_begun < archive->n_lanes && archive->lanes[archive->n_begun].first_ts_ns < *until)
        *until = archive->lanes[archive->n_begun].first_ts_ns;
    return lane;
}

static uint8_t *store(struct batch *batch, const uint8_t *data, size_t len)
{
    uint8_t *at = batch->data + batch->used_bytes;

    memcpy(at, data, len);
    batch->used_bytes += len;
    return at;
}

/* Hands a packet over: copied where the batch has room of its own, else lent. False: the batch is full. */
static bool give_packet(struct archive_source *archive, struct lane *lane, struct batch *batch)
{
    const struct packet *from = &lane->packets[lane->at];
    struct packet *packet = &batch->packets[batch->n];
    size_t bytes = (size_t)from->caplen + from->options_len;

    if (batch->n == BATCH_PACKETS)
        return false;
    *packet = *from;
    packet->number += lane->number_before;
    if (batch->cap_bytes && bytes <= batch->cap_bytes - batch->used_bytes) {
        packet->data = store(batch, from->data, from->caplen);
        if (from->options_len)
            packet->options = store(batch, from->options, from->options_len);
    } else if (batch->cap_bytes && batch->n) {
        return false;
    } else {
        lane->lent_in = archive->n_calls;
    }
    batch->n++;
    lane->at++;
    archive->base.stats.n_packets++;
    archive->base.stats.n_bytes += from->caplen;
    return true;
}

static enum source_result archive_next(struct source *source, struct batch *batch, int timeout_ms,
                                       struct error *error)
{
    struct archive_source *archive = (struct archive_source *)source;
    bool has_room = true;

    (void)timeout_ms;
    (void)error;
    batch_empty(batch);
    archive->n_calls++;
    while (has_room && refresh_lanes(archive) && archive->n_active > 0) {
        int64_t until;
        struct lane *lane = earliest_lane(archive, &until);

        do {
            has_room = give_packet(archive, lane, batch);
        } while (has_room && lane->at < lane->n && head_ts(lane) < until);
    }
    return batch->n ? SOURCE_PACKETS : SOURCE_END;
}

static void archive_close(struct source *source)
{
    struct archive_source *archive = (struct archive_source *)source;

    for (uint32_t i = 0; i < archive->n_lanes; i++) {
        lane_end(archive, &archive->lanes[i]);
        free(archive->lanes[i].path);
        free(archive->lanes[i].index_path);
    }
    free(archive->lanes);
    free(archive->active);
    free(archive);
}

static const struct source_ops archive_ops = { .next = archive_next, .close = archive_close };

/* One lane for each entry at first, *kept telling which may hold answers; then those alone, in order of time.
 */
static bool choose_lanes(struct archive_source *archive, const struct catalog *catalog,
                         const struct hint *past)
{
    struct past remembered = { archive, catalog, past, { 0 } };
    bool *kept = calloc((size_t)catalog->n + 1, sizeof *kept);
    uint64_t n_before = 0;
    bool ok = kept != NULL;

    for (uint32_t i = 0; ok && i < catalog->n; i++) {
        struct lane *lane = &archive->lanes[i];

        *lane =
            (struct lane) { .entry = &catalog->entries[i], .number_before = n_before, .n_limit = UINT64_MAX };
        archive->n_lanes = i + 1;
        if (!is_ruled_out(archive, i, &n_before))
            ok = begin_lane(archive, lane, catalog, i, &n_before, &kept[i]);
    }
    ok = ok && (past == NULL || add_past(&remembered, archive->lanes, kept));
    for (uint32_t i = 0, n = 0; ok && i < catalog->n; i++) {
        struct lane lane = archive->lanes[i];

        if (kept[i]) {
            archive->lanes[i] = (struct lane) { 0 };
            archive->lanes[n++] = lane;
        } else {
            free(lane.path);
            free(lane.index_path);
            archive->lanes[i] = (struct lane) { 0 };
        }
        if (i + 1 == catalog->n)
            archive->n_lanes = n;
    }
    free(kept);
    return ok;
}

struct source *archive_source_open_with_past(const struct catalog *catalog, const struct hint *hint,
                                             const struct hint *past, struct interface_table *interfaces,
                                             struct error *error)
{
    struct archive_source *archive = calloc(1, sizeof *archive);
    bool ok = archive != NULL;

    if (ok) {
        archive->base.ops = &archive_ops;
        archive->base.interfaces = interfaces;
        snprintf(archive->base.name, sizeof archive->base.name, "archive");
        archive->hint = hint;
        archive->counters.n_segments = catalog->n;
        archive->lanes = calloc((size_t)catalog->n + 1, sizeof *archive->lanes);
        archive->active = calloc((size_t)catalog->n + 1, sizeof(struct lane *));
        if (catalog->n > 1)
            archive->digest = digest_open(catalog);
        ok = archive->lanes && archive->active && choose_lanes(archive, catalog, past);
        digest_additions_write(archive->additions);
        digest_close(archive->digest);
        archive->additions = NULL;
        archive->digest = NULL;
    }
    if (ok) {
        qsort(archive->lanes, archive->n_lanes, sizeof *archive->lanes, compare_lanes);
        return &archive->base;
    }
    error_set(error, ERROR_SYSTEM, "no memory to look through %u segments", catalog->n);
    if (archive)
        archive_close(&archive->base);
    return NULL;
}

struct source *archive_source_open(const struct catalog *catalog, const struct hint *hint,
                                   struct interface_table *interfaces, struct error *error)
{
    return archive_source_open_with_past(catalog, hint, NULL, interfaces, error);
}

const struct archive_counters *archive_source_counters(const struct source *source)
{
    return &((const struct archive_source *)source)->counters;
}
