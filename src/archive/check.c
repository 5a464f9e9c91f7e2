/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/check.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/digest.h"
#include "archive/holds.h"
#include "archive/seek_table.h"
#include "archive/segment_file.h"
#include "archive/segment_index_map.h"
#include "archive/segment_mend.h"
#include "archive/segment_reader.h"

struct checking {
    bool repair;
    const struct reindexer *reindexer;
    check_report *report;
    void *context;
    struct check_totals *totals;
};

__attribute__((format(printf, 4, 5))) static void
tell(const struct checking *check, enum check_severity severity, const char *path, const char *format, ...)
{
    char sentence[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    check->report(check->context, severity, path, sentence);
}

/* Reads every block through the index and holds it against its row. How many are wrong. */
static uint32_t check_by_index(const struct checking *check, const struct catalog_entry *entry,
                               const struct segment_index *index)
{
    struct interface_table interfaces = { 0 };
    struct error error;
    struct segment_reader *reader = segment_reader_open(entry->path, index, &interfaces, &error);
    uint32_t n_wrong = 0;

    if (reader == NULL) {
        tell(check, CHECK_WRONG, entry->path, "%s", error.text);
        n_wrong = 1;
    }
    for (uint32_t block = 0; reader && block < segment_index_blocks(index); block++) {
        const struct packet *packets;
        struct segment_block row;
        uint32_t n, n_outside = 0;

        check->totals->n_blocks++;
        if (segment_reader_block(reader, block, &packets, &n, &error) != SEGMENT_BLOCK ||
            !segment_index_block(index, block, &row)) {
            tell(check, CHECK_WRONG, entry->path, "%s; its packets are lost, those of other blocks are not",
                 error.text);
            n_wrong++;
            continue;
        }
        for (uint32_t i = 0; i < n; i++)
            n_outside += packets[i].ts_ns < row.min_ts_ns || packets[i].ts_ns > row.max_ts_ns;
        if (n_outside) {
            tell(check, CHECK_WRONG, entry->index_path,
                 "block %u has %u packets outside of the times its row says; --repair makes the index anew",
                 block, n_outside);
            n_wrong++;
        }
        check->totals->n_packets += n;
        check->totals->n_bytes += row.raw_bytes;
    }
    segment_reader_close(reader);
    interface_table_clear(&interfaces);
    return n_wrong;
}

static uint32_t check_in_order(const struct checking *check, const struct catalog_entry *entry)
{
    struct interface_table interfaces = { 0 };
    struct error error;
    struct segment_reader *reader = segment_reader_open(entry->path, NULL, &interfaces, &error);
    enum segment_result result;
    const struct packet *packets;
    uint32_t n, n_wrong = 0;

    if (reader == NULL) {
        tell(check, CHECK_WRONG, entry->path, "%s", error.text);
        n_wrong = 1;
    }
    while (reader && (result = segment_reader_next(reader, &packets, &n, &error)) != SEGMENT_END) {
        if (result == SEGMENT_DAMAGED) {
            tell(check, CHECK_WRONG, entry->path, "%s; what lies in it is lost", error.text);
            n_wrong++;
            continue;
        }
        check->totals->n_blocks++;
        check->totals->n_packets += n;
    }
    segment_reader_close(reader);
    interface_table_clear(&interfaces);
    return n_wrong;
}

/* The seek table at the end and the block table of the index must say the same. */
static void check_seek_table(const struct checking *check, const struct catalog_entry *entry,
                             const struct segment_index *index)
{
    int fd = open(entry->path, O_RDONLY | O_CLOEXEC);
    struct segment_block *rows, row;
    uint32_t n, n_differ = 0;

    if (entry->codec != CODEC_ZSTD || fd < 0) {
        if (fd >= 0)
            close(fd);
        return;
    }
    if (!seek_table_read(fd, entry->path, entry->stored_bytes, &rows, &n)) {
        tell(check, CHECK_NOTE, entry->path,
             "its seek table is missing or damaged; tapdeck reads by the index, other programs read from the "
             "start");
    } else {
        for (uint32_t i = 0; i < n && segment_index_block(index, i, &row); i++)
            n_differ += row.offset != rows[i].offset || row.stored_bytes != rows[i].stored_bytes ||
                        row.raw_bytes != rows[i].raw_bytes;
        if (n_differ || n != segment_index_blocks(index))
            tell(check, CHECK_NOTE, entry->path, "its seek table and its index do not name the same blocks");
        free(rows);
    }
    close(fd);
}

static bool repair_index(const struct checking *check, const struct catalog_entry *entry)
{
    struct error error;
    enum mend_result result = mend_index(entry, check->reindexer, &error);

    if (result == MEND_DONE) {
        check->totals->n_repaired++;
        tell(check, CHECK_NOTE, entry->index_path, "was made anew");
        return true;
    }
    tell(check, CHECK_WRONG, entry->index_path, "cannot be made anew: %s", error.text);
    return false;
}

static uint32_t check_sealed(const struct checking *check, const struct catalog_entry *entry)
{
    struct error error;
    struct segment_index *index = NULL;
    uint32_t n_wrong = 0;
    bool is_good = mend_index_is_good(entry, &error);

    if (!is_good && check->repair && check->reindexer) {
        is_good = repair_index(check, entry);
        n_wrong += !is_good;
    } else if (!is_good) {
        tell(check, CHECK_WRONG, entry->index_path, "%s; the segment is read from its start until then",
             error.text);
        n_wrong++;
    }
    if (is_good)
        index = segment_index_open(entry->index_path, &error);
    if (index == NULL)
        return n_wrong + check_in_order(check, entry);

    if (index->n_bindings_cut)
        tell(check, CHECK_NOTE, entry->index_path, "%llu spans of identities found no room in it",
             (unsigned long long)index->n_bindings_cut);
    check_seek_table(check, entry, index);
    n_wrong += check_by_index(check, entry, index);
    segment_index_close(index);
    return n_wrong;
}

static uint32_t check_open(const struct checking *check, const struct catalog_entry *entry)
{
    struct recovery_report report = { 0 };
    struct error error;
    int fd;

    if (!check->repair) {
        fd = open(entry->path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return 0; /* sealed meanwhile */
        close(fd);
        tell(check, CHECK_NOTE, entry->path,
             "is being written, or was left by a killed recorder: the next recorder, or --repair, seals it "
             "then");
        return check_in_order(check, entry);
    }
    switch (mend_open_segment(entry, check->reindexer, &report, &error)) {
    case MEND_DONE:
        check->totals->n_repaired++;
        tell(check, CHECK_NOTE, entry->path, "was left open and is sealed now: %llu packets, %llu bytes cut",
             (unsigned long long)report.n_packets, (unsigned long long)report.n_bytes_cut);
        return 0;
    case MEND_DISCARDED:
        check->totals->n_repaired++;
        tell(check, CHECK_NOTE, entry->path, "held no whole packet and is deleted");
        return 0;
    case MEND_LIVE:
        tell(check, CHECK_NOTE, entry->path, "is being written");
        return 0;
    case MEND_DAMAGED:
    case MEND_FAULT:
        break;
    }
    tell(check, CHECK_WRONG, entry->path, "%s", error.text);
    return 1;
}

/* How many segments find would pass over wrongly; none once it is made anew. */
static uint32_t check_digest(const struct checking *check, const char *directory)
{
    struct digest_verdict verdict;
    struct catalog catalog; /* as it is now, behind the repairs */
    struct error error = { .kind = ERROR_NONE };
    uint32_t n_wrong = 0;
    bool is_behind;

    if (!catalog_load(&catalog, directory, &error))
        return 0;
    if (!digest_check(&catalog, &verdict, &error)) {
        tell(check, CHECK_NOTE, directory, "%s", error.text);
        catalog_clear(&catalog);
        return 0;
    }
    is_behind = verdict.n_unknown > 0 || verdict.n_wrong > 0;
    if (is_behind && check->repair && check->reindexer) {
        if (digest_rebuild(&catalog, &error)) {
            tell(check, CHECK_NOTE, directory, "its digest of all segments was made anew");
            check->totals->n_repaired++;
        } else {
            tell(check, CHECK_NOTE, directory, "its digest cannot be made anew: %s", error.text);
            n_wrong = verdict.n_wrong;
        }
    } else {
        n_wrong = verdict.n_wrong;
        if (verdict.n_wrong)
            tell(
                check, CHECK_WRONG, directory,
                "its digest says of %u segments what their indexes do not: find may pass over them; --repair "
                "makes it anew",
                verdict.n_wrong);
        if (verdict.n_unknown)
            tell(check, CHECK_NOTE, directory,
                 "its digest does not know %u of %u segments: find asks their indexes, and adds them",
                 verdict.n_unknown, verdict.n_unknown + verdict.n_known);
    }
    catalog_clear(&catalog);
    return n_wrong;
}

/* What people wrote: damage in it stops retention, so it is worth a finding before the disk is full. */
static uint32_t check_holds(const struct checking *check, const char *directory)
{
    char path[SEGMENT_PATH_BYTES];
    struct hold_list list = { 0 };
    struct error error;
    struct database *database = holds_open(directory, DATABASE_READ, &error);
    bool is_sound;

    if (database == NULL && error.kind == ERROR_NONE)
        return 0;
    snprintf(path, sizeof path, "%s/" HOLDS_FILE, directory);
    is_sound = database && database_verify(database, &error) && holds_load(database, &list, &error);
    if (is_sound)
        tell(check, CHECK_OK, path, "is whole: %u holds", list.n);
    else
        tell(check, CHECK_WRONG, path, "%s; until then retention deletes nothing", error.text);
    hold_list_clear(&list);
    database_close(database);
    return !is_sound;
}

bool check_archive(const char *directory, bool repair, const struct reindexer *reindexer,
                   check_report *report, void *context, struct check_totals *totals, struct error *error)
{
    struct checking check = { repair, reindexer, report, context, totals };
    struct catalog catalog;

    *totals = (struct check_totals) { 0 };
    if (!catalog_load(&catalog, directory, error))
        return false;
    for (uint32_t i = 0; i < catalog.n; i++) {
        const struct catalog_entry *entry = &catalog.entries[i];
        uint32_t n_wrong;

        if (reindexer && reindexer->follow)
            reindexer->follow(reindexer->context, &catalog, i);
        n_wrong = entry->is_open ? check_open(&check, entry) : check_sealed(&check, entry);
        totals->n_segments++;
        totals->n_wrong += n_wrong > 0;
        if (n_wrong == 0 && !entry->is_open)
            tell(&check, CHECK_OK, entry->path, "is whole");
    }
    catalog_clear(&catalog);
    totals->n_wrong += check_digest(&check, directory);
    totals->n_wrong += check_holds(&check, directory);
    return true;
}
