/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/capture_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "source/openers.h"

struct capture_files {
    const struct text_list *paths;
    struct source **sources; /* of the newest opening; closed by whoever closes the merged one */
    int spool;               /* copy of standard input; -1 for none */
    char spool_path[32];
};

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
    files->sources = calloc(paths->n, sizeof(struct source *));
    if (files->sources == NULL) {
        error_system(error, "capture files");
        capture_files_free(files);
        return NULL;
    }
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
    free(files->sources);
    free(files);
}

struct source *capture_files_open(struct capture_files *files, struct interface_table *interfaces,
                                  struct error *error)
{
    for (uint32_t i = 0; i < files->paths->n; i++) {
        const char *path = files->paths->items[i];

        if (files->spool >= 0 && strcmp(path, "-") == 0)
            path = files->spool_path;
        files->sources[i] = tap_source_is_named(path) ? tap_source_open(path, interfaces, error)
                                                      : pcap_file_open(path, interfaces, error);
        if (files->sources[i] == NULL) {
            while (i-- > 0)
                source_close(files->sources[i]);
            return NULL;
        }
    }
    return merge_open(files->sources, files->paths->n, interfaces, error);
}

void capture_files_progress(const struct capture_files *files, uint64_t *done_bytes, uint64_t *size_bytes)
{
    *done_bytes = *size_bytes = 0;
    for (uint32_t i = 0; i < files->paths->n; i++) {
        uint64_t done, size;

        if (tap_source_is_named(files->paths->items[i]))
            continue; /* it has no end to be measured against */
        pcap_file_progress(files->sources[i], &done, &size);
        *done_bytes += done;
        *size_bytes += size;
    }
}

uint64_t capture_files_dropped(const struct capture_files *files)
{
    uint64_t n_dropped = 0;

    for (uint32_t i = 0; i < files->paths->n; i++) {
        const struct pcapng_reader_counts *counts;

        if (tap_source_is_named(files->paths->items[i])) {
            n_dropped += files->sources[i]->stats.n_dropped_kernel;
            continue;
        }
        counts = pcap_file_counts(files->sources[i]);
        n_dropped += counts ? counts->n_dropped : 0;
    }
    return n_dropped;
}

bool capture_files_extra_blocks(const struct capture_files *files,
                                bool (*take)(void *context, struct bytes blocks, struct error *error),
                                void *context, struct error *error)
{
    for (uint32_t i = 0; i < files->paths->n; i++) {
        struct bytes blocks;

        if (tap_source_is_named(files->paths->items[i]))
            continue; /* a recorder sends none */
        blocks = pcap_file_extra_blocks(files->sources[i]);
        if (blocks.len && !take(context, blocks, error))
            return false;
    }
    return true;
}
