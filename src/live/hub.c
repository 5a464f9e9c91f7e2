/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two threads. The hub's takes packets from the feed and works through the groups it has been given; it
 * shares with the loop's: the list of groups and the number at which a new one begins (under lock, taken once
 * a batch), and the queue of events. A group's stream belongs to the hub's thread from the joining until its
 * HUB_EVENT_GONE, its listeners to the loop's.
 *
 * Where a group begins: when the hub's thread takes a batch, it first says, under the lock, which number will
 * be the first behind it, and takes over the groups that are there; one that joins later, while the batch is
 * worked through, begins at that number, and is taken over with the next batch. So nobody waits for the
 * other, and no packet falls between what the archive has and what comes by itself.
 */
#include "live/hub.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "live/group_stream.h"
#include "live/hub_events.h"
#include "live/hub_feed.h"
#include "live/row_maker.h"
#include "net/loop_waker.h"
#include "protocol/state.h"

enum { LISTENERS_FIRST = 4 };

struct member {
    struct hub_listener listener;
    bool wants_rows;
};

struct hub_group {
    struct hub *hub;
    struct group_stream *stream; /* the hub's thread's, once taken over */
    /* the loop's thread */
    struct member *members;
    uint32_t n_members, cap;
    uint64_t told_end; /* one behind the last number whose row was told, or needs none; 0: none yet */
    bool is_telling;   /* members may leave and join from within a call */
    /* under the hub's lock */
    uint64_t from;
    uint64_t rows_from; /* at which framing began last */
    bool wants_rows;
};

struct hub {
    char *name, *archive; /* archive: NULL for none */
    struct loop_waker waker;
    struct hub_events events;
    pthread_t thread;
    atomic_bool is_stopping;

    pthread_mutex_t lock; /* the list of groups; held shortly */
    struct hub_group *groups[HUB_GROUPS_LIMIT];
    uint32_t n_groups;
    struct hub_group *left[HUB_GROUPS_LIMIT]; /* to be let go by the hub's thread */
    uint32_t n_left;
    bool has_changed;
    uint64_t end; /* one behind the last number taken up, or known to be in the archive */

    /* the loop's thread */
    enum hub_state state;
    char words[256];
    uint64_t n_listeners;

    /* the hub's thread */
    struct hub_feed *feed;
    struct live_devices *devices;
    struct row_maker maker;
    struct dissect_state *dissect_state;
    struct demand demand;
    struct hub_group *working[HUB_GROUPS_LIMIT];
    uint32_t n_working;
    bool has_put;
    struct dissection dissection;

    atomic_uint_fast64_t n_packets, n_rows, n_frames, n_frames_let_go, n_evaluations, n_lost, n_connects;
};

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

/* ---- names ---- */

static const struct {
    const char *name, *words;
} causes[HUB_GAP_CAUSES] = {
    [HUB_GAP_KERNEL] = { "kernel", "the capture lost packets: the kernel had no room for them" },
    [HUB_GAP_QUEUE] = { "queue", "the recorder lost packets: its queue was full" },
    [HUB_GAP_DISK] = { "disk", "packets could not be kept on the disk" },
    [HUB_GAP_MIRROR] = { "mirror", "the mirror did not send these" },
    [HUB_GAP_STOPPED] = { "stopped", "nobody recorded" },
    [HUB_GAP_EVICTED] = { "evicted", "deleted to keep the archive within its budget" },
    [HUB_GAP_VIEWER] = { "viewer", "not shown here as they came; they are in the archive" },
    [HUB_GAP_OUTSIDE] = { "outside", "not in this link" },
};

const char *hub_gap_cause_name(enum hub_gap_cause cause)
{
    return causes[cause].name;
}

const char *hub_gap_cause_words(enum hub_gap_cause cause)
{
    return causes[cause].words;
}

/* ---- the hub's thread: what is told ---- */

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

