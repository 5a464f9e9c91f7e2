/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/capture_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "source/capture_head.h"
#include "source/openers.h"

struct capture_file {
    struct source *source; /* of the newest opening, while it is open; whoever closes all closes it */
    int64_t begins_ns;
    bool has_head;      /* begins_ns is known */
    bool is_read_first; /* it cannot be opened twice */
    uint64_t size_bytes, done_bytes, n_dropped;
    struct buffer extra_blocks; /* of one that has ended */
};

struct capture_files {
    const struct text_list *paths;
    struct interface_table *interfaces; /* of the newest opening */
    struct capture_file *files;         /* as many as there are paths */
    int spool;                          /* copy of standard input; -1 for none */
    char spool_path[32];
};

enum { EXTRA_LIMIT_BYTES = 1 << 26 }; /* of a file; the reader's own limit is less */

static bool copy_standard_input(int to, struct error *error)
{
    static const size_t chunk_bytes = 1 << 20;
    char *chunk = malloc(chunk_bytes);
    bool is_done = false;

    if (chunk == NULL)
        return error_system(error, "standard input");
    for (;;) {
        ssize_t n = read(STDIN_FILENO, chunk, chunk_bytes);

        if (n < 0) {
            error_system(error, "standard input");
            break;
        }
        if (n == 0) {
            is_done = true;
            break;
        }
        for (ssize_t at = 0; at < n;) {
            ssize_t written = write(to, chunk + at, (size_t)(n - at));

            if (written < 0) {
                error_system(error, "a temporary copy of standard input (TMPDIR says where)");
                free(chunk);
                return false;
            }
            at += written;
        }
    }
    free(chunk);
    return is_done;
}

