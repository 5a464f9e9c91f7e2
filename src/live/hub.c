/* SPDX-License-Identifier: Apache-2.0 */
/* hub - the loop's side: who listens to what, and what they are told. How it shares the work with the hub's
 * thread: hub_parts.h. */
#include "live/hub.h"

#include <signal.h>
#include <stdlib.h>

#include "live/hub_parts.h"

enum { LISTENERS_FIRST = 4 };

/* ---- names ---- */

static const struct {
    const char *name, *words;
} causes[HUB_GAP_CAUSES] = {
    [HUB_GAP_KERNEL] = { "kernel", "the capture lost packets: the kernel had no room for them" },
    [HUB_GAP_QUEUE] = { "queue", "the recorder lost packets: its queue was full" },
    [HUB_GAP_DISK] = { "disk", "packets could not be kept on the disk" },
    [HUB_GAP_MIRROR] = { "mirror", "the mirror did not send these" },
    [HUB_GAP_STOPPED] = { "stopped", "nobody recorded" },
    [HUB_GAP_EVICTED] = { "evicted", "deleted to keep the archive within its budget" },
    [HUB_GAP_VIEWER] = { "viewer", "not shown here as they came; they are in the archive" },
    [HUB_GAP_OUTSIDE] = { "outside", "not in this link" },
};

const char *hub_gap_cause_name(enum hub_gap_cause cause)
{
    return causes[cause].name;
}

const char *hub_gap_cause_words(enum hub_gap_cause cause)
{
    return causes[cause].words;
}

/* ---- telling ---- */

static void free_group(struct hub_group *group)
{
    group_stream_free(group->stream);
    free(group->members);
    free(group);
}

static void tell_member(const struct hub_event *event, const struct member *member)
{
    const struct hub_listener *to = &member->listener;

    switch (event->kind) {
    case HUB_EVENT_FRAME:
        if (member->wants_rows && to->frame)
            to->frame(to->context, event->frame.bytes, event->frame.n_rows, event->frame.first,
                      event->frame.last);
        break;
    case HUB_EVENT_COUNT:
        if (to->count)
            to->count(to->context, &event->count);
        break;
    case HUB_EVENT_BARS:
        if (to->bars)
            to->bars(to->context, event->bars, event->n_bars);
        break;
    case HUB_EVENT_GAP:
        if (to->gap)
            to->gap(to->context, &event->gap);
        break;
    case HUB_EVENT_STATE:
        if (to->state)
            to->state(to->context, event->state.state, event->state.words);
        break;
    case HUB_EVENT_GONE:
        break;
    }
}

/* A call may end the member it is for, and any other: an ended one's place is emptied, and closed later. */
static void close_ranks(struct hub_group *group)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < group->n_members; i++)
        if (group->members[i].listener.context)
            group->members[n++] = group->members[i];
    group->n_members = n;
}

static void give_up_group(struct hub_group *group)
{
    struct hub *hub = group->hub;

    pthread_mutex_lock(&hub->lock);
    for (uint32_t i = 0; i < hub->n_groups; i++)
        if (hub->groups[i] == group) {
            hub->groups[i] = hub->groups[--hub->n_groups];
            hub->left[hub->n_left++] = group;
            hub->has_changed = true;
            break;
        }
    pthread_mutex_unlock(&hub->lock);
}

static void tell_group(struct hub_group *group, const struct hub_event *event)
{
    uint32_t n = group->n_members; /* who joins meanwhile begins behind this */

    if (event->kind == HUB_EVENT_FRAME)
        group->told_end = event->frame.last + 1;
    else if (event->kind == HUB_EVENT_COUNT && event->count.through + 1 > group->told_end)
        group->told_end = event->count.through + 1;
    group->is_telling = true;
    for (uint32_t i = 0; i < n; i++)
        if (group->members[i].listener.context)
            tell_member(event, &group->members[i]);
    group->is_telling = false;
    close_ranks(group);
    if (n > 0 && group->n_members == 0)
        give_up_group(group);
}

static void tell_all(struct hub *hub, const struct hub_event *event)
{
    struct hub_group
        *groups[HUB_GROUPS_LIMIT]; /* the list is this thread's to change, and may be meanwhile */
    uint32_t n = hub->n_groups;

    memcpy(groups, hub->groups, n * sizeof(struct hub_group *));
    for (uint32_t i = 0; i < n; i++)
        tell_group(groups[i], event);
}

