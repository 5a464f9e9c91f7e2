/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appsync_packets - puts packets on the door's channels: /packets/capture has every one, /packets/DEVICE
 * those of a device (appsync_channel_of_device). A key gets what its scope covers, whatever it subscribes to:
 * each event comes with the keys that may have it, and is delivered to these.
 *
 * Feeds (appsync_feed) run while somebody listens below /packets, each in its thread; what they make goes
 * through a bounded queue to the loop. The loop's thread.
 */
#pragma once

#include "appsync/appsync_broker.h"
#include "web/access.h"

struct site;

enum {
    APPSYNC_PACKETS_QUEUE_BYTES = 16 * 1024 * 1024, /* of events on their way to the loop */
    APPSYNC_PACKETS_LINGER_MS = 10 * 1000,          /* feeds go on for so long when nobody listens any more */
    APPSYNC_PACKETS_NOWHERE = UINT32_MAX,
};

struct appsync_packets;

/* NULL with *error set. */
struct appsync_packets *appsync_packets_new(struct site *site, struct appsync_broker *broker,
                                            struct error *error);
void appsync_packets_free(struct appsync_packets *packets); /* NULL is fine */

/* A connection with that key begins: the place of the key's scope. APPSYNC_PACKETS_NOWHERE: no room for
 * another key (APPSYNC_DOOR_SCOPES). */
uint32_t appsync_packets_enter(struct appsync_packets *packets, const struct access *access);
void appsync_packets_leave(struct appsync_packets *packets, uint32_t place);

/* Somebody may have subscribed: what he asked for is on its way before he is told so. */
void appsync_packets_look(struct appsync_packets *packets);

/* Whether what is being published just now is for that place. */
bool appsync_packets_is_for(const struct appsync_packets *packets, uint32_t place);

struct appsync_packets_statistics {
    uint64_t n_events;
    uint64_t n_lost_queue;  /* without room on the way to the loop */
    uint64_t n_lost_before; /* packets lost before they came here */
};
void appsync_packets_statistics(struct appsync_packets *packets,
                                struct appsync_packets_statistics *statistics);
