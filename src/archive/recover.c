/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/recover.h"

#include "archive/segment_mend.h"

static bool recover_open(const struct catalog_entry *entry, const struct reindexer *reindexer,
                         struct recovery_report *report, struct error *error)
{
    switch (mend_open_segment(entry, reindexer, report, error)) {
    case MEND_DONE:
        report->n_recovered++;
        return true;
    case MEND_DISCARDED:
        report->n_discarded++;
        return true;
    case MEND_LIVE:
    case MEND_DAMAGED:
        return true;
    case MEND_FAULT:
        break;
    }
    return false;
}

/* A damaged segment is left without index: find reads all of it that can be read, check tells of it. */
static bool recover_index(const struct catalog_entry *entry, const struct reindexer *reindexer,
                          struct recovery_report *report, struct error *error)
{
    enum mend_result result;

    if (reindexer == NULL || mend_index_is_good(entry, error))
        return true;
    result = mend_index(entry, reindexer, error);
    report->n_reindexed += result == MEND_DONE;
    return result != MEND_FAULT;
}

bool recover_directory(const char *directory, const struct reindexer *reindexer,
                       struct recovery_report *report, struct error *error)
{
    struct catalog catalog;
    struct error first = { .kind = ERROR_NONE };

    *report = (struct recovery_report) { 0 };
    if (!catalog_load(&catalog, directory, error))
        return false;
    for (uint32_t i = 0; i < catalog.n; i++) {
        const struct catalog_entry *entry = &catalog.entries[i];
        bool ok;

        if (reindexer && reindexer->follow)
            reindexer->follow(reindexer->context, &catalog, i);
        ok = entry->is_open ? recover_open(entry, reindexer, report, error)
                            : recover_index(entry, reindexer, report, error);

        if (!ok && first.kind == ERROR_NONE) /* one that cannot be mended does not keep the others back */
            first = *error;
    }
    catalog_clear(&catalog);
    if (first.kind != ERROR_NONE)
        *error = first;
    return first.kind == ERROR_NONE;
}
