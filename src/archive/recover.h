/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recover - what a killed recorder left behind is made whole: each ".open" segment that no live process holds
 * (flock) is cut at its last whole pcapng block, indexed and sealed. Indexes that are missing or damaged are
 * made anew.
 */
#pragma once

#include "base/error.h"
#include "archive/segment_index_builder.h"
#include "packet/interface.h"
#include "packet/packet.h"

/*
 * Who can say what belongs into an index: the pipeline's indexer, passed in since this folder knows no
 * protocol. add is called for every packet of the segment in order; finish once behind the last (bindings are
 * added then). follow, before begin, tells which of the directory's segments it is, in time order: sessions
 * do not end with a segment. May be NULL.
 */
struct catalog;

struct reindexer {
    void *context;
    void (*begin)(void *context, struct segment_index_builder *builder,
                  const struct interface_table *interfaces);
    void (*add)(void *context, const struct packet *packet, uint32_t block);
    void (*finish)(void *context);
    void (*follow)(void *context, const struct catalog *catalog, uint32_t entry);
};

struct recovery_report {
    uint32_t n_recovered; /* open segments sealed */
    uint32_t n_discarded; /* open segments without one whole packet: deleted */
    uint32_t n_reindexed;
    uint64_t n_packets;   /* in the recovered ones */
    uint64_t n_bytes_cut; /* behind the last whole block */
};

bool recover_directory(const char *directory, const struct reindexer *reindexer,
                       struct recovery_report *report, struct error *error);
