/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/digest.h"
#include "archive/held.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive/segment_index_map.h"
#include "base/buffer.h"
#include "base/timestamp.h"
#include "base/utf8.h"

/* A segment as far as holds care. */
struct row {
    char *path;      /* of the index: sealed segments only */
    uint64_t *names; /* bits by number of the hold: names it; NULL: not looked at yet */
    bool is_lasting; /* was looked at through its index: need not be again */
    bool is_sealed;
    bool is_kept;
    uint64_t n_bytes, n_index_bytes;
};

struct held {
    const char *directory;
    struct database *database; /* NULL: there is none */
    struct hold_list list;
    struct held_hold *holds; /* beside list.items */
    size_t n_words;          /* of a row's bits */
    struct row *rows;        /* beside the entries of the last catalog */
    uint32_t n_rows;
    bool is_finished;
    uint32_t n_kept;
    uint64_t n_kept_bytes;
};

struct held *held_new(const char *directory)
{
    struct held *held = calloc(1, sizeof *held);

    if (held)
        held->directory = directory;
    return held;
}

static void clear_rows(struct row *rows, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        free(rows[i].path);
        free(rows[i].names);
    }
    free(rows);
}

static void forget_segments(struct held *held)
{
    clear_rows(held->rows, held->n_rows);
    held->rows = NULL;
    held->n_rows = 0;
    held->n_kept = 0;
    held->n_kept_bytes = 0;
}

static void forget_holds(struct held *held)
{
    hold_list_clear(&held->list);
    free(held->holds);
    held->holds = NULL;
    held->n_words = 0;
}

void held_free(struct held *held)
{
    if (held == NULL)
        return;
    forget_segments(held);
    forget_holds(held);
    database_close(held->database);
    free(held);
}

/* ---- the holds ---- */

/* Whether the same segments are named: a hold's number is never given twice, and a hold never changed. */
static bool is_same(const struct hold_list *a, const struct hold_list *b)
{
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++) {
        if (a->items[i].id != b->items[i].id || a->items[i].created_ns != b->items[i].created_ns)
            return false;
    }
    return true;
}

static bool take_holds(struct held *held, struct hold_list *list, struct error *error)
{
    struct held_hold *holds = calloc(list->n ? list->n : 1, sizeof *holds);

    if (holds == NULL) {
        hold_list_clear(list);
        return error_set(error, ERROR_SYSTEM, "no memory for the holds");
    }
    if (!is_same(&held->list, list))
        forget_segments(held);
    forget_holds(held);
    held->list = *list;
    held->holds = holds;
    held->n_words = (list->n + 63) / 64;
    for (uint32_t i = 0; i < list->n; i++)
        holds[i].hold = &held->list.items[i];
    return true;
}

static void drop_database(struct held *held)
{
    database_close(held->database);
    held->database = NULL;
}

static bool load_holds(struct held *held, struct error *error)
{
    struct hold_list list = { 0 };

    if (held->database && !holds_load(held->database, &list, error)) {
        drop_database(held); /* so that it is opened, and looked at, anew */
        return false;
    }
    return take_holds(held, &list, error);
}

static bool refresh_holds(struct held *held, struct error *error)
{
    if (held->database) {
        switch (database_look(held->database, error)) {
        case DATABASE_SAME:
            return true;
        case DATABASE_CHANGED:
            return load_holds(held, error);
        case DATABASE_REPLACED:
            drop_database(held);
            break;
        case DATABASE_UNKNOWN:
            drop_database(held);
            return false;
        }
    }
    held->database = holds_open(held->directory, DATABASE_READ, error);
    if (held->database == NULL && error->kind != ERROR_NONE)
        return false;
    /* From here on changes are seen: looked at before it is read, so that none falls in between. */
    if (held->database && database_look(held->database, error) == DATABASE_UNKNOWN) {
        drop_database(held);
        return false;
    }
    return load_holds(held, error);
}

/* ---- one segment ---- */

static bool overlaps(const struct hold *hold, int64_t from_ns, int64_t to_ns)
{
    return hold->range.from_ns <= to_ns && hold->range.to_ns >= from_ns;
}

static void set_bit(uint64_t *bits, uint32_t number)
{
    bits[number / 64] |= UINT64_C(1) << number % 64;
}

static bool has_bit(const uint64_t *bits, uint32_t number)
{
    return bits[number / 64] >> number % 64 & 1;
}

struct asking {
    const struct hold_list *list;
    uint64_t *names;
};

static bool is_wanted(void *context, enum identity_scheme scheme, struct bytes identity)
{
    const struct asking *asking = context;

    for (uint32_t i = 0; i < asking->list->n; i++) {
        const struct hold *hold = &asking->list->items[i];

        if (hold->device && identity_is_named(scheme, identity, hold->device))
            return true;
    }
    return false;
}

static bool on_binding(void *context, const struct binding *binding)
{
    struct asking *asking = context;

    for (uint32_t i = 0; i < asking->list->n; i++) {
        const struct hold *hold = &asking->list->items[i];

        if (hold->device && !has_bit(asking->names, i) && overlaps(hold, binding->from_ns, binding->to_ns) &&
            identity_is_named(binding->scheme, binding->identity, hold->device))
            set_bit(asking->names, i);
    }
    return true;
}

