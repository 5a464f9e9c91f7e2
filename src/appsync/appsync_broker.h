/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appsync_broker - who subscribed to which channel, and what is published there: at most once, in order, kept
 * for nobody. An event is a text that holds JSON; a subscriber gets it as a string in a frame of his own
 * subscription's id ("data"). Knows neither sockets nor keys. The loop's thread.
 */
#pragma once

#include "appsync/appsync_channel.h"

enum {
    APPSYNC_ID_BYTES = 128,
    APPSYNC_EVENT_LIMIT_BYTES = 240 * 1000, /* as the service has it */
};

struct appsync_broker;
struct appsync_subscription;

/* Gets a whole frame, borrowed. Must not subscribe nor unsubscribe anyone. False: it did not take it. */
typedef bool appsync_deliver(void *context, struct bytes frame);

struct appsync_broker *appsync_broker_new(void); /* NULL without memory */
void appsync_broker_free(struct appsync_broker *broker);

/* id: one that appsync_id_is_valid. NULL without memory. */
struct appsync_subscription *appsync_subscribe(struct appsync_broker *broker,
                                               const struct appsync_channel *channel, struct bytes id,
                                               appsync_deliver *deliver, void *context);
void appsync_unsubscribe(struct appsync_broker *broker, struct appsync_subscription *subscription);
struct bytes appsync_subscription_id(const struct appsync_subscription *subscription);

/* Letters, digits, "-", "_" and "+", 1 to 128 of them. */
bool appsync_id_is_valid(struct bytes id);

/* Answers how many it was handed to. event: UTF-8 text. */
uint32_t appsync_publish(struct appsync_broker *broker, const struct appsync_channel *channel,
                         struct bytes event);

/* Whether anybody would get what is published there: reason not to make it. */
bool appsync_is_heard(const struct appsync_broker *broker, const struct appsync_channel *channel);
/* Whether anybody would get anything published below. prefix: is_wild. */
bool appsync_is_heard_below(const struct appsync_broker *broker, const struct appsync_channel *prefix);

struct appsync_broker_statistics {
    uint32_t n_subscriptions;
    uint64_t n_published, n_delivered, n_failed; /* failed: no memory for the frame */
};
const struct appsync_broker_statistics *appsync_broker_statistics(const struct appsync_broker *broker);
