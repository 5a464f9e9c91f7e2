/* SPDX-License-Identifier: Apache-2.0 */
#include "web/appsync_packets.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "appsync/appsync_feed.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "net/loop_waker.h"
#include "web/appsync_door.h"
#include "web/site.h"

enum { TICK_MS = 1000 };

static_assert((int)APPSYNC_DOOR_SCOPES <= (int)APPSYNC_FEED_SCOPES, "a bit for each key");

struct key { /* with connections: its scope's place among those that feeds know */
    char link[ACCESS_ID_BYTES];
    struct scope scope; /* its texts are the link's, which outlive the door */
    uint32_t n_connections;
    uint64_t since; /* version of the scopes: events of earlier ones are another key's */
};

struct event { /* on its way from a feed to the loop */
    struct event *next;
    uint64_t scopes, version;
    struct appsync_channel device; /* len 0: nobody's */
    size_t len;
    char text[];
};

struct appsync_packets {
    struct site *site;
    struct appsync_broker *broker;
    struct key keys[APPSYNC_DOOR_SCOPES];
    uint64_t delivering; /* places that get what is published just now: all, but for packets */
    struct appsync_feed *feeds[SITE_SOURCES_LIMIT];
    size_t n_feeds;
    uint64_t version; /* of the scopes that feeds were told last */
    bool is_feeding;
    int64_t listened_ns; /* when somebody last did */
    struct loop_timer tick;
    struct loop_waker waker;
    struct appsync_channel below, capture;
    uint64_t n_events;

    pthread_mutex_t lock; /* held shortly: feeds append, the loop takes all */
    struct event *first, **last;
    size_t n_queued_bytes;
    uint64_t n_lost_queue, n_lost_before;
};

/* ---- in a feed's thread ---- */

static struct event *event_copy(const struct appsync_feed_event *told)
{
    struct event *event = malloc(sizeof *event + told->text.len);

    if (event == NULL)
        return NULL;
    event->next = NULL;
    event->scopes = told->scopes;
    event->version = told->version;
    event->device.len = 0;
    if (told->device.len > 0)
        appsync_channel_of_device(told->device, &event->device);
    event->len = told->text.len;
    memcpy(event->text, told->text.data, told->text.len);
    return event;
}

static void take_event(void *context, const struct appsync_feed_event *told)
{
    struct appsync_packets *packets = context;
    struct event *event = event_copy(told);
    bool is_first = false, is_taken;

    pthread_mutex_lock(&packets->lock);
    is_taken = event && packets->n_queued_bytes + event->len <= APPSYNC_PACKETS_QUEUE_BYTES;
    if (is_taken) {
        is_first = packets->first == NULL;
        *packets->last = event;
        packets->last = &event->next;
        packets->n_queued_bytes += event->len;
    } else {
        packets->n_lost_queue++;
    }
    pthread_mutex_unlock(&packets->lock);
    if (!is_taken)
        free(event);
    if (is_first)
        loop_waker_wake(&packets->waker);
}

static void take_lost(void *context, uint64_t n)
{
    struct appsync_packets *packets = context;

    pthread_mutex_lock(&packets->lock);
    packets->n_lost_before += n;
    pthread_mutex_unlock(&packets->lock);
}

/* ---- in the loop ---- */

static struct event *take_all(struct appsync_packets *packets)
{
    struct event *events;

    pthread_mutex_lock(&packets->lock);
    events = packets->first;
    packets->first = NULL;
    packets->last = &packets->first;
    packets->n_queued_bytes = 0;
    pthread_mutex_unlock(&packets->lock);
    return events;
}

/* The places that it is for, without those that a feed did not know of when it made it. */
static uint64_t places_of(const struct appsync_packets *packets, const struct event *event)
{
    uint64_t places = event->scopes;

    for (uint32_t i = 0; i < APPSYNC_DOOR_SCOPES; i++) {
        if (event->version < packets->keys[i].since)
            places &= ~(UINT64_C(1) << i);
    }
    return places;
}

static void publish(void *context)
{
    struct appsync_packets *packets = context;
    struct event *events = take_all(packets);

    while (events) {
        struct event *event = events;
        struct bytes text = bytes_of(event->text, event->len);

        events = event->next;
        packets->delivering = places_of(packets, event);
        packets->n_events++;
        appsync_publish(packets->broker, &packets->capture, text);
        if (event->device.len > 0)
            appsync_publish(packets->broker, &event->device, text);
        packets->delivering = UINT64_MAX;
        free(event);
    }
}

bool appsync_packets_is_for(const struct appsync_packets *packets, uint32_t place)
{
    return place < APPSYNC_DOOR_SCOPES ? packets->delivering >> place & 1 : packets->delivering == UINT64_MAX;
}

static void stop_feeds(struct appsync_packets *packets)
{
    for (size_t i = 0; i < packets->n_feeds; i++)
        appsync_feed_free(packets->feeds[i]);
    packets->n_feeds = 0;
    packets->is_feeding = false;
}

