/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub_events - what the hub's thread has to tell the loop's, in order. Frames are bounded by bytes: what has
 * no room is refused, and its maker says so to those who miss it. All else is small and always taken; how
 * often it is told bounds it.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "live/hub.h"

enum { HUB_EVENTS_BYTES = 32 << 20 }; /* of frames that the loop has not taken yet */

enum hub_event_kind {
    HUB_EVENT_FRAME,
    HUB_EVENT_COUNT,
    HUB_EVENT_BARS,
    HUB_EVENT_GAP,
    HUB_EVENT_STATE,
    HUB_EVENT_GONE
};

struct hub_event {
    struct hub_event *next;
    enum hub_event_kind kind;
    struct hub_group *group; /* NULL: all of them */
    union {
        struct {
            struct shared_bytes *bytes;
            uint32_t n_rows;
            uint64_t first, last;
        } frame;
        struct hub_count count;
        struct hub_gap gap;
        struct {
            enum hub_state state;
            char words[256];
        } state;
    };
    uint32_t n_bars;
    struct hub_bar bars[];
};

struct hub_events {
    pthread_mutex_t lock;
    struct hub_event *first, **end;
    size_t n_bytes;
};

void hub_events_init(struct hub_events *events);
void hub_events_clear(struct hub_events *events); /* with all that was not taken */

/* An event to be filled, with room for n_bars. NULL without memory. */
struct hub_event *hub_event_new(enum hub_event_kind kind, struct hub_group *group, uint32_t n_bars);
void hub_event_free(struct hub_event *event);

/* Takes it. False: a frame, and there is no room; it is freed. */
bool hub_events_put(struct hub_events *events, struct hub_event *event);

/* The oldest, the caller's from now on; NULL: there is none. */
struct hub_event *hub_events_take(struct hub_events *events);
