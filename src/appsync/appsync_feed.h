/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appsync_feed - a source's packets as events, for those who asked: each packet is dissected once, with all
 * its fields, held against each question, and written once for each bytes level that somebody asked with.
 *
 * A thread of its own beside the hub's, because an event is some thirty times the work of a row, and programs
 * that take them must not make rows late. It starts with the first question. Which are as many as there are
 * different scopes of keys, numbered by their owner.
 */
#pragma once

#include "appsync/appsync_channel.h"
#include "live/hub.h"

enum {
    APPSYNC_FEED_QUESTIONS = 64,
    APPSYNC_FEED_WAITING_BYTES =
        32 * 1024 * 1024, /* for the loop to take; further events are dropped, counted */
};

struct appsync_feed;

/* In the loop's thread. questions: a bit for each one that the event answers. of_device: its channel; NULL:
 * nobody known. */
typedef void appsync_feed_event(void *context, uint64_t questions, const struct appsync_channel *of_device,
                                struct bytes event);

/* NULL with *error set. The thread starts with the first question. */
struct appsync_feed *appsync_feed_new(struct loop *loop, const struct hub_options *options,
                                      appsync_feed_event *told, void *context, struct error *error);
void appsync_feed_free(struct appsync_feed *feed);

/*
 * Question number `place` is this one from now on. False with *error set: a filter's fault, or the thread
 * cannot be started; the place is free then.
 */
bool appsync_feed_ask(struct appsync_feed *feed, unsigned place, const struct question *question,
                      struct error *error);
void appsync_feed_forget(struct appsync_feed *feed, unsigned place);

struct appsync_feed_statistics {
    uint64_t n_packets, n_events;
    uint64_t n_dropped; /* events: the loop was behind, or there was no memory */
    uint64_t n_too_large;
    uint64_t n_lost_before; /* packets lost before they came here */
};
void appsync_feed_statistics(const struct appsync_feed *feed, struct appsync_feed_statistics *statistics);
