/* SPDX-License-Identifier: Apache-2.0 */
#include "appsync/appsync_feed.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "appsync/appsync_broker.h"
#include "appsync/appsync_event.h"
#include "live/hub_feed.h"
#include "live/live_devices.h"
#include "live/live_question.h"
#include "net/loop_waker.h"
#include "protocol/state.h"

enum { LEVELS = BYTES_FULL + 1 };

struct waiting_event {
    struct waiting_event *next;
    uint64_t questions;
    bool has_device;
    struct appsync_channel of_device;
    size_t len;
    char text[];
};

struct appsync_feed {
    char *node, *archive, *tap;
    struct hub_options options;
    struct loop_waker waker;
    appsync_feed_event *told;
    void *context;
    pthread_t thread;
    bool is_running;
    atomic_bool is_stopping;

    pthread_mutex_t lock; /* questions are changed by the loop, and used by the thread, under it */
    struct live_question *questions[APPSYNC_FEED_QUESTIONS];
    enum bytes_level levels[APPSYNC_FEED_QUESTIONS];
    uint64_t asked; /* which are there */
    struct waiting_event *first, **end;
    size_t waiting_bytes;

    /* the thread's */
    struct hub_feed *feed;
    struct live_devices *devices;
    struct summarizer summarizer;
    struct packet_summary summary;
    struct demand demand;
    struct dissect_state *state;
    struct buffer text;
    char label[DEVICE_LABEL_BYTES];
    struct dissection dissection;

    atomic_uint_fast64_t n_packets, n_events, n_dropped, n_too_large, n_lost;
};

