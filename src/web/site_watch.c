/* SPDX-License-Identifier: Apache-2.0 */
#include "web/site_watch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "archive/catalog.h"
#include "archive/segment_account.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "web/job_pool.h"
#include "web/live_socket.h"

enum { PATH_BYTES = 4096 };

static const char suffix[] = ".status.json";

struct seen_node { /* of the segments */
    char name[SITE_SOURCE_NAME_BYTES];
    uint64_t first, end;
    int64_t from_ns, to_ns;
};

struct look { /* one worker's finding; it has its own memory */
    struct site_watch *watch;
    char *archive;
    bool wants_segments, has_segments;
    struct recorder_status *recorders;
    bool is_alive[SITE_SOURCES_LIMIT];
    size_t n_recorders;
    struct seen_node nodes[SITE_SOURCES_LIMIT];
    size_t n_nodes;
    struct site_holdings holdings;
    struct error error;
};

struct site_watch {
    struct site *site;
    struct loop_timer timer;
    struct look *last;      /* what is known */
    struct look *under_way; /* a worker's; freed by it when the watch is gone */
    int64_t segments_ns;
};

/* ---- looking: no table of the site's is touched ---- */

static bool is_status_file(const char *name)
{
    size_t len = strlen(name);

    return len > sizeof suffix - 1 && strcmp(name + len - (sizeof suffix - 1), suffix) == 0;
}

static void look_at_recorders(struct look *look)
{
    DIR *directory = opendir(look->archive);
    const struct dirent *entry;

    if (directory == NULL)
        return;
    look->recorders = calloc(SITE_SOURCES_LIMIT, sizeof *look->recorders);
    while (look->recorders && look->n_recorders < SITE_SOURCES_LIMIT &&
           (entry = readdir(directory)) != NULL) {
        struct recorder_status *status = &look->recorders[look->n_recorders];
        struct error ignored;
        char path[PATH_BYTES];

        if (!is_status_file(entry->d_name))
            continue;
        snprintf(path, sizeof path, "%s/%s", look->archive, entry->d_name);
        if (status_file_read(path, status, &ignored)) {
            look->is_alive[look->n_recorders] = recorder_life(status, timestamp_now()) != RECORDER_DEAD;
            look->n_recorders++;
        }
    }
    closedir(directory);
}

static struct seen_node *node_of(struct look *look, const char *name)
{
    for (size_t i = 0; i < look->n_nodes; i++)
        if (strcmp(look->nodes[i].name, name) == 0)
            return &look->nodes[i];
    if (look->n_nodes == SITE_SOURCES_LIMIT || strlen(name) >= SITE_SOURCE_NAME_BYTES)
        return NULL;
    snprintf(look->nodes[look->n_nodes].name, SITE_SOURCE_NAME_BYTES, "%s", name);
    return &look->nodes[look->n_nodes++];
}

/* First segments first: what one of them does not tell, the next may. */
static void take_first(struct seen_node *node, const struct catalog_entry *entry)
{
    struct segment_account account;

    if (node->first && node->from_ns)
        return;
    segment_account_read(entry, &account);
    if (!account.is_known)
        return;
    if (node->first == 0)
        node->first = account.recording.first_number;
    if (node->from_ns == 0 && account.min_ts_ns <= account.max_ts_ns)
        node->from_ns = account.min_ts_ns;
}

static void take_last(struct seen_node *node, const struct catalog_entry *entry)
{
    struct segment_account account;

    if (node->end && node->to_ns)
        return;
    segment_account_read(entry, &account);
    if (!account.is_known)
        return;
    if (node->end == 0 && account.recording.first_number)
        node->end = account.recording.first_number + account.n_packets;
    if (node->to_ns == 0 && account.min_ts_ns <= account.max_ts_ns)
        node->to_ns = account.max_ts_ns;
}

static void look_at_segments(struct look *look)
{
    struct catalog catalog = { 0 };
    struct statvfs disk;

    if (!catalog_load(&catalog, look->archive, &look->error))
        return;
    look->has_segments = true;
    for (uint32_t i = 0; i < catalog.n; i++) {
        struct seen_node *node = node_of(look, catalog.entries[i].node);

        look->holdings.n_segments++;
        look->holdings.n_bytes += catalog.entries[i].stored_bytes + catalog.entries[i].index_bytes;
        if (node)
            take_first(node, &catalog.entries[i]);
    }
    for (uint32_t i = catalog.n; i-- > 0;) {
        struct seen_node *node = node_of(look, catalog.entries[i].node);

        if (node)
            take_last(node, &catalog.entries[i]);
    }
    if (statvfs(look->archive, &disk) == 0) {
        look->holdings.disk_bytes = (uint64_t)disk.f_blocks * disk.f_frsize;
        look->holdings.disk_free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    }
    catalog_clear(&catalog);
}

static void look_around(struct look *look)
{
    look_at_recorders(look);
    if (look->wants_segments)
        look_at_segments(look);
}

static void run(struct job *job, void *context)
{
    (void)job;
    look_around(context);
}

/* ---- what was found ---- */

static void free_look(struct look *look)
{
    if (look == NULL)
        return;
    free(look->archive);
    free(look->recorders);
    free(look);
}