static void ask_index(const struct hold_list *list, const struct segment_index *index, uint64_t *names)
{
    struct asking asking = { list, names };
    bool has_device = false;

    if (segment_index_packets(index) == 0)
        return;
    for (uint32_t i = 0; i < list->n; i++) {
        const struct hold *hold = &list->items[i];

        has_device |= hold->device != NULL;
        if ((hold->device == NULL || index->n_bindings_cut) &&
            overlaps(hold, segment_index_min_ts(index), segment_index_max_ts(index)))
            set_bit(names, i);
    }
    if (has_device)
        segment_index_bindings_of(index, is_wanted, on_binding, &asking);
}

/*
 * Without opening the index: false when it has to be opened, for a device is asked about that may be there,
 * or the digest does not know the segment.
 */
static bool ask_digest(const struct hold_list *list, const struct digest *digest, uint32_t entry,
                       uint64_t *names, size_t n_words)
{
    struct segment_account account;

    if (digest == NULL || !digest_account(digest, entry, &account))
        return false;
    memset(names, 0, n_words * sizeof *names);
    for (uint32_t i = 0; account.n_packets > 0 && i < list->n; i++) {
        if (!overlaps(&list->items[i], account.min_ts_ns, account.max_ts_ns))
            continue;
        if (list->items[i].device)
            return false;
        set_bit(names, i);
    }
    return true;
}

static bool look_at(const struct held *held, const struct digest *digest, uint32_t entry, struct row *row)
{
    struct segment_index *index;
    struct error ignored; /* check tells of damage; here the segment is kept for it */

    if (row->names == NULL)
        row->names = malloc(held->n_words * sizeof *row->names);
    if (row->names == NULL)
        return false;
    if (ask_digest(&held->list, digest, entry, row->names, held->n_words)) {
        row->is_lasting = true;
        return true;
    }
    index = segment_index_open(row->path, &ignored);
    memset(row->names, index ? 0 : 0xff, held->n_words * sizeof *row->names);
    if (index)
        ask_index(&held->list, index, row->names);
    row->is_lasting = index != NULL;
    segment_index_close(index);
    return true;
}

/* ---- all segments ---- */

