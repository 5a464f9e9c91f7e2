/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/archive_coverage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/status_file.h"

enum {
    RECORDERS_LIMIT = 256, /* nodes of one directory whose status files are read */
    PATH_BYTES = 4096,
};

static const char suffix[] = ".status.json";

static bool is_status_file(const char *name)
{
    size_t len = strlen(name);

    return len > sizeof suffix - 1 && strcmp(name + len - (sizeof suffix - 1), suffix) == 0;
}

static struct coverage_recorder recorder_of(const struct recorder_status *status, int64_t now_ns)
{
    struct coverage_recorder recorder = { .node = status->node,
                                          .started_ns = status->started_ns,
                                          .alive_ns = status->updated_ns,
                                          .is_alive = recorder_life(status, now_ns) != RECORDER_DEAD,
                                          .n_received = status->n_packets,
                                          .n_disk = status->n_disk };

    for (uint32_t i = 0; i < status->n_sources; i++) {
        recorder.n_kernel += status->sources[i].n_kernel;
        recorder.n_queue += status->sources[i].n_queue;
        recorder.n_disk += status->sources[i].n_disk;
    }
    return recorder;
}

static bool add_status(struct archive_coverage *found, uint32_t n, const char *path)
{
    struct recorder_status *statuses = realloc(found->statuses, (n + 1) * sizeof *statuses);
    struct error ignored;

    if (statuses == NULL)
        return false;
    found->statuses = statuses;
    memset(&statuses[n], 0, sizeof statuses[n]);
    if (!status_file_read(path, &statuses[n], &ignored))
        statuses[n].node[0] = '\0'; /* gone, or damaged: as if there were none */
    return true;
}

/* A directory that cannot be read has no recorders either; the catalog said so before. */
static bool read_statuses(struct archive_coverage *found, const char *directory, uint32_t *n)
{
    DIR *dir = opendir(directory);
    struct dirent *entry;
    bool ok = true;

    while (ok && dir && *n < RECORDERS_LIMIT && (entry = readdir(dir)) != NULL) {
        char path[PATH_BYTES];

        if (!is_status_file(entry->d_name) ||
            snprintf(path, sizeof path, "%s/%s", directory, entry->d_name) >= (int)sizeof path)
            continue;
        ok = add_status(found, *n, path);
        *n += ok && found->statuses[*n].node[0] != '\0';
    }
    if (dir)
        closedir(dir);
    return ok;
}

bool archive_coverage_find(const char *directory, const struct catalog *catalog,
                           const struct time_range *range, int64_t now_ns, struct archive_coverage *found,
                           struct error *error)
{
    struct coverage_question question = { .range = *range, .now_ns = now_ns };
    uint32_t n = 0;
    bool ok;

    *found = (struct archive_coverage) { 0 };
    ok = read_statuses(found, directory, &n);
    if (ok)
        found->recorders = calloc((size_t)n + 1, sizeof *found->recorders);
    if (!ok || found->recorders == NULL) {
        archive_coverage_clear(found);
        return error_set(error, ERROR_SYSTEM, "no memory to tell what %s covers", directory);
    }
    for (uint32_t i = 0; i < n; i++)
        found->recorders[i] = recorder_of(&found->statuses[i], now_ns);
    question.recorders = found->recorders;
    question.n_recorders = n;
    if (coverage_find(catalog, &question, &found->coverage, error))
        return true;
    archive_coverage_clear(found);
    return false;
}

void archive_coverage_clear(struct archive_coverage *found)
{
    coverage_clear(&found->coverage);
    free(found->recorders);
    free(found->statuses);
    *found = (struct archive_coverage) { 0 };
}
