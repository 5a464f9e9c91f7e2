/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_status - what is recorded, since when, how fast, what was lost and why, and how long the disk lasts.
 * Reads the catalog, the digest or the indexes' tables, the holds and the recorders' status files; never a
 * packet.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "archive/digest.h"
#include "archive/held.h"
#include "archive/segment_index.h"
#include "base/timestamp.h"
#include "cli/cmd_status.h"
#include "cli/commands.h"

#define STATUS_SUFFIX ".status.json"

enum { REPORT_LIMIT_BYTES = 1 << 24 };

struct settings {
    const char *archive, *format;
    bool is_local;
};

static const struct option options[] = {
    COMMAND_OPTION_ARCHIVE,
    COMMAND_OPTION_FORMAT,
    COMMAND_OPTION_LOCAL,
    { 0 },
};

/* ---- the archive ---- */

static void add_span(struct holdings *held, const struct catalog_entry *entry,
                     const struct segment_account *account)
{
    if (account->n_packets == 0)
        return;
    if (account->min_ts_ns < held->min_ts_ns)
        held->min_ts_ns = account->min_ts_ns;
    if (account->max_ts_ns > held->max_ts_ns)
        held->max_ts_ns = account->max_ts_ns;
    held->spans[held->n_spans++] = (struct forecast_span) { account->min_ts_ns, account->max_ts_ns,
                                                            entry->stored_bytes + entry->index_bytes };
}

/* What the digest does not know is asked of the index, whole: it may be damaged. */
static bool ask_index(const struct catalog_entry *entry, struct segment_account *account, struct error *fault)
{
    struct segment_index *index = segment_index_open(entry->index_path, fault);

    if (index == NULL)
        return false;
    *account = segment_account_begin(entry);
    account->n_packets = segment_index_packets(index);
    account->min_ts_ns = segment_index_min_ts(index);
    account->max_ts_ns = segment_index_max_ts(index);
    account->raw_bytes = segment_index_raw_bytes(index);
    segment_index_close(index);
    return true;
}

static void holdings_add(struct holdings *held, const struct catalog_entry *entry,
                         const struct digest *digest, uint32_t number)
{
    struct segment_account account;
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
    if ((digest == NULL || !digest_account(digest, number, &account)) &&
        !ask_index(entry, &account, &fault)) {
        if (held->n_unindexed++ == 0)
            held->first = fault;
        return;
    }
    held->n_packets += account.n_packets;
    held->n_indexed_bytes += entry->stored_bytes;
    held->n_raw_bytes += account.raw_bytes;
    add_span(held, entry, &account);
}

static bool read_holdings(struct holdings *held, const struct catalog *catalog, struct error *error)
{
    struct digest *digest;

    *held = (struct holdings) { .min_ts_ns = INT64_MAX, .max_ts_ns = INT64_MIN };
    held->spans = malloc((catalog->n ? catalog->n : 1) * sizeof *held->spans);
    if (held->spans == NULL)
        return error_set(error, ERROR_SYSTEM, "out of memory");
    digest = digest_open(catalog);
    for (uint32_t i = 0; i < catalog->n; i++)
        holdings_add(held, &catalog->entries[i], digest, i);
    digest_close(digest);
    return true;
}

/* ---- what is held ---- */

static void read_holds(struct status_report *report, const struct catalog *catalog)
{
    struct holds_summary *holds = &report->holds;
    struct held *held = held_new(report->directory);
    const struct held_hold *items;
    uint32_t n;

    if (held == NULL) {
        error_set(&holds->trouble, ERROR_SYSTEM, "out of memory");
    } else if (held_update(held, catalog, report->now_ns, 0, &holds->trouble)) {
        items = held_holds(held, &n);
        for (uint32_t i = 0; i < n; i++) {
            holds->n_alive += items[i].is_alive;
            holds->n_expired += !items[i].is_alive;
        }
        holds->n_segments = held_segments(held);
        holds->n_bytes = held_bytes(held);
        holds->quota_bytes = held_quota(held);
    }
    held_free(held);
}

/* ---- recorders ---- */

static int is_status_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name), suffix = strlen(STATUS_SUFFIX);

    return len > suffix && strcmp(entry->d_name + len - suffix, STATUS_SUFFIX) == 0;
}

static void read_recorder(struct status_report *report, const char *file)
{
    struct recorder_status *status = calloc(1, sizeof *status);
    struct error error = { .kind = ERROR_SYSTEM };
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", report->directory, file);
    if (status && status_file_read(path, status, &error)) {
        report->recorders[report->n_recorders++] = status;
        return;
    }
    free(status);
    if (error.kind != ERROR_SYSTEM) { /* else: ended while we looked */
        fprintf(stderr, "tapdeck status: %s\n", error.text);
        report->n_unreadable++;
    }
}

