/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A *view* is the table with an overlay of what it lacks. When the set of segments changes (one was sealed,
 * taken into the table, deleted) a new view is made beside the old one and put into its place, so that
 * nothing is told twice: once by the table, once by the overlay. Between such changes the open segments'
 * blocks are read as they come, and their spans added.
 *
 * The lock is over the view's handle, which is for one thread at a time; the thread reads and dissects
 * without it, into a list that it then adds.
 */
#include "live/archive_devices.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "archive/segment_reader.h"
#include "archive/session_keys.h"
#include "base/timestamp.h"
#include "pipeline/indexer.h"

enum {
    FOLLOW_EVERY_MS = 250,
    LOOK_EVERY_MS = 1000,    /* at the directory */
    RESTED_AFTER_MS = 60000, /* nobody asked for so long: nothing is followed */
    RESTORE_SEGMENTS = 64,   /* in front of an open one: as the recorder itself does */
    FIRST_LOOK_MS = 400,     /* is waited for by whoever asks first */
    SPANS_AT_LIMIT = 256,    /* of one end: the newest */
    SPANS_AT_ONCE = 4096,    /* added under one lock */
};

struct open_segment {
    char *path;
    struct segment_reader *reader;
    struct interface_table interfaces;
    struct indexer *tracker;
    struct session_store store;
    struct view *view;
    bool is_read; /* to its end as it is now */
};

struct span {
    struct binding binding;
    uint32_t at[4]; /* its bytes in `bytes`: identity, both connection ids, session id */
};

struct view {
    struct device_table *table;
    struct session_keys *sleepers;
    struct open_segment *open;
    uint32_t n_open;
    bool has_overlay, is_partial;
    uint64_t signature;         /* of the directory it was made for */
    struct buffer spans, bytes; /* found, and not added yet: struct span */
};

