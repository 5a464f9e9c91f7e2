/* SPDX-License-Identifier: Apache-2.0 */
#include "web/appsync_packets.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "appsync/appsync_feed.h"
#include "appsync/appsync_publisher.h"
#include "base/log.h"
#include "web/site.h"

enum {
    TARGET_PLACE = APPSYNC_FEED_QUESTIONS - 1, /* the question of what is published elsewhere */
    TARGET_WAIT_MS = 3000,                     /* at the end, for what still waits to be sent */
};

static_assert((int)APPSYNC_SCOPES == (int)TARGET_PLACE, "a question for each scope, and one for the target");

struct packet_scope {
    char link[ACCESS_ID_BYTES]; /* of the key */
    uint32_t n_connections;     /* 0: free */
    struct question question;
};

struct appsync_packets {
    struct site *site;
    struct appsync_broker *broker;
    struct appsync_feed *feeds[SITE_SOURCES_LIMIT]; /* by number of the source; NULL: not asked yet */
    struct packet_scope scopes[APPSYNC_SCOPES];
    uint64_t telling; /* whose questions the event under way answers; all bits: it is nobody's packet */
    struct appsync_channel capture, target_channel;
    struct appsync_publisher *publisher;
    struct question target_question;
};

/* ---- events of packets ---- */

static void event_came(void *context, uint64_t questions, const struct appsync_channel *of_device,
                       struct bytes event)
{
    struct appsync_packets *packets = context;

    if (packets->publisher && questions >> TARGET_PLACE & 1)
        appsync_publisher_put(packets->publisher, &packets->target_channel, event);
    packets->telling = questions;
    appsync_publish(packets->broker, &packets->capture, event);
    if (of_device)
        appsync_publish(packets->broker, of_device, event);
    packets->telling = UINT64_MAX;
}

static bool ask_feed(struct appsync_packets *packets, size_t source, unsigned place,
                     const struct question *question, struct error *error)
{
    const struct site_source *from = &packets->site->sources[source];
    const struct hub_options options = { .archive = packets->site->archive,
                                         .node = from->name,
                                         .tap = from->tap,
                                         .hash_seed = packets->site->hash_seed };

    if (!scope_has_source(&question->scope, from->name))
        return true;
    if (packets->feeds[source] == NULL)
        packets->feeds[source] = appsync_feed_new(packets->site->loop, &options, event_came, packets, error);
    return packets->feeds[source] && appsync_feed_ask(packets->feeds[source], place, question, error);
}

static bool ask_feeds(struct appsync_packets *packets, unsigned place, const struct question *question,
                      struct error *error)
{
    for (size_t i = 0; i < packets->site->n_sources; i++)
        if (!ask_feed(packets, i, place, question, error))
            return false;
    return true;
}

static void forget_place(struct appsync_packets *packets, unsigned place)
{
    for (size_t i = 0; i < SITE_SOURCES_LIMIT; i++)
        if (packets->feeds[i])
            appsync_feed_forget(packets->feeds[i], place);
}

/* A source that came since somebody asked is asked too. */
void appsync_packets_look(struct appsync_packets *packets)
{
    struct error error;

    for (size_t i = 0; i < packets->site->n_sources; i++) {
        if (packets->feeds[i])
            continue;
        for (unsigned place = 0; place < APPSYNC_SCOPES; place++)
            if (packets->scopes[place].n_connections > 0 &&
                !ask_feed(packets, i, place, &packets->scopes[place].question, &error))
                log_write(LEVEL_WARNING, "AppSync: %s: %s", packets->site->sources[i].name, error.text);
        if (packets->publisher && !ask_feed(packets, i, TARGET_PLACE, &packets->target_question, &error))
            log_write(LEVEL_WARNING, "AppSync: %s: %s", packets->site->sources[i].name, error.text);
    }
}

/* The place of that key's scope, if some connection of it is here; else one that is free. APPSYNC_NO_PLACE:
 * none. */
static unsigned place_of(const struct appsync_packets *packets, const struct access *access)
{
    unsigned free_place = APPSYNC_NO_PLACE;

    for (unsigned place = APPSYNC_SCOPES; place-- > 0;) {
        if (packets->scopes[place].n_connections == 0)
            free_place = place;
        else if (strcmp(packets->scopes[place].link, access->link) == 0)
            return place;
    }
    return free_place;
}

