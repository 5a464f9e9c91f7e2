/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appsync_packets - the capture as channels: for each key whose programs subscribed to packets, those of its
 * scope become events (appsync_feed), published to /packets/capture and to their device's channel; and, when
 * asked, to another AppSync Events API. For appsync_door.c.
 */
#pragma once

#include "appsync/appsync_broker.h"
#include "web/access.h"
#include "web/appsync_door.h"

enum {
    APPSYNC_SCOPES = 63, /* of different keys whose programs take packets at a time */
    APPSYNC_NO_PLACE = APPSYNC_SCOPES,
};

struct appsync_packets;

struct appsync_packets *appsync_packets_new(struct site *site,
                                            struct appsync_broker *broker); /* NULL: no memory */
void appsync_packets_free(struct appsync_packets *packets);

/* A connection of that key subscribed to packets. False: too many keys, or its scope cannot be asked
 * (logged). The access's texts are borrowed until it left. */
bool appsync_packets_enter(struct appsync_packets *packets, const struct access *access, unsigned *place);
void appsync_packets_leave(struct appsync_packets *packets, unsigned place); /* APPSYNC_NO_PLACE is fine */

/* While something is delivered: whether it is for connections of that place. */
bool appsync_packets_is_told(const struct appsync_packets *packets, unsigned place);

/* Sources that came since: are asked too. */
void appsync_packets_look(struct appsync_packets *packets);

/* As appsync_door_publish. */
bool appsync_packets_publish(struct appsync_packets *packets, const struct appsync_target *target,
                             struct error *error);

/* Adds what it knows. */
void appsync_packets_statistics(const struct appsync_packets *packets,
                                struct appsync_door_statistics *statistics);
