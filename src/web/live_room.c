/* SPDX-License-Identifier: Apache-2.0 */
#include "web/live_room_parts.h"

#include <assert.h>
#include <stdlib.h>

#include "live/row_frame.h"
#include "net/websocket_frame.h"
#include "web/site.h"

enum { VIEW_END = ROW_FRAME_VIEW_AT + 4 };

struct live_room *live_room_new(struct site *site, struct error *error)
{
    struct live_room *room = calloc(1, sizeof *room);

    if (room == NULL)
        error_set(error, ERROR_SYSTEM, "no memory for viewers");
    else
        room->site = site;
    return room;
}

static void forget_split(struct live_room *room)
{
    shared_bytes_release(room->split.front);
    shared_bytes_release(room->split.rest);
    shared_bytes_release(room->split.whole);
    room->split = (struct split_frame) { 0 };
}

void live_room_free(struct live_room *room)
{
    if (room == NULL)
        return;
    assert(room->viewers == NULL);
    forget_split(room);
    for (size_t i = 0; i < room->site->n_sources; i++) {
        hub_free(room->site->sources[i].hub);
        room->site->sources[i].hub = NULL;
    }
    free(room);
}

struct hub *live_room_hub(struct live_room *room, struct site_source *source, struct error *error)
{
    const struct hub_options options = { .archive = room->site->archive,
                                         .node = source->name,
                                         .tap = source->tap,
                                         .hash_seed = room->site->hash_seed };

    if (source->hub == NULL)
        source->hub = hub_new(room->site->loop, &options, error);
    return source->hub;
}

/* ---- frames ---- */

static void release_whole(void *context)
{
    shared_bytes_release(context);
}

static bool cut(struct split_frame *split, struct shared_bytes *frame)
{
    split->rest = shared_bytes_over(bytes_of(frame->data + VIEW_END, frame->len - VIEW_END), release_whole,
                                    shared_bytes_take(frame));
    if (split->rest == NULL) {
        shared_bytes_release(frame);
        return false;
    }
    split->whole = shared_bytes_take(frame);
    return true;
}

static bool make_front(struct split_frame *split, uint32_t view)
{
    struct shared_bytes *head = websocket_frame_head_new(WEBSOCKET_BINARY, split->whole->len);
    struct shared_bytes *front = head ? shared_bytes_new(head->len + VIEW_END) : NULL;
    bool is_made = front != NULL;

    if (is_made) {
        uint8_t *at = front->own + head->len;

        memcpy(front->own, head->data, head->len);
        memcpy(at, split->whole->data, VIEW_END);
        for (unsigned i = 0; i < 4; i++)
            at[ROW_FRAME_VIEW_AT + i] = (uint8_t)(view >> 8 * i);
        shared_bytes_release(split->front);
        split->front = front;
        split->view = view;
    }
    shared_bytes_release(head);
    return is_made;
}

bool live_room_split(struct live_room *room, struct shared_bytes *frame, uint32_t view,
                     struct shared_bytes **front, struct shared_bytes **rest)
{
    struct split_frame *split = &room->split;

    if (frame->len < VIEW_END)
        return false;
    if (split->whole != frame) {
        forget_split(room);
        if (!cut(split, frame))
            return false;
    }
    if ((split->front == NULL || split->view != view) && !make_front(split, view))
        return false;
    *front = split->front;
    *rest = split->rest;
    return true;
}

/* ---- viewers ---- */

void live_room_enter(struct live_room *room, struct viewer *viewer)
{
    viewer->room = room;
    viewer->previous = NULL;
    viewer->next = room->viewers;
    if (viewer->next)
        viewer->next->previous = viewer;
    room->viewers = viewer;
    room->statistics.n_viewers++;
    room->statistics.n_viewers_ever++;
}

void live_room_leave(struct live_room *room, struct viewer *viewer)
{
    if (viewer->previous)
        viewer->previous->next = viewer->next;
    else
        room->viewers = viewer->next;
    if (viewer->next)
        viewer->next->previous = viewer->previous;
    if (--room->statistics.n_viewers == 0)
        forget_split(room);
}

void live_room_tell(struct live_room *room, const char *source, struct bytes text)
{
    for (struct viewer *viewer = room->viewers; viewer; viewer = viewer->next)
        if (source == NULL || scope_has_source(&viewer->access.scope, source))
            web_socket_send_text(viewer->socket, text);
}

const struct live_statistics *live_room_statistics(const struct live_room *room)
{
    return &room->statistics;
}
