/* SPDX-License-Identifier: Apache-2.0 */
#include "source/capture_list.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/timestamp.h"

static bool append(struct capture_list *list, const char *path, const struct stat *status, bool is_named,
                   struct error *error)
{
    struct listed_file *file;

    if (list->n == list->cap) {
        uint32_t cap = list->cap ? 2 * list->cap : 64;
        struct listed_file *files = realloc(list->files, cap * sizeof *files);

        if (files == NULL)
            return error_set(error, ERROR_SYSTEM, "no memory for a list of files");
        list->files = files;
        list->cap = cap;
    }
    file = &list->files[list->n];
    *file = (struct listed_file) { .path = strdup(path), .is_named = is_named };
    if (file->path == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory for a list of files");
    if (status) {
        file->is_stream = !S_ISREG(status->st_mode);
        file->device = status->st_dev;
        file->inode = status->st_ino;
        file->size_bytes = S_ISREG(status->st_mode) ? (uint64_t)status->st_size : 0;
        file->mtime_ns = status->st_mtim.tv_sec * NS_PER_SECOND + status->st_mtim.tv_nsec;
    }
    file->is_absent = status == NULL;
    list->n++;
    return true;
}

static int by_name(const FTSENT **left, const FTSENT **right)
{
    return strcmp((*left)->fts_name, (*right)->fts_name);
}

/* A link inside a directory: to a file it is as good as the file. */
static bool add_link(struct capture_list *list, const char *path, struct error *error)
{
    struct stat status;

    if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
        return append(list, path, &status, false, error);
    list->n_links++;
    return true;
}

static bool add_entry(struct capture_list *list, FTS *tree, FTSENT *entry, const struct stat *except,
                      struct error *error)
{
    if (entry->fts_level > FTS_ROOTLEVEL && entry->fts_name[0] == '.' && entry->fts_info != FTS_DP) {
        list->n_hidden++;
        fts_set(tree, entry, FTS_SKIP);
        return true;
    }
    switch (entry->fts_info) {
    case FTS_D:
        list->n_directories++;
        if (except->st_ino == entry->fts_statp->st_ino && except->st_dev == entry->fts_statp->st_dev) {
            list->has_met_except = true;
            fts_set(tree, entry, FTS_SKIP);
        }
        return true;
    case FTS_F:
        return append(list, entry->fts_path, entry->fts_statp, false, error);
    case FTS_SL:
    case FTS_SLNONE:
        return add_link(list, entry->fts_path, error);
    case FTS_DEFAULT:
        list->n_special++;
        return true;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return append(list, entry->fts_path, NULL, false, error);
    default:
        return true;
    }
}

static bool add_directory(struct capture_list *list, const char *path, const char *except_path,
                          struct error *error)
{
    char *paths[] = { (char *)(uintptr_t)path, NULL }; /* fts only reads it */
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    struct stat except = { 0 };
    FTSENT *entry;
    bool ok = true;

    if (tree == NULL)
        return error_system(error, "%s: cannot be listed", path);
    if (except_path && stat(except_path, &except) != 0)
        except = (struct stat) { 0 };
    while (ok && (errno = 0, entry = fts_read(tree)) != NULL)
        ok = add_entry(list, tree, entry, &except, error);
    if (ok && errno != 0)
        ok = error_system(error, "%s: cannot be listed", path);
    fts_close(tree);
    return ok;
}

bool capture_list_add(struct capture_list *list, const char *path, const char *except, struct error *error)
{
    struct stat status = { .st_mode = S_IFIFO };

    if (strcmp(path, "-") == 0)
        return append(list, path, &status, true, error);
    if (stat(path, &status) != 0)
        return error_system(error, "%s: cannot be opened", path);
    if (S_ISDIR(status.st_mode))
        return add_directory(list, path, except, error);
    return append(list, path, &status, true, error);
}

void capture_list_clear(struct capture_list *list)
{
    for (uint32_t i = 0; i < list->n; i++)
        free(list->files[i].path);
    free(list->files);
    *list = (struct capture_list) { 0 };
}