static const struct recorder_status *recorder_of(const struct look *look, const char *node, bool *is_alive)
{
    for (size_t i = 0; i < look->n_recorders; i++) {
        if (strcmp(look->recorders[i].node, node) == 0) {
            *is_alive = look->is_alive[i];
            return &look->recorders[i];
        }
    }
    *is_alive = false;
    return NULL;
}

static void take_recorder(struct site *site, struct site_source *source, const struct look *look)
{
    bool is_alive, had_trouble = source->trouble[0] != '\0', has_trouble;
    const struct recorder_status *status = recorder_of(look, source->name, &is_alive);

    source->has_recorder = status && is_alive;
    source->is_recorder_lost = status && !is_alive;
    source->since_ns = source->has_recorder ? status->started_ns : 0;
    source->n_interfaces = 0;
    for (uint32_t i = 0; status && i < status->n_sources && i < SITE_INTERFACES_LIMIT; i++)
        snprintf(source->interfaces[source->n_interfaces++], SITE_WORDS_BYTES, "%s", status->sources[i].name);
    has_trouble = source->has_recorder && status->trouble[0];
    snprintf(source->trouble, sizeof source->trouble, "%.*s", SITE_WORDS_BYTES - 1,
             has_trouble ? status->trouble : "");
    if (has_trouble && !had_trouble)
        source->trouble_since_ns = status->updated_ns;
    if (has_trouble != had_trouble && site->live)
        live_trouble(site, source);
}

static void take_nodes(struct site *site, const struct look *look)
{
    for (size_t i = 0; i < look->n_nodes; i++) {
        const struct seen_node *node = &look->nodes[i];
        struct site_source *source;

        if (!site_source_add(site, node->name, NULL))
            continue;
        source = site_source_find(site, bytes_text(node->name));
        source->first = node->first;
        source->end = node->end;
        source->from_ns = node->from_ns;
        source->to_ns = node->to_ns;
    }
}

static void take(struct site_watch *watch, struct look *look)
{
    struct site *site = watch->site;

    for (size_t i = 0; i < look->n_recorders; i++)
        site_source_add(site, look->recorders[i].node, NULL);
    if (look->has_segments)
        take_nodes(site, look);
    else if (watch->last)
        look->holdings = watch->last->holdings;
    for (size_t i = 0; i < site->n_sources; i++) {
        struct site_source *source = &site->sources[i];
        enum site_source_state before = site_source_state(source);

        take_recorder(site, source, look);
        if (site->live && site_source_state(source) != before)
            live_source_changed(site, source);
    }
    free_look(watch->last);
    watch->last = look;
}

static void found(void *context)
{
    struct look *look = context;
    struct site_watch *watch = look->watch;

    if (watch == NULL) {
        free_look(look);
        return;
    }
    watch->under_way = NULL;
    take(watch, look);
}

/* ---- its life ---- */

static struct look *new_look(struct site_watch *watch)
{
    struct look *look = calloc(1, sizeof *look);
    int64_t now_ns = loop_now_ns(watch->site->loop);

    if (look == NULL)
        return NULL;
    look->watch = watch;
    look->archive = strdup(watch->site->archive);
    look->wants_segments =
        watch->last == NULL || now_ns - watch->segments_ns >= SITE_WATCH_SEGMENTS_MS * (NS_PER_SECOND / 1000);
    if (look->wants_segments)
        watch->segments_ns = now_ns;
    if (look->archive == NULL) {
        free(look);
        return NULL;
    }
    return look;
}

static void fire(void *context)
{
    struct site_watch *watch = context;
    struct look *look = watch->under_way ? NULL : new_look(watch);

    if (look && job_start(watch->site->jobs, NULL, run, look, found))
        watch->under_way = look;
    else
        free_look(look);
    loop_timer_set(watch->site->loop, &watch->timer,
                   loop_now_ns(watch->site->loop) + SITE_WATCH_MS * (NS_PER_SECOND / 1000));
}

struct site_watch *site_watch_new(struct site *site, struct error *error)
{
    struct site_watch *watch = calloc(1, sizeof *watch);
    struct look *look;

    if (watch == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory to watch the archive");
        return NULL;
    }
    watch->site = site;
    watch->timer = (struct loop_timer) { .fire = fire, .context = watch };
    look = new_look(watch);
    if (look)
        look_around(look);
    if (look == NULL || !look->has_segments || !loop_timer_add(site->loop, &watch->timer, error)) {
        if (look && !look->has_segments)
            *error = look->error;
        free_look(look);
        free(watch);
        return NULL;
    }
    take(watch, look);
    loop_timer_set(site->loop, &watch->timer,
                   loop_now_ns(site->loop) + SITE_WATCH_MS * (NS_PER_SECOND / 1000));
    return watch;
}

void site_watch_free(struct site_watch *watch)
{
    if (watch == NULL)
        return;
    loop_timer_remove(watch->site->loop, &watch->timer);
    if (watch->under_way)
        watch->under_way->watch = NULL;
    free_look(watch->last);
    free(watch);
}

const struct recorder_status *site_watch_recorders(const struct site_watch *watch, size_t *n)
{
    *n = watch->last->n_recorders;
    return watch->last->recorders;
}

bool site_watch_is_alive(const struct site_watch *watch, size_t i)
{
    return watch->last->is_alive[i];
}

const struct site_holdings *site_watch_holdings(const struct site_watch *watch)
{
    return &watch->last->holdings;
}
