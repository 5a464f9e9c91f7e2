/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appsync_publisher - sends events to an AppSync Events API over HTTPS, in batches of five, from a thread of
 * its own (POST URL with x-api-key; AWS AppSync Developer Guide, "Publish events via HTTP").
 *
 * Whoever has an event never waits: it goes into a bounded queue, and what finds no room there is dropped and
 * counted. One request is under way at a time, so events arrive in order. What may pass by itself (no
 * connection, 429, 5xx) is tried again with growing pauses, then given up and counted; what will not (401,
 * 400) is given up at once. libcurl does the HTTP: keep-alive, TLS with the system's certificates, proxies.
 */
#pragma once

#include "appsync/appsync_channel.h"
#include "base/error.h"

enum {
    APPSYNC_PUBLISHER_BATCH = 5,
    APPSYNC_PUBLISHER_QUEUE_BYTES = 32 * 1024 * 1024,
    APPSYNC_PUBLISHER_TRIES = 6, /* of one batch: some 16 s with the pauses between */
};

struct appsync_publisher;

struct appsync_publisher_options {
    const char *url; /* "https://….appsync-api.eu-west-1.amazonaws.com/event"; http:// for loopback only */
    const char *key;
    const char *ca_file;    /* PEM, in place of the system's; NULL */
    size_t queue_bytes;     /* 0: APPSYNC_PUBLISHER_QUEUE_BYTES */
    int64_t first_pause_ns; /* before the second try; doubled for each further one. 0: 0.5 s */
    uint32_t batch_wait_ms; /* how long a batch waits to be full; 0: 50 */
};

/* Starts the thread. NULL with *error set: a URL that is none, no key. */
struct appsync_publisher *appsync_publisher_new(const struct appsync_publisher_options *options,
                                                struct error *error);

/* event: a JSON text, copied. From any thread. False: dropped, and counted. */
bool appsync_publisher_put(struct appsync_publisher *publisher, const struct appsync_channel *channel,
                           struct bytes event);

struct appsync_publisher_statistics {
    uint64_t n_put;            /* that were given to it: the sum of those below and of those that wait */
    uint64_t n_published;      /* said the other end */
    uint64_t n_dropped_queue;  /* no room */
    uint64_t n_dropped_failed; /* given up after all tries, or refused */
    uint64_t n_requests, n_retries;
    uint64_t n_waiting;
    char trouble[256]; /* what went wrong last; empty while the last request was fine */
};
void appsync_publisher_statistics(struct appsync_publisher *publisher,
                                  struct appsync_publisher_statistics *statistics);

/* Gives what waits wait_ms to be sent; the rest is dropped, and told in *statistics (may be NULL). NULL is
 * fine. */
void appsync_publisher_close(struct appsync_publisher *publisher, uint32_t wait_ms,
                             struct appsync_publisher_statistics *statistics);
