/* SPDX-License-Identifier: Apache-2.0 */
#include "live/hub_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "archive/number_reader.h"
#include "source/openers.h"

enum {
    WAIT_MS = 20,
    RUN_PACKETS = 512, /* handed over at once of the archive's blocks */
};

#define AGAIN_FIRST_NS INT64_C(100000000)
#define AGAIN_MOST_NS INT64_C(2000000000)
#define LOOK_BEHIND_NS INT64_C(1500000000) /* a recorder flushes each second */
#define LOOK_BEHIND_MOST_NS INT64_C(15000000000)
#define LOOK_EVERY_NS INT64_C(250000000)
#define FIRST_DROPS_NS INT64_C(6000000000) /* a tap tells its statistics each five seconds */

struct hub_feed {
    struct hub_feed_outlet outlet;
    char *archive, *node, *path; /* path: "tap:…" or a file's; NULL: the archive itself */
    bool is_file, has_ended;
    enum hub_state state;
    struct interface_table interfaces;
    uint64_t end; /* one behind the last number; 0: not known */
    int64_t last_ts_ns;
    uint64_t n_lost, n_connects;
    /* a tap, or a file */
    struct source *source;
    struct batch batch;
    int64_t again_ns, again_after_ns;
    bool was_refused; /* nobody listened since the last packet */
    bool has_packets; /* one came since it was connected */
    int64_t connected_ns;
    bool has_drops;              /* n_drops is known: what was before it is not this feed's */
    uint64_t n_drops, n_missing; /* told by statistics; found missing, and not told by them yet */
    /* the archive */
    struct number_reader *reader;
    struct number_run run;
    uint32_t run_at;
    int64_t look_ns; /* likewise; with a tap: when the archive is asked what it has */
};

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void rest(int64_t until_ns)
{
    int64_t left_ns = until_ns - now();
    struct timespec time = { 0 };

    if (left_ns > WAIT_MS * INT64_C(1000000))
        left_ns = WAIT_MS * INT64_C(1000000);
    if (left_ns <= 0)
        return;
    time.tv_nsec = (long)left_ns;
    nanosleep(&time, NULL);
}

static void tell_state(struct hub_feed *feed, enum hub_state state, const char *words)
{
    if (state == feed->state && state != HUB_LOST)
        return;
    feed->state = state;
    feed->outlet.state(feed->outlet.context, state, words);
}

static void tell_gap(struct hub_feed *feed, struct hub_gap gap)
{
    feed->n_lost += gap.n;
    feed->outlet.gap(feed->outlet.context, &gap);
}

/* ---- life ---- */

/* So that what was recorded before the first packet comes is joined to it without a seam. */
static void find_end(struct hub_feed *feed)
{
    struct error ignored;
    struct interface_table interfaces = { 0 };
    struct number_reader *reader = number_reader_open(feed->archive, feed->node, &interfaces, &ignored);
    uint64_t first = 0;

    if (reader && !number_reader_span(reader, &first, &feed->end))
        feed->end = 0;
    number_reader_close(reader);
    interface_table_clear(&interfaces);
}

static bool copy_options(struct hub_feed *feed, const struct hub_options *options)
{
    static const char file[] = "file:";

    if (options->archive && (feed->archive = strdup(options->archive)) == NULL)
        return false;
    if (options->node && (feed->node = strdup(options->node)) == NULL)
        return false;
    if (options->tap == NULL)
        return true;
    feed->is_file = strncmp(options->tap, file, sizeof file - 1) == 0;
    if (feed->is_file)
        feed->path = strdup(options->tap + sizeof file - 1);
    else if (asprintf(&feed->path, "tap:%s", options->tap) < 0)
        feed->path = NULL;
    return feed->path != NULL;
}

struct hub_feed *hub_feed_new(const struct hub_options *options, const struct hub_feed_outlet *outlet,
                              struct error *error)
{
    struct hub_feed *feed = calloc(1, sizeof *feed);

    if (feed)
        feed->outlet = *outlet;
    if (feed == NULL || !copy_options(feed, options) || !batch_init(&feed->batch, 0)) {
        error_set(error, ERROR_SYSTEM, "live: no memory");
        hub_feed_free(feed);
        return NULL;
    }
    feed->again_after_ns = AGAIN_FIRST_NS;
    if (feed->archive && feed->node)
        find_end(feed);
    if (feed->path == NULL && (feed->archive == NULL || feed->node == NULL)) {
        error_set(error, ERROR_USAGE, "live: neither a tap nor an archive is named");
        hub_feed_free(feed);
        return NULL;
    }
    return feed;
}

