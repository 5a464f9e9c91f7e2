/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_room_parts - what live_room.c, live_socket.c and live_stream.c share.
 */
#pragma once

#include "web/live_room.h"
#include "web/people.h"
#include "web/web_socket.h"

enum {
    VIEWER_CREDIT_BYTES = 256 * 1024, /* under way to a page that it has not painted */
};

/* Rows that a viewer was not given because he was slow, since the last frame he got. */
struct missed_rows {
    uint64_t n, first, last;
    int64_t from_ns, to_ns;
};

struct live_view { /* one viewer's part in a group */
    struct viewer *viewer;
    uint32_t number;
    struct site_source *source;
    struct hub_group *group;
    struct hub_listener listener;
    uint64_t next; /* rows come from this number on */
    bool wants_rows;
    uint64_t n_sent_bytes, n_painted_bytes; /* of frames */
    uint64_t n_sent_rows, n_framed_rows;    /* given to him; made for the group meanwhile */
    struct missed_rows missed;
    uint64_t n_seen_before, n_matched_before; /* what the group had counted before this view */
    bool has_before;
    bool is_first; /* the group had told nobody anything before him */
};

struct viewer {
    struct viewer *next, *previous;
    struct live_room *room;
    struct web_socket *socket;
    struct access access;
    struct ip_address address;
    struct people_seat seat;
    int64_t messages_until_ns; /* how far its messages have used up its allowance: live_socket.c */
    struct live_view *view;    /* NULL: none yet */
};

/* A frame cut in two, so that all that differs from viewer to viewer stands in front. */
struct split_frame {
    struct shared_bytes *whole, *rest; /* rest: behind the view's number */
    struct shared_bytes *front;        /* WebSocket's head, and up to the view's number */
    uint32_t view;
};

struct live_room {
    struct site *site;
    struct viewer *viewers;
    struct split_frame split; /* the last one: what it is made of serves all viewers of its group */
    struct live_statistics statistics;
};

void live_room_enter(struct live_room *room, struct viewer *viewer);
void live_room_leave(struct live_room *room, struct viewer *viewer);

/* Pieces of the room's, until the next call. False without memory. */
bool live_room_split(struct live_room *room, struct shared_bytes *frame, uint32_t view,
                     struct shared_bytes **front, struct shared_bytes **rest);