static void on_woken(void *context)
{
    struct hub *hub = context;
    struct hub_event *event;

    while ((event = hub_events_take(&hub->events)) != NULL) {
        if (event->kind == HUB_EVENT_STATE) {
            hub->state = event->state.state;
            memcpy(hub->words, event->state.words, sizeof hub->words);
        }
        if (event->kind == HUB_EVENT_GONE)
            free_group(event->group);
        else if (event->group)
            tell_group(event->group, event);
        else
            tell_all(hub, event);
        hub_event_free(event);
    }
}

/* ---- life ---- */

static bool start_thread(struct hub *hub, struct error *error)
{
    sigset_t all, before;
    int result;

    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    result = pthread_create(&hub->thread, NULL, hub_worker_run, hub);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result == 0)
        pthread_setname_np(hub->thread, "hub");
    return result == 0 || error_set(error, ERROR_SYSTEM, "live: no thread: %s", strerror(result));
}

static bool prepare(struct hub *hub, const struct hub_options *options, struct error *error)
{
    hub->name = strdup(options->node ? options->node : "");
    hub->archive = options->archive ? strdup(options->archive) : NULL;
    if (!hub->name || (options->archive && !hub->archive))
        return error_set(error, ERROR_SYSTEM, "live: no memory");
    return hub_worker_init(hub, options, error);
}

static void clear(struct hub *hub)
{
    hub_events_clear(&hub->events);
    hub_worker_clear(hub);
    pthread_mutex_destroy(&hub->lock);
    free(hub->name);
    free(hub->archive);
    free(hub);
}

struct hub *hub_new(struct loop *loop, const struct hub_options *options, struct error *error)
{
    struct hub *hub = calloc(1, sizeof *hub);

    if (hub == NULL) {
        error_set(error, ERROR_SYSTEM, "live: no memory");
        return NULL;
    }
    hub->state = HUB_CONNECTING;
    hub_events_init(&hub->events);
    pthread_mutex_init(&hub->lock, NULL);
    if (!prepare(hub, options, error)) {
        clear(hub);
        return NULL;
    }
    if (!loop_waker_open(&hub->waker, loop, on_woken, hub, error)) {
        clear(hub);
        return NULL;
    }
    if (!start_thread(hub, error)) {
        loop_waker_close(&hub->waker);
        clear(hub);
        return NULL;
    }
    return hub;
}

void hub_free(struct hub *hub)
{
    struct hub_event *event;

    if (hub == NULL)
        return;
    atomic_store(&hub->is_stopping, true);
    pthread_join(hub->thread, NULL);
    loop_waker_close(&hub->waker);
    assert(hub->n_groups == 0);
    while ((event = hub_events_take(&hub->events)) != NULL) {
        if (event->kind == HUB_EVENT_GONE)
            free_group(event->group);
        hub_event_free(event);
    }
    for (uint32_t i = 0; i < hub->n_left; i++)
        free_group(hub->left[i]);
    clear(hub);
}

const char *hub_name(const struct hub *hub)
{
    return hub->name;
}

enum hub_state hub_state(const struct hub *hub)
{
    return hub->state;
}

uint64_t hub_end(const struct hub *hub)
{
    struct hub *locked = (struct hub *)(uintptr_t)hub; /* a lock is taken to look, too */
    uint64_t end;

    pthread_mutex_lock(&locked->lock);
    end = hub->end;
    pthread_mutex_unlock(&locked->lock);
    return end;
}

/* ---- joining ---- */

static struct hub_group *find_group(const struct hub *hub, const struct question *question)
{
    for (uint32_t i = 0; i < hub->n_groups; i++)
        if (live_question_equals(group_stream_question(hub->groups[i]->stream), question))
            return hub->groups[i];
    return NULL;
}

static struct hub_group *new_group(struct hub *hub, const struct question *question, struct error *error)
{
    struct group_outlet outlet;
    struct live_question *asked;
    struct hub_group *group;

    bool is_full;

