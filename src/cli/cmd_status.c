/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_status - what is recorded, since when, how fast, what was lost and why, and how long the disk lasts.
 * Reads the catalog, the indexes' tables and the recorders' status files; never a packet.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "archive/catalog.h"
#include "archive/segment_index.h"
#include "base/size_text.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "pipeline/status_file.h"

#define STATUS_SUFFIX ".status.json"

/* A forecast from less than this would be a guess. */
#define FORECAST_SPAN_NS (60 * NS_PER_SECOND)
#define FORECAST_MOST_S (10 * 365 * 86400.0) /* further off, it says nothing */

struct settings {
    const char *archive;
    bool is_local;
};

static const struct option options[] = {
    { 'A', "archive", OPTION_TEXT, offsetof(struct settings, archive), "DIR",
      "the archive directory (else TAPDECK_ARCHIVE)" },
    { 0, "local", OPTION_FLAG, offsetof(struct settings, is_local), NULL,
      "times in the local zone, not in UTC" },
    { 0 },
};

struct holdings { /* what lies in the archive */
    uint32_t n_sealed, n_open, n_unindexed;
    uint64_t n_packets, n_raw_bytes;        /* of sealed segments with an index */
    uint64_t n_indexed_bytes;               /* their files' */
    uint64_t n_stored_bytes, n_index_bytes; /* of all segments */
    int64_t min_ts_ns, max_ts_ns;           /* min > max: nothing known */
    struct error first;                     /* why an index could not be read */
};

static void holdings_add(struct holdings *held, const struct catalog_entry *entry)
{
    struct segment_index *index;
    struct error fault;

    held->n_stored_bytes += entry->stored_bytes;
    held->n_index_bytes += entry->index_bytes;
    if (entry->named_ts_ns < held->min_ts_ns)
        held->min_ts_ns = entry->named_ts_ns;
    if (entry->named_ts_ns > held->max_ts_ns)
        held->max_ts_ns = entry->named_ts_ns;
    if (entry->is_open) {
        held->n_open++;
        return;
    }
    held->n_sealed++;
    index = segment_index_open(entry->index_path, &fault);
    if (index == NULL) {
        if (held->n_unindexed++ == 0)
            held->first = fault;
        return;
    }
    held->n_packets += segment_index_packets(index);
    held->n_indexed_bytes += entry->stored_bytes;
    if (segment_index_packets(index) > 0 && segment_index_min_ts(index) < held->min_ts_ns)
        held->min_ts_ns = segment_index_min_ts(index);
    if (segment_index_packets(index) > 0 && segment_index_max_ts(index) > held->max_ts_ns)
        held->max_ts_ns = segment_index_max_ts(index);
    for (uint32_t b = 0; b < segment_index_blocks(index); b++) {
        struct segment_block block;

        if (segment_index_block(index, b, &block))
            held->n_raw_bytes += block.raw_bytes;
    }
    segment_index_close(index);
}

static const char *second_format(int64_t ts_ns, bool is_local, char text[static TIMESTAMP_TEXT_BYTES])
{
    timestamp_format(ts_ns, is_local, text);
    memmove(text + 19, text + 29, strlen(text + 29) + 1);
    return text;
}

static void span_print(const struct holdings *held, bool is_local)
{
    char from[TIMESTAMP_TEXT_BYTES], to[TIMESTAMP_TEXT_BYTES], span[SIZE_TEXT_BYTES];

    if (held->min_ts_ns > held->max_ts_ns)
        return;
    printf("  span       %s to %s (%s)\n", second_format(held->min_ts_ns, is_local, from),
           second_format(held->max_ts_ns, is_local, to),
           duration_format(held->max_ts_ns - held->min_ts_ns, span));
}

