/* SPDX-License-Identifier: Apache-2.0 */
/*
 * held - which sealed segments the holds of an archive keep now, and how much each hold keeps.
 *
 * A segment is asked about once, by its index: does it have packets in the hold's time range, or bindings of
 * its device? A segment whose index cannot be read, or had no room for all bindings, cannot be ruled out, so
 * it is kept. Then the quotas: from the newest on as many as fit; what is older is let go.
 *
 * Reading the indexes of a large archive takes longer than a recorder can leave its sources alone, so a pass
 * may be given a limit and goes on in the next one, oldest first, as they are deleted. Until a segment was
 * looked at it counts as held, and against no quota: so nothing is let go too early.
 */
#pragma once

#include "archive/catalog.h"
#include "archive/holds.h"

struct held;

struct held_hold { /* of one hold, as of the last update */
    const struct hold *hold;
    bool is_alive;
    uint32_t first;      /* entry of the catalog: the quotas let it keep nothing older */
    uint32_t n_segments; /* kept */
    uint64_t n_bytes;    /* of those, with their indexes */
    uint32_t n_let_go;   /* it names them, but its quota, or that of all, is reached */
    uint64_t n_bytes_let_go;
};

struct held *held_new(const char *directory); /* borrowed; NULL without memory */
void held_free(struct held *held);

/*
 * Reads the holds again when the database changed, and looks at segments that are new to it, for about
 * limit_ns (0: as long as it takes). now_ns: the wall clock, for expiry. False with *error set when it cannot
 * be known what is held.
 */
bool held_update(struct held *held, const struct catalog *catalog, int64_t now_ns, int64_t limit_ns,
                 struct error *error);

/* The rest is of the last update, and entry a number in its catalog. */
bool held_is_finished(const struct held *held); /* every segment was looked at */
bool held_keeps(const struct held *held, uint32_t entry);

/* The first hold that names the segment but may not keep it, for a quota; NULL: none, or another keeps it. */
const struct held_hold *held_let_go(const struct held *held, uint32_t entry);

const struct held_hold *held_holds(const struct held *held, uint32_t *n);
uint32_t held_segments(const struct held *held); /* kept by any */
uint64_t held_bytes(const struct held *held);
uint64_t held_quota(const struct held *held); /* of all together; 0: no bound */

/* "hold 3 of anna", the one that keeps most; "" when none keeps anything. */
enum { HELD_NAME_BYTES = 160 };
const char *held_name_largest(const struct held *held, char text[static HELD_NAME_BYTES]);
const char *held_name(const struct hold *hold, char text[static HELD_NAME_BYTES]);
