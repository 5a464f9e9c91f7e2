/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number_map - which numbers and times the segments of one node have, and what is missing between them and
 * why: how a question about numbers or times finds the segments it is about, and how rows come by their gaps.
 *
 * From names and index heads, which are read once a segment and kept as long as the file stays the same. One
 * thread.
 */
#pragma once

#include "archive/catalog.h"
#include "archive/segment_account.h"
#include "base/time_range.h"
#include "live/hub.h"

struct numbered_segment_view {    /* by first number */
    uint64_t first, end;          /* its numbers, end not included; UINT64_MAX: it is written, or not known */
    int64_t min_ts_ns, max_ts_ns; /* of its packets; open: INT64_MAX. Not known: INT64_MIN and INT64_MAX */
    uint32_t entry;               /* of the catalog */
    bool is_indexed;
    bool is_open;
    struct segment_recording recording;
};

struct number_map {
    char *directory, *node;
    struct catalog catalog; /* of all nodes: archive_source wants it */
    struct numbered_segment_view *segments;
    uint32_t n;
    struct segment_account *accounts; /* by entry */
};

bool number_map_load(struct number_map *map, const char *directory, const char *node, struct error *error);
/* Looks at the directory again. Pointers into the map end. */
bool number_map_update(struct number_map *map, struct error *error);
void number_map_clear(struct number_map *map);

/* The first segment with a number from this one on; n when there is none. */
uint32_t number_map_from(const struct number_map *map, uint64_t number);

/* Of the segments that touch the range: the first number, and the one behind the last (UINT64_MAX: it grows).
 * False: none does. */
bool number_map_window(const struct number_map *map, const struct time_range *range, uint64_t *first,
                       uint64_t *end);

/*
 * What is missing among the numbers from first up to last (both included) and between their times: deleted,
 * killed, stopped; and what the segments that end there had lost. In order. Only what touches the range.
 */
void number_map_gaps(const struct number_map *map, uint64_t first, uint64_t last,
                     const struct time_range *range, void (*told)(void *context, const struct hub_gap *gap),
                     void *context);

/* Nodes that have segments in the directory, by name. *names: array of n, freed by the caller, each and all.
 */
bool archive_nodes(const char *directory, char ***names, uint32_t *n, struct error *error);
