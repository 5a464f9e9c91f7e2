/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_room - everybody who looks live, and the hubs they look at. What they do together is people.h's.
 */
#pragma once

#include "base/error.h"
#include "live/hub.h"

struct site;
struct site_source;
struct live_room;

struct live_room *live_room_new(struct site *site, struct error *error);
void live_room_free(struct live_room *room); /* when every viewer has left */

/* The hub of that source, started when nobody had asked for it yet. NULL with *error set. */
struct hub *live_room_hub(struct live_room *room, struct site_source *source, struct error *error);

/* ---- viewers ---- */

/* To everybody whose access covers the source (NULL: to everybody). text: one JSON message. */
void live_room_tell(struct live_room *room, const char *source, struct bytes text);

struct live_statistics {
    uint64_t n_viewers_ever, n_frames_sent, n_frames_missed, n_rows_sent, n_rows_missed, n_bytes_sent;
    uint64_t n_messages, n_messages_refused;
    uint32_t n_viewers, n_streams;
};
const struct live_statistics *live_room_statistics(const struct live_room *room);
