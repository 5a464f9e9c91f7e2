/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_import - capture files into an archive, in time order, as if they had been recorded.
 */
#include <stdio.h>
#include <string.h>

#include "base/progress.h"
#include "base/size_text.h"
#include "base/timestamp.h"
#include "cli/capture_files.h"
#include "cli/commands.h"
#include "cli/recorder_options.h"
#include "cli/signals.h"

struct settings {
    struct recorder_settings recorder;
};

static const struct option options[] = {
    RECORDER_OPTIONS(settings, recorder),
    { 0 },
};

static bool read_all(struct recorder *recorder, struct capture_files *files, struct source *source,
                     struct error *error)
{
    enum source_result result = SOURCE_END;
    struct progress progress;
    uint64_t n_packets = 0;
    struct batch batch;

    if (!batch_init(&batch, BATCH_BYTES))
        return error_set(error, ERROR_SYSTEM, "no memory for packets");
    progress_init(&progress, "import", timestamp_now());
    while (!atomic_load_explicit(signals_stop(), memory_order_relaxed) &&
           (result = source_next(source, &batch, 0, error)) == SOURCE_PACKETS) {
        for (uint32_t i = 0; i < batch.n; i++)
            recorder_packet(recorder, &batch.packets[i]);
        n_packets += batch.n;
        if (progress.is_terminal) {
            uint64_t done, size;

            capture_files_progress(files, &done, &size);
            progress_show(&progress, done, size, n_packets, timestamp_now());
        }
    }
    progress_clear(&progress);
    batch_clear(&batch);
    return result != SOURCE_FAULT;
}

static void report(const struct recorder_counters *counters, const char *directory)
{
    char packets[SIZE_TEXT_BYTES], raw[SIZE_TEXT_BYTES], stored[SIZE_TEXT_BYTES], dropped[SIZE_TEXT_BYTES];

    fprintf(stderr, "%s packets, %s of pcapng, stored as %s in %u segment%s in %s\n",
            count_format(counters->n_packets, packets), size_format(counters->n_raw_bytes, raw),
            size_format(counters->n_stored_bytes, stored), counters->n_segments,
            counters->n_segments == 1 ? "" : "s", directory);
    if (counters->n_dropped_disk)
        fprintf(stderr, "%s packets dropped: no room on the disk\n",
                count_format(counters->n_dropped_disk, dropped));
    if (counters->n_truncated_mirror)
        fprintf(stderr, "%s packets had been cut by the mirror; their length was rebuilt\n",
                count_format(counters->n_truncated_mirror, dropped));
    if (counters->n_deleted)
        fprintf(stderr, "%u older segments deleted to keep the budget\n", counters->n_deleted);
}

static bool run(const struct settings *settings, const struct text_list *paths, struct error *error)
{
    struct interface_table interfaces = { 0 };
    struct recorder_options recorder_options = { 0 };
    char node[RECORDER_NODE_BYTES];
    struct capture_files *files = NULL;
    struct source *source = NULL;
    struct recorder *recorder = NULL;
    struct error later = { 0 };
    bool is_done = false;

    if (!recorder_settings_apply(&settings->recorder, &recorder_options, node, error))
        goto out;
    files = capture_files_new(paths, false, error);
    if (files == NULL || (source = capture_files_open(files, &interfaces, error)) == NULL)
        goto out;
    recorder = recorder_open(&recorder_options, &interfaces, error);
    if (recorder == NULL)
        goto out;
    is_done = read_all(recorder, files, source, error);
    if (!recorder_finish(recorder, is_done ? error : &later))
        is_done = false;
    report(recorder_counters(recorder), settings->recorder.directory);
out:
    recorder_close(recorder);
    source_close(source);
    capture_files_free(files);
    interface_table_clear(&interfaces);
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
            error_set(&error, ERROR_USAGE, "import what? give capture files, or - for standard input");
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
    .usage = "FILE... -w DIR [options]",
    .options = options,
    .notes = "Files are pcap or pcapng, plain or packed by gzip, zstd or lz4; several are read as one, in "
             "time order.\n"
             "\n"
             "Example:\n"
             "  tapdeck import dump_2024-08-29*.pcap.gz -w /var/capture --decap",
    .run = import_main,
};