struct archive_devices {
    char *directory;
    uint64_t hash_seed;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t asked, looked;
    atomic_bool is_ending;
    int64_t asked_ms;           /* monotonic */
    uint64_t n_asked, n_looked; /* a look that began behind the nth question answers it */
    struct view *view;          /* NULL: none yet */
    struct error trouble;       /* why not */
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- a view ---- */

static void close_segment(struct open_segment *segment)
{
    segment_reader_close(segment->reader);
    indexer_free(segment->tracker);
    interface_table_clear(&segment->interfaces);
    free(segment->path);
}

static void view_free(struct view *view)
{
    if (view == NULL)
        return;
    for (uint32_t i = 0; i < view->n_open; i++)
        close_segment(&view->open[i]);
    free(view->open);
    session_keys_free(view->sleepers);
    device_table_close(view->table);
    buffer_clear(&view->spans);
    buffer_clear(&view->bytes);
    free(view);
}

static uint32_t keep_bytes(struct view *view, struct bytes bytes)
{
    uint32_t at = (uint32_t)view->bytes.len;

    if (bytes.len)
        buffer_put(&view->bytes, bytes.data, bytes.len);
    return at;
}

static void on_span(void *context, const struct binding *binding)
{
    struct view *view = context;
    struct span span = { .binding = *binding };

    span.at[0] = keep_bytes(view, binding->identity);
    span.at[1] = keep_bytes(view, binding->cid_to_server);
    span.at[2] = keep_bytes(view, binding->cid_to_client);
    span.at[3] = keep_bytes(view, binding->session_id);
    buffer_put(&view->spans, &span, sizeof span);
}

static bool on_indexed(void *context, const struct binding *binding)
{
    on_span(context, binding);
    return true;
}

static bool restore(void *context, const struct binding *binding)
{
    indexer_restore(context, binding);
    return true;
}

/* Adds what was found, from span number *next on, a part at a time. */
static bool add_spans(struct view *view, uint32_t *next, struct error *error)
{
    uint32_t n = (uint32_t)(view->spans.len / sizeof(struct span));
    uint32_t end = n - *next > SPANS_AT_ONCE ? *next + SPANS_AT_ONCE : n;

    if (!view->has_overlay && n > 0 && !(view->has_overlay = device_table_overlay(view->table, error)))
        return false;
    for (; *next < end; ++*next) {
        struct span span;

        memcpy(&span, view->spans.data + *next * sizeof span, sizeof span);
        span.binding.identity.data = view->bytes.data + span.at[0];
        span.binding.cid_to_server.data = view->bytes.data + span.at[1];
        span.binding.cid_to_client.data = view->bytes.data + span.at[2];
        span.binding.session_id.data = view->bytes.data + span.at[3];
        if (!device_table_overlay_add(view->table, &span.binding, error))
            return false;
    }
    if (*next == n) {
        buffer_empty(&view->spans);
        buffer_empty(&view->bytes);
        *next = 0;
        return true;
    }
    return true;
}

static bool open_segment(struct archive_devices *devices, struct view *view, const struct catalog *catalog,
                         uint32_t number, struct error *error)
{
    struct open_segment *segment = &view->open[view->n_open];
    const struct catalog_entry *entry = &catalog->entries[number];
    struct error ignored;

    *segment = (struct open_segment) { .view = view, .path = strdup(entry->path) };
    view->n_open++;
    segment->tracker = indexer_new(&segment->interfaces, devices->hash_seed);
    if (segment->path == NULL || segment->tracker == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory to follow devices");
    segment->reader = segment_reader_open(entry->path, NULL, &segment->interfaces, &ignored);
    if (segment->reader == NULL)
        view->is_partial = true; /* sealed or deleted meanwhile: the next look sees it */
    for (uint32_t i = number > RESTORE_SEGMENTS ? number - RESTORE_SEGMENTS : 0;
         segment->reader && i < number; i++) {
        struct segment_index *index =
            strcmp(catalog->entries[i].node, entry->node) == 0 && catalog->entries[i].has_index
                ? segment_index_open(catalog->entries[i].index_path, &ignored)
                : NULL;

        if (index && !atomic_load(&devices->is_ending))
            segment_index_bindings(index, restore, segment->tracker);
        segment_index_close(index);
    }
    if (view->sleepers) {
        segment->store = session_keys_store(view->sleepers);
        indexer_wake_from(segment->tracker, &segment->store);
    }
    indexer_listen(segment->tracker, on_span, view);
    return true;
}

static uint64_t signature_of(const struct catalog *catalog, struct device_table *table)
{
    uint64_t signature = 14695981039346656037U;

    for (uint32_t i = 0; i < catalog->n; i++) {
        const struct catalog_entry *entry = &catalog->entries[i];
        uint64_t words[3] = { entry->serial, (uint64_t)entry->named_ts_ns ^ entry->has_index,
                              entry->is_open ? 1
                                             : entry->stored_bytes << 2 |
                                                   (uint64_t)(table && device_table_has(table, entry)) << 1 };

        for (size_t w = 0; w < 3; w++)
            signature = (signature ^ words[w]) * 1099511628211U;
    }
    return signature;
}

static struct device_table *open_table(struct archive_devices *devices, const struct catalog *catalog,
                                       struct error *error)
{
    struct device_table *table = device_table_open(devices->directory, DEVICE_TABLE_READ, error);
    struct device_table_changes changes;

    if (table)
        return table;
    table = device_table_open(NULL, DEVICE_TABLE_WRITE, error);
    if (table && device_table_follow(table, catalog, &devices->is_ending, &changes, error))
        return table;
    device_table_close(table);
    return NULL;
}

/* What the table does not contain: of segments with an index at once, the others are read from now on. */
static bool fill(struct archive_devices *devices, struct view *view, const struct catalog *catalog,
                 struct error *error)
{
    uint32_t next = 0;

    view->open = calloc(catalog->n + 1, sizeof *view->open);
    if (view->open == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory to follow devices");
    for (uint32_t i = 0; i < catalog->n && !atomic_load(&devices->is_ending); i++) {
        const struct catalog_entry *entry = &catalog->entries[i];
        struct segment_index *index;
        struct error ignored;

        if (device_table_has(view->table, entry))
            continue;
        index = entry->has_index ? segment_index_open(entry->index_path, &ignored) : NULL;
        if (index == NULL) {
            if (!open_segment(devices, view, catalog, i, error))
                return false;
            continue;
        }
        if (view->has_overlay && !device_table_overlay_segment(view->table, error)) {
            segment_index_close(index);
            return false;
        }
        segment_index_bindings(index, on_indexed, view);
        segment_index_close(index);
        do {
            if (!add_spans(view, &next, error))
                return false;
        } while (next);
    }
    return true;
}

static struct view *view_new(struct archive_devices *devices, const struct catalog *catalog,
                             struct error *error)
{
    struct view *view = calloc(1, sizeof *view);

    if (view == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory to follow devices");
        return NULL;
    }
    buffer_init(&view->spans, SIZE_MAX / 2);
    buffer_init(&view->bytes, UINT32_MAX / 2);
    view->table = open_table(devices, catalog, error);
    if (view->table) {
        view->signature = signature_of(catalog, view->table);
        if (device_table_directory(view->table))
            view->sleepers = session_keys_new(devices->directory, false);
        if (fill(devices, view, catalog, error))
            return view;
    }
    view_free(view);
    return NULL;
}

/* One more block of each open segment into its tracker. False: there is none now. */
static bool read_on(struct view *view)
{
    bool is_more = false;

    for (uint32_t i = 0; i < view->n_open; i++) {
        struct open_segment *segment = &view->open[i];
        const struct packet *packets;
        enum segment_result result;
        struct error error;
        uint32_t n;

        if (segment->reader == NULL || segment->is_read)
            continue;
        result = segment_reader_next(segment->reader, &packets, &n, &error);
        for (uint32_t p = 0; result == SEGMENT_BLOCK && p < n; p++)
            indexer_packet(segment->tracker, &packets[p], 0);
        segment->is_read = result == SEGMENT_END;
        is_more |= !segment->is_read;
    }
    return is_more;
}

/* ---- the thread ---- */

static void add_under_lock(struct archive_devices *devices, struct view *view)
{
    struct error error;
    uint32_t next = 0;

    if (view->spans.len == 0)
        return;
    do {
        pthread_mutex_lock(&devices->lock);
        if (!add_spans(view, &next, &error)) {
            devices->trouble = error;
            next = 0;
        }
        pthread_mutex_unlock(&devices->lock);
    } while (next);
}

static void look_at_directory(struct archive_devices *devices)
{
    struct error error = { 0 };
    struct view *old = devices->view, *view;
    struct catalog catalog;

    if (!catalog_load(&catalog, devices->directory, &error)) {
        pthread_mutex_lock(&devices->lock);
        devices->trouble = error;
        pthread_mutex_unlock(&devices->lock);
        return;
    }
    pthread_mutex_lock(&devices->lock);
    if (old && !old->is_partial && old->signature == signature_of(&catalog, old->table)) {
        pthread_mutex_unlock(&devices->lock);
        catalog_clear(&catalog);
        return;
    }
    pthread_mutex_unlock(&devices->lock);
    view = view_new(devices, &catalog, &error);
    catalog_clear(&catalog);
    /* The new one knows as much as the old one before it takes its place. */
    while (view && !atomic_load(&devices->is_ending) && read_on(view))
        ;
    pthread_mutex_lock(&devices->lock);
    if (view)
        devices->view = view;
    devices->trouble = error;
    pthread_mutex_unlock(&devices->lock);
    if (view)
        view_free(old);
}

static void follow(struct archive_devices *devices)
{
    struct view *view = devices->view;

    if (view == NULL)
        return;
    for (uint32_t i = 0; i < view->n_open; i++)
        view->open[i].is_read = view->open[i].reader == NULL;
    while (!atomic_load(&devices->is_ending) && read_on(view))
        ;
    for (uint32_t i = 0; i < view->n_open; i++)
        indexer_end(view->open[i].tracker, false);
    add_under_lock(devices, view);
}

static void *run(void *context)
{
    struct archive_devices *devices = context;
    int64_t looked_ms = INT64_MIN / 2;

    pthread_mutex_lock(&devices->lock);
    while (!atomic_load(&devices->is_ending)) {
        uint64_t n_asked = devices->n_asked;
        struct timespec until;

        if (n_asked == 0 || now_ms() - devices->asked_ms > RESTED_AFTER_MS) {
            pthread_cond_wait(&devices->asked, &devices->lock);
            continue;
        }
        pthread_mutex_unlock(&devices->lock);
        if (now_ms() - looked_ms >= LOOK_EVERY_MS) {
            look_at_directory(devices);
            looked_ms = now_ms();
        }
        follow(devices);
        pthread_mutex_lock(&devices->lock);
        devices->n_looked = n_asked;
        pthread_cond_broadcast(&devices->looked);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += FOLLOW_EVERY_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        if (!atomic_load(&devices->is_ending))
            pthread_cond_timedwait(&devices->asked, &devices->lock, &until);
    }
    pthread_cond_broadcast(&devices->looked);
    pthread_mutex_unlock(&devices->lock);
    return NULL;
}

struct archive_devices *archive_devices_new(const char *directory, struct error *error)
{
    struct archive_devices *devices = calloc(1, sizeof *devices);
    pthread_condattr_t attributes;

    if (devices == NULL || (devices->directory = strdup(directory)) == NULL) {
        free(devices);
        error_set(error, ERROR_SYSTEM, "no memory to follow devices");
        return NULL;
    }
    pthread_mutex_init(&devices->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&devices->asked, &attributes);
    pthread_cond_init(&devices->looked, &attributes);
    pthread_condattr_destroy(&attributes);
    if (getrandom(&devices->hash_seed, sizeof devices->hash_seed, 0) != sizeof devices->hash_seed) {
        error_system(error, "random numbers");
    } else {
        errno = pthread_create(&devices->thread, NULL, run, devices);
        devices->has_thread = errno == 0;
        if (devices->has_thread)
            return devices;
        error_system(error, "a thread that follows devices");
    }
    archive_devices_free(devices);
    return NULL;
}

void archive_devices_free(struct archive_devices *devices)
{
    if (devices == NULL)
        return;
    atomic_store(&devices->is_ending, true);
    if (devices->has_thread) {
        pthread_mutex_lock(&devices->lock);
        pthread_cond_broadcast(&devices->asked);
        pthread_mutex_unlock(&devices->lock);
        pthread_join(devices->thread, NULL);
    }
    view_free(devices->view);
    pthread_cond_destroy(&devices->asked);
    pthread_cond_destroy(&devices->looked);
    pthread_mutex_destroy(&devices->lock);
    free(devices->directory);
    free(devices);
}

/* ---- asked ---- */

bool archive_devices_refresh(struct archive_devices *devices, uint32_t timeout_ms)
{
    struct timespec until;
    uint64_t mine;
    bool is_known;

    pthread_mutex_lock(&devices->lock);
    if (devices->view == NULL && timeout_ms < FIRST_LOOK_MS)
        timeout_ms = FIRST_LOOK_MS;
    pthread_mutex_unlock(&devices->lock);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += timeout_ms % 1000 * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&devices->lock);
    mine = ++devices->n_asked;
    devices->asked_ms = now_ms();
    pthread_cond_signal(&devices->asked);
    while (devices->n_looked < mine && timeout_ms && !atomic_load(&devices->is_ending)) {
        if (pthread_cond_timedwait(&devices->looked, &devices->lock, &until) == ETIMEDOUT)
            break;
    }
    is_known = devices->n_looked >= mine && devices->view && !devices->view->is_partial;
    pthread_mutex_unlock(&devices->lock);
    return is_known;
}

/* The table, with the lock taken; NULL with *error set, and without. */
static struct device_table *take_table(struct archive_devices *devices, struct error *error)
{
    pthread_mutex_lock(&devices->lock);
    if (devices->view)
        return devices->view->table;
    if (devices->trouble.kind != ERROR_NONE)
        *error = devices->trouble;
    else
        error_set(error, ERROR_SYSTEM, "%s: who was where is not known yet; try again", devices->directory);
    pthread_mutex_unlock(&devices->lock);
    return NULL;
}

static void give_back(struct archive_devices *devices)
{
    pthread_mutex_unlock(&devices->lock);
}

struct matching {
    struct device_match *match;
    uint64_t n;
    bool is_out_of_memory;
};

/* As find --device: who is only guessed at is not it, who tried and was refused is. */
static bool add_to_match(void *context, const struct binding *binding)
{
    struct matching *matching = context;

    if (binding->confidence < CONFIDENCE_PROBABLE && binding->reason != BINDING_ATTEMPT)
        return true;
    matching->n++;
    matching->is_out_of_memory |=
        !device_match_add(matching->match, &binding->flow, binding->from_ns, binding->to_ns);
    return !matching->is_out_of_memory;
}

bool archive_devices_match(struct archive_devices *devices, const char *device, struct device_match *match,
                           uint64_t *n_spans, struct error *error)
{
    struct matching matching = { .match = match };

    if (!archive_devices_bindings(devices, device, add_to_match, &matching, error))
        return false;
    *n_spans = matching.n;
    return !matching.is_out_of_memory || error_set(error, ERROR_SYSTEM, "no memory for the device's spans");
}

bool archive_devices_bindings(struct archive_devices *devices, const char *device, binding_function *function,
                              void *context, struct error *error)
{
    struct device_table *table = take_table(devices, error);
    bool is_done = table && device_table_bindings(table, device, function, context, error);

    if (table)
        give_back(devices);
    return is_done;
}

bool archive_devices_at(struct archive_devices *devices, const struct ip_address *address, uint16_t port,
                        binding_function *function, void *context, struct error *error)
{
    struct device_table *table = take_table(devices, error);
    bool is_done = table && device_table_at(table, address, port, SPANS_AT_LIMIT, function, context, error);

    if (table)
        give_back(devices);
    return is_done;
}

static bool pass_over(void *context, const struct binding *binding)
{
    (void)context;
    (void)binding;
    return false;
}

bool archive_devices_list(struct archive_devices *devices, const struct device_question *question,
                          uint64_t offset, uint64_t n, binding_function *function,
                          void (*ended)(void *context), void *context, uint64_t *total, struct error *error)
{
    struct device_table *table = take_table(devices, error);
    struct device_query *query = table ? device_query_new(table, question, error) : NULL;
    enum device_query_result result = query ? DEVICE_QUERY_DEVICE : DEVICE_QUERY_FAULT;

    for (uint64_t i = 0; result == DEVICE_QUERY_DEVICE && i < offset + n; i++) {
        result = device_query_next(query, i < offset ? pass_over : function, context, error);
        if (result == DEVICE_QUERY_DEVICE && i >= offset)
            ended(context);
    }
    if (query)
        *total = device_query_count(query);
    device_query_free(query);
    if (table)
        give_back(devices);
    return result != DEVICE_QUERY_FAULT;
}