static bool read_recorders(struct status_report *report, struct error *error)
{
    struct dirent **names;
    int n = scandir(report->directory, &names, is_status_file, alphasort);

    if (n < 0)
        return error_system(error, "%s: cannot be read", report->directory);
    report->recorders = malloc((n ? (size_t)n : 1) * sizeof(struct recorder_status *));
    for (int i = 0; i < n; i++) {
        if (report->recorders)
            read_recorder(report, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return report->recorders || error_set(error, ERROR_SYSTEM, "out of memory");
}

static uint32_t count_wrong(const struct status_report *report)
{
    uint32_t n = report->n_unreadable + (report->holds.trouble.kind != ERROR_NONE);

    for (uint32_t i = 0; i < report->n_recorders; i++)
        n += recorder_life(report->recorders[i], report->now_ns) != RECORDER_ALIVE;
    return n;
}

/* ---- what will be ---- */

static uint64_t least_set(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Each recorder cleans up the whole directory: the strictest of them counts. */
static struct retention strictest_budget(const struct status_report *report)
{
    struct retention budget = { 0 };

    for (uint32_t i = 0; i < report->n_recorders; i++) {
        const struct retention *other = &report->recorders[i]->budget;

        budget.keep_bytes = least_set(budget.keep_bytes, other->keep_bytes);
        budget.keep_age_ns = (int64_t)least_set((uint64_t)budget.keep_age_ns, (uint64_t)other->keep_age_ns);
        if (other->min_free_bytes > budget.min_free_bytes)
            budget.min_free_bytes = other->min_free_bytes;
        if (other->min_free_percent > budget.min_free_percent)
            budget.min_free_percent = other->min_free_percent;
    }
    return budget;
}

static void foretell(struct status_report *report)
{
    struct retention budget = strictest_budget(report);
    struct holdings *held = &report->holdings;
    struct statvfs fs;

    if (statvfs(report->directory, &fs) == 0)
        report->disk = (struct forecast_disk) { (uint64_t)fs.f_blocks * fs.f_frsize,
                                                (uint64_t)fs.f_bavail * fs.f_frsize };
    forecast_make(&report->forecast, held->spans, held->n_spans, held->n_stored_bytes + held->n_index_bytes,
                  report->holds.n_bytes, &budget, &report->disk);
}

/* ---- the command ---- */

static bool report_make(struct status_report *report, struct error *error)
{
    struct catalog catalog;
    bool is_made;

    if (!catalog_load(&catalog, report->directory, error))
        return false;
    is_made = read_holdings(&report->holdings, &catalog, error) && read_recorders(report, error);
    if (is_made) {
        read_holds(report, &catalog);
        foretell(report);
    }
    catalog_clear(&catalog);
    return is_made;
}

static void report_clear(struct status_report *report)
{
    for (uint32_t i = 0; i < report->n_recorders; i++)
        free(report->recorders[i]);
    free(report->recorders);
    free(report->holdings.spans);
}

static int report_print(const struct status_report *report, bool is_json, bool is_local)
{
    struct buffer out;

    buffer_init(&out, REPORT_LIMIT_BYTES);
    if (is_json)
        status_put_json(&out, report);
    else
        status_put_text(&out, report, is_local);
    if (out.len > 0)
        fwrite(out.data, 1, out.len, stdout);
    buffer_clear(&out);
    if (count_wrong(report) > 0)
        return EXIT_ERROR;
    return report->holdings.n_sealed + report->holdings.n_open + report->n_recorders > 0 ? EXIT_FOUND
                                                                                         : EXIT_NONE;
}

static int status(const struct settings *settings)
{
    struct status_report report = { .now_ns = timestamp_now() };
    struct error error;
    bool is_json;
    int code;

    if (!command_format(settings->format, &is_json, &error))
        return command_fault(&command_status, &error);
    report.directory = command_archive(settings->archive, &error);
    if (report.directory && report_make(&report, &error))
        code = report_print(&report, is_json, settings->is_local);
    else
        code = command_fault(&command_status, &error);
    report_clear(&report);
    return code;
}

static int run(int argc, char **argv)
{
    struct settings settings = { 0 };
    int code;

    return command_parse(&command_status, argc, argv, &settings, &code) ? status(&settings) : code;
}

const struct command command_status = {
    .name = "status",
    .summary = "tells what is recorded, since when, what was lost and why, and how far back it will reach",
    .usage = "[-A DIR] [-T text|json]",
    .options = options,
    .notes =
        "The forecast goes by the rate of the recorded time, and by the budget of the recorders "
        "that run here.\n"
        "\n"
        "Exit status: 0, 1 an empty archive without a recorder, 2 a recorder is dead or stuck, it is not "
        "known what is\n"
        "held, or an error.\n",
    .run = run,
};