void hub_feed_free(struct hub_feed *feed)
{
    if (feed == NULL)
        return;
    source_close(feed->source);
    number_reader_close(feed->reader);
    batch_clear(&feed->batch);
    interface_table_clear(&feed->interfaces);
    free(feed->archive);
    free(feed->node);
    free(feed->path);
    free(feed);
}

uint64_t hub_feed_end(const struct hub_feed *feed)
{
    return feed->end;
}

const struct interface_table *hub_feed_interfaces(const struct hub_feed *feed)
{
    return &feed->interfaces;
}

uint64_t hub_feed_lost(const struct hub_feed *feed)
{
    return feed->n_lost;
}

uint64_t hub_feed_connects(const struct hub_feed *feed)
{
    return feed->n_connects;
}

/* ---- what is missing ---- */

/*
 * Numbers that a tap's stream passes over are in the archive, and were only not told here. Those that an
 * archive passes over are lost.
 */
static void check_number(struct hub_feed *feed, const struct packet *packet)
{
    uint64_t number = packet->packet_id;

    if (feed->end > 0 && number > feed->end) {
        struct hub_gap gap = {
            .cause = feed->path ? HUB_GAP_VIEWER : HUB_GAP_DISK,
            .first = feed->end,
            .last = number - 1,
            .n = number - feed->end,
            .from_ns = feed->last_ts_ns,
            .to_ns = packet->ts_ns,
        };

        feed->n_missing += gap.n;
        tell_gap(feed, gap);
    } else if (feed->was_refused && feed->last_ts_ns) {
        tell_gap(feed, (struct hub_gap) {
                           .cause = HUB_GAP_STOPPED, .from_ns = feed->last_ts_ns, .to_ns = packet->ts_ns });
    }
    feed->was_refused = false;
    feed->end = number + 1;
    feed->last_ts_ns = packet->ts_ns;
}

/*
 * Statistics count since the recorder began: what the first ones tell was lost before. Of the rest, what was
 * found missing by its number, or came without one, is told already.
 */
static void check_drops(struct hub_feed *feed)
{
    uint64_t n = feed->source->stats.n_dropped_kernel, n_new, n_told;

    if (!feed->has_drops) {
        if (n == 0 && now() - feed->connected_ns < FIRST_DROPS_NS)
            return;
        feed->has_drops = true;
        feed->n_drops = n;
        feed->n_missing = 0;
        return;
    }
    if (n <= feed->n_drops)
        return;
    n_new = n - feed->n_drops;
    feed->n_drops = n;
    n_told = n_new < feed->n_missing ? n_new : feed->n_missing;
    feed->n_missing -= n_told;
    if (n_new > n_told)
        tell_gap(feed, (struct hub_gap) { .cause = HUB_GAP_KERNEL,
                                          .n = n_new - n_told,
                                          .from_ns = feed->last_ts_ns,
                                          .to_ns = feed->last_ts_ns });
}

/* Leaves those with a number, in their order; tells the others as a gap. */
static uint32_t pick_numbered(struct hub_feed *feed, struct packet *packets, uint32_t n)
{
    struct hub_gap lost = { .cause = HUB_GAP_DISK };
    uint32_t n_kept = 0;

    for (uint32_t i = 0; i < n; i++) {
        if (feed->is_file)
            packets[i].packet_id = feed->end ? feed->end : 1;
        if (packets[i].packet_id == 0) {
            lost.from_ns = lost.n++ ? lost.from_ns : packets[i].ts_ns;
            lost.to_ns = packets[i].ts_ns;
            continue;
        }
        if (packets[i].packet_id < feed->end) /* told by another connection */
            continue;
        check_number(feed, &packets[i]);
        packets[n_kept++] = packets[i];
    }
    if (lost.n) {
        feed->n_missing += lost.n;
        tell_gap(feed, lost);
    }
    return n_kept;
}

/* ---- a tap, or a file ---- */

static void lose(struct hub_feed *feed, const char *words)
{
    source_close(feed->source);
    feed->source = NULL;
    feed->again_ns = now() + feed->again_after_ns;
    feed->has_ended = feed->is_file;
    tell_state(feed, feed->is_file ? HUB_ENDED : HUB_LOST, words);
}