static void tell_scopes(struct appsync_packets *packets)
{
    const struct scope *scopes[APPSYNC_DOOR_SCOPES] = { NULL };
    struct error error;

    packets->version++;
    for (uint32_t i = 0; i < APPSYNC_DOOR_SCOPES; i++)
        scopes[i] = packets->keys[i].n_connections ? &packets->keys[i].scope : NULL;
    for (size_t i = 0; i < packets->n_feeds; i++) {
        if (!appsync_feed_scopes(packets->feeds[i], scopes, APPSYNC_DOOR_SCOPES, packets->version, &error))
            log_write(LEVEL_ERROR, "keys of programs: %s", error.text);
    }
}

static void start_feeds(struct appsync_packets *packets)
{
    const struct site *site = packets->site;

    packets->is_feeding = true;
    for (size_t i = 0; i < site->n_sources; i++) {
        const struct appsync_feed_options options = { .archive = site->archive,
                                                      .node = site->sources[i].name,
                                                      .tap = site->sources[i].tap,
                                                      .hash_seed = site->hash_seed,
                                                      .context = packets,
                                                      .event = take_event,
                                                      .lost = take_lost };
        struct error error;
        struct appsync_feed *feed = appsync_feed_new(&options, &error);

        if (feed)
            packets->feeds[packets->n_feeds++] = feed;
        else
            log_write(LEVEL_ERROR, "%s: gives no events: %s", site->sources[i].name, error.text);
    }
    tell_scopes(packets);
}

void appsync_packets_look(struct appsync_packets *packets)
{
    if (!appsync_is_heard_below(packets->broker, &packets->below))
        return;
    packets->listened_ns = loop_now_ns(packets->site->loop);
    if (!packets->is_feeding)
        start_feeds(packets);
}

static void tick(void *context)
{
    struct appsync_packets *packets = context;
    int64_t now_ns = loop_now_ns(packets->site->loop);

    appsync_packets_look(packets);
    if (packets->is_feeding &&
        now_ns - packets->listened_ns > APPSYNC_PACKETS_LINGER_MS * (NS_PER_SECOND / 1000))
        stop_feeds(packets);
    loop_timer_set(packets->site->loop, &packets->tick, now_ns + TICK_MS * (NS_PER_SECOND / 1000));
}

/* ---- keys ---- */

uint32_t appsync_packets_enter(struct appsync_packets *packets, const struct access *access)
{
    uint32_t place = APPSYNC_PACKETS_NOWHERE;

    for (uint32_t i = 0; i < APPSYNC_DOOR_SCOPES; i++) {
        struct key *key = &packets->keys[i];

        if (key->n_connections && strcmp(key->link, access->link) == 0) {
            key->n_connections++;
            return i;
        }
        if (key->n_connections == 0 && place == APPSYNC_PACKETS_NOWHERE)
            place = i;
    }
    if (place == APPSYNC_PACKETS_NOWHERE)
        return place;
    packets->keys[place] =
        (struct key) { .scope = access->scope, .n_connections = 1, .since = packets->version + 1 };
    snprintf(packets->keys[place].link, ACCESS_ID_BYTES, "%s", access->link);
    tell_scopes(packets);
    return place;
}

void appsync_packets_leave(struct appsync_packets *packets, uint32_t place)
{
    if (place >= APPSYNC_DOOR_SCOPES || --packets->keys[place].n_connections > 0)
        return;
    tell_scopes(packets);
}

/* ---- its life ---- */

struct appsync_packets *appsync_packets_new(struct site *site, struct appsync_broker *broker,
                                            struct error *error)
{
    struct appsync_packets *packets = calloc(1, sizeof *packets);

    if (packets == NULL) {
        error_system(error, "packets as events");
        return NULL;
    }
    packets->site = site;
    packets->broker = broker;
    packets->delivering = UINT64_MAX;
    packets->last = &packets->first;
    packets->tick = (struct loop_timer) { .fire = tick, .context = packets };
    pthread_mutex_init(&packets->lock, NULL);
    appsync_channel_parse(bytes_text("/packets/*"), true, &packets->below);
    appsync_channel_parse(bytes_text("/packets/capture"), false, &packets->capture);
    if (loop_timer_add(site->loop, &packets->tick, error)) {
        if (loop_waker_open(&packets->waker, site->loop, publish, packets, error)) {
            loop_timer_set(site->loop, &packets->tick,
                           loop_now_ns(site->loop) + TICK_MS * (NS_PER_SECOND / 1000));
            return packets;
        }
        loop_timer_remove(site->loop, &packets->tick);
    }
    pthread_mutex_destroy(&packets->lock);
    free(packets);
    return NULL;
}

void appsync_packets_free(struct appsync_packets *packets)
{
    if (packets == NULL)
        return;
    stop_feeds(packets);
    for (struct event *event = take_all(packets), *next; event; event = next) {
        next = event->next;
        free(event);
    }
    loop_waker_close(&packets->waker);
    loop_timer_remove(packets->site->loop, &packets->tick);
    pthread_mutex_destroy(&packets->lock);
    free(packets);
}

void appsync_packets_statistics(struct appsync_packets *packets,
                                struct appsync_packets_statistics *statistics)
{
    pthread_mutex_lock(&packets->lock);
    *statistics = (struct appsync_packets_statistics) { .n_events = packets->n_events,
                                                        .n_lost_queue = packets->n_lost_queue,
                                                        .n_lost_before = packets->n_lost_before };
    pthread_mutex_unlock(&packets->lock);
}
