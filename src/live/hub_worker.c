/* SPDX-License-Identifier: Apache-2.0 */
/* hub_worker - the hub's thread: packets in, events out. Knows no listeners. */
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "live/hub_parts.h"

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void add(atomic_uint_fast64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* ---- what is told ---- */

static bool put(struct hub *hub, struct hub_event *event)
{
    if (event == NULL)
        return false;
    hub->has_put = true;
    return hub_events_put(&hub->events, event);
}

static bool put_frame(void *context, struct shared_bytes *bytes, uint32_t n_rows, uint64_t first,
                      uint64_t last)
{
    struct hub_group *group = context;
    struct hub_event *event = hub_event_new(HUB_EVENT_FRAME, group, 0);
    bool is_put;

    if (event) {
        event->frame.bytes = bytes;
        event->frame.n_rows = n_rows;
        event->frame.first = first;
        event->frame.last = last;
    } else {
        shared_bytes_release(bytes);
    }
    is_put = put(group->hub, event);
    add(is_put ? &group->hub->n_frames : &group->hub->n_frames_let_go, 1);
    add(&group->hub->n_rows, is_put ? n_rows : 0);
    return is_put;
}

static void put_count(void *context, const struct hub_count *count)
{
    struct hub_group *group = context;
    struct hub_event *event = hub_event_new(HUB_EVENT_COUNT, group, 0);

    if (event)
        event->count = *count;
    put(group->hub, event);
}

static void put_bars(void *context, const struct hub_bar *bars, uint32_t n)
{
    struct hub_group *group = context;
    struct hub_event *event = hub_event_new(HUB_EVENT_BARS, group, n);

    if (event)
        memcpy(event->bars, bars, n * sizeof *bars);
    put(group->hub, event);
}

static void put_gap_of(struct hub *hub, struct hub_group *group, const struct hub_gap *gap)
{
    struct hub_event *event = hub_event_new(HUB_EVENT_GAP, group, 0);

    if (event)
        event->gap = *gap;
    put(hub, event);
}

static void put_gap(void *context, const struct hub_gap *gap)
{
    struct hub_group *group = context;

    put_gap_of(group->hub, group, gap);
}

static void feed_gap(void *context, const struct hub_gap *gap)
{
    put_gap_of(context, NULL, gap);
}

static void feed_state(void *context, enum hub_state state, const char *words)
{
    struct hub *hub = context;
    struct hub_event *event = hub_event_new(HUB_EVENT_STATE, NULL, 0);

    if (event) {
        event->state.state = state;
        strncpy(event->state.words, words, sizeof event->state.words - 1);
    }
    put(hub, event);
}

/* ---- packets ---- */

static void ask_for_what_is_wanted(struct hub *hub)
{
    demand_init(&hub->demand);
    row_maker_demand(&hub->maker, &hub->demand);
    live_devices_demand(&hub->demand);
    for (uint32_t i = 0; i < hub->n_working; i++)
        live_question_demand(group_stream_question(hub->working[i]->stream), &hub->demand);
    demand_settle(&hub->demand);
}

/*
 * Before a batch that ends below `end`: from there on groups that are not here yet begin. Takes over who
 * came, and lets go of who left.
 */
static void take_over(struct hub *hub, uint64_t end)
{
    struct hub_group *left[HUB_GROUPS_LIMIT];
    uint32_t n_left;

    pthread_mutex_lock(&hub->lock);
    if (end > hub->end)
        hub->end = end;
    if (!hub->has_changed) {
        pthread_mutex_unlock(&hub->lock);
        return;
    }
    hub->has_changed = false;
    hub->n_working = hub->n_groups;
    memcpy(hub->working, hub->groups, hub->n_groups * sizeof(struct hub_group *));
    for (uint32_t i = 0; i < hub->n_working; i++) {
        group_stream_begin(hub->working[i]->stream, hub->working[i]->from);
        group_stream_want_rows(hub->working[i]->stream, hub->working[i]->wants_rows);
    }
    n_left = hub->n_left;
    memcpy(left, hub->left, n_left * sizeof(struct hub_group *));
    hub->n_left = 0;
    pthread_mutex_unlock(&hub->lock);
    for (uint32_t i = 0; i < n_left; i++) {
        struct hub_event *event = hub_event_new(HUB_EVENT_GONE, left[i], 0);

        if (event)
            put(hub, event);
        else
            log_write(LEVEL_ERROR, "live: no memory to let a view go");
    }
    ask_for_what_is_wanted(hub);
}

static void take_packet(struct hub *hub, const struct packet *packet, int64_t now_ns)
{
    struct dissection *d = &hub->dissection;
    struct packet_owner owner;
    enum live_answer answer;
    struct row row;
    bool is_made = false;
    uint32_t n_asked = 0;

    dissect(d, packet);
    live_devices_packet(hub->devices, d, &owner);
    for (uint32_t i = 0; i < hub->n_working; i++) {
        struct group_stream *stream = hub->working[i]->stream;

        if (!group_stream_has_begun(stream, packet->packet_id))
            continue;
        n_asked++;
        answer = live_question_judge(group_stream_question(stream), d, &owner);
        if (answer == LIVE_OUTSIDE)
            continue;
        group_stream_saw(stream, packet->packet_id, packet->ts_ns);
        if (answer == LIVE_INSIDE)
            continue;
        if (!is_made)
            row_make(&hub->maker, d, &owner, &row);
        is_made = true;
        group_stream_matched(stream, &row, hub->maker.summary.protocol, now_ns);
    }
    add(&hub->n_evaluations, n_asked);
}

void *hub_worker_run(void *context)
{
    struct hub *hub = context;
    uint64_t number = 0;

    if (hub->archive)
        live_devices_restore(hub->devices, hub->archive);
    while (!atomic_load_explicit(&hub->is_stopping, memory_order_relaxed)) {
        const struct packet *packets = NULL;
        uint32_t n = hub_feed_next(hub->feed, &packets);
        int64_t now_ns = now();

        take_over(hub, hub_feed_end(hub->feed));
        for (uint32_t i = 0; i < n; i++) {
            struct packet packet = packets[i];

            packet.number = ++number; /* frame.number: since the hub began */
            take_packet(hub, &packet, now_ns);
        }
        add(&hub->n_packets, n);
        atomic_store_explicit(&hub->n_lost, hub_feed_lost(hub->feed), memory_order_relaxed);
        atomic_store_explicit(&hub->n_connects, hub_feed_connects(hub->feed), memory_order_relaxed);
        if (n > 0)
            now_ns = now();
        for (uint32_t i = 0; i < hub->n_working; i++)
            group_stream_tick(hub->working[i]->stream, now_ns);
        if (hub->has_put)
            loop_waker_wake(&hub->waker);
        hub->has_put = false;
    }
    return NULL;
}

/* ---- life ---- */

struct group_outlet hub_worker_outlet(struct hub_group *group)
{
    return (struct group_outlet) { group, put_frame, put_count, put_bars, put_gap };
}

bool hub_worker_init(struct hub *hub, const struct hub_options *options, struct error *error)
{
    const struct hub_feed_outlet outlet = {
        .context = hub, .gap = feed_gap, .state = feed_state, .stop = &hub->is_stopping
    };

    hub->dissect_state = dissect_state_new(options->hash_seed);
    hub->devices = live_devices_new(options->hash_seed);
    if (!hub->dissect_state || !hub->devices)
        return error_set(error, ERROR_SYSTEM, "live: no memory");
    hub->feed = hub_feed_new(options, &outlet, error);
    if (hub->feed == NULL)
        return false;
    hub->end = hub_feed_end(hub->feed);
    row_maker_init(&hub->maker);
    ask_for_what_is_wanted(hub);
    dissection_init(&hub->dissection, &hub->demand, hub->dissect_state, hub_feed_interfaces(hub->feed));
    return true;
}

void hub_worker_clear(struct hub *hub)
{
    hub_feed_free(hub->feed);
    live_devices_free(hub->devices);
    dissect_state_free(hub->dissect_state);
}