static bool connect_source(struct hub_feed *feed)
{
    struct error error = { 0 };

    if (feed->source)
        return true;
    if (now() < feed->again_ns) {
        rest(feed->again_ns);
        return false;
    }
    interface_table_clear(&feed->interfaces);
    feed->source = feed->is_file
                       ? pcap_file_open(feed->path, &feed->interfaces, &error)
                       : tap_source_open_until(feed->path, &feed->interfaces, feed->outlet.stop, &error);
    if (feed->source == NULL) {
        feed->was_refused = true;
        if (feed->state != HUB_LOST && feed->state != HUB_ENDED)
            tell_state(feed, feed->is_file ? HUB_ENDED : HUB_LOST, error.text);
        feed->has_ended = feed->is_file;
        feed->again_ns = now() + feed->again_after_ns;
        feed->again_after_ns =
            feed->again_after_ns * 2 < AGAIN_MOST_NS ? feed->again_after_ns * 2 : AGAIN_MOST_NS;
        return false;
    }
    feed->n_connects++;
    feed->connected_ns = now();
    feed->again_after_ns = AGAIN_FIRST_NS;
    feed->has_drops = false;
    feed->n_drops = feed->n_missing = 0;
    tell_state(feed, HUB_LIVE, "");
    return true;
}

/*
 * What was recorded just before the tap was connected may not have been on the disk when the feed began. The
 * next packet would tell by its number; while none comes, the archive is asked.
 */
static void look_behind(struct hub_feed *feed)
{
    uint64_t before = feed->end;

    if (feed->has_packets || feed->archive == NULL || feed->node == NULL || now() < feed->look_ns ||
        now() > feed->connected_ns + LOOK_BEHIND_MOST_NS)
        return;
    feed->look_ns = now() + LOOK_BEHIND_NS;
    find_end(feed);
    if (feed->end <= before)
        feed->end = before;
    else if (before > 0)
        tell_gap(feed, (struct hub_gap) { .cause = HUB_GAP_VIEWER,
                                          .first = before,
                                          .last = feed->end - 1,
                                          .n = feed->end - before });
}

static uint32_t next_of_source(struct hub_feed *feed, const struct packet **packets)
{
    struct error error = { 0 };
    uint32_t n = 0;

    if (feed->has_ended) {
        rest(INT64_MAX);
        return 0;
    }
    if (!connect_source(feed))
        return 0;
    switch (source_next(feed->source, &feed->batch, WAIT_MS, &error)) {
    case SOURCE_PACKETS:
        feed->has_packets = true;
        n = pick_numbered(feed, feed->batch.packets, feed->batch.n);
        *packets = feed->batch.packets;
        check_drops(feed);
        break;
    case SOURCE_IDLE:
        check_drops(feed);
        look_behind(feed);
        break;
    case SOURCE_END:
        lose(feed, feed->is_file ? "the file has been read to its end" : "the recorder closed the tap");
        break;
    case SOURCE_FAULT:
        lose(feed, error.text);
        break;
    }
    return n;
}

/* ---- the archive as it grows ---- */

static bool look_for_more(struct hub_feed *feed)
{
    struct error error = { 0 };
    enum number_result result;

    if (now() < feed->look_ns) {
        rest(feed->look_ns);
        return false;
    }
    feed->look_ns = now() + LOOK_EVERY_NS;
    if (feed->reader == NULL) {
        feed->reader = number_reader_open(feed->archive, feed->node, &feed->interfaces, &error);
        if (feed->reader == NULL) {
            if (feed->state != HUB_LOST)
                tell_state(feed, HUB_LOST, error.text);
            return false;
        }
        feed->n_connects++;
    }
    tell_state(feed, HUB_LIVE, "");
    result = number_reader_from(feed->reader, feed->end ? feed->end : 1, &feed->run, &error);
    feed->run_at = 0;
    if (result == NUMBER_DAMAGED) {
        tell_gap(feed, (struct hub_gap) { .cause = HUB_GAP_DISK,
                                          .first = feed->run.first,
                                          .last = feed->run.end ? feed->run.end - 1 : 0,
                                          .n = feed->run.end - feed->run.first });
        if (feed->run.end > feed->end)
            feed->end = feed->run.end;
    }
    if (result != NUMBER_PACKETS)
        feed->run.n = 0;
    return feed->run.n > 0;
}

static uint32_t next_of_archive(struct hub_feed *feed, const struct packet **packets)
{
    uint32_t n;

    if (feed->run_at == feed->run.n && !look_for_more(feed))
        return 0;
    n = feed->run.n - feed->run_at < RUN_PACKETS ? feed->run.n - feed->run_at : RUN_PACKETS;
    *packets = feed->run.packets + feed->run_at;
    feed->run_at += n;
    for (uint32_t i = 0; i < n; i++)
        check_number(feed, &(*packets)[i]);
    if (feed->run_at == feed->run.n)
        feed->look_ns = 0; /* there may be more at once */
    return n;
}

uint32_t hub_feed_next(struct hub_feed *feed, const struct packet **packets)
{
    return feed->path ? next_of_source(feed, packets) : next_of_archive(feed, packets);
}