    pthread_mutex_lock(&hub->lock);
    is_full = hub->n_groups + hub->n_left >= HUB_GROUPS_LIMIT;
    pthread_mutex_unlock(&hub->lock);
    if (is_full) {
        error_set(
            error, ERROR_LIMIT,
            "%d different questions are being asked already; ask one of them, or wait until somebody leaves",
            HUB_GROUPS_LIMIT);
        return NULL;
    }
    asked = live_question_new(question, hub->archive, error);
    if (asked == NULL)
        return NULL;
    group = calloc(1, sizeof *group);
    if (group == NULL) {
        live_question_free(asked);
        error_set(error, ERROR_SYSTEM, "live: no memory");
        return NULL;
    }
    group->hub = hub;
    outlet = hub_worker_outlet(group);
    group->stream = group_stream_new(asked, &outlet);
    if (group->stream == NULL) {
        free(group);
        error_set(error, ERROR_SYSTEM, "live: no memory");
        return NULL;
    }
    return group;
}

static bool add_member(struct hub_group *group, const struct hub_listener *listener, struct error *error)
{
    if (group->n_members == group->cap) {
        uint32_t cap = group->cap ? group->cap * 2 : LISTENERS_FIRST;
        struct member *members = realloc(group->members, cap * sizeof *members);

        if (members == NULL)
            return error_set(error, ERROR_SYSTEM, "live: no memory");
        group->members = members;
        group->cap = cap;
    }
    group->members[group->n_members++] = (struct member) { *listener, false };
    return true;
}

static struct member *member_of(struct hub_group *group, const struct hub_listener *listener)
{
    for (uint32_t i = 0; i < group->n_members; i++)
        if (group->members[i].listener.context == listener->context)
            return &group->members[i];
    return NULL;
}

static bool is_wanted(const struct hub_group *group)
{
    for (uint32_t i = 0; i < group->n_members; i++)
        if (group->members[i].listener.context && group->members[i].wants_rows)
            return true;
    return false;
}

uint64_t hub_want_rows(struct hub_group *group, const struct hub_listener *listener, bool wants_rows)
{
    struct hub *hub = group->hub;
    struct member *member = member_of(group, listener);
    uint64_t next;

    assert(member);
    member->wants_rows = wants_rows;
    pthread_mutex_lock(&hub->lock);
    if (is_wanted(group) != group->wants_rows) {
        group->wants_rows = is_wanted(group);
        if (group->wants_rows)
            group->rows_from = hub->end;
        hub->has_changed = true;
    }
    next = group->rows_from;
    pthread_mutex_unlock(&hub->lock);
    /* What was told before this moment goes to nobody any more; what is on its way comes here, too. */
    return group->told_end > next ? group->told_end : next;
}

struct hub_group *hub_join(struct hub *hub, const struct question *question,
                           const struct hub_listener *listener, uint64_t *next, struct error *error)
{
    struct hub_group *group = find_group(hub, question);
    bool is_new = group == NULL;

    assert(listener->context);
    if (is_new)
        group = new_group(hub, question, error);
    if (group == NULL)
        return NULL;
    if (!add_member(group, listener, error)) {
        if (is_new)
            free_group(group);
        return NULL;
    }
    if (is_new) {
        pthread_mutex_lock(&hub->lock);
        group->from = hub->end;
        hub->groups[hub->n_groups++] = group;
        hub->has_changed = true;
        pthread_mutex_unlock(&hub->lock);
    }
    hub->n_listeners++;
    *next = hub_want_rows(group, listener, true);
    return group;
}

bool hub_group_has_told(const struct hub_group *group)
{
    return group->told_end > 0;
}

void hub_leave(struct hub_group *group, const struct hub_listener *listener)
{
    struct hub *hub = group->hub;
    struct member *member = member_of(group, listener);

    assert(member);
    hub_want_rows(group, listener, false);
    *member = (struct member) { 0 };
    hub->n_listeners--;
    if (group->is_telling)
        return;
    close_ranks(group);
    if (group->n_members == 0)
        give_up_group(group);
}

void hub_statistics(const struct hub *hub, struct hub_statistics *statistics)
{
    *statistics = (struct hub_statistics) {
        .n_packets = atomic_load(&hub->n_packets),
        .n_rows = atomic_load(&hub->n_rows),
        .n_frames = atomic_load(&hub->n_frames),
        .n_frames_let_go = atomic_load(&hub->n_frames_let_go),
        .n_evaluations = atomic_load(&hub->n_evaluations),
        .n_lost_before = atomic_load(&hub->n_lost),
        .n_connects = atomic_load(&hub->n_connects),
        .n_groups = hub->n_groups,
        .n_listeners = (uint32_t)hub->n_listeners,
    };
}