/* ---- the hub's thread: packets ---- */

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
    memcpy(hub->working, hub->groups, hub->n_groups * sizeof *hub->working);
    for (uint32_t i = 0; i < hub->n_working; i++) {
        group_stream_begin(hub->working[i]->stream, hub->working[i]->from);
        group_stream_want_rows(hub->working[i]->stream, hub->working[i]->wants_rows);
    }
    n_left = hub->n_left;
    memcpy(left, hub->left, n_left * sizeof *left);
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
    struct row row;
    bool is_made = false;
    uint32_t n_asked = 0;

    dissect(d, packet);
    live_devices_packet(hub->devices, d, &owner);
    for (uint32_t i = 0; i < hub->n_working; i++) {
        struct group_stream *stream = hub->working[i]->stream;

        if (!group_stream_saw(stream, packet->packet_id, packet->ts_ns))
            continue;
        n_asked++;
        if (!live_question_match(group_stream_question(stream), d, &owner))
            continue;
        if (!is_made)
            row_make(&hub->maker, d, &owner, &row);
        is_made = true;
        group_stream_matched(stream, &row, hub->maker.summary.protocol, now_ns);
    }
    add(&hub->n_evaluations, n_asked);
}

static void *work(void *context)
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

/* ---- the loop's thread: telling ---- */

static void free_group(struct hub_group *group)
{
    group_stream_free(group->stream);
    free(group->members);
    free(group);
}

static void tell_member(const struct hub_event *event, const struct member *member)
{
    const struct hub_listener *to = &member->listener;

    switch (event->kind) {
    case HUB_EVENT_FRAME:
        if (member->wants_rows && to->frame)
            to->frame(to->context, event->frame.bytes, event->frame.n_rows, event->frame.first,
                      event->frame.last);
        break;
    case HUB_EVENT_COUNT:
        if (to->count)
            to->count(to->context, &event->count);
        break;
    case HUB_EVENT_BARS:
        if (to->bars)
            to->bars(to->context, event->bars, event->n_bars);
        break;
    case HUB_EVENT_GAP:
        if (to->gap)
            to->gap(to->context, &event->gap);
        break;
    case HUB_EVENT_STATE:
        if (to->state)
            to->state(to->context, event->state.state, event->state.words);
        break;
    case HUB_EVENT_GONE:
        break;
    }
}

/* A call may end the member it is for, and any other: an ended one's place is emptied, and closed later. */
static void close_ranks(struct hub_group *group)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < group->n_members; i++)
        if (group->members[i].listener.context)
            group->members[n++] = group->members[i];
    group->n_members = n;
}

static void give_up_group(struct hub_group *group)
{
    struct hub *hub = group->hub;

    pthread_mutex_lock(&hub->lock);
    for (uint32_t i = 0; i < hub->n_groups; i++)
        if (hub->groups[i] == group) {
            hub->groups[i] = hub->groups[--hub->n_groups];
            hub->left[hub->n_left++] = group;
            hub->has_changed = true;
            break;
        }
    pthread_mutex_unlock(&hub->lock);
}

static void tell_group(struct hub_group *group, const struct hub_event *event)
{
    uint32_t n = group->n_members; /* who joins meanwhile begins behind this */

    if (event->kind == HUB_EVENT_FRAME)
        group->told_end = event->frame.last + 1;
    else if (event->kind == HUB_EVENT_COUNT && event->count.through + 1 > group->told_end)
        group->told_end = event->count.through + 1;
    group->is_telling = true;
    for (uint32_t i = 0; i < n; i++)
        if (group->members[i].listener.context)
            tell_member(event, &group->members[i]);
    group->is_telling = false;
    close_ranks(group);
    if (n > 0 && group->n_members == 0)
        give_up_group(group);
}

static void tell_all(struct hub *hub, const struct hub_event *event)
{
    struct hub_group
        *groups[HUB_GROUPS_LIMIT]; /* the list is this thread's to change, and may be meanwhile */
    uint32_t n = hub->n_groups;

    memcpy(groups, hub->groups, n * sizeof *groups);
    for (uint32_t i = 0; i < n; i++)
        tell_group(groups[i], event);
}

static void on_woken(void *context)
{
    struct hub *hub = context;
    struct hub_event *event;

    while ((event = hub_events_take(&hub->events)) != NULL) {
        if (event->kind == HUB_EVENT_STATE) {
            hub->state = event->state.state;
            memcpy(hub->words, event->state.words, sizeof hub->words);
        }
        if (event->kind == HUB_EVENT_GONE)
            free_group(event->group);
        else if (event->group)
            tell_group(event->group, event);
        else
            tell_all(hub, event);
        hub_event_free(event);
    }
}

