/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/recorder.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "archive/catalog.h"
#include "archive/packet_numbers.h"
#include "archive/recover.h"
#include "archive/segment_index.h"
#include "archive/session_keys.h"
#include "base/log.h"
#include "base/size_text.h"
#include "base/timestamp.h"
#include "pipeline/decap.h"
#include "pipeline/device_feeder.h"
#include "pipeline/indexer.h"
#include "pipeline/tap.h"

enum {
    INDEX_FLOWS_LIMIT = 1 << 18, /* conversations told apart in one segment's index */
    RESTORE_SEGMENTS = 64,       /* newest segments from which devices are taken up at the start */
};

#define RETRY_DISK_NS NS_PER_SECOND      /* a full disk is tried again so often */
#define FEED_WAIT_NS (5 * NS_PER_SECOND) /* what the device table lacks then is left to the next recorder */
#define RETAIN_EVERY_NS (10 * NS_PER_SECOND)
#define TOUCH_EVERY_NS NS_PER_SECOND
#define CLOCKS_APART_NS (60 * NS_PER_SECOND) /* a packet that much off the clock is no live one */
#define RETAIN_AGAIN_NS NS_PER_SECOND /* while segments are looked at for holds, a tenth of a second each */

struct recorder {
    struct recorder_options options;
    struct interface_table *interfaces;
    struct retainer *retainer;
    struct packet_numbers *numbers;
    uint64_t segment_next; /* the number that the open segment's next packet must have */
    struct decap *decap;
    struct indexer *indexer;
    struct session_keys *keys;     /* sleeping sessions */
    struct session_store sessions; /* asks them */
    struct device_feeder *feeder;  /* NULL: none could be started */
    struct segment_index_builder *builder;
    struct segment_writer *writer;        /* NULL: no segment is open */
    struct interface_drops *drops;        /* by interface, since the recorder was opened */
    struct interface_drops *drops_before; /* the same when the last one was sealed */
    uint32_t n_drops;
    int64_t segment_until_ns; /* the clock rotates it then; 0: never */
    int64_t flushed_ns, retained_ns, touched_ns;
    int64_t covered_ns;    /* what the archive has to say of times before is said; 0: nothing is */
    int64_t retry_disk_ns; /* until then packets are dropped without a try */
    bool has_unflushed;
    bool is_imported;  /* the open segment: its packets are not of the present */
    bool has_leftover; /* a segment could not be sealed */
    bool has_budget_trouble;
    char held_note[RETENTION_NOTE_BYTES]; /* the last one told */
    uint64_t hash_seed;
    struct recorder_counters counters;

    /* The thread that waits for the disk, so that this one need not. */
    pthread_t sync_thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool has_sync_thread, wants_sync, is_syncing, is_ending;
    struct error sync_error;
};

/* ---- the thread that syncs ---- */

static void *sync_main(void *context)
{
    struct recorder *recorder = context;

    pthread_mutex_lock(&recorder->lock);
    while (!recorder->is_ending) {
        struct segment_writer *writer = recorder->writer;
        struct error error = { 0 };

        if (!recorder->wants_sync || writer == NULL) {
            pthread_cond_wait(&recorder->changed, &recorder->lock);
            continue;
        }
        recorder->wants_sync = false;
        recorder->is_syncing = true;
        pthread_mutex_unlock(&recorder->lock);
        segment_writer_sync(writer, &error);
        packet_numbers_sync(recorder->numbers);
        pthread_mutex_lock(&recorder->lock);
        if (error.kind != ERROR_NONE)
            recorder->sync_error = error;
        recorder->is_syncing = false;
        pthread_cond_broadcast(&recorder->changed);
    }
    pthread_mutex_unlock(&recorder->lock);
    return NULL;
}

static void ask_for_sync(struct recorder *recorder)
{
    if (!recorder->has_sync_thread)
        return;
    pthread_mutex_lock(&recorder->lock);
    recorder->wants_sync = true;
    pthread_cond_broadcast(&recorder->changed);
    pthread_mutex_unlock(&recorder->lock);
}

/* The writer changes: wait until the other thread has let go of it. */
static void set_writer(struct recorder *recorder, struct segment_writer *writer)
{
    pthread_mutex_lock(&recorder->lock);
    while (recorder->is_syncing)
        pthread_cond_wait(&recorder->changed, &recorder->lock);
    recorder->wants_sync = false;
    recorder->writer = writer;
    pthread_mutex_unlock(&recorder->lock);
}

