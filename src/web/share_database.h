/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share_database - the file in which an archive keeps what people share and say: links, keys and pins
 * (DIR/share.db, docs/archive-files.md). Made and brought up to date here; the tables are link_table's and
 * pin_table's.
 *
 * Apart from tapdeck.db, whose damage stops all deleting: what is written each time somebody pins must not be
 * able to fill a recorder's disk.
 */
#pragma once

#include "archive/database.h"

#define SHARE_FILE "share.db"

struct sqlite3_stmt;

/* As database_open answers it. */
struct database *share_database_open(const char *directory, enum database_mode mode, struct error *error);

/* NULL with *error set. The caller finalizes it. */
struct sqlite3_stmt *share_database_prepare(struct database *database, const char *sql, struct error *error);

/* Steps a statement that answers nothing, and finalizes it; doing: for the sentence of a fault. NULL is false
 * (*error was set when it was prepared). */
bool share_database_finish(struct database *database, struct sqlite3_stmt *statement, const char *doing,
                           struct error *error);