/* ---- life ---- */

static bool start_thread(struct hub *hub, struct error *error)
{
    sigset_t all, before;
    int result;

    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    result = pthread_create(&hub->thread, NULL, work, hub);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result == 0)
        pthread_setname_np(hub->thread, "hub");
    return result == 0 || error_set(error, ERROR_SYSTEM, "live: no thread: %s", strerror(result));
}

static bool prepare(struct hub *hub, const struct hub_options *options, struct error *error)
{
    const struct hub_feed_outlet outlet = { .context = hub, .gap = feed_gap, .state = feed_state };

    hub->name = strdup(options->node ? options->node : "");
    hub->archive = options->archive ? strdup(options->archive) : NULL;
    hub->dissect_state = dissect_state_new(options->hash_seed);
    hub->devices = live_devices_new(options->hash_seed);
    if (!hub->name || (options->archive && !hub->archive) || !hub->dissect_state || !hub->devices)
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

static void clear(struct hub *hub)
{
    hub_events_clear(&hub->events);
    hub_feed_free(hub->feed);
    live_devices_free(hub->devices);
    dissect_state_free(hub->dissect_state);
    pthread_mutex_destroy(&hub->lock);
    free(hub->name);
    free(hub->archive);
    free(hub);
}

struct hub *hub_new(struct loop *loop, const struct hub_options *options, struct error *error)
{
    struct hub *hub = calloc(1, sizeof *hub);

    if (hub == NULL) {
        error_set(error, ERROR_SYSTEM, "live: no memory");
        return NULL;
    }
    hub->state = HUB_CONNECTING;
    hub_events_init(&hub->events);
    pthread_mutex_init(&hub->lock, NULL);
    if (!prepare(hub, options, error)) {
        clear(hub);
        return NULL;
    }
    if (!loop_waker_open(&hub->waker, loop, on_woken, hub, error)) {
        clear(hub);
        return NULL;
    }
    if (!start_thread(hub, error)) {
        loop_waker_close(&hub->waker);
        clear(hub);
        return NULL;
    }
    return hub;
}

void hub_free(struct hub *hub)
{
    struct hub_event *event;

    if (hub == NULL)
        return;
    atomic_store(&hub->is_stopping, true);
    pthread_join(hub->thread, NULL);
    loop_waker_close(&hub->waker);
    assert(hub->n_groups == 0);
    while ((event = hub_events_take(&hub->events)) != NULL) {
        if (event->kind == HUB_EVENT_GONE)
            free_group(event->group);
        hub_event_free(event);
    }
    for (uint32_t i = 0; i < hub->n_left; i++)
        free_group(hub->left[i]);
    clear(hub);
}

const char *hub_name(const struct hub *hub)
{
    return hub->name;
}

enum hub_state hub_state(const struct hub *hub)
{
    return hub->state;
}

uint64_t hub_end(const struct hub *hub)
{
    struct hub *locked = (struct hub *)(uintptr_t)hub; /* a lock is taken to look, too */
    uint64_t end;

    pthread_mutex_lock(&locked->lock);
    end = hub->end;
    pthread_mutex_unlock(&locked->lock);
    return end;
}

/* ---- joining ---- */

static struct hub_group *find_group(const struct hub *hub, const struct question *question)
{
    for (uint32_t i = 0; i < hub->n_groups; i++)
        if (live_question_equals(group_stream_question(hub->groups[i]->stream), question))
            return hub->groups[i];
    return NULL;
}

static struct hub_group *new_group(struct hub *hub, const struct question *question, struct error *error)
{
    struct group_outlet outlet = { .frame = put_frame, .count = put_count, .bars = put_bars, .gap = put_gap };
    struct live_question *asked;
    struct hub_group *group;

    bool is_full;

    pthread_mutex_lock(&hub->lock);
    is_full = hub->n_groups + hub->n_left >= HUB_GROUPS_LIMIT;
    pthread_mutex_unlock(&hub->lock);
    if (is_full) {
        error_set(
            error, ERROR_LIMIT,
            "%d different questions are being asked already; ask one of them, or wait until somebody leaves",
            HUB_GROUPS_LIMIT);
        return NULL;
    }
    asked = live_question_new(question, hub->archive, error);
    if (asked == NULL)
        return NULL;
    group = calloc(1, sizeof *group);
    if (group == NULL) {
        live_question_free(asked);
        error_set(error, ERROR_SYSTEM, "live: no memory");
        return NULL;
    }
    group->hub = hub;
    outlet.context = group;
    group->stream = group_stream_new(asked, &outlet);
    if (group->stream == NULL) {
        free(group);
        error_set(error, ERROR_SYSTEM, "live: no memory");
        return NULL;
    }
    return group;
}

static bool add_member(struct hub_group *group, const struct hub_listener *listener, struct error *error)
{
    if (group->n_members == group->cap) {
        uint32_t cap = group->cap ? group->cap * 2 : LISTENERS_FIRST;
        struct member *members = realloc(group->members, cap * sizeof *members);

        if (members == NULL)
            return error_set(error, ERROR_SYSTEM, "live: no memory");
        group->members = members;
        group->cap = cap;
    }
    group->members[group->n_members++] = (struct member) { *listener, false };
    return true;
}

static struct member *member_of(struct hub_group *group, const struct hub_listener *listener)
{
    for (uint32_t i = 0; i < group->n_members; i++)
        if (group->members[i].listener.context == listener->context)
            return &group->members[i];
    return NULL;
}

static bool is_wanted(const struct hub_group *group)
{
    for (uint32_t i = 0; i < group->n_members; i++)
        if (group->members[i].listener.context && group->members[i].wants_rows)
            return true;
    return false;
}

uint64_t hub_want_rows(struct hub_group *group, const struct hub_listener *listener, bool wants_rows)
{
    struct hub *hub = group->hub;
    struct member *member = member_of(group, listener);
    uint64_t next;

    assert(member);
    member->wants_rows = wants_rows;
    pthread_mutex_lock(&hub->lock);
    if (is_wanted(group) != group->wants_rows) {
        group->wants_rows = is_wanted(group);
        if (group->wants_rows)
            group->rows_from = hub->end;
        hub->has_changed = true;
    }
    next = group->rows_from;
    pthread_mutex_unlock(&hub->lock);
    /* What was told before this moment goes to nobody any more; what is on its way comes here, too. */
    return group->told_end > next ? group->told_end : next;
}

struct hub_group *hub_join(struct hub *hub, const struct question *question,
                           const struct hub_listener *listener, uint64_t *next, struct error *error)
{
    struct hub_group *group = find_group(hub, question);
    bool is_new = group == NULL;

    assert(listener->context);
    if (is_new)
        group = new_group(hub, question, error);
    if (group == NULL)
        return NULL;
    if (!add_member(group, listener, error)) {
        if (is_new)
            free_group(group);
        return NULL;
    }
    if (is_new) {
        pthread_mutex_lock(&hub->lock);
        group->from = hub->end;
        hub->groups[hub->n_groups++] = group;
        hub->has_changed = true;
        pthread_mutex_unlock(&hub->lock);
    }
    hub->n_listeners++;
    *next = hub_want_rows(group, listener, true);
    return group;
}

void hub_leave(struct hub_group *group, const struct hub_listener *listener)
{
    struct hub *hub = group->hub;
    struct member *member = member_of(group, listener);

    assert(member);
    hub_want_rows(group, listener, false);
    *member = (struct member) { 0 };
    hub->n_listeners--;
    if (group->is_telling)
        return;
    close_ranks(group);
    if (group->n_members == 0)
        give_up_group(group);
}

void hub_statistics(const struct hub *hub, struct hub_statistics *statistics)
{
    *statistics = (struct hub_statistics) {
        .n_packets = atomic_load(&hub->n_packets),
        .n_rows = atomic_load(&hub->n_rows),
        .n_frames = atomic_load(&hub->n_frames),
        .n_frames_let_go = atomic_load(&hub->n_frames_let_go),
        .n_evaluations = atomic_load(&hub->n_evaluations),
        .n_lost_before = atomic_load(&hub->n_lost),
        .n_connects = atomic_load(&hub->n_connects),
        .n_groups = hub->n_groups,
        .n_listeners = (uint32_t)hub->n_listeners,
    };
}
