/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub - a source's packets as they come, for everybody who looks: each packet is dissected once, each
 * distinct question (filter and scope) is evaluated once a packet, and each group's rows are encoded once,
 * however many viewers share them.
 *
 *      feed (tap, or the archive as it grows) ─▶ hub thread: dissect, device, questions, frames
 *                                             ─▶ loop: bytes into each viewer's queue
 *
 * The hub's thread never waits for a viewer: what it made goes into a bounded queue to the loop; when that is
 * full frames are let go, and told to the groups as gaps with cause "viewer". Who may send how much to whom
 * is the viewer's matter (web/live_socket). All functions: the loop's thread.
 */
#pragma once

#include "base/error.h"
#include "live/scope.h"
#include "net/loop.h"
#include "net/shared_bytes.h"

enum { HUB_GROUPS_LIMIT = 256 };

struct hub;
struct hub_group;

enum hub_gap_cause {
    HUB_GAP_KERNEL,
    HUB_GAP_QUEUE,
    HUB_GAP_DISK,
    HUB_GAP_MIRROR,
    HUB_GAP_STOPPED,
    HUB_GAP_EVICTED,
    HUB_GAP_VIEWER,
    HUB_GAP_OUTSIDE,
    HUB_GAP_CAUSES,
};

struct hub_gap {
    enum hub_gap_cause cause;
    uint64_t first, last; /* numbers, both included; 0: not known */
    uint64_t n;           /* packets; 0: not known */
    int64_t from_ns, to_ns;
};

const char *hub_gap_cause_name(enum hub_gap_cause cause);  /* "kernel" */
const char *hub_gap_cause_words(enum hub_gap_cause cause); /* for people */

struct hub_count {    /* of one group, since it began; of packets outside of its scope it tells nothing */
    uint64_t through; /* the last number of its scope that was looked at */
    uint64_t n_seen, n_matched;
    uint64_t n_framed,
        n_tail;          /* matched = in frames + left out: by tail mode, for want of room, or unwanted */
    uint32_t per_second; /* matched, over the last second */
    bool is_tail;
    int64_t last_ts_ns;
};

enum { HUB_BAR_NAME_BYTES = 24 };
struct hub_bar { /* n packets of a protocol more in that second */
    int64_t second;
    char protocol[HUB_BAR_NAME_BYTES];
    uint32_t n;
};

enum hub_state { HUB_CONNECTING, HUB_LIVE, HUB_LOST, HUB_ENDED };

/* What a member of a group is told, in the loop's thread, in the order it happened. */
struct hub_listener {
    void *context;
    /* A frame of rows (ROW_FRAME_VIEW_AT is 0); n_rows of them, the packet's numbers from first to last. */
    void (*frame)(void *context, struct shared_bytes *frame, uint32_t n_rows, uint64_t first, uint64_t last);
    void (*count)(void *context, const struct hub_count *count); /* each 250 ms while something came */
    void (*bars)(void *context, const struct hub_bar *bars, uint32_t n);
    void (*gap)(void *context, const struct hub_gap *gap);
    void (*state)(void *context, enum hub_state state, const char *words);
};

struct hub_options {
    const char *archive; /* directory: devices known so far; and the feed itself without a tap */
    const char *node;    /* the source's name */
    const char *tap;     /* "unix:PATH", "tcp:ADDR:PORT", or "file:PATH" once; NULL: the archive as it grows,
                            some 250 ms later */
    uint64_t hash_seed;
};

/* Starts its thread; it connects, and connects again when the tap ends, by itself. NULL with *error set. */
struct hub *hub_new(struct loop *loop, const struct hub_options *options, struct error *error);
void hub_free(struct hub *hub); /* every group must have been left */

const char *hub_name(const struct hub *hub);
enum hub_state hub_state(const struct hub *hub);
/* One behind the number of the last packet seen; 0: none yet. */
uint64_t hub_end(const struct hub *hub);

/*
 * Joins the group of that question, which begins with the first one to ask it. *next: the number that rows
 * begin with (what is before lies in the archive, or is about to). NULL with *error set: a filter's fault
 * with its column, a filter beyond the scope's bytes level, too many groups.
 */
struct hub_group *hub_join(struct hub *hub, const struct question *question,
                           const struct hub_listener *listener, uint64_t *next, struct error *error);

/* listener as given; it wants them when it joins. False: counts, bars and gaps only. Answers the number that
 * rows begin with from now on. */
uint64_t hub_want_rows(struct hub_group *group, const struct hub_listener *listener, bool wants_rows);
/* Rows or counts were told before; who joins now was not there for them. */
bool hub_group_has_told(const struct hub_group *group);
void hub_leave(struct hub_group *group, const struct hub_listener *listener);

struct hub_statistics {
    uint64_t n_packets, n_rows, n_frames, n_frames_let_go, n_evaluations;
    uint64_t n_lost_before; /* told by the tap or by missing numbers */
    uint32_t n_groups, n_listeners;
    uint64_t n_connects;
};
void hub_statistics(const struct hub *hub, struct hub_statistics *statistics);
