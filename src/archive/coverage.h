/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coverage - which part of an asked time range an archive can answer for: node by node, what was recorded,
 * the gaps and why, what was dropped within. From what the segments say of themselves (segment_account),
 * without reading packets.
 *
 * An answer of three packets means little when nobody recorded for half of the hour. What is not known is
 * called unknown, never recorded; a node's quiet time within a recording is recorded.
 */
#pragma once

#include "archive/segment_account.h"
#include "base/time_range.h"

enum coverage_state {
    COVERAGE_RECORDED,
    COVERAGE_HELD, /* packets of capture files, or of a segment that tells no more: their own gaps are unknown
                    */
    COVERAGE_GAP,  /* nothing was recorded, or it is no longer there */
    COVERAGE_UNKNOWN, /* whether anybody recorded */
};

enum coverage_cause {
    COVERAGE_NO_CAUSE,
    COVERAGE_NOT_BEGUN, /* before the node's first segment */
    COVERAGE_DELETED,   /* segments of that time are no longer there */
    COVERAGE_STOPPED,   /* the recorder was stopped in order */
    COVERAGE_KILLED,    /* or crashed, or lost power: since its last flush */
    COVERAGE_ENDED,     /* behind the last imported packet */
    COVERAGE_BETWEEN,   /* between segments of which not both say from when to when they recorded */
    COVERAGE_UNWATCHED, /* from the last segment's end, quiet at first, the recorder ended unseen */
    COVERAGE_UNINDEXED, /* a segment without a usable index: what it holds is searched, its end is not known
                         */
    COVERAGE_IMPORTING, /* from the first packet of a segment that an import has not sealed */
    COVERAGE_UNFLUSHED, /* the recorder runs: what just came cannot be found yet */
    COVERAGE_FUTURE,
    COVERAGE_CAUSES,
};

struct coverage_span { /* half open: to_ns is the next one's from_ns */
    int64_t from_ns, to_ns;
    enum coverage_state state;
    enum coverage_cause cause;
};

struct coverage_losses { /* in the segments that touch the range: they may lie beside it */
    uint64_t n_received, n_kernel, n_queue, n_disk;
    uint64_t n_truncated_mirror, n_cut; /* kept, but not whole */
    uint64_t n_bindings_cut;            /* of devices: find --device may miss packets */
};

struct coverage_node {
    const char *name; /* borrowed from the catalog or the question */
    struct coverage_span *spans;
    uint32_t n_spans;
    uint32_t n_segments;         /* that touch the range */
    uint32_t n_without_counters; /* of those: what they dropped is not known (open, killed) */
    struct coverage_losses losses;
    int64_t covered_ns; /* recorded or held */
    bool is_elsewhere;  /* it has nothing in the range, being begun after or ended in order before */
};

struct coverage {
    struct time_range range; /* what was asked, its open ends closed: to what is there */
    bool is_from_open, is_to_open;
    struct coverage_node *nodes; /* by name */
    uint32_t n_nodes;
    uint32_t n_segments; /* of the archive */
};

/* What a running or dead recorder says of itself (its status file); borrowed. */
struct coverage_recorder {
    const char *node;
    int64_t started_ns;
    int64_t alive_ns; /* its last sign of life */
    bool is_alive;
    uint64_t n_received, n_kernel, n_queue, n_disk; /* since it started */
};

struct coverage_question {
    struct time_range range; /* INT64_MIN, INT64_MAX: open */
    int64_t now_ns;
    const struct coverage_recorder *recorders;
    uint32_t n_recorders;
};

/* False with *error set without memory. The catalog and the question are borrowed for the coverage's life. */
bool coverage_find(const struct catalog *catalog, const struct coverage_question *question,
                   struct coverage *coverage, struct error *error);

/* The same from accounts, which are put in order: where tests, and a quicker way to the accounts, come in. */
bool coverage_reckon(struct segment_account *accounts, uint32_t n, const struct coverage_question *question,
                     struct coverage *coverage, struct error *error);

void coverage_clear(struct coverage *coverage);

/* Nothing that was on the wire in the range is missing, as far as the archive knows. */
bool coverage_is_complete(const struct coverage *coverage);
bool coverage_node_is_complete(const struct coverage_node *node);

/* "recorder killed", "deleted", ...: a few words for people; and one for programs, "killed". */
const char *coverage_cause_words(enum coverage_cause cause);
const char *coverage_cause_name(enum coverage_cause cause);
const char *coverage_state_name(enum coverage_state state);