static void disk_print(const char *directory, const struct holdings *held)
{
    struct statvfs fs;
    char free_text[SIZE_TEXT_BYTES], size_text[SIZE_TEXT_BYTES], rate_text[SIZE_TEXT_BYTES],
        left[SIZE_TEXT_BYTES];
    uint64_t free_bytes;
    double span_s, rate;

    if (statvfs(directory, &fs) != 0 || fs.f_blocks == 0)
        return;
    free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    printf("  disk       %s free of %s (%.0f %%)\n", size_format(free_bytes, free_text),
           size_format((uint64_t)fs.f_blocks * fs.f_frsize, size_text),
           100.0 * (double)fs.f_bavail / (double)fs.f_blocks);
    if (held->min_ts_ns > held->max_ts_ns || held->max_ts_ns - held->min_ts_ns < FORECAST_SPAN_NS)
        return;
    span_s = (double)(held->max_ts_ns - held->min_ts_ns) / (double)NS_PER_SECOND;
    rate = (double)(held->n_stored_bytes + held->n_index_bytes) / span_s;
    if (rate > 0 && (double)free_bytes / rate < FORECAST_MOST_S)
        printf("  forecast   at %s a day as over this span, full in %s if nothing is deleted\n",
               size_format((uint64_t)(rate * 86400), rate_text),
               duration_format((int64_t)((double)free_bytes / rate) * NS_PER_SECOND, left));
}

static void holdings_print(const char *directory, const struct holdings *held, bool is_local)
{
    char a[SIZE_TEXT_BYTES], b[SIZE_TEXT_BYTES];
    uint32_t n = held->n_sealed + held->n_open;

    printf("archive %s\n", directory);
    if (n == 0) {
        printf("  empty: nothing was recorded here yet\n");
        disk_print(directory, held);
        return;
    }
    span_print(held, is_local);
    printf("  segments   %u", n);
    if (held->n_open > 0)
        printf(", %u of them open", held->n_open);
    if (held->n_unindexed > 0)
        printf(", %u without a readable index (tapdeck check --repair makes it anew): %s", held->n_unindexed,
               held->first.text);
    printf("\n  packets    %s%s\n", count_format(held->n_packets, a),
           held->n_open > 0 ? " in sealed segments" : "");
    printf("  stored     %s", size_format(held->n_stored_bytes, a));
    if (held->n_indexed_bytes > 0 && held->n_raw_bytes > 0)
        printf(", packed %.1f : 1 from %s", (double)held->n_raw_bytes / (double)held->n_indexed_bytes,
               size_format(held->n_raw_bytes, b));
    printf("\n  index      %s", size_format(held->n_index_bytes, a));
    if (held->n_raw_bytes > 0)
        printf(" (%.2f %% of the raw bytes)",
               100.0 * (double)held->n_index_bytes / (double)held->n_raw_bytes);
    putchar('\n');
    disk_print(directory, held);
}

/* ---- recorders ---- */

struct drop { /* every way a packet can be lost or cut, each with its name */
    const char *name;
    size_t offset; /* of the counter in struct source_status */
};

static const struct drop drops[] = {
    { "dropped by the kernel", offsetof(struct source_status, n_kernel) },
    { "dropped by a full queue", offsetof(struct source_status, n_queue) },
    { "dropped by the disk", offsetof(struct source_status, n_disk) },
    { "cut short by the mirror", offsetof(struct source_status, n_truncated) },
    { "refused as no mirrored frame", offsetof(struct source_status, n_refused) },
};

/* Names come from interfaces and command lines: escaped like all else that others chose. */
static void put_name(const char *name)
{
    struct buffer text;

    buffer_init(&text, 4096);
    utf8_put_escaped(&text, bytes_text(name));
    if (text.len > 0)
        fwrite(text.data, 1, text.len, stdout);
    buffer_clear(&text);
}

static void source_print(const struct source_status *source)
{
    char packets[SIZE_TEXT_BYTES], size[SIZE_TEXT_BYTES];

    fputs("  source     ", stdout);
    put_name(source->name);
    printf(": %s packets, %s\n", count_format(source->n_packets, packets),
           size_format(source->n_bytes, size));
    for (size_t i = 0; i < sizeof drops / sizeof *drops; i++) {
        uint64_t count = *(const uint64_t *)((const char *)source + drops[i].offset);

        printf("    %-28s  %s\n", drops[i].name, count_format(count, packets));
    }
}