bool appsync_packets_enter(struct appsync_packets *packets, const struct access *access, unsigned *place)
{
    unsigned found = place_of(packets, access);
    struct packet_scope *scope;
    struct error error;

    if (found == APPSYNC_NO_PLACE)
        return false;
    scope = &packets->scopes[found];
    if (scope->n_connections == 0) {
        scope->question = (struct question) { .scope = access->scope };
        if (!ask_feeds(packets, found, &scope->question, &error)) {
            log_write(LEVEL_WARNING, "AppSync: key %s: %s", access->link, error.text);
            forget_place(packets, found);
            return false;
        }
        memcpy(scope->link, access->link, sizeof scope->link);
    }
    scope->n_connections++;
    *place = found;
    return true;
}

void appsync_packets_leave(struct appsync_packets *packets, unsigned place)
{
    if (place != APPSYNC_NO_PLACE && --packets->scopes[place].n_connections == 0)
        forget_place(packets, place);
}

bool appsync_packets_is_told(const struct appsync_packets *packets, unsigned place)
{
    return place == APPSYNC_NO_PLACE ? packets->telling == UINT64_MAX : packets->telling >> place & 1;
}

/* ---- another API ---- */

bool appsync_packets_publish(struct appsync_packets *packets, const struct appsync_target *target,
                             struct error *error)
{
    const struct appsync_publisher_options options = { .url = target->url,
                                                       .key = target->key,
                                                       .ca_file = target->ca_file };
    const char *channel = target->channel ? target->channel : "/packets/capture";

    if (!appsync_channel_parse(bytes_text(channel), false, &packets->target_channel))
        return error_set(error, ERROR_USAGE, "\"%s\" is no channel; write /NAMESPACE/NAME", channel);
    packets->target_question = (struct question) { .filter = target->filter, .scope = scope_of_all() };
    packets->publisher = appsync_publisher_new(&options, error);
    return packets->publisher && ask_feeds(packets, TARGET_PLACE, &packets->target_question, error);
}

/* ---- life ---- */

struct appsync_packets *appsync_packets_new(struct site *site, struct appsync_broker *broker)
{
    struct appsync_packets *packets = calloc(1, sizeof *packets);

    if (packets == NULL)
        return NULL;
    packets->site = site;
    packets->broker = broker;
    packets->telling = UINT64_MAX;
    appsync_channel_parse(bytes_text("/packets/capture"), false, &packets->capture);
    return packets;
}

/* What was sent and what was not is told at the end, like every other count. */
static void close_publisher(struct appsync_packets *packets)
{
    struct appsync_publisher_statistics statistics;

    appsync_publisher_close(packets->publisher, TARGET_WAIT_MS, &statistics);
    log_write(LEVEL_NOTICE, "AppSync: %" PRIu64 " events published, %" PRIu64 " dropped",
              statistics.n_published, statistics.n_dropped_queue + statistics.n_dropped_failed);
    packets->publisher = NULL;
}

void appsync_packets_free(struct appsync_packets *packets)
{
    if (packets == NULL)
        return;
    for (size_t i = 0; i < SITE_SOURCES_LIMIT; i++)
        appsync_feed_free(packets->feeds[i]);
    if (packets->publisher)
        close_publisher(packets);
    free(packets);
}

void appsync_packets_statistics(const struct appsync_packets *packets,
                                struct appsync_door_statistics *statistics)
{
    for (size_t i = 0; i < SITE_SOURCES_LIMIT; i++) {
        struct appsync_feed_statistics feed;

        if (packets->feeds[i] == NULL)
            continue;
        appsync_feed_statistics(packets->feeds[i], &feed);
        statistics->n_events += feed.n_events;
        statistics->n_events_dropped += feed.n_dropped + feed.n_too_large;
    }
    if (packets->publisher) {
        struct appsync_publisher_statistics out;

        appsync_publisher_statistics(packets->publisher, &out);
        statistics->is_publishing = true;
        statistics->n_out_put = out.n_put;
        statistics->n_out_published = out.n_published;
        statistics->n_out_dropped = out.n_dropped_queue + out.n_dropped_failed;
        statistics->n_out_retries = out.n_retries;
        statistics->n_out_waiting = out.n_waiting;
        memcpy(statistics->out_trouble, out.trouble, sizeof statistics->out_trouble);
    }
}
