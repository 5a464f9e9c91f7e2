/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub_parts - what the two threads of a hub share; nobody else includes it.
 *
 * The hub's thread (hub_worker.c) takes packets from the feed and works through the groups it has been given;
 * it shares with the loop's (hub.c): the list of groups and the number at which a new one begins (under lock,
 * taken once a batch), and the queue of events. A group's stream belongs to the hub's thread from the joining
 * until its HUB_EVENT_GONE, its listeners to the loop's.
 *
 * Where a group begins: when the hub's thread takes a batch, it first says, under the lock, which number will
 * be the first behind it, and takes over the groups that are there; one that joins later, while the batch is
 * worked through, begins at that number, and is taken over with the next batch. So nobody waits for the
 * other, and no packet falls between what the archive has and what comes by itself.
 */
#pragma once

#include "live/group_stream.h"
#include "live/hub_events.h"
#include "live/hub_feed.h"
#include "live/row_maker.h"
#include "net/loop_waker.h"
#include "protocol/state.h"

struct member {
    struct hub_listener listener;
    bool wants_rows;
};

struct hub_group {
    struct hub *hub;
    struct group_stream *stream; /* the hub's thread's, once taken over */
    /* the loop's thread */
    struct member *members;
    uint32_t n_members, cap;
    uint64_t told_end; /* one behind the last number whose row was told, or needs none; 0: none yet */
    bool is_telling;   /* members may leave and join from within a call */
    /* under the hub's lock */
    uint64_t from;
    uint64_t rows_from; /* at which framing began last */
    bool wants_rows;
};

struct hub {
    char *name, *archive; /* archive: NULL for none */
    struct loop_waker waker;
    struct hub_events events;
    pthread_t thread;
    atomic_bool is_stopping;

    pthread_mutex_t lock; /* the list of groups; held shortly */
    struct hub_group *groups[HUB_GROUPS_LIMIT];
    uint32_t n_groups;
    struct hub_group *left[HUB_GROUPS_LIMIT]; /* to be let go by the hub's thread */
    uint32_t n_left;
    bool has_changed;
    uint64_t end; /* one behind the last number taken up, or known to be in the archive */

    /* the loop's thread */
    enum hub_state state;
    char words[256];
    uint64_t n_listeners;

    /* the hub's thread */
    struct hub_feed *feed;
    struct live_devices *devices;
    struct row_maker maker;
    struct dissect_state *dissect_state;
    struct demand demand;
    struct hub_group *working[HUB_GROUPS_LIMIT];
    uint32_t n_working;
    bool has_put;
    struct dissection dissection;

    atomic_uint_fast64_t n_packets, n_rows, n_frames, n_frames_let_go, n_evaluations, n_lost, n_connects;
};

/* ---- hub_worker.c ---- */

/* What the hub's thread works with; cleared also behind a failure. */
bool hub_worker_init(struct hub *hub, const struct hub_options *options, struct error *error);
void hub_worker_clear(struct hub *hub);

/* The thread; ends soon after is_stopping. */
void *hub_worker_run(void *hub);

/* Where a group's stream tells what it makes. */
struct group_outlet hub_worker_outlet(struct hub_group *group);
