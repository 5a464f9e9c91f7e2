/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_index - brings what is derived from an archive's segments up to date: indexes that are missing, and the
 * device table.
 */
#include <stdio.h>
#include <sys/random.h>

#include "archive/catalog.h"
#include "archive/device_table.h"
#include "archive/recover.h"
#include "base/size_text.h"
#include "base/timestamp.h"
#include "cli/commands.h"
#include "cli/signals.h"
#include "pipeline/indexer.h"

struct settings {
    const char *archive;
    bool is_rebuild;
};

static const struct option options[] = {
    COMMAND_OPTION_ARCHIVE,
    { 0, "rebuild", OPTION_FLAG, offsetof(struct settings, is_rebuild), NULL,
      "make the device table anew, from the indexes of all segments" },
    { 0 },
};

static bool recover(const char *directory, struct error *error)
{
    struct reindexer_holder holder = { 0 };
    struct recovery_report report = { 0 };
    struct reindexer reindexer;
    bool is_done;

    if (getrandom(&holder.hash_seed, sizeof holder.hash_seed, 0) < 0)
        holder.hash_seed = (uint64_t)timestamp_now(); /* guessable is better than no index */
    holder.replays = true;
    reindexer = reindexer_make(&holder);
    is_done = recover_directory(directory, &reindexer, &report, error);
    reindexer_clear(&holder);
    if (report.n_recovered || report.n_discarded)
        printf("%u segment%s of a killed recorder sealed, %u without a packet deleted\n", report.n_recovered,
               report.n_recovered == 1 ? "" : "s", report.n_discarded);
    if (report.n_reindexed)
        printf("%u index%s made anew\n", report.n_reindexed, report.n_reindexed == 1 ? "" : "es");
    return is_done;
}

static bool follow(struct device_table *table, const char *directory, bool is_rebuild, struct error *error)
{
    struct device_table_changes changes = { 0 };
    struct catalog catalog;
    bool is_done;

    if (!catalog_load(&catalog, directory, error))
        return false;
    is_done = (!is_rebuild || device_table_clear(table, error)) &&
              device_table_follow(table, &catalog, signals_stop(), &changes, error);
    catalog_clear(&catalog);
    printf("device table: %u segment%s taken in, %u gone", changes.n_added, changes.n_added == 1 ? "" : "s",
           changes.n_gone);
    if (changes.n_unindexed)
        printf("; %u without an index that can be read: searches read those whole", changes.n_unindexed);
    putchar('\n');
    if (is_done && atomic_load(signals_stop()))
        return error_set(error, ERROR_SYSTEM, "stopped by a signal: call it again for the rest");
    return is_done;
}

static int index_archive(const struct settings *settings)
{
    struct device_table *table;
    struct error error;
    const char *directory = command_archive(settings->archive, &error);
    bool is_done;

    signals_listen();
    if (directory == NULL || !recover(directory, &error))
        return command_fault(&command_index, &error);
    table = device_table_open(directory, DEVICE_TABLE_WRITE, &error);
    if (table == NULL)
        return command_fault(&command_index, &error);
    if (device_table_set_aside(table))
        printf("the device table was damaged: it is now %s\n", device_table_set_aside(table));
    /* Damage further in shows only to who reads all of it; what is made anew has none. */
    if (!settings->is_rebuild && !device_table_verify(table, &error)) {
        error_append(&error, "\"tapdeck index --rebuild\" makes it anew");
        device_table_close(table);
        return command_fault(&command_index, &error);
    }
    if (settings->is_rebuild && !device_table_verify(table, &error)) {
        device_table_close(table);
        table = device_table_replace(directory, &error);
        if (table)
            printf("the device table was damaged: it is now %s\n", device_table_set_aside(table));
    }
    is_done = table && follow(table, directory, settings->is_rebuild, &error);
    device_table_close(table);
    return is_done ? EXIT_FOUND : command_fault(&command_index, &error);
}

static int run(int argc, char **argv)
{
    struct settings settings = { 0 };
    int code;

    return command_parse(&command_index, argc, argv, &settings, &code) ? index_archive(&settings) : code;
}

const struct command command_index = {
    .name = "index",
    .summary = "makes missing indexes and the device table of an archive",
    .usage = "[-A DIR] [--rebuild]",
    .options = options,
    .notes = "What it makes can always be made again from the segments. A recorder keeps it up by itself: "
             "this is\n"
             "for archives that were copied, or whose devices.db was lost or damaged. It may run while a "
             "recorder\n"
             "writes, and Ctrl-C leaves what is done.\n"
             "\n"
             "Exit status: 0 done, 2 an error.\n",
    .run = run,
};
