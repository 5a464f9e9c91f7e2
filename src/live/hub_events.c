/* SPDX-License-Identifier: Apache-2.0 */
#include "live/hub_events.h"

#include <stdlib.h>

void hub_events_init(struct hub_events *events)
{
    pthread_mutex_init(&events->lock, NULL);
    events->first = NULL;
    events->end = &events->first;
    events->n_bytes = 0;
}

void hub_events_clear(struct hub_events *events)
{
    struct hub_event *event;

    while ((event = hub_events_take(events)) != NULL)
        hub_event_free(event);
    pthread_mutex_destroy(&events->lock);
}

struct hub_event *hub_event_new(enum hub_event_kind kind, struct hub_group *group, uint32_t n_bars)
{
    struct hub_event *event = calloc(1, sizeof *event + n_bars * sizeof *event->bars);

    if (event) {
        event->kind = kind;
        event->group = group;
        event->n_bars = n_bars;
    }
    return event;
}

void hub_event_free(struct hub_event *event)
{
    if (event && event->kind == HUB_EVENT_FRAME)
        shared_bytes_release(event->frame.bytes);
    free(event);
}

static size_t bytes_of_event(const struct hub_event *event)
{
    return event->kind == HUB_EVENT_FRAME ? event->frame.bytes->len : 0;
}

bool hub_events_put(struct hub_events *events, struct hub_event *event)
{
    size_t n_bytes = bytes_of_event(event);
    bool has_room;

    event->next = NULL;
    pthread_mutex_lock(&events->lock);
    has_room = n_bytes == 0 || events->n_bytes + n_bytes <= HUB_EVENTS_BYTES;
    if (has_room) {
        *events->end = event;
        events->end = &event->next;
        events->n_bytes += n_bytes;
    }
    pthread_mutex_unlock(&events->lock);
    if (!has_room)
        hub_event_free(event);
    return has_room;
}

struct hub_event *hub_events_take(struct hub_events *events)
{
    struct hub_event *event;

    pthread_mutex_lock(&events->lock);
    event = events->first;
    if (event) {
        events->first = event->next;
        if (events->first == NULL)
            events->end = &events->first;
        events->n_bytes -= bytes_of_event(event);
    }
    pthread_mutex_unlock(&events->lock);
    return event;
}
