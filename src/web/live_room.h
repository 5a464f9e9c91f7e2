/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_room - everybody who looks live: their hubs, who is here, and what is told to all.
 *
 * What people do together (presence, pins) is told to the room's companions, which know viewers by the
 * functions below and nothing of sockets.
 */
#pragma once

#include <jansson.h>

#include "base/buffer.h"
#include "live/hub.h"
#include "web/access.h"

struct site;
struct site_source;
struct live_room;
struct viewer;

enum { LIVE_COMPANIONS = 4 };

struct live_companion {
    void *context;
    void (*joined)(void *context, struct viewer *viewer); /* behind his hello; may be NULL */
    void (*left)(void *context, struct viewer *viewer);   /* may be NULL */
    /* A message of a type that the room itself does not know. True: it was this companion's. */
    bool (*message)(void *context, struct viewer *viewer, const char *type, const json_t *message);
};

struct live_room *live_room_new(struct site *site, struct error *error);
void live_room_free(struct live_room *room); /* when every viewer has left */

/* companion stays where it is until the room is freed. */
void live_room_accompany(struct live_room *room, const struct live_companion *companion);

/* The hub of that source, started when nobody had asked for it yet. NULL with *error set. */
struct hub *live_room_hub(struct live_room *room, struct site_source *source, struct error *error);

/* ---- viewers ---- */

void live_room_each(struct live_room *room, void (*told)(void *context, struct viewer *viewer),
                    void *context);

/* To everybody whose access covers the source (NULL: to everybody). text: one JSON message. */
void live_room_tell(struct live_room *room, const char *source, struct bytes text);

const struct access *viewer_access(const struct viewer *viewer);
const char *viewer_name(const struct viewer *viewer);  /* as he calls himself; "" */
const char *viewer_color(const struct viewer *viewer); /* likewise */
const char *viewer_shape(const struct viewer *viewer);
void viewer_tell(struct viewer *viewer, struct bytes text);

/* The companion's own, one each; by his place in the order they were added. */
void **viewer_slot(struct viewer *viewer, const struct live_companion *companion);

struct live_statistics {
    uint64_t n_viewers_ever, n_frames_sent, n_frames_missed, n_rows_sent, n_rows_missed, n_bytes_sent;
    uint64_t n_messages, n_messages_refused;
    uint32_t n_viewers, n_streams;
};
const struct live_statistics *live_room_statistics(const struct live_room *room);
