/* SPDX-License-Identifier: Apache-2.0 */
#include "appsync/appsync_feed.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "appsync/appsync_event.h"
#include "live/hub_feed.h"
#include "live/live_question.h"
#include "protocol/state.h"

enum { EVENT_LIMIT_BYTES = 240 * 1000 /* as the service takes it */ };

/* What is asked of packets now: made by the caller, used by the thread, freed by whoever took its place. */
struct appsync_scopes {
    struct live_question *questions[APPSYNC_FEED_SCOPES];
    enum bytes_level levels[APPSYNC_FEED_SCOPES];
    uint32_t n;
    uint64_t version;
};

struct appsync_feed {
    struct appsync_feed_options options;
    char *archive, *node;
    pthread_t thread;
    atomic_bool is_stopping;
    pthread_mutex_t lock;
    struct appsync_scopes *next; /* under the lock: not taken over yet */
    /* the thread's */
    struct appsync_scopes *scopes;
    struct hub_feed *feed;
    struct live_devices *devices;
    struct dissect_state *state;
    struct demand demand;
    struct summarizer summarizer;
    struct packet_summary summary;
    struct buffer text;
    uint64_t n_lost;
    struct dissection dissection;
};

static void scopes_free(struct appsync_scopes *scopes)
{
    for (uint32_t i = 0; scopes && i < scopes->n; i++)
        live_question_free(scopes->questions[i]);
    free(scopes);
}

bool appsync_feed_scopes(struct appsync_feed *feed, const struct scope *const *scopes, uint32_t n,
                         uint64_t version, struct error *error)
{
    struct appsync_scopes *made = calloc(1, sizeof *made), *before;

    if (made == NULL || n > APPSYNC_FEED_SCOPES) {
        free(made);
        return error_set(error, ERROR_LIMIT, "no room for %u keys at once", n);
    }
    made->version = version;
    for (made->n = 0; made->n < n; made->n++) {
        const struct scope *scope = scopes[made->n];
        struct question question;

        if (scope == NULL || !scope_has_source(scope, feed->options.node))
            continue;
        question = (struct question) { .scope = *scope };
        made->levels[made->n] = scope->bytes;
        made->questions[made->n] = live_question_new(&question, feed->archive, error);
        if (made->questions[made->n] == NULL) {
            scopes_free(made);
            return false;
        }
    }
    pthread_mutex_lock(&feed->lock);
    before = feed->next;
    feed->next = made;
    pthread_mutex_unlock(&feed->lock);
    scopes_free(before);
    return true;
}

/* ---- the thread ---- */

static void take_over(struct appsync_feed *feed)
{
    struct appsync_scopes *next;

    pthread_mutex_lock(&feed->lock);
    next = feed->next;
    feed->next = NULL;
    pthread_mutex_unlock(&feed->lock);
    if (next == NULL)
        return;
    scopes_free(feed->scopes);
    feed->scopes = next;
}

/* Whose scopes cover the packet: those of each bytes level. */
static bool match(const struct appsync_feed *feed, const struct packet_owner *owner,
                  uint64_t by_level[static BYTES_FULL + 1])
{
    const struct appsync_scopes *scopes = feed->scopes;
    bool is_wanted = false;

    for (uint32_t i = 0; scopes && i < scopes->n; i++) {
        if (scopes->questions[i] && live_question_match(scopes->questions[i], &feed->dissection, owner)) {
            by_level[scopes->levels[i]] |= UINT64_C(1) << i;
            is_wanted = true;
        }
    }
    return is_wanted;
}

static void take_packet(struct appsync_feed *feed, const struct packet *packet)
{
    uint64_t by_level[BYTES_FULL + 1] = { 0 };
    char label[DEVICE_LABEL_BYTES];
    struct packet_owner owner;
    struct appsync_event_parts parts = { .d = &feed->dissection, .summary = &feed->summary };

    dissect(&feed->dissection, packet);
    live_devices_packet(feed->devices, &feed->dissection, &owner);
    if (!match(feed, &owner, by_level))
        return;
    summarize(&feed->summarizer, &feed->dissection, &feed->summary);
    parts.device = packet_owner_label(&owner, label);
    for (unsigned level = BYTES_NONE; level <= BYTES_FULL; level++) {
        if (by_level[level] == 0)
            continue;
        parts.has_fields = level != BYTES_NONE;
        parts.has_data = level == BYTES_FULL;
        buffer_empty(&feed->text);
        feed->text.is_full = false;
        if (appsync_event_put(&feed->text, &parts))
            feed->options.event(feed->options.context,
                                &(struct appsync_feed_event) { buffer_bytes(&feed->text), parts.device,
                                                               by_level[level], feed->scopes->version });
        else if (feed->options.lost)
            feed->options.lost(feed->options.context, 1); /* too large for an event */
    }
}

