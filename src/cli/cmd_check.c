/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_check - verifies an archive and says what is wrong; the verifying itself is the archive's (check.h).
 */
#include <sys/random.h>

#include "archive/check.h"
#include "base/size_text.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "pipeline/indexer.h"

struct settings {
    const char *archive;
    bool is_repair, is_verbose;
};

static const struct option options[] = {
    COMMAND_OPTION_ARCHIVE,
    { 0, "repair", OPTION_FLAG, offsetof(struct settings, is_repair), NULL,
      "seal what a killed recorder left, make missing or damaged indexes anew;\nno packet is deleted" },
    { 'v', "verbose", OPTION_FLAG, offsetof(struct settings, is_verbose), NULL, "name what is sound, too" },
    { 0 },
};

static void report(void *context, enum check_severity severity, const char *path, const char *sentence)
{
    static const char *const names[] = { [CHECK_OK] = "ok", [CHECK_NOTE] = "note", [CHECK_WRONG] = "WRONG" };
    const struct settings *settings = context;
    struct buffer line;

    if (severity == CHECK_OK && !settings->is_verbose)
        return;
    buffer_init(&line, 1 << 16);
    buffer_printf(&line, "%-5s  ", names[severity]);
    utf8_put_escaped(&line, bytes_text(path)); /* anybody may have named a file in there */
    buffer_put_text(&line, ": ");
    utf8_put_escaped(&line, bytes_text(sentence));
    buffer_put_u8(&line, '\n');
    fwrite(line.data, 1, line.len, stdout);
    fflush(stdout); /* a long check is watched */
    buffer_clear(&line);
}

static void totals_print(const struct check_totals *totals)
{
    char packets[SIZE_TEXT_BYTES], blocks[SIZE_TEXT_BYTES], size[SIZE_TEXT_BYTES];

    printf("%u segment%s, %s blocks, %s packets, %s: %u wrong", totals->n_segments,
           totals->n_segments == 1 ? "" : "s", count_format(totals->n_blocks, blocks),
           count_format(totals->n_packets, packets), size_format(totals->n_bytes, size), totals->n_wrong);
    if (totals->n_repaired > 0)
        printf(", %u repaired", totals->n_repaired);
    putchar('\n');
}

static int check(const struct settings *settings)
{
    struct reindexer_holder holder = { 0 };
    struct reindexer reindexer;
    struct check_totals totals = { 0 };
    struct error error;
    const char *directory = command_archive(settings->archive, &error);
    bool is_checked;

    if (directory == NULL)
        return command_fault(&command_check, &error);
    if (getrandom(&holder.hash_seed, sizeof holder.hash_seed, 0) < 0)
        holder.hash_seed = (uint64_t)timestamp_now(); /* guessable is better than no check */
    holder.replays = true;
    reindexer = reindexer_make(&holder);
    is_checked =
        check_archive(directory, settings->is_repair, &reindexer, report, (void *)settings, &totals, &error);
    reindexer_clear(&holder);
    if (!is_checked)
        return command_fault(&command_check, &error);
    totals_print(&totals);
    return totals.n_wrong > 0 ? EXIT_ERROR : EXIT_FOUND;
}

static int run(int argc, char **argv)
{
    struct settings settings = { 0 };
    int code;

    return command_parse(&command_check, argc, argv, &settings, &code) ? check(&settings) : code;
}

const struct command command_check = {
    .name = "check",
    .summary = "verifies every segment, index and checksum of an archive and says what is wrong",
    .usage = "[-A DIR] [--repair] [-v]",
    .options = options,
    .notes = "It may run while a recorder writes: segments that are being written are left alone.\n"
             "\n"
             "Exit status: 0 sound (or all of it repaired), 2 something is wrong.\n",
    .run = run,
};
