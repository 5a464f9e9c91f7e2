/* SPDX-License-Identifier: Apache-2.0 */
/*
 * indexer - looks once into each packet on its way into a segment, and tells the segment's index what it saw:
 * protocols, conversations of all IP layers, identities spelt, and through the device tracker who was where.
 * One thread.
 *
 * The tracker and the fragments under way live on from segment to segment.
 */
#pragma once

#include "archive/recover.h"
#include "archive/segment_index_builder.h"
#include "device/tracker.h"
#include "packet/interface.h"
#include "packet/packet.h"

struct indexer;
struct session_store;

struct indexer *indexer_new(const struct interface_table *interfaces,
                            uint64_t hash_seed); /* NULL without memory */
void indexer_free(struct indexer *indexer);

/* From now on what is seen goes into this builder, borrowed until the next call. NULL: nowhere. */
void indexer_begin(struct indexer *indexer, struct segment_index_builder *builder);

/* One packet, in the order of the segment, which lies in that block. No allocation but in the builder's
 * lists. */
void indexer_packet(struct indexer *indexer, const struct packet *packet, uint32_t block);

/* The segment ends: the spans of time that fell into it go to the builder. is_last: no packet will follow. */
void indexer_end(struct indexer *indexer, bool is_last);

/* Dissect by these, and not by tshark's defaults; borrowed. Only where nothing is indexed: indexes say
 * nothing of it. */
void indexer_prefer(struct indexer *indexer, const struct preferences *preferences);

/* Who wants to hear of the spans too, as the tracker finds them; borrowed bytes. One listener. */
void indexer_listen(struct indexer *indexer, void (*binding)(void *context, const struct binding *binding),
                    void *context);

/* Where an earlier run left the devices: its bindings, in the order they were found. */
void indexer_restore(struct indexer *indexer, const struct binding *binding);

/* Behind this, indexer_passes_over may be asked of packets: tracker_look_for. */
bool indexer_look_for(struct indexer *indexer, tracker_wanted_function *is_wanted, void *context);
bool indexer_passes_over(const struct indexer *indexer, const struct packet *packet);

/* Sessions that are not known here are asked for there; borrowed. */
void indexer_wake_from(struct indexer *indexer, const struct session_store *store);

const struct tracker_counters *indexer_tracker_counters(const struct indexer *indexer);
struct dissect_counters indexer_dissect_counters(const struct indexer *indexer);

/*
 * For recovery and repair, which know no protocols. An indexer goes on from one segment to the next one;
 * behind a gap it takes the devices from the indexes of the REINDEX_SEGMENTS before. *holder is filled,
 * borrowed by the answer, and cleared by reindexer_clear.
 */
enum { REINDEX_SEGMENTS = 64 };
#define REPLAY_NS (INT64_C(3600) * 1000000000) /* of packets before the gap's end that are read once more */

struct reindexer_holder {
    uint64_t hash_seed;
    struct indexer *indexer;
    const struct catalog *catalog; /* borrowed during recovery */
    uint32_t entry;                /* of the catalog: the segment at hand */
    uint32_t next_entry;           /* that the indexer may go on with */
    uint64_t n_packets;            /* their numbers go on, too */
    /*
     * Behind a gap, read the node's last segments before it once more: bindings do not say where plain flows
     * were (numbers of TCP and CoAP), nor what was under way. Not where somebody waits: a recorder that
     * starts.
     */
    bool replays;
};

struct reindexer reindexer_make(struct reindexer_holder *holder);
void reindexer_clear(struct reindexer_holder *holder);