static bool sync_start(struct recorder *recorder, struct error *error)
{
    if (!recorder->options.is_live)
        return true;
    if (pthread_create(&recorder->sync_thread, NULL, sync_main, recorder) != 0)
        return error_set(error, ERROR_SYSTEM, "recorder: no thread for writing through to the disk");
    recorder->has_sync_thread = true;
    return true;
}

static void sync_stop(struct recorder *recorder)
{
    if (!recorder->has_sync_thread)
        return;
    pthread_mutex_lock(&recorder->lock);
    recorder->is_ending = true;
    pthread_cond_broadcast(&recorder->changed);
    pthread_mutex_unlock(&recorder->lock);
    pthread_join(recorder->sync_thread, NULL);
}

/* ---- troubles with the disk ---- */

static void note_trouble(struct recorder *recorder, const struct error *error)
{
    if (strcmp(recorder->counters.trouble, error->text) != 0)
        log_write(LEVEL_WARNING, "%s", error->text);
    snprintf(recorder->counters.trouble, sizeof recorder->counters.trouble, "%s", error->text);
}

static void note_recovery_of_disk(struct recorder *recorder)
{
    if (recorder->counters.trouble[0])
        log_write(LEVEL_NOTICE, "the disk takes packets again; %llu were dropped",
                  (unsigned long long)recorder->counters.n_dropped_disk);
    recorder->counters.trouble[0] = '\0';
    recorder->retry_disk_ns = 0;
}

static void note_deleted(struct recorder *recorder, const struct retention_result *result, const char *why)
{
    char size[SIZE_TEXT_BYTES];

    if (result->n_deleted == 0)
        return;
    recorder->counters.n_deleted += result->n_deleted;
    recorder->counters.n_deleted_bytes += result->n_bytes_deleted;
    device_feeder_wake(recorder->feeder);
    log_write(LEVEL_NOTICE, "%s: the oldest %u segment%s deleted, %s", why, result->n_deleted,
              result->n_deleted == 1 ? "" : "s", size_format(result->n_bytes_deleted, size));
}

/* A hold that reached its quota is told once, not with each segment that goes for it. */
static void note_holds(struct recorder *recorder, const struct retention_result *result)
{
    if (result->note[0] == '\0' || strcmp(result->note, recorder->held_note) == 0)
        return;
    log_write(LEVEL_NOTICE, "%s", result->note);
    memcpy(recorder->held_note, result->note, sizeof recorder->held_note);
}

/* After a full disk: true when something was deleted and it is worth another try; else *error says better why
 * nothing could be, when it is more than that nothing is left. */
static bool make_room(struct recorder *recorder, struct error *error)
{
    struct retention_result result = { 0 };
    struct error why = { 0 };

    if (recorder->options.spares_older)
        return false;
    if (!retainer_delete_oldest(recorder->retainer, timestamp_now(), &result, &why)) {
        if (why.kind != ERROR_NO_SPACE)
            *error = why;
        return false;
    }
    note_deleted(recorder, &result, "the disk is full");
    note_holds(recorder, &result);
    return result.n_deleted > 0;
}

static void apply_retention(struct recorder *recorder, int64_t now_ns)
{
    struct retention_result result = { 0 };
    struct error error = { 0 };

    recorder->retained_ns = now_ns;
    if (!retainer_apply(recorder->retainer, &recorder->options.retention, now_ns, timestamp_now(), &result,
                        &error)) {
        note_trouble(recorder, &error);
        recorder->has_budget_trouble = true;
    } else if (recorder->has_budget_trouble) {
        log_write(LEVEL_NOTICE, "the budget is kept again");
        recorder->counters.trouble[0] = '\0';
        recorder->has_budget_trouble = false;
    }
    note_deleted(recorder, &result, "the budget");
    note_holds(recorder, &result);
    if (result.is_unfinished) /* the next tick goes on */
        recorder->retained_ns = now_ns - RETAIN_EVERY_NS + RETAIN_AGAIN_NS;
}

/* ---- segments ---- */

/* A recorder that reads an old file as it would an interface imports it: its clock says nothing of then. */
static void note_beginning(struct recorder *recorder, int64_t ts_ns, struct segment_options *options)
{
    int64_t now_ns = timestamp_now();

    recorder->is_imported =
        !recorder->options.is_live || ts_ns < now_ns - CLOCKS_APART_NS || ts_ns > now_ns + CLOCKS_APART_NS;
    options->recording = recorder->is_imported ? RECORDING_IMPORTED : RECORDING_LIVE;
    if (recorder->covered_ns == 0 || (recorder->is_imported && recorder->options.is_live))
        options->recording_since_ns = ts_ns;
    else
        options->recording_since_ns = recorder->covered_ns;
}

