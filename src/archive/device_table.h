/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_table - DIR/devices.db: the bindings of all sealed segments in one SQLite file, so that one lookup
 * answers where a device was over the whole archive. docs/device-table.md has the tables and their reasons.
 *
 * Derived: everything in it comes from the segments' indexes and can be made again from them. It knows which
 * segments it contains, so a reader asks the indexes of the others, and a writer takes them in when it comes
 * by. One writer at a time, any number of readers. One thread a handle.
 */
#pragma once

#include <stdatomic.h>

#include "archive/catalog.h"
#include "archive/segment_index.h"

struct device_table;
struct session_keys;

enum {
    DEVICE_NAMES_LIMIT =
        64, /* names of one device: past it they are taken for names of a group, not joined */
};

enum device_table_mode {
    DEVICE_TABLE_READ,
    DEVICE_TABLE_WRITE, /* made when it is not there; a damaged one is set aside as devices.db.damaged */
};

/*
 * NULL with *error set; for DEVICE_TABLE_READ with kind ERROR_NONE when there is none. ERROR_DAMAGED and
 * ERROR_UNSUPPORTED: answer from the indexes, and say so. directory NULL: a table of its own in a temporary
 * file, for what no other holds.
 */
struct device_table *device_table_open(const char *directory, enum device_table_mode mode,
                                       struct error *error);
void device_table_close(struct device_table *table);

/* Sets aside the file that is there, and begins a new one. For who found it damaged further in. */
struct device_table *device_table_replace(const char *directory, struct error *error);

const char *device_table_directory(const struct device_table *table); /* NULL: of a temporary one */

/* The damaged file that opening set aside; NULL for none. Lives as long as the table. */
const char *device_table_set_aside(const struct device_table *table);

/* ---- what it contains ---- */

/* All of this segment's bindings are in it. */
bool device_table_has(struct device_table *table, const struct catalog_entry *entry);

/* Takes in a sealed segment from its index, in one transaction; one that it has already is passed over. */
bool device_table_add_segment(struct device_table *table, const struct catalog_entry *entry,
                              struct error *error);

struct device_table_changes {
    uint32_t n_added, n_gone;
    uint32_t n_unindexed; /* sealed, but without an index to read: left to who asks */
};

/*
 * Makes it fit the archive: takes in what it lacks, drops what is gone (the spans of a few segments among
 * very many wait for more to go). stop: ends early, at a whole
 * transaction; may be NULL. What a later call would have to do is left to it.
 */
bool device_table_follow(struct device_table *table, const struct catalog *catalog, const atomic_bool *stop,
                         struct device_table_changes *changes, struct error *error);

/* Fills the filter with the keys that are there, and from now on with each that comes. Borrowed. */
bool device_table_feed_keys(struct device_table *table, struct session_keys *keys, struct error *error);

/* Empties it, for device_table_follow to fill anew. */
bool device_table_clear(struct device_table *table, struct error *error);

/* A whole pass over the file: false with *error when anything is wrong in it. */
bool device_table_verify(struct device_table *table, struct error *error);

/* ---- asked by who searches ---- */

/*
 * The device that the user's words name (identity_is_named), with all of its names: each is told with every
 * binding of it, by time. Names of services and groups stand for themselves. False with *error when the table
 * could not be read; the function's false ends it early.
 */
bool device_table_bindings(struct device_table *table, const char *device, binding_function *function,
                           void *context, struct error *error);

/* Those names; borrowed during the call. */
bool device_table_names(struct device_table *table, const char *device,
                        void (*function)(void *context, enum identity_scheme scheme, struct bytes identity),
                        void *context, struct error *error);

/* Every binding whose client was at that address and port, the newest first, at most limit; port 0: also
 * those of a whole address. */
bool device_table_at(struct device_table *table, const struct ip_address *address, uint16_t port,
                     uint32_t limit, binding_function *function, void *context, struct error *error);

/*
 * For segments that the table does not contain: bindings from now on come into tables of this handle alone,
 * which questions are asked of too. Nothing is written to the file. (A table in a temporary file takes them
 * itself.)
 */
bool device_table_overlay(struct device_table *table, struct error *error);
bool device_table_overlay_segment(struct device_table *table, struct error *error); /* another one's follow */
bool device_table_overlay_add(struct device_table *table, const struct binding *binding, struct error *error);