static void recorder_print(const struct recorder_status *status, bool is_local)
{
    int64_t now_ns = timestamp_now();
    enum recorder_life life = recorder_life(status, now_ns);
    char a[SIZE_TEXT_BYTES], b[SIZE_TEXT_BYTES], time[TIMESTAMP_TEXT_BYTES];

    fputs("recorder ", stdout);
    put_name(status->node);
    if (life == RECORDER_ALIVE)
        printf(": recording since %s (process %lld)\n", second_format(status->started_ns, is_local, time),
               (long long)status->pid);
    else if (life == RECORDER_DEAD)
        printf(": DEAD: process %lld is gone since %s; start it again, it seals what was left open\n",
               (long long)status->pid, second_format(status->updated_ns, is_local, time));
    else
        printf(": STUCK: process %lld has said nothing for %s\n", (long long)status->pid,
               duration_format(now_ns - status->updated_ns, a));
    if (status->trouble[0]) {
        fputs("  TROUBLE    ", stdout);
        put_name(status->trouble);
        putchar('\n');
    }
    printf("  received   %s packets, %s", count_format(status->n_packets, a),
           size_format(status->n_bytes, b));
    if (life == RECORDER_ALIVE) {
        printf("; now %s packets/s", count_format(status->packets_per_second, a));
        printf(", %s/s", size_format(status->bytes_per_second, a));
    }
    printf("\n  written    %s\n", size_format(status->n_written_bytes, a));
    if (status->segment[0]) {
        fputs("  segment    ", stdout);
        put_name(status->segment);
        putchar('\n');
    }
    printf("  dropped by the disk, all sources  %s\n", count_format(status->n_disk, a));
    for (uint32_t i = 0; i < status->n_sources; i++)
        source_print(&status->sources[i]);
}

static int is_status_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name), suffix = strlen(STATUS_SUFFIX);

    return len > suffix && strcmp(entry->d_name + len - suffix, STATUS_SUFFIX) == 0;
}

/* Answers how many recorders are dead or cannot be understood. */
static uint32_t recorders_print(const char *directory, bool is_local, uint32_t *n_seen)
{
    struct dirent **names;
    int n = scandir(directory, &names, is_status_file, alphasort);
    struct recorder_status *status = calloc(1, sizeof *status);
    uint32_t n_wrong = 0;

    for (int i = 0; i < n; i++) {
        char path[4096];
        struct error error;

        snprintf(path, sizeof path, "%s/%s", directory, names[i]->d_name);
        if (status && status_file_read(path, status, &error)) {
            recorder_print(status, is_local);
            n_wrong += recorder_life(status, timestamp_now()) != RECORDER_ALIVE;
            ++*n_seen;
        } else if (status && error.kind != ERROR_SYSTEM) { /* else: ended while we looked */
            fprintf(stderr, "tapdeck status: %s\n", error.text);
            n_wrong++;
        }
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    free(status);
    return n_wrong;
}

static int status(const struct settings *settings)
{
    struct holdings held = { .min_ts_ns = INT64_MAX, .max_ts_ns = INT64_MIN };
    struct catalog catalog;
    struct error error;
    const char *directory = command_archive(settings->archive, &error);
    uint32_t n_recorders = 0, n_wrong, n_segments;

    if (directory == NULL || !catalog_load(&catalog, directory, &error))
        return command_fault(&command_status, &error);
    for (uint32_t i = 0; i < catalog.n; i++)
        holdings_add(&held, &catalog.entries[i]);
    n_segments = catalog.n;
    catalog_clear(&catalog);
    holdings_print(directory, &held, settings->is_local);
    n_wrong = recorders_print(directory, settings->is_local, &n_recorders);
    if (n_recorders == 0 && held.n_open > 0)
        puts("no recorder says that it runs; what is open was left by one that was killed (the next one "
             "seals it)");
    else if (n_recorders == 0)
        puts("no recorder is running here");
    return n_wrong > 0 ? EXIT_ERROR : n_segments + n_recorders > 0 ? EXIT_FOUND : EXIT_NONE;
}

static int run(int argc, char **argv)
{
    struct settings settings = { 0 };
    int code;

    return command_parse(&command_status, argc, argv, &settings, &code) ? status(&settings) : code;
}

const struct command command_status = {
    .name = "status",
    .summary = "tells what is recorded, since when, what was lost and why, and how long the disk lasts",
    .usage = "[-A DIR]",
    .options = options,
    .notes = "Exit status: 0, 1 an empty archive without a recorder, 2 a recorder is dead or stuck, or an "
             "error.\n",
    .run = run,
};