static void note_end(struct recorder *recorder, bool is_last)
{
    struct segment_writer *writer = recorder->writer;
    int64_t until_ns = recorder->is_imported ? segment_writer_max_ts(writer) : timestamp_now();

    segment_writer_recorded(writer, until_ns, is_last ? RECORDING_STOPPED : RECORDING_GOES_ON);
    if (!recorder->is_imported || !recorder->options.is_live)
        recorder->covered_ns = until_ns;
}

static bool open_segment(struct recorder *recorder, const struct packet *packet, struct error *error)
{
    struct segment_index_builder *builder = segment_index_builder_new(INDEX_FLOWS_LIMIT);
    struct segment_options options = recorder->options.segment;
    struct segment_writer *writer;
    int64_t ts_ns = packet->ts_ns;

    if (builder == NULL)
        return error_set(error, ERROR_SYSTEM, "recorder: no memory for an index");
    options.first_number = packet->packet_id;
    note_beginning(recorder, ts_ns, &options);
    writer = segment_writer_open(&options, ts_ns, recorder->interfaces, error);
    if (writer == NULL) {
        segment_index_builder_free(builder);
        return false;
    }
    set_writer(recorder, writer);
    recorder->builder = builder;
    recorder->counters.n_begun++;
    indexer_begin(recorder->indexer, builder);
    snprintf(recorder->counters.segment, sizeof recorder->counters.segment, "%s",
             segment_writer_name(writer));
    recorder->segment_until_ns = 0;
    if (recorder->options.rotate_ns > 0) /* floor, also before 1970 */
        recorder->segment_until_ns = ts_ns -
                                     ((ts_ns % recorder->options.rotate_ns) + recorder->options.rotate_ns) %
                                         recorder->options.rotate_ns +
                                     recorder->options.rotate_ns;
    return true;
}

static void recover_leftovers(struct recorder *recorder)
{
    struct reindexer_holder holder = { .hash_seed = recorder->hash_seed };
    struct reindexer reindexer = reindexer_make(&holder);
    struct recovery_report report = { 0 };
    struct error error = { 0 };

    if (recover_directory(recorder->options.segment.directory, &reindexer, &report, &error)) {
        recorder->has_leftover = false;
        recorder->counters.n_segments += report.n_recovered;
    } else {
        note_trouble(recorder, &error);
    }
    reindexer_clear(&holder);
}

/*
 * A seal for which the disk had no room: the oldest segments give way until the leftover can be sealed as one
 * is that a killed recorder left.
 */
static bool seal_leftover(struct recorder *recorder, struct error *error)
{
    while (recorder->has_leftover && make_room(recorder, error))
        recover_leftovers(recorder);
    return !recorder->has_leftover;
}

static bool seal_segment(struct recorder *recorder, bool is_last, struct error *error)
{
    struct segment_writer *writer = recorder->writer;
    struct interface_drops *drops = NULL;
    uint64_t stored_bytes;
    bool is_sealed;

    if (writer == NULL)
        return true;
    indexer_end(recorder->indexer, is_last);
    recorder->counters.n_index_folds += segment_index_builder_folds(recorder->builder);
    recorder->counters.n_raw_bytes += segment_writer_raw_bytes(writer);
    stored_bytes = segment_writer_bytes(writer); /* as far as it is known before the seal */
    recorder->counters.segment[0] = '\0';
    recorder->has_unflushed = false;
    if (recorder->n_drops)
        drops = malloc(recorder->n_drops * sizeof *drops);
    for (uint32_t i = 0; drops && i < recorder->n_drops; i++) {
        const struct interface_drops *now = &recorder->drops[i], *before = &recorder->drops_before[i];

        drops[i] = (struct interface_drops) {
            .n_received = now->n_received - before->n_received,
            .n_kernel = now->n_kernel - before->n_kernel,
            .n_queue = now->n_queue - before->n_queue,
            .n_disk = now->n_disk - before->n_disk,
            .n_truncated_mirror = now->n_truncated_mirror - before->n_truncated_mirror,
        };
    }
    if (recorder->n_drops) /* what happens between two segments is told by the later one */
        memcpy(recorder->drops_before, recorder->drops, recorder->n_drops * sizeof *recorder->drops);
    note_end(recorder, is_last);
    set_writer(recorder, NULL);
    is_sealed = segment_writer_seal(writer, recorder->builder, drops, drops ? recorder->n_drops : 0,
                                    &stored_bytes, error);
    free(drops);
    segment_index_builder_free(recorder->builder);
    recorder->builder = NULL;
    recorder->counters.n_stored_bytes += stored_bytes;
    recorder->counters.n_segments += is_sealed;
    recorder->has_leftover |= !is_sealed;
    if (is_sealed)
        device_feeder_wake(recorder->feeder);
    if (!is_sealed && error->kind == ERROR_NO_SPACE && seal_leftover(recorder, error)) {
        *error = (struct error) { 0 };
        is_sealed = true;
    }
    return is_sealed;
}

