/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_mend - makes one segment whole: seals what a killed recorder left, or makes an index anew. For
 * recover and check. Internal to this folder.
 */
#pragma once

#include "archive/catalog.h"
#include "archive/recover.h"

enum mend_result {
    MEND_DONE,
    MEND_DISCARDED, /* held no whole packet: deleted */
    MEND_LIVE,      /* somebody writes it, or sealed it meanwhile */
    MEND_DAMAGED,   /* sealed, and part of it cannot be read: left without index, so that it is scanned */
    MEND_FAULT,
};

/* An open segment. reindexer NULL: sealed without an index. */
enum mend_result mend_open_segment(const struct catalog_entry *entry, const struct reindexer *reindexer,
                                   struct recovery_report *report, struct error *error);

/* The index of a sealed one. On MEND_DAMAGED *error says what is. */
enum mend_result mend_index(const struct catalog_entry *entry, const struct reindexer *reindexer,
                            struct error *error);

/* Whether its index can be used: it opens, and is of a file of that size. */
bool mend_index_is_good(const struct catalog_entry *entry, struct error *error);
