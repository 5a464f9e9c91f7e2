/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_import - capture files into an archive, in time order, as if they had been recorded; each packet once,
 * however often it is started. What is to be done with a file is pipeline/import_plan, how is
 * pipeline/importer.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "archive/catalog.h"
#include "base/progress.h"
#include "base/size_text.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/import_report.h"
#include "cli/recorder_options.h"
#include "cli/signals.h"
#include "packet/packet_twins.h"
#include "pipeline/archive_lookup.h"
#include "pipeline/importer.h"

struct settings {
    struct recorder_settings recorder;
    bool is_dry, takes_again, keeps_duplicates;
};

static const struct option options[] = {
    RECORDER_OPTIONS(settings, recorder),
    { 0, "dry-run", OPTION_FLAG, offsetof(struct settings, is_dry), NULL,
      "write nothing: read the files once and print their order, periods, overlaps, gaps and\n"
      "duplicates" },
    { 0, "again", OPTION_FLAG, offsetof(struct settings, takes_again), NULL,
      "take files although they were imported before; their packets are then there twice,\n"
      "unless the older ones were deleted" },
    { 0, "keep-duplicates", OPTION_FLAG, offsetof(struct settings, keeps_duplicates), NULL,
      "of captures that overlap, take a packet from each (same time and bytes in two files\n"
      "is otherwise one packet)" },
    { 0 },
};

enum { DIRECTORY_BYTES = 4096 };

/* Below, a single packet could fill a segment, which the journal must hear of before. */
#define ROTATE_LEAST_BYTES UINT64_C(4096)

struct import {
    const struct settings *settings;
    struct capture_list list;
    struct import_plan plan;
    struct import_journal *journal;
    struct archive_lookup *lookup;
    struct interface_table interfaces;
    struct recorder_options recorder_options;
    char node[RECORDER_NODE_BYTES];
    uint64_t seed;
};

/* ---- what a killed import left ---- */

static bool take_back_leftover(struct import *import, struct error *error)
{
    struct import_leftover leftover;
    char size[SIZE_TEXT_BYTES];

    if (!import_journal_leftover(import->journal, &leftover, error))
        return false;
    if (leftover.n_missing)
        return error_set(
            error, ERROR_USAGE,
            "an import that was killed left %s/%s (%s), and %s, which it was reading, is not there "
            "any more%s; bring it back, or delete that segment, if what else is in it is there "
            "to be imported again",
            import->settings->recorder.directory, leftover.segment, size_format(leftover.n_bytes, size),
            leftover.first_missing, leftover.n_missing > 1 ? " (nor are others)" : "");
    if (leftover.n_segments)
        fprintf(stderr,
                "an import that was killed left %s unfinished (%s): deleted, its packets are taken again "
                "from their files\n",
                leftover.segment, size_format(leftover.n_bytes, size));
    return import_journal_discard(import->journal, error);
}