static void rotate(struct recorder *recorder, int64_t now_ns)
{
    struct error error = { 0 };

    if (!seal_segment(recorder, false, &error))
        note_trouble(recorder, &error);
    apply_retention(recorder, now_ns);
    if (recorder->has_leftover)
        recover_leftovers(recorder);
}

/* ---- packets ---- */

static bool add_to_segment(struct recorder *recorder, const struct packet *packet, struct error *error)
{
    uint32_t block;

    if (recorder->writer == NULL && !open_segment(recorder, packet, error))
        return false;
    block = segment_writer_block(recorder->writer, packet);
    if (!segment_writer_add(recorder->writer, packet, error))
        return false;
    indexer_packet(recorder->indexer, packet, block);
    return true;
}

static struct interface_drops *drops_of(struct recorder *recorder, uint32_t interface)
{
    if (interface >= recorder->n_drops) {
        uint32_t n = interface + 1 + recorder->n_drops;
        struct interface_drops *drops = realloc(recorder->drops, n * sizeof *drops);
        struct interface_drops *before;

        if (drops == NULL)
            return NULL;
        recorder->drops = drops;
        before = realloc(recorder->drops_before, n * sizeof *before);
        if (before == NULL)
            return NULL;
        recorder->drops_before = before;
        memset(drops + recorder->n_drops, 0, (n - recorder->n_drops) * sizeof *drops);
        memset(before + recorder->n_drops, 0, (n - recorder->n_drops) * sizeof *before);
        recorder->n_drops = n;
    }
    return &recorder->drops[interface];
}

/* A segment's packets are numbered without gaps: another program of this node took what would have followed.
 */
static void number_packet(struct recorder *recorder, struct packet *packet)
{
    packet->packet_id = packet_numbers_next(recorder->numbers);
    if (recorder->writer && packet->packet_id != recorder->segment_next)
        rotate(recorder, recorder->options.is_live ? timestamp_now() : packet->ts_ns);
}

static void write_packet(struct recorder *recorder, struct packet *packet)
{
    struct interface_drops *drops;
    struct error error;
    bool is_written = false;

    number_packet(recorder, packet);
    error.kind = ERROR_NONE; /* the text needs no clearing, for every packet of all things */
    if (recorder->retry_disk_ns == 0 || timestamp_now() >= recorder->retry_disk_ns) {
        is_written = add_to_segment(recorder, packet, &error);
        while (!is_written && error.kind == ERROR_NO_SPACE && make_room(recorder, &error))
            is_written = add_to_segment(recorder, packet, &error);
        if (is_written && recorder->retry_disk_ns)
            note_recovery_of_disk(recorder);
    }
    /* Behind the writing, which may begin a segment: then the packet counts for that one. */
    drops = drops_of(recorder, packet->interface);
    if (drops)
        drops->n_received++;
    if (!is_written) {
        packet->packet_id = 0; /* who listens still sees it; the number is the next one's */
        recorder->counters.n_dropped_disk++;
        if (drops)
            drops->n_disk++;
        if (error.kind != ERROR_NONE) {
            note_trouble(recorder, &error);
            recorder->retry_disk_ns = timestamp_now() + RETRY_DISK_NS;
        }
        return;
    }
    packet_numbers_use(recorder->numbers);
    recorder->segment_next = packet->packet_id + 1;
    recorder->has_unflushed = true;
    recorder->counters.n_packets++;
    recorder->counters.n_bytes += packet->caplen;
    if (recorder->options.rotate_bytes &&
        segment_writer_bytes(recorder->writer) >= recorder->options.rotate_bytes)
        rotate(recorder, recorder->options.is_live ? timestamp_now() : packet->ts_ns);
}