/* What is known of a segment goes on being known; the order of a catalog is always the same. */
static bool follow_catalog(struct held *held, const struct catalog *catalog, struct error *error)
{
    struct row *rows = calloc(catalog->n ? catalog->n : 1, sizeof *rows);
    uint32_t next = 0;

    for (uint32_t i = 0; rows && i < catalog->n; i++) {
        const struct catalog_entry *entry = &catalog->entries[i];
        uint32_t at = next;

        rows[i].is_sealed = !entry->is_open;
        rows[i].n_bytes = entry->stored_bytes + entry->index_bytes;
        rows[i].n_index_bytes = entry->index_bytes;
        if (entry->is_open)
            continue;
        while (at < held->n_rows &&
               (held->rows[at].path == NULL || strcmp(held->rows[at].path, entry->index_path) != 0))
            at++;
        if (at < held->n_rows && held->rows[at].n_index_bytes == entry->index_bytes) {
            rows[i].path = held->rows[at].path;
            rows[i].names = held->rows[at].names;
            rows[i].is_lasting = held->rows[at].is_lasting;
            held->rows[at] = (struct row) { 0 };
            next = at + 1;
        } else if ((rows[i].path = strdup(entry->index_path)) == NULL) {
            clear_rows(rows, i);
            rows = NULL;
        }
    }
    if (rows == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory to tell which segments are held");
    clear_rows(held->rows, held->n_rows);
    held->rows = rows;
    held->n_rows = catalog->n;
    return true;
}

static int64_t monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* Rows are the catalog's entries. */
static bool look_at_new(struct held *held, const struct catalog *catalog, int64_t limit_ns,
                        struct error *error)
{
    int64_t began_ns = monotonic_ns();
    struct digest *digest = NULL;
    bool has_digest = false, has_time = true, is_well = true;

    for (uint32_t i = 0; i < held->n_rows && is_well && has_time; i++) {
        struct row *row = &held->rows[i];

        if (!row->is_sealed || row->is_lasting)
            continue;
        if (!has_digest)
            digest = digest_open(catalog);
        has_digest = true;
        has_time = limit_ns == 0 || monotonic_ns() - began_ns < limit_ns;
        is_well = !has_time || look_at(held, digest, i, row);
    }
    digest_close(digest);
    if (!is_well)
        return error_set(error, ERROR_SYSTEM, "no memory to tell which segments are held");
    held->is_finished = has_time;
    return true;
}

static bool is_named_by(const struct held *held, uint32_t row, uint32_t number)
{
    const uint64_t *names = held->rows[row].names;

    return held->holds[number].is_alive && names && has_bit(names, number);
}

/* Where a hold's own quota ends: from the newest on as much as fits, and nothing older. */
static uint32_t first_within_quota(const struct held *held, uint32_t number)
{
    uint64_t quota_bytes = held->holds[number].hold->quota_bytes, n_bytes = 0;

    for (uint32_t i = held->n_rows; quota_bytes && i-- > 0;) {
        if (!is_named_by(held, i, number))
            continue;
        if (held->rows[i].n_bytes > quota_bytes - n_bytes)
            return i + 1;
        n_bytes += held->rows[i].n_bytes;
    }
    return 0;
}

static bool is_kept_by_any(const struct held *held, uint32_t row)
{
    for (uint32_t number = 0; number < held->list.n; number++) {
        if (row >= held->holds[number].first && is_named_by(held, row, number))
            return true;
    }
    return false;
}

/* The same for all holds together, a segment that several keep being counted once. */
static uint32_t keep_within_common_quota(struct held *held)
{
    uint64_t quota_bytes = held->list.quota_bytes;

    held->n_kept = 0;
    held->n_kept_bytes = 0;
    for (uint32_t i = held->n_rows; i-- > 0;) {
        struct row *row = &held->rows[i];

        if (!is_kept_by_any(held, i))
            continue;
        if (quota_bytes && row->n_bytes > quota_bytes - held->n_kept_bytes)
            return i + 1;
        row->is_kept = true;
        held->n_kept++;
        held->n_kept_bytes += row->n_bytes;
    }
    return 0;
}

static void count_hold(const struct held *held, uint32_t number, uint32_t common_first)
{
    struct held_hold *hold = &held->holds[number];

    if (hold->first < common_first)
        hold->first = common_first;
    for (uint32_t i = 0; i < held->n_rows; i++) {
        if (!is_named_by(held, i, number))
            continue;
        if (i >= hold->first) {
            hold->n_segments++;
            hold->n_bytes += held->rows[i].n_bytes;
        } else {
            hold->n_let_go++;
            hold->n_bytes_let_go += held->rows[i].n_bytes;
        }
    }
}

static void apply_quotas(struct held *held, int64_t now_ns)
{
    uint32_t common_first;

    for (uint32_t i = 0; i < held->n_rows; i++)
        held->rows[i].is_kept = false;
    for (uint32_t number = 0; number < held->list.n; number++) {
        struct held_hold *hold = &held->holds[number];

        *hold = (struct held_hold) { .hold = hold->hold, .is_alive = hold_is_alive(hold->hold, now_ns) };
        hold->first = first_within_quota(held, number);
    }
    common_first = keep_within_common_quota(held);
    for (uint32_t number = 0; number < held->list.n; number++)
        count_hold(held, number, common_first);
}

static bool has_living(const struct held *held, int64_t now_ns)
{
    for (uint32_t i = 0; i < held->list.n; i++) {
        if (hold_is_alive(&held->list.items[i], now_ns))
            return true;
    }
    return false;
}

bool held_update(struct held *held, const struct catalog *catalog, int64_t now_ns, int64_t limit_ns,
                 struct error *error)
{
    if (!refresh_holds(held, error) || !follow_catalog(held, catalog, error))
        return false;
    held->is_finished = !has_living(held, now_ns);
    if (!held->is_finished && !look_at_new(held, catalog, limit_ns, error))
        return false;
    apply_quotas(held, now_ns);
    return true;
}

/* ---- answers ---- */

bool held_is_finished(const struct held *held)
{
    return held->is_finished;
}

bool held_keeps(const struct held *held, uint32_t entry)
{
    const struct row *row = &held->rows[entry];

    return row->is_kept || (!held->is_finished && row->names == NULL && row->is_sealed);
}

const struct held_hold *held_let_go(const struct held *held, uint32_t entry)
{
    for (uint32_t number = 0; !held->rows[entry].is_kept && number < held->list.n; number++) {
        if (is_named_by(held, entry, number))
            return &held->holds[number];
    }
    return NULL;
}

const struct held_hold *held_holds(const struct held *held, uint32_t *n)
{
    *n = held->list.n;
    return held->holds;
}

uint32_t held_segments(const struct held *held)
{
    return held->n_kept;
}

uint64_t held_bytes(const struct held *held)
{
    return held->n_kept_bytes;
}

uint64_t held_quota(const struct held *held)
{
    return held->list.quota_bytes;
}

const char *held_name(const struct hold *hold, char text[static HELD_NAME_BYTES])
{
    struct buffer owner; /* written by anyone: no terminal shall act upon it */

    buffer_init(&owner, (size_t)HOLD_TEXT_BYTES * 4);
    utf8_put_escaped(&owner, bytes_text(hold->owner));
    snprintf(text, HELD_NAME_BYTES, "hold %lld of %.*s", (long long)hold->id,
             owner.len > 120 ? 120 : (int)owner.len, owner.len ? (const char *)owner.data : "");
    buffer_clear(&owner);
    return text;
}

const char *held_name_largest(const struct held *held, char text[static HELD_NAME_BYTES])
{
    const struct held_hold *largest = NULL;

    for (uint32_t i = 0; i < held->list.n; i++) {
        if (held->holds[i].n_bytes > (largest ? largest->n_bytes : 0))
            largest = &held->holds[i];
    }
    text[0] = '\0';
    return largest ? held_name(largest->hold, text) : text;
}