static void count(atomic_uint_fast64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* ---- the thread ---- */

static void put(struct appsync_feed *feed, uint64_t questions, const struct appsync_channel *of_device)
{
    struct waiting_event *event = malloc(sizeof *event + feed->text.len);
    bool has_room;

    if (event == NULL) {
        count(&feed->n_dropped);
        return;
    }
    *event = (struct waiting_event) { .questions = questions,
                                      .has_device = of_device != NULL,
                                      .len = feed->text.len };
    if (of_device)
        event->of_device = *of_device;
    memcpy(event->text, feed->text.data, feed->text.len);
    pthread_mutex_lock(&feed->lock);
    has_room = feed->waiting_bytes + sizeof *event + event->len <= APPSYNC_FEED_WAITING_BYTES;
    if (has_room) {
        *feed->end = event;
        feed->end = &event->next;
        feed->waiting_bytes += sizeof *event + event->len;
    }
    pthread_mutex_unlock(&feed->lock);
    if (!has_room)
        free(event);
    count(has_room ? &feed->n_events : &feed->n_dropped);
}

/* Which questions the packet answers, by the bytes level they were asked with. */
static void judge(struct appsync_feed *feed, const struct packet_owner *owner,
                  uint64_t answers[static LEVELS])
{
    pthread_mutex_lock(&feed->lock);
    for (uint64_t left = feed->asked; left; left &= left - 1) {
        unsigned place = (unsigned)__builtin_ctzll(left);

        if (live_question_judge(feed->questions[place], &feed->dissection, owner) == LIVE_MATCH)
            answers[feed->levels[place]] |= UINT64_C(1) << place;
    }
    pthread_mutex_unlock(&feed->lock);
}

static void take_packet(struct appsync_feed *feed, const struct packet *packet)
{
    struct packet_owner owner;
    struct appsync_channel of_device;
    struct bytes device;
    uint64_t answers[LEVELS] = { 0 };

    dissect(&feed->dissection, packet);
    live_devices_packet(feed->devices, &feed->dissection, &owner);
    judge(feed, &owner, answers);
    if ((answers[BYTES_NONE] | answers[BYTES_HEADERS] | answers[BYTES_FULL]) == 0)
        return;
    summarize(&feed->summarizer, &feed->dissection, &feed->summary);
    device = packet_owner_label(&owner, feed->label);
    if (device.len > 0)
        appsync_channel_of_device(device, &of_device);
    for (unsigned level = 0; level < LEVELS; level++) {
        struct appsync_event_parts parts = {
            .d = &feed->dissection,
            .summary = &feed->summary,
            .device = device,
            .has_fields = level >= BYTES_HEADERS,
            .has_data = level == BYTES_FULL,
        };

        if (answers[level] == 0)
            continue;
        buffer_empty(&feed->text);
        feed->text.is_full = false;
        if (appsync_event_put(&feed->text, &parts))
            put(feed, answers[level], device.len > 0 ? &of_device : NULL);
        else
            count(&feed->n_too_large);
    }
}

static void *work(void *context)
{
    struct appsync_feed *feed = context;
    uint64_t number = 0;

    if (feed->archive)
        live_devices_restore(feed->devices, feed->archive);
    while (!atomic_load_explicit(&feed->is_stopping, memory_order_relaxed)) {
        const struct packet *packets = NULL;
        uint32_t n = hub_feed_next(feed->feed, &packets);

        for (uint32_t i = 0; i < n; i++) {
            struct packet packet = packets[i];

            packet.number = ++number; /* frame.number: since the feed began */
            take_packet(feed, &packet);
            count(&feed->n_packets);
        }
        atomic_store_explicit(&feed->n_lost, hub_feed_lost(feed->feed), memory_order_relaxed);
        if (n > 0)
            loop_waker_wake(&feed->waker);
    }
    return NULL;
}

/* ---- the loop's thread ---- */

static void woken(void *context)
{
    struct appsync_feed *feed = context;
    struct waiting_event *event;

    pthread_mutex_lock(&feed->lock);
    event = feed->first;
    feed->first = NULL;
    feed->end = &feed->first;
    feed->waiting_bytes = 0;
    pthread_mutex_unlock(&feed->lock);
    while (event) {
        struct waiting_event *next = event->next;

        feed->told(feed->context, event->questions, event->has_device ? &event->of_device : NULL,
                   bytes_of(event->text, event->len));
        free(event);
        event = next;
    }
}

/* What comes while nobody asks is not looked at, so gaps are nobody's. */
static void no_gap(void *context, const struct hub_gap *gap)
{
    (void)context;
    (void)gap;
}

static void no_state(void *context, enum hub_state state, const char *words)
{
    (void)context;
    (void)state;
    (void)words;
}

static bool start(struct appsync_feed *feed, struct error *error)
{
    const struct hub_feed_outlet outlet = { feed, no_gap, no_state, &feed->is_stopping };
    sigset_t all, before;
    int fault;

    feed->feed = hub_feed_new(&feed->options, &outlet, error);
    if (feed->feed == NULL)
        return false;
    dissection_init(&feed->dissection, &feed->demand, feed->state, hub_feed_interfaces(feed->feed));
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    fault = pthread_create(&feed->thread, NULL, work, feed);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (fault != 0) {
        hub_feed_free(feed->feed);
        feed->feed = NULL;
        return error_set(error, ERROR_SYSTEM, "cannot start a thread for events: %s", strerror(fault));
    }
    feed->is_running = true;
    return true;
}

bool appsync_feed_ask(struct appsync_feed *feed, unsigned place, const struct question *question,
                      struct error *error)
{
    struct live_question *ready = live_question_new(question, feed->archive, error);

    if (ready == NULL)
        return false;
    appsync_feed_forget(feed, place);
    if (!feed->is_running && !start(feed, error)) {
        live_question_free(ready);
        return false;
    }
    pthread_mutex_lock(&feed->lock);
    feed->questions[place] = ready;
    feed->levels[place] = question->scope.bytes;
    feed->asked |= UINT64_C(1) << place;
    pthread_mutex_unlock(&feed->lock);
    return true;
}

void appsync_feed_forget(struct appsync_feed *feed, unsigned place)
{
    struct live_question *question;

    pthread_mutex_lock(&feed->lock);
    question = feed->questions[place];
    feed->questions[place] = NULL;
    feed->asked &= ~(UINT64_C(1) << place);
    pthread_mutex_unlock(&feed->lock);
    live_question_free(question);
}

static bool copy_options(struct appsync_feed *feed, const struct hub_options *options)
{
    feed->node = strdup(options->node);
    feed->archive = options->archive ? strdup(options->archive) : NULL;
    feed->tap = options->tap ? strdup(options->tap) : NULL;
    feed->options = (struct hub_options) {
        .archive = feed->archive, .node = feed->node, .tap = feed->tap, .hash_seed = options->hash_seed
    };
    return feed->node && (feed->archive || options->archive == NULL) && (feed->tap || options->tap == NULL);
}

struct appsync_feed *appsync_feed_new(struct loop *loop, const struct hub_options *options,
                                      appsync_feed_event *told, void *context, struct error *error)
{
    struct appsync_feed *feed = calloc(1, sizeof *feed);

    if (feed == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory for events");
        return NULL;
    }
    feed->told = told;
    feed->context = context;
    feed->end = &feed->first;
    pthread_mutex_init(&feed->lock, NULL);
    buffer_init(&feed->text, APPSYNC_EVENT_LIMIT_BYTES);
    summarizer_init(&feed->summarizer);
    demand_init(&feed->demand);
    demand_add_everything(&feed->demand);
    summarizer_demand(&feed->summarizer, &feed->demand);
    live_devices_demand(&feed->demand);
    demand_settle(&feed->demand);
    feed->devices = live_devices_new(options->hash_seed);
    feed->state = dissect_state_new(options->hash_seed);
    if (!copy_options(feed, options) || feed->devices == NULL || feed->state == NULL)
        error_set(error, ERROR_SYSTEM, "no memory for events");
    else if (loop_waker_open(&feed->waker, loop, woken, feed, error))
        return feed;
    feed->waker.loop = NULL;
    appsync_feed_free(feed);
    return NULL;
}

void appsync_feed_free(struct appsync_feed *feed)
{
    if (feed == NULL)
        return;
    if (feed->is_running) {
        atomic_store(&feed->is_stopping, true);
        pthread_join(feed->thread, NULL);
    }
    if (feed->waker.loop)
        loop_waker_close(&feed->waker);
    while (feed->first) {
        struct waiting_event *next = feed->first->next;

        free(feed->first);
        feed->first = next;
    }
    for (unsigned i = 0; i < APPSYNC_FEED_QUESTIONS; i++)
        live_question_free(feed->questions[i]);
    hub_feed_free(feed->feed);
    live_devices_free(feed->devices);
    dissect_state_free(feed->state);
    buffer_clear(&feed->text);
    pthread_mutex_destroy(&feed->lock);
    free(feed->node);
    free(feed->archive);
    free(feed->tap);
    free(feed);
}

void appsync_feed_statistics(const struct appsync_feed *feed, struct appsync_feed_statistics *statistics)
{
    *statistics = (struct appsync_feed_statistics) {
        .n_packets = atomic_load_explicit(&feed->n_packets, memory_order_relaxed),
        .n_events = atomic_load_explicit(&feed->n_events, memory_order_relaxed),
        .n_dropped = atomic_load_explicit(&feed->n_dropped, memory_order_relaxed),
        .n_too_large = atomic_load_explicit(&feed->n_too_large, memory_order_relaxed),
        .n_lost_before = atomic_load_explicit(&feed->n_lost, memory_order_relaxed),
    };
}