static bool spool_standard_input(struct capture_files *files, struct error *error)
{
    const char *folder = getenv("TMPDIR");

    files->spool = open(folder && *folder ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (files->spool < 0)
        return error_system(error, "a temporary copy of standard input in %s (set TMPDIR)",
                            folder && *folder ? folder : "/tmp");
    snprintf(files->spool_path, sizeof files->spool_path, "/proc/self/fd/%d", files->spool);
    return copy_standard_input(files->spool, error);
}

struct capture_files *capture_files_new(const struct text_list *paths, bool rereads, struct error *error)
{
    struct capture_files *files = calloc(1, sizeof *files);
    uint32_t n_standard_input = 0, n_taps = 0;

    if (files == NULL) {
        error_system(error, "capture files");
        return NULL;
    }
    files->paths = paths;
    files->spool = -1;
    files->files = calloc(paths->n, sizeof *files->files);
    if (files->files == NULL) {
        error_system(error, "capture files");
        capture_files_free(files);
        return NULL;
    }
    for (uint32_t i = 0; i < paths->n; i++)
        buffer_init(&files->files[i].extra_blocks, EXTRA_LIMIT_BYTES);
    for (uint32_t i = 0; i < paths->n; i++) {
        n_standard_input += strcmp(paths->items[i], "-") == 0;
        n_taps += tap_source_is_named(paths->items[i]);
    }
    if (n_taps && (rereads || paths->n > 1)) {
        error_set(error, ERROR_USAGE,
                  rereads ? "a tap passes once, and this question takes two readings: record it first"
                          : "-r tap:... is read alone: it has no end to merge others with");
        capture_files_free(files);
        return NULL;
    }
    if (n_standard_input > 1) {
        error_set(error, ERROR_USAGE, "-r - (standard input) can be given once");
        capture_files_free(files);
        return NULL;
    }
    if (n_standard_input && rereads && !spool_standard_input(files, error)) {
        capture_files_free(files);
        return NULL;
    }
    return files;
}

void capture_files_free(struct capture_files *files)
{
    if (files == NULL)
        return;
    if (files->spool >= 0)
        close(files->spool);
    for (uint32_t i = 0; files->files && i < files->paths->n; i++) {
        if (files->files[i].is_read_first) /* its turn never came */
            source_close(files->files[i].source);
        buffer_clear(&files->files[i].extra_blocks);
    }
    free(files->files);
    free(files);
}

/* ---- opened in turn ---- */

static const char *path_of(const struct capture_files *files, uint32_t number)
{
    const char *path = files->paths->items[number];

    return files->spool >= 0 && strcmp(path, "-") == 0 ? files->spool_path : path;
}

static bool is_regular(const char *path)
{
    struct stat status;

    return strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static void note_first(void *context, const struct packet *first)
{
    struct capture_file *file = context;

    file->begins_ns = first->ts_ns;
}

/*
 * One that cannot be opened is told before anything is read. What has no packet, or cannot be read, is opened
 * first of all, so that its fault is met. A pipe stays open, for it gives its bytes once.
 */
static bool look_at(struct capture_files *files, uint32_t number, struct error *error)
{
    struct capture_file *file = &files->files[number];
    const char *path = path_of(files, number);
    struct source *source;
    struct error ignored;

    if (file->has_head)
        return true;
    source = pcap_file_open(path, files->interfaces, error);
    if (source == NULL)
        return false;
    pcap_file_progress(source, &file->done_bytes, &file->size_bytes);
    file->begins_ns = INT64_MIN;
    if (!is_regular(path)) {
        file->source = source;
        file->is_read_first = true;
        return true;
    }
    source_close(source);
    capture_head_read(path, note_first, file, &ignored);
    file->has_head = true;
    return true;
}

static int64_t begins_ns(void *context, uint32_t number)
{
    return ((const struct capture_files *)context)->files[number].begins_ns;
}

static struct source *open_file(void *context, uint32_t number, struct error *error)
{
    struct capture_files *files = context;
    struct capture_file *file = &files->files[number];

    file->is_read_first = false;
    if (file->source == NULL)
        file->source = pcap_file_open(path_of(files, number), files->interfaces, error);
    return file->source;
}

/* What is asked of a file behind its end is kept. */
static void note_end(void *context, uint32_t number, struct source *source, const struct error *fault)
{
    struct capture_files *files = context;
    struct capture_file *file = &files->files[number];
    const struct pcapng_reader_counts *counts;
    struct bytes blocks;

    (void)fault; /* is given at the end of all */
    file->source = NULL;
    if (source == NULL)
        return;
    counts = pcap_file_counts(source);
    blocks = pcap_file_extra_blocks(source);
    file->n_dropped = counts ? counts->n_dropped : 0;
    buffer_put(&file->extra_blocks, blocks.data, blocks.len);
    pcap_file_progress(source, &file->done_bytes, &file->size_bytes);
}

/* Those that wait for their turn, and are nobody else's. */
static void close_waiting(struct capture_files *files)
{
    for (uint32_t i = 0; i < files->paths->n; i++) {
        if (files->files[i].is_read_first)
            source_close(files->files[i].source);
        files->files[i].is_read_first = false;
        files->files[i].source = NULL;
    }
}

struct source *capture_files_open(struct capture_files *files, struct interface_table *interfaces,
                                  struct error *error)
{
    struct merge_plan plan = { .context = files,
                               .n = files->paths->n,
                               .begins_ns = begins_ns,
                               .open = open_file,
                               .ended = note_end,
                               .gives_faults = true };
    struct source *source;

    files->interfaces = interfaces;
    close_waiting(files);
    for (uint32_t i = 0; i < files->paths->n; i++) {
        buffer_empty(&files->files[i].extra_blocks);
        files->files[i].n_dropped = files->files[i].done_bytes = 0;
    }
    if (files->paths->n == 1) { /* which may be sifted */
        const char *path = path_of(files, 0);

        source = tap_source_is_named(path) ? tap_source_open(path, interfaces, error)
                                           : pcap_file_open(path, interfaces, error);
        files->files[0].source = source;
        return source;
    }
    for (uint32_t i = 0; i < files->paths->n; i++) {
        if (!look_at(files, i, error)) {
            close_waiting(files);
            return NULL;
        }
    }
    source = merge_open_in_turn(&plan, interfaces, error);
    if (source == NULL)
        close_waiting(files);
    return source;
}

/* ---- what they tell ---- */

void capture_files_progress(const struct capture_files *files, uint64_t *done_bytes, uint64_t *size_bytes)
{
    *done_bytes = *size_bytes = 0;
    for (uint32_t i = 0; i < files->paths->n; i++) {
        const struct capture_file *file = &files->files[i];
        uint64_t done = file->done_bytes, size = file->size_bytes;

        if (file->source && !tap_source_is_named(files->paths->items[i])) /* a tap has no end */
            pcap_file_progress(file->source, &done, &size);
        *done_bytes += done;
        *size_bytes += size;
    }
}

uint64_t capture_files_dropped(const struct capture_files *files)
{
    uint64_t n_dropped = 0;

    for (uint32_t i = 0; i < files->paths->n; i++) {
        const struct capture_file *file = &files->files[i];
        bool is_tap = tap_source_is_named(files->paths->items[i]);
        const struct pcapng_reader_counts *counts =
            file->source && !is_tap ? pcap_file_counts(file->source) : NULL;

        if (file->source && is_tap)
            n_dropped += file->source->stats.n_dropped_kernel;
        n_dropped += counts ? counts->n_dropped : file->n_dropped;
    }
    return n_dropped;
}

bool capture_files_extra_blocks(const struct capture_files *files,
                                bool (*take)(void *context, struct bytes blocks, struct error *error),
                                void *context, struct error *error)
{
    for (uint32_t i = 0; i < files->paths->n; i++) {
        const struct capture_file *file = &files->files[i];
        struct bytes blocks = file->source && !tap_source_is_named(files->paths->items[i])
                                  ? pcap_file_extra_blocks(file->source)
                                  : buffer_bytes(&file->extra_blocks);

        if (blocks.len && !take(context, blocks, error))
            return false;
    }
    return true;
}
