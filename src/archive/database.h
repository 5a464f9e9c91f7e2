/* SPDX-License-Identifier: Apache-2.0 */
/*
 * database - one SQLite file of an archive: opened, made, brought up to date, and its faults told. Knows no
 * table: whose they are hands over the steps that make them (docs/archive-files.md lists the files).
 *
 * - WAL mode: a reader never waits for a writer, so that the recorder's retention waits for nobody.
 * - user_version is the number of steps that were taken. Steps are only ever added behind the others. A file
 *   with more steps than are known here is a later tapdeck's and refused: what it says cannot be known.
 * - Made aside and renamed, so that whoever sees the name finds all of its tables. So an empty file is
 * damage, not a beginning: SQLite by itself would take a file cut to nothing for a new one, and what people
 * wrote into it would be gone without a word.
 * - A damaged file is named and left as it is. Whether it may be thrown away is for its owner to say.
 *
 * One thread a connection.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

struct database;
struct sqlite3;

enum database_mode {
    DATABASE_READ,  /* never made; waits little: the recorder's own thread reads */
    DATABASE_WRITE, /* made when it is not there; every commit is on the disk */
};

/*
 * Opens DIRECTORY/NAME. steps: SQL scripts, borrowed for the call. Reading, too, brings an older file up to
 * date. NULL with *error set: ERROR_DAMAGED, ERROR_UNSUPPORTED (a later version, another program's file),
 * ERROR_NO_SPACE, ERROR_SYSTEM; or, for DATABASE_READ, NULL with kind ERROR_NONE: there is no such file.
 */
struct database *database_open(const char *directory, const char *name, const char *const *steps,
                               uint32_t n_steps, enum database_mode mode, struct error *error);
void database_close(struct database *database);

/* To prepare statements on; stays the database's. */
struct sqlite3 *database_handle(struct database *database);

/* Statements that answer nothing. */
bool database_run(struct database *database, const char *sql, struct error *error);

/* After a call of SQLite's failed: sets *error from it, "DIR/NAME: doing: why", and answers false. */
bool database_fault(const struct database *database, const char *doing, struct error *error);

enum database_change {
    DATABASE_SAME,
    DATABASE_CHANGED,  /* another connection wrote since this was last asked (the first time: CHANGED) */
    DATABASE_REPLACED, /* the name leads to another file, or to none: close this one and open again */
    DATABASE_UNKNOWN,  /* *error says why */
};
enum database_change database_look(struct database *database, struct error *error);

/* Reads all of it and holds it against itself. False with *error naming what is wrong first. */
bool database_verify(struct database *database, struct error *error);
