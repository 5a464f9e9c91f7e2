/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site - what one `tapdeck serve` has: the archive, its sources by name, workers, and the tables that people
 * share. Everything here belongs to the loop's thread; a job is given copies of what it needs.
 */
#pragma once

#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"
#include "net/loop.h"

struct archive_pool;
struct gate;
struct hub;
struct job_pool;
struct links;
struct pin_sweeper;
struct people;
struct appsync_door;
struct audit;
struct live_room;
struct server;
struct site_watch;

enum {
    SITE_SOURCES_LIMIT = 64,
    SITE_SOURCE_NAME_BYTES = 64, /* a node's name */
};

enum site_source_state { SOURCE_LIVE, SOURCE_ARCHIVE, SOURCE_LOST, SOURCE_ENDED, SOURCE_DISK_FULL };

enum { SITE_INTERFACES_LIMIT = 16, SITE_WORDS_BYTES = 256 };

struct site_source {
    char name[SITE_SOURCE_NAME_BYTES]; /* the recorder's node: what its segments are called after */
    char *tap;       /* where its packets come live, "unix:PATH"; NULL: the archive as it grows */
    struct hub *hub; /* NULL until somebody looks */

    /* what site_watch found last in the archive, and in the recorder's status file */
    bool has_recorder;              /* one says that it lives */
    bool is_recorder_lost;          /* it left its file, and is gone */
    int64_t since_ns;               /* it records since then; 0: nobody does */
    uint64_t first, end;            /* numbers kept, end not included; 0: none known */
    int64_t from_ns, to_ns;         /* times of what is kept; 0: not known */
    char trouble[SITE_WORDS_BYTES]; /* with the disk; "": none */
    int64_t trouble_since_ns;
    char interfaces[SITE_INTERFACES_LIMIT][SITE_WORDS_BYTES];
    size_t n_interfaces;
};

struct site_options {
    const char *archive; /* the directory */
    bool is_tls;         /* cookies are Secure */
};

struct site {
    struct loop *loop;
    struct site_options options;
    char *archive;
    uint64_t hash_seed;
    int64_t started_ns; /* since 1970 */
    struct job_pool *jobs;
    struct archive_pool *archives; /* what jobs answer from */
    struct gate *gate;
    struct server *server; /* the one that serves it */
    struct site_source sources[SITE_SOURCES_LIMIT];
    size_t n_sources;
    /* each of its own file; NULL: not there */
    struct links *links;
    struct pin_sweeper *pins;
    struct people *people;
    struct audit *audit;
    struct appsync_door *appsync;
    struct live_room *live; /* everybody who looks */
    struct site_watch *watch;
};

/* NULL with *error set. */
struct site *site_new(struct loop *loop, const struct site_options *options, struct error *error);
void site_free(struct site *site);

/* The source of that name; NULL when there is none. Sources are added and never removed. */
struct site_source *site_source_find(struct site *site, struct bytes name);

enum site_source_state site_source_state(const struct site_source *source);
const char *site_source_state_name(enum site_source_state state); /* "live" */
const char *site_source_words(const struct site_source *source);  /* the state for people */

/* Adds one, or gives a known one its tap (may be NULL). False when there are too many, or no memory. */
bool site_source_add(struct site *site, const char *name, const char *tap);
