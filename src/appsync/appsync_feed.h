/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appsync_feed - the packets of one source as events (appsync_event), as they come: in a thread of its own,
 * held against the scopes of those who would get them. A packet that nobody's scope covers is not made into
 * an event.
 *
 * An event is made at most once for each bytes level that is asked for: "none" has layers by name, "headers"
 * their fields, "full" the data, too.
 */
#pragma once

#include "appsync/appsync_channel.h"
#include "live/hub.h"
#include "live/scope.h"

enum { APPSYNC_FEED_SCOPES = 64 };

struct appsync_feed;

struct appsync_feed_event {
    struct bytes text;   /* JSON; borrowed */
    struct bytes device; /* whose packet it is; empty: nobody known */
    uint64_t scopes;     /* those that get this text: a bit each, by their place ... */
    uint64_t version;    /* ... in these scopes: a place may be another one's by now */
};

struct appsync_feed_options {
    const char *archive, *node, *tap; /* as hub_options has them */
    uint64_t hash_seed;
    void *context;
    /* In the feed's thread. Must not wait. */
    void (*event)(void *context, const struct appsync_feed_event *event);
    void (*lost)(void *context, uint64_t n); /* packets that were lost before they came here; may be NULL */
};

/* Starts the thread, without scopes. NULL with *error set. */
struct appsync_feed *appsync_feed_new(const struct appsync_feed_options *options, struct error *error);
void appsync_feed_free(struct appsync_feed *feed); /* NULL is fine */

/*
 * From now on these: scopes[i] is bit i; NULL: nobody's. version: what events made with them bear. Texts are
 * copied. From any thread. False with *error when one cannot be used (a filter's fault): nothing is changed
 * then.
 */
bool appsync_feed_scopes(struct appsync_feed *feed, const struct scope *const *scopes, uint32_t n,
                         uint64_t version, struct error *error);