static void tell_lost(struct appsync_feed *feed)
{
    uint64_t n = hub_feed_lost(feed->feed);

    if (n > feed->n_lost && feed->options.lost)
        feed->options.lost(feed->options.context, n - feed->n_lost);
    feed->n_lost = n;
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

        take_over(feed);
        for (uint32_t i = 0; i < n; i++) {
            struct packet packet = packets[i];

            packet.number = ++number; /* frame.number: since the feed began */
            take_packet(feed, &packet);
        }
        tell_lost(feed);
    }
    return NULL;
}

static void ignore_gap(void *context, const struct hub_gap *gap)
{
    (void)context;
    (void)gap; /* counted by hub_feed_lost */
}

static void ignore_state(void *context, enum hub_state state, const char *words)
{
    (void)context;
    (void)state;
    (void)words; /* the hub of the same source says it to people */
}

/* ---- its life ---- */

static bool prepare(struct appsync_feed *feed, struct error *error)
{
    const struct appsync_feed_options *options = &feed->options;
    const struct hub_options hub = {
        .archive = feed->archive, .node = feed->node, .tap = options->tap, .hash_seed = options->hash_seed
    };
    const struct hub_feed_outlet outlet = { feed, ignore_gap, ignore_state };

    if (feed->node == NULL || (options->archive && feed->archive == NULL))
        return error_set(error, ERROR_SYSTEM, "no memory for a feed of events");
    buffer_init(&feed->text, EVENT_LIMIT_BYTES);
    summarizer_init(&feed->summarizer);
    demand_init(&feed->demand);
    demand_add_everything(&feed->demand);
    demand_settle(&feed->demand);
    feed->state = dissect_state_new(options->hash_seed);
    feed->devices = live_devices_new(options->hash_seed);
    if (feed->state == NULL || feed->devices == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory for a feed of events");
    feed->feed = hub_feed_new(&hub, &outlet, error);
    if (feed->feed == NULL)
        return false;
    dissection_init(&feed->dissection, &feed->demand, feed->state, hub_feed_interfaces(feed->feed));
    return true;
}

static void discard(struct appsync_feed *feed)
{
    hub_feed_free(feed->feed);
    live_devices_free(feed->devices);
    dissect_state_free(feed->state);
    scopes_free(feed->scopes);
    scopes_free(feed->next);
    buffer_clear(&feed->text);
    pthread_mutex_destroy(&feed->lock);
    free(feed->archive);
    free(feed->node);
    free(feed);
}

struct appsync_feed *appsync_feed_new(const struct appsync_feed_options *options, struct error *error)
{
    struct appsync_feed *feed = calloc(1, sizeof *feed);
    int code;

    if (feed == NULL) {
        error_system(error, "a feed of events");
        return NULL;
    }
    feed->options = *options;
    feed->archive = options->archive ? strdup(options->archive) : NULL;
    feed->node = strdup(options->node);
    feed->options.node = feed->node;
    pthread_mutex_init(&feed->lock, NULL);
    if (!prepare(feed, error)) {
        discard(feed);
        return NULL;
    }
    code = pthread_create(&feed->thread, NULL, work, feed);
    if (code != 0) {
        error_set(error, ERROR_SYSTEM, "no thread for a feed of events: %s", strerror(code));
        discard(feed);
        return NULL;
    }
    return feed;
}

void appsync_feed_free(struct appsync_feed *feed)
{
    if (feed == NULL)
        return;
    atomic_store(&feed->is_stopping, true);
    pthread_join(feed->thread, NULL);
    discard(feed);
}