void recorder_packet(struct recorder *recorder, const struct packet *packet)
{
    struct packet inner = *packet;
    struct error error; /* set by a fault only */

    if (recorder->decap) {
        switch (decap_packet(recorder->decap, &inner, &error)) {
        case DECAP_INNER_CUT:
            recorder->counters.n_truncated_mirror++;
            break;
        case DECAP_FAULT:
            note_trouble(recorder, &error);
            inner = *packet; /* kept as it came: nothing is lost for want of a name */
            break;
        case DECAP_INNER:
        case DECAP_PLAIN:
            break;
        }
    }
    if (recorder->segment_until_ns && inner.ts_ns >= recorder->segment_until_ns && recorder->writer)
        rotate(recorder, inner.ts_ns);
    write_packet(recorder, &inner);
    if (recorder->options.tap)
        tap_packet(recorder->options.tap, &inner, recorder->interfaces);
}

void recorder_look_ahead(struct recorder *recorder, const struct packet *packets, uint32_t n, uint32_t at)
{
    indexer_look_ahead(recorder->indexer, packets, n, at);
}

void recorder_drops(struct recorder *recorder, uint32_t interface, const struct interface_drops *drops)
{
    struct interface_drops *kept = drops_of(recorder, interface);

    if (kept == NULL)
        return;
    kept->n_kernel = drops->n_kernel;
    kept->n_queue = drops->n_queue;
    kept->n_truncated_mirror = drops->n_truncated_mirror;
}

void recorder_tick(struct recorder *recorder, int64_t now_ns)
{
    struct error error = { 0 };

    /* Half the time: the other half is for a packet's way here, and from here to the disk. */
    if (recorder->has_unflushed && now_ns - recorder->flushed_ns >= recorder->options.flush_ns / 2) {
        recorder->flushed_ns = now_ns;
        if (segment_writer_flush(recorder->writer, &error)) {
            recorder->has_unflushed = false;
            ask_for_sync(recorder);
        } else if (error.kind != ERROR_NO_SPACE || !make_room(recorder, &error)) {
            note_trouble(recorder, &error);
        }
    }
    if (recorder->writer && !recorder->has_unflushed && recorder->options.is_live &&
        now_ns - recorder->touched_ns >= TOUCH_EVERY_NS) {
        recorder->touched_ns = now_ns;
        segment_writer_touch(recorder->writer);
    }
    if (recorder->has_sync_thread) {
        pthread_mutex_lock(&recorder->lock);
        error = recorder->sync_error;
        recorder->sync_error = (struct error) { 0 };
        pthread_mutex_unlock(&recorder->lock);
        if (error.kind != ERROR_NONE)
            note_trouble(recorder, &error);
    }
    if (recorder->writer && recorder->segment_until_ns && now_ns >= recorder->segment_until_ns)
        rotate(recorder, now_ns);
    else if (now_ns - recorder->retained_ns >= RETAIN_EVERY_NS)
        apply_retention(recorder, now_ns);
}

void recorder_rotate(struct recorder *recorder)
{
    rotate(recorder, timestamp_now());
}

bool recorder_seal(struct recorder *recorder, struct error *error)
{
    return seal_segment(recorder, false, error);
}

const struct recorder_counters *recorder_counters(struct recorder *recorder)
{
    recorder->counters.n_open_bytes = recorder->writer ? segment_writer_bytes(recorder->writer) : 0;
    return &recorder->counters;
}

const struct tracker_counters *recorder_tracker_counters(const struct recorder *recorder)
{
    return indexer_tracker_counters(recorder->indexer);
}

struct dissect_counters recorder_dissect_counters(const struct recorder *recorder)
{
    return indexer_dissect_counters(recorder->indexer);
}

/* ---- life ---- */

static bool restore_one(void *context, const struct binding *binding)
{
    indexer_restore(context, binding);
    return true;
}

/* Devices behind a connection id are still known after a restart: their sessions stand in the newest indexes.
 */
static void restore_devices(struct recorder *recorder)
{
    struct catalog catalog = { 0 };
    struct error error = { 0 };
    uint32_t first;

    if (!catalog_load(&catalog, recorder->options.segment.directory, &error))
        return;
    first = catalog.n > RESTORE_SEGMENTS ? catalog.n - RESTORE_SEGMENTS : 0;
    for (uint32_t i = first; i < catalog.n; i++) {
        struct segment_index *index;

        if (!catalog.entries[i].has_index)
            continue;
        index = segment_index_open(catalog.entries[i].index_path, &error);
        if (index == NULL)
            continue;
        segment_index_bindings(index, restore_one, recorder->indexer);
        segment_index_close(index);
    }
    catalog_clear(&catalog);
}

