/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub_feed - the packets of one source as they come, in the order of their numbers, and what is missing among
 * them: from a tap, which it connects to again and again; from the archive as it grows; or from capture files
 * ("file:PATH"), once. One thread.
 *
 * A packet that the disk did not take has no number, and is no row: it is counted in a gap.
 */
#pragma once

#include <stdatomic.h>

#include "live/hub.h"
#include "packet/interface.h"
#include "packet/packet.h"

struct hub_feed;

struct hub_feed_outlet {
    void *context;
    void (*gap)(void *context, const struct hub_gap *gap);
    void (*state)(void *context, enum hub_state state, const char *words);
    const atomic_bool *stop; /* whoever waits for a tap's answer then waits no more; may be NULL */
};

struct hub_feed *hub_feed_new(const struct hub_options *options, const struct hub_feed_outlet *outlet,
                              struct error *error);
void hub_feed_free(struct hub_feed *feed);

/* One behind the last number that the archive had when the feed began, and that was fed since. */
uint64_t hub_feed_end(const struct hub_feed *feed);
const struct interface_table *hub_feed_interfaces(const struct hub_feed *feed);

/*
 * Waits at most some 20 ms. Packets are borrowed until the next call; each has its packet_id, more than the
 * one before. Gaps and states that lie before them have been told. 0: nothing came.
 */
uint32_t hub_feed_next(struct hub_feed *feed, const struct packet **packets);

/* What was told as lost before it came here: by the tap's statistics, or by numbers that are missing. */
uint64_t hub_feed_lost(const struct hub_feed *feed);
uint64_t hub_feed_connects(const struct hub_feed *feed);
