/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appsync_door - AWS AppSync Events on the server's own port: POST /event, and WebSockets at /event/realtime,
 * for programs with a key (`tapdeck share create --appsync`).
 *
 * The namespace "packets" is the capture's: /packets/capture has every packet of the key's scope as an event,
 * /packets/DEVICE those of a device (appsync_channel_of_device); nobody can publish there, so that no key can
 * put a packet into the picture. All other namespaces are the programs' own, with keys that may publish.
 */
#pragma once

#include "appsync/appsync_channel.h"
#include "base/error.h"
#include "web/exchange.h"

enum {
    APPSYNC_DOOR_WAITING_BYTES =
        1024 * 1024, /* for one connection; further events are dropped, and counted */

};

struct appsync_door;

/* Where the capture's events go besides: another AppSync Events API. Texts are borrowed for the door's life.
 */
struct appsync_target {
    const char *url, *key, *ca_file; /* appsync_publisher.h */
    const char *channel;             /* NULL: /packets/capture */
    const char *filter;              /* NULL: every packet */
};

struct appsync_door *appsync_door_new(struct site *site, struct error *error); /* NULL with *error set */
void appsync_door_free(struct appsync_door *door);

/* Once: publishes from now on. False with *error set: the filter, the channel or the address is wrong. */
bool appsync_door_publish(struct appsync_door *door, const struct appsync_target *target,
                          struct error *error);

/* Handlers. */
void appsync_door_post(struct exchange *exchange);
void appsync_door_open(struct exchange *exchange);
void appsync_door_preflight(struct exchange *exchange); /* for pages of other origins: keys, no cookies */

struct appsync_door_statistics {
    uint32_t n_connections, n_subscriptions;
    uint64_t n_published, n_delivered;
    uint64_t n_dropped;                  /* for connections that are slow */
    uint64_t n_refused;                  /* wrong keys, full */
    uint64_t n_events, n_events_dropped; /* made of packets; not made, or too large, or no room for them */
    bool is_publishing;
    uint64_t n_out_put, n_out_published, n_out_dropped, n_out_retries, n_out_waiting;
    char out_trouble[256]; /* empty: none */
};
void appsync_door_statistics(const struct appsync_door *door, struct appsync_door_statistics *statistics);