static bool recover_first(struct recorder *recorder, struct error *error)
{
    struct reindexer_holder holder = { .hash_seed = recorder->hash_seed };
    struct reindexer reindexer = reindexer_make(&holder);
    struct recovery_report report = { 0 };
    bool is_done = recover_directory(recorder->options.segment.directory, &reindexer, &report, error);

    reindexer_clear(&holder);
    if (!is_done)
        return false;
    if (report.n_recovered)
        log_write(LEVEL_NOTICE,
                  "recovered %u segment%s with %llu packets that an earlier run left open; %llu bytes of an "
                  "unfinished "
                  "packet were cut",
                  report.n_recovered, report.n_recovered == 1 ? "" : "s",
                  (unsigned long long)report.n_packets, (unsigned long long)report.n_bytes_cut);
    return true;
}

struct recorder *recorder_open(const struct recorder_options *options, struct interface_table *interfaces,
                               struct error *error)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);

    if (recorder == NULL) {
        error_system(error, "recorder");
        return NULL;
    }
    recorder->options = *options;
    recorder->interfaces = interfaces;
    recorder->retained_ns = timestamp_now();
    recorder->covered_ns = options->is_live ? recorder->retained_ns : 0;
    recorder->retainer = retainer_new(options->segment.directory);
    pthread_mutex_init(&recorder->lock, NULL);
    pthread_cond_init(&recorder->changed, NULL);
    if (recorder->retainer == NULL) {
        error_system(error, "recorder");
        goto fail;
    }
    if (getrandom(&recorder->hash_seed, sizeof recorder->hash_seed, 0) != sizeof recorder->hash_seed) {
        error_system(error, "recorder: random numbers");
        goto fail;
    }
    if (options->wants_decap && (recorder->decap = decap_new(interfaces, recorder->hash_seed, error)) == NULL)
        goto fail;
    recorder->indexer = indexer_new(interfaces, recorder->hash_seed);
    if (recorder->indexer == NULL) {
        error_set(error, ERROR_SYSTEM, "recorder: no memory for the indexer");
        goto fail;
    }
    if (!recover_first(recorder, error))
        goto fail;
    recorder->numbers = packet_numbers_open(options->segment.directory, options->segment.node, error);
    if (recorder->numbers == NULL || !sync_start(recorder, error))
        goto fail;
    restore_devices(recorder);
    recorder->keys = session_keys_new(recorder->options.segment.directory, true);
    if (recorder->keys == NULL) {
        error_set(error, ERROR_SYSTEM, "recorder: no memory for sleeping sessions");
        goto fail;
    }
    recorder->sessions = session_keys_store(recorder->keys);
    indexer_wake_from(recorder->indexer, &recorder->sessions);
    recorder->feeder = device_feeder_start(recorder->options.segment.directory, recorder->keys, error);
    if (recorder->feeder == NULL)
        note_trouble(recorder, error);
    device_feeder_await(recorder->feeder, !recorder->options.is_live);
    return recorder;
fail:
    recorder_close(recorder);
    return NULL;
}

bool recorder_finish(struct recorder *recorder, struct error *error)
{
    int64_t newest_ns = recorder->writer ? segment_writer_max_ts(recorder->writer) : 0;

    if (!seal_segment(recorder, true, error))
        return false;
    if (!recorder->options.is_live && newest_ns) /* else what came last would stay over the budget for good */
        apply_retention(recorder, newest_ns);
    if (recorder->counters.n_dropped_disk)
        return error_set(error, ERROR_NO_SPACE, "%llu packets were dropped: %s",
                         (unsigned long long)recorder->counters.n_dropped_disk,
                         recorder->counters.trouble[0] ? recorder->counters.trouble : "the disk had no room");
    return true;
}

void recorder_close(struct recorder *recorder)
{
    struct error ignored;

    if (recorder == NULL)
        return;
    seal_segment(recorder, true, &ignored);
    device_feeder_finish(recorder->feeder, recorder->options.is_live ? FEED_WAIT_NS : INT64_MAX);
    session_keys_free(recorder->keys);
    sync_stop(recorder);
    pthread_mutex_destroy(&recorder->lock);
    pthread_cond_destroy(&recorder->changed);
    packet_numbers_close(recorder->numbers);
    decap_free(recorder->decap);
    indexer_free(recorder->indexer);
    retainer_free(recorder->retainer);
    free(recorder->drops);
    free(recorder->drops_before);
    free(recorder);
}
