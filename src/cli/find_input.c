/* SPDX-License-Identifier: Apache-2.0 */
/* A device is looked up before its packets are read: files are read twice for that. */
#include "cli/find.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file_identity.h"
#include "base/timestamp.h"
#include "cli/commands.h"
#include "cli/signals.h"
#include "pipeline/search_hint.h"
#include "source/openers.h"

enum { COMMENT_LIMIT_BYTES = 1 << 20 };

/* ---- where the device was ---- */

void find_show_progress(void *context, uint64_t n_packets)
{
    struct find *find = context;
    uint64_t done = 0, size = 0;

    if (!find->progress.is_terminal)
        return;
    if (find->files)
        capture_files_progress(find->files, &done, &size);
    progress_show(&find->progress, done, size, n_packets, timestamp_now());
}

static bool search_device(struct find *find, struct error *error)
{
    bool is_done;

    if (find->files) {
        struct interface_table interfaces = { 0 };
        struct source *source = capture_files_open(find->files, &interfaces, error);

        if (source == NULL)
            return false;
        progress_init(&find->progress, "looking for the device", timestamp_now());
        is_done = device_search_source(find->search, source, &interfaces, find->settings->wants_explanation,
                                       signals_stop(), find_show_progress, find, error);
        progress_clear(&find->progress);
        source_close(source);
        interface_table_clear(&interfaces);
        /* What is wrong with the file is said once, by the second reading, behind the packets before it. */
        is_done |= error->kind == ERROR_DAMAGED;
    } else {
        is_done =
            device_search_catalog(find->search, &find->catalog, find->settings->wants_explanation, error);
        if (device_search_table_trouble(find->search))
            fprintf(stderr,
                    "tapdeck find: %s; the segments' indexes were asked instead (\"tapdeck index --rebuild\" "
                    "makes "
                    "the table anew)\n",
                    device_search_table_trouble(find->search)->text);
    }
    device_match_settle(find->match);
    return is_done;
}

/* ---- opening ---- */

/* What is printed of a device's packets may be of its packets alone; which ones are found may not. */
static bool make_hint(struct find *find, struct error *error)
{
    const struct demand *demand = find->match && find->filter ? filter_demand(find->filter) : &find->demand;
    enum hint_memory memory = find->match && !find->filter ? HINT_MEMORY_NONE : hint_memory_of(demand);
    /* An index was made without preferences: where they differ, it may know less than is asked. */
    bool is_indexed = find->filter && preferences_agree_with_index(&find->preferences);

    find->hint = search_hint_new(&find->range, is_indexed ? filter_hint(find->filter) : NULL, find->match,
                                 memory, error);
    if (find->hint && memory == HINT_MEMORY_CONVERSATION)
        find->past = search_past_new(find->hint, error);
    return find->hint && (find->past || memory != HINT_MEMORY_CONVERSATION);
}

static struct source *open_source(void *context, struct interface_table *interfaces, struct error *error)
{
    struct find *find = context;

    if (find->files)
        return capture_files_open(find->files, interfaces, error);
    if (find->hint == NULL && !make_hint(find, error))
        return NULL;
    return archive_source_open_with_past(&find->catalog, find->hint, find->past, interfaces, error);
}

static bool extra_blocks(void *context, bool (*take)(void *taker, struct bytes blocks, struct error *error),
                         void *taker, struct error *error)
{
    struct find *find = context;

    return find->files == NULL || capture_files_extra_blocks(find->files, take, taker, error);
}

static bool hand_over(struct find *find, struct error *error)
{
    struct handover_question question = { .filter = find->filter,
                                          .preferences = &find->preferences,
                                          .tshark = { &find->settings->preferences,
                                                      &find->settings->decode_as },
                                          .range = find->range,
                                          .hash_seed = find->hash_seed,
                                          .open = open_source,
                                          .extra_blocks = extra_blocks,
                                          .context = find,
                                          .stop = signals_stop() };

    find->answers = handover_run(&question, &find->handed, error);
    return find->answers != NULL;
}

static bool open_sifted(struct find *find, struct error *error)
{
    find->source = open_source(find, &find->interfaces, error);
    if (find->source && find->files && find->sieve)
        find->is_sieving =
            !pcap_file_sift(find->source, sieve_of_packets(find->sieve), (unsigned)find->settings->n_threads);
    else
        find->is_sieving = find->sieve != NULL;
    return find->source != NULL;
}

bool find_open_input(struct find *find, struct error *error)
{
    const struct find_settings *settings = find->settings;

    if (settings->files.n && settings->archive)
        return error_set(error, ERROR_USAGE, "give -r FILE or -A DIR, not both");
    if (settings->files.n) {
        find->files =
            capture_files_new(&settings->files, settings->device || find_is_handed_over(find), error);
        if (find->files == NULL)
            return false;
    } else {
        const char *archive = command_archive(settings->archive, error);

        if (archive == NULL) {
            error_set(error, ERROR_USAGE, "where to look? give -r FILE, -A DIR, or set TAPDECK_ARCHIVE=DIR");
            return false;
        }
        if (!catalog_load(&find->catalog, archive, error) ||
            !archive_coverage_find(archive, &find->catalog, &find->range, timestamp_now(), &find->coverage,
                                   error))
            return false;
    }
    if (find->search && !search_device(find, error))
        return false;
    if (find_is_handed_over(find) && !hand_over(find, error))
        return false;
    return open_sifted(find, error);
}

static bool is_file(const char *path, const struct file_identity *wanted)
{
    struct file_identity identity;

    return file_identity_of(path, STDIN_FILENO, &identity) && file_identity_equal(&identity, wanted);
}

/* Opening -w empties the file: what is about to be read must not be it, under whatever name. */
static bool spares_input(const struct find *find, struct error *error)
{
    static const char sentence[] = "-w %s would overwrite %s, which is read; write to another file";
    const struct find_settings *settings = find->settings;
    struct file_identity target;

    if (!file_identity_of(settings->write, STDOUT_FILENO, &target))
        return true;
    for (uint32_t i = 0; i < settings->files.n; i++)
        if (is_file(settings->files.items[i], &target))
            return error_set(error, ERROR_USAGE, sentence, settings->write, settings->files.items[i]);
    for (uint32_t i = 0; i < find->catalog.n; i++) {
        const struct catalog_entry *entry = &find->catalog.entries[i];

        if (is_file(entry->path, &target) || is_file(entry->index_path, &target))
            return error_set(error, ERROR_USAGE, sentence, settings->write, entry->path);
    }
    return true;
}

/* What is known before the first packet stands at the file's beginning, where every tool shows it. */
static bool comment_writer(struct find *find, struct error *error)
{
    struct answer answer = find_answer(find);
    struct buffer text;
    bool is_done;

    if (find->files)
        return true;
    buffer_init(&text, COMMENT_LIMIT_BYTES);
    answer_put_text(&text, &answer);
    if (text.len > 0 && text.data[text.len - 1] == '\n')
        text.len--;
    is_done = buffer_put_u8(&text, '\0') || error_set(error, ERROR_SYSTEM, "no memory for a comment");
    is_done = is_done && pcap_writer_comment(find->writer, (const char *)text.data, error);
    buffer_clear(&text);
    return is_done;
}

bool find_open_writer(struct find *find, struct error *error)
{
    enum pcap_format format;
    enum pcap_packing packing;

    if (find->settings->write == NULL)
        return true;
    if (!spares_input(find, error))
        return false;
    pcap_writer_formats_of(find->settings->write, &format, &packing);
    find->writer = pcap_writer_open(find->settings->write, format, packing, &find->interfaces, error);
    return find->writer && comment_writer(find, error);
}
