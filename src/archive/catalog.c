/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "archive/digest.h"
#include "archive/segment_file.h"

static int compare_entries(const void *left, const void *right)
{
    const struct catalog_entry *a = left, *b = right;
    int order = a->named_ts_ns < b->named_ts_ns ? -1 : a->named_ts_ns > b->named_ts_ns;

    if (order == 0)
        order = strcmp(a->node, b->node);
    return order ? order : a->serial < b->serial ? -1 : a->serial > b->serial;
}

/* Fills one entry. False with errno: without memory, or ENOENT when the file is gone meanwhile. */
static bool fill_entry(struct catalog_entry *entry, const char *directory, const char *file,
                       const struct segment_name *name)
{
    char path[SEGMENT_PATH_BYTES], index_path[SEGMENT_PATH_BYTES];
    struct stat status;

    *entry = (struct catalog_entry) {
        .serial = name->serial, .codec = name->codec, .is_open = name->is_open, .named_ts_ns = name->ts_ns
    };
    memcpy(entry->node, name->node, sizeof entry->node);
    if (snprintf(path, sizeof path, "%s/%s", directory, file) >= (int)sizeof path ||
        !segment_path_sibling(path, ".tdx", index_path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (stat(path, &status) < 0)
        return false;
    entry->stored_bytes = (uint64_t)status.st_size;
    if (stat(index_path, &status) == 0) {
        entry->has_index = !name->is_open; /* of an open one it is not to be trusted */
        entry->index_bytes = (uint64_t)status.st_size;
        entry->index_changed_ns = file_changed_ns(&status);
    }
    entry->path = strdup(path);
    entry->index_path = strdup(index_path);
    if (entry->path && entry->index_path)
        return true;
    free(entry->path);
    free(entry->index_path);
    errno = ENOMEM;
    return false;
}

static bool append_entry(struct catalog *catalog, const char *directory, const char *file,
                         const struct segment_name *name)
{
    if ((catalog->n & (catalog->n - 1)) == 0) { /* room is a power of two */
        uint32_t cap = catalog->n ? catalog->n * 2 : 1;
        struct catalog_entry *entries = realloc(catalog->entries, cap * sizeof *entries);

        if (entries == NULL)
            return false;
        catalog->entries = entries;
    }
    if (fill_entry(&catalog->entries[catalog->n], directory, file, name)) {
        catalog->n++;
        return true;
    }
    return errno == ENOENT; /* sealed or deleted while we look: not ours to complain about */
}

bool catalog_load(struct catalog *catalog, const char *directory, struct error *error)
{
    DIR *dir = opendir(directory);
    struct segment_name name;
    struct dirent *entry;

    *catalog = (struct catalog) { 0 };
    if (dir == NULL)
        return error_system(error, "%s: cannot be read", directory);
    while ((entry = readdir(dir)) != NULL) {
        if (!segment_name_parse(entry->d_name, &name))
            continue;
        if (!append_entry(catalog, directory, entry->d_name, &name)) {
            error_system(error, "%s/%s: cannot be looked at", directory, entry->d_name);
            closedir(dir);
            catalog_clear(catalog);
            return false;
        }
    }
    closedir(dir);
    if (catalog->n)
        qsort(catalog->entries, catalog->n, sizeof *catalog->entries, compare_entries);
    return true;
}

void catalog_clear(struct catalog *catalog)
{
    for (uint32_t i = 0; i < catalog->n; i++) {
        free(catalog->entries[i].path);
        free(catalog->entries[i].index_path);
    }
    free(catalog->entries);
    *catalog = (struct catalog) { 0 };
}