static bool has_directory(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* What is in the archive is older than this import only by chance: it goes for a budget, not for more room.
 */
static bool has_budget(const struct retention *retention)
{
    return retention->keep_bytes || retention->keep_age_ns || retention->min_free_bytes ||
           retention->min_free_percent;
}

static bool open_archive(struct import *import, struct import_archive *archive, struct error *error)
{
    const struct settings *settings = import->settings;
    bool is_remembered = true;

    for (uint32_t i = 0; i < import->list.n; i++)
        is_remembered &= !import->list.files[i].is_stream;
    if (settings->is_dry &&
        (settings->recorder.directory == NULL || !has_directory(settings->recorder.directory)))
        return true;
    if (!settings->is_dry &&
        !recorder_settings_apply(&settings->recorder, &import->recorder_options, import->node, error))
        return false;
    import->recorder_options.spares_older = !has_budget(&import->recorder_options.retention);
    if (!is_remembered)
        return true; /* what came by a pipe cannot be read again: there is nothing to go on with */
    import->journal = import_journal_open(
        settings->recorder.directory, settings->is_dry ? IMPORT_JOURNAL_READ : IMPORT_JOURNAL_WRITE, error);
    if (import->journal == NULL && !(settings->is_dry && error->kind == ERROR_NONE))
        return false;
    if (import->journal)
        import->seed = import_journal_seed(import->journal);
    if (import->journal && !settings->is_dry && !take_back_leftover(import, error))
        return false;
    import->lookup = archive_lookup_new(settings->recorder.directory, import->journal,
                                        settings->recorder.wants_decap, error);
    if (import->lookup == NULL)
        return false;
    *archive = (struct import_archive) { .journal = import->journal,
                                         .holds = archive_lookup_packet,
                                         .context = import->lookup };
    return true;
}

/* ---- the plan ---- */

static bool refuse_unknown(const struct import *import, struct error *error)
{
    uint32_t n = 0, first = 0;

    for (uint32_t i = import->plan.n; i-- > 0;) {
        if (import->plan.files[i].state == IMPORT_UNKNOWN) {
            n++;
            first = i;
        }
    }
    if (n == 0)
        return true;
    return error_set(
        error, ERROR_USAGE,
        "%s: its first packet is in the archive already, in %s, of which the journal of imports "
        "(import.db) knows nothing%s. Nothing was imported. Either the journal was lost, or the packets "
        "were recorded here: to have nothing twice, import into a new directory, or delete those "
        "segments first; --again takes the files all the same",
        import->plan.files[first].path, import->plan.files[first].trouble,
        n > 1 ? "; so it is with other files given" : "");
}

static void say_what_is_there(const struct import *import)
{
    char packets[SIZE_TEXT_BYTES], more[SIZE_TEXT_BYTES];
    uint64_t n_known = 0, n_partly = 0;
    uint32_t n_files = 0, n_parts = 0;

    for (uint32_t i = 0; i < import->plan.n; i++) {
        const struct import_file *file = &import->plan.files[i];

        if (file->state == IMPORT_KNOWN) {
            n_files++;
            n_known += file->n_known;
        } else if (file->state == IMPORT_TAKE && file->n_known) {
            n_parts++;
            n_partly += file->n_known;
        }
    }
    if (n_files + n_parts == 0)
        return;
    fputs("already there: ", stderr);
    if (n_files)
        fprintf(stderr, "%s packets of %u whole file%s%s", count_format(n_known, packets), n_files,
                n_files == 1 ? "" : "s", n_parts ? ", and " : "");
    if (n_parts)
        fprintf(stderr, "the first %s%s of %u file%s that go%s on", count_format(n_partly, more),
                n_files ? "" : " packets", n_parts, n_parts == 1 ? "" : "s", n_parts == 1 ? "es" : "");
    fputc('\n', stderr);
}

struct presence {
    const struct catalog *catalog;
    uint32_t n, n_gone;
};

static bool count_gone(void *context, const char *stem)
{
    struct presence *presence = context;
    size_t len = strlen(stem);

    presence->n++;
    for (uint32_t i = 0; i < presence->catalog->n; i++) {
        const char *name = strrchr(presence->catalog->entries[i].path, '/') + 1;

        if (strncmp(name, stem, len) == 0 && strncmp(name + len, ".pcapng", 7) == 0)
            return true;
    }
    presence->n_gone++;
    return true;
}

/* What is remembered as imported may have been deleted since, and is not taken again by itself. */
static void say_what_is_gone(const struct import *import)
{
    struct catalog catalog;
    struct presence presence = { .catalog = &catalog };
    struct error ignored;

    if (import->journal == NULL || import->plan.n_known_packets == 0 ||
        !catalog_load(&catalog, import->settings->recorder.directory, &ignored))
        return;
    import_journal_segments(import->journal, count_gone, &presence, &ignored);
    if (presence.n_gone)
        fprintf(stderr,
                "%u of the %u segments that were imported here are gone, by the budget or by hand; --again "
                "takes files anew\n",
                presence.n_gone, presence.n);
    catalog_clear(&catalog);
}

/* ---- packets ---- */

static void report(const struct import *import, const struct recorder_counters *counters,
                   const struct importer_result *result)
{
    char packets[SIZE_TEXT_BYTES], raw[SIZE_TEXT_BYTES], stored[SIZE_TEXT_BYTES], other[SIZE_TEXT_BYTES];
    char directory[DIRECTORY_BYTES];

    utf8_show(import->settings->recorder.directory, directory, sizeof directory);
    if (counters->n_packets == 0)
        fprintf(stderr, "nothing was added to %s\n", directory);
    else
        fprintf(stderr, "%s packet%s, %s of pcapng, stored as %s in %u segment%s in %s\n",
                count_format(counters->n_packets, packets), counters->n_packets == 1 ? "" : "s",
                size_format(counters->n_raw_bytes, raw), size_format(counters->n_stored_bytes, stored),
                counters->n_segments, counters->n_segments == 1 ? "" : "s", directory);
    if (result->n_twins)
        fprintf(stderr, "%s packet%s in more than one file, and %s kept once\n",
                count_format(result->n_twins, other), result->n_twins == 1 ? " was" : "s were",
                result->n_twins == 1 ? "is" : "are");
    if (result->n_twins_overlooked)
        fprintf(stderr, "%s packets were not held against other files': over %d of one time\n",
                count_format(result->n_twins_overlooked, other), PACKET_TWINS_LIMIT);
    if (result->n_rounds > 1)
        fprintf(stderr, "%u files had to wait for a further round: over %d overlap\n", result->n_deferred,
                IMPORT_OPEN_LIMIT);
    if (counters->n_dropped_disk)
        fprintf(stderr, "no room on the disk: make some, then the same command goes on from here\n");
    if (counters->n_truncated_mirror)
        fprintf(stderr, "%s packets had been cut by the mirror; their length was rebuilt\n",
                count_format(counters->n_truncated_mirror, other));
    if (counters->n_deleted)
        fprintf(stderr, "%u older segments deleted to keep the budget\n", counters->n_deleted);
}

static bool take_packets(struct import *import, struct error *error)
{
    struct importer_result result = { 0 };
    struct recorder *recorder = NULL;
    struct progress progress;
    struct importer_options importer_options = {
        .plan = &import->plan,
        .interfaces = &import->interfaces,
        .journal = import->settings->is_dry ? NULL : import->journal,
        .seed = import->seed,
        .keeps_twins = import->settings->keeps_duplicates,
        .stop = signals_stop(),
        .progress = &progress,
    };
    bool is_done;

    if (!import->settings->is_dry) {
        if (import->recorder_options.rotate_bytes &&
            import->recorder_options.rotate_bytes < ROTATE_LEAST_BYTES)
            import->recorder_options.rotate_bytes = ROTATE_LEAST_BYTES;
        recorder = recorder_open(&import->recorder_options, &import->interfaces, error);
        if (recorder == NULL)
            return false;
    }
    importer_options.recorder = recorder;
    progress_init(&progress, import->settings->is_dry ? "look" : "import", timestamp_now());
    is_done = importer_run(&importer_options, &result, error);
    progress_clear(&progress);
    if (import->settings->is_dry)
        import_report_plan(stdout, &import->plan);
    import_report_files(stderr, &import->plan, &import->list);
    if (recorder)
        report(import, recorder_counters(recorder), &result);
    recorder_close(recorder);
    if (is_done && result.is_stopped)
        return error_set(error, ERROR_SYSTEM, "stopped before the end; the same command goes on from here");
    return is_done;
}

static bool run(const struct settings *settings, const struct text_list *paths, struct error *error)
{
    struct import import = { .settings = settings };
    struct import_archive archive = { 0 };
    bool is_done = false;

    if (!settings->is_dry && settings->recorder.directory == NULL) {
        error_set(error, ERROR_USAGE, "where to? give -w DIR, the archive directory");
        goto out;
    }
    if (getrandom(&import.seed, sizeof import.seed, 0) != sizeof import.seed) {
        error_system(error, "random numbers");
        goto out;
    }
    for (uint32_t i = 0; i < paths->n; i++) {
        if (!capture_list_add(&import.list, paths->items[i], settings->recorder.directory, error))
            goto out;
    }
    if (import.list.n == 0) {
        error_set(error, ERROR_USAGE, "no files in %s", paths->items[0]);
        goto out;
    }
    if (!open_archive(&import, &archive, error) ||
        !import_plan_make(&import.plan, &import.list, &archive, import.seed, settings->takes_again, error) ||
        !refuse_unknown(&import, error))
        goto out;
    if (import.list.has_met_except)
        fprintf(stderr, "the archive lies within what is imported, and was left out\n");
    say_what_is_there(&import);
    say_what_is_gone(&import);
    is_done = take_packets(&import, error);
    if (is_done && import_report_has_loss(&import.plan))
        is_done = error_set(error, ERROR_DAMAGED, "not everything could be read: see above");
out:
    import_plan_clear(&import.plan);
    archive_lookup_free(import.lookup);
    import_journal_close(import.journal);
    capture_list_clear(&import.list);
    interface_table_clear(&import.interfaces);
    return is_done;
}

static int import_main(int argc, char **argv)
{
    struct settings settings = { 0 };
    struct text_list operands = { 0 };
    struct error error = { 0 };
    int code = EXIT_ERROR;

    recorder_settings_init(&settings.recorder);
    switch (option_parse(&command_import, argc, argv, &settings, &operands, &error)) {
    case OPTION_HELP:
        code = EXIT_FOUND;
        break;
    case OPTION_WRONG:
        code = command_fault(&command_import, &error);
        break;
    case OPTION_RUN:
        signals_listen();
        if (operands.n == 0)
            error_set(&error, ERROR_USAGE,
                      "import what? give capture files or directories of them, or - for standard input");
        else if (run(&settings, &operands, &error))
            code = EXIT_FOUND;
        if (code != EXIT_FOUND)
            command_fault(&command_import, &error);
        break;
    }
    text_list_clear(&operands);
    return code;
}

const struct command command_import = {
    .name = "import",
    .summary = "capture files into an archive, in time order",
    .usage = "FILE|DIR... -w DIR [options]",
    .options = options,
    .notes = "Files are pcap or pcapng, plain or packed by gzip, zstd or lz4, told by content, and read as "
             "one, in the\n"
             "order of their packets' times, whatever their names say. Of a directory all files are taken, "
             "those of\n"
             "its subdirectories too, hidden ones not.\n"
             "\n"
             "Each packet is taken once: from captures that overlap, from a file and its packed copy, and by "
             "an import\n"
             "that was stopped or killed and is started again, or is given more files than before. What was "
             "imported\n"
             "is remembered in DIR/import.db. What comes by a pipe is not: such an import begins anew.\n"
             "\n"
             "A full disk ends an import that was given no budget: nothing is deleted for it, and the same "
             "command "
             "goes\n"
             "on when there is room.\n"
             "\n"
             "A file that is cut or damaged gives what can be read of it, and stops no other; each is named "
             "at the end.\n"
             "Exit 2 when something was lost.\n"
             "\n"
             "Examples:\n"
             "  tapdeck import /var/dumps -w /var/capture --decap\n"
             "  tapdeck import --dry-run dump_2024-08-29*.pcap.gz",
    .run = import_main,
};
