/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source - where packets come from: the contract. A source stamps and counts and never looks inside a packet
 * (what a tunnel listener must take off to find the packet is the exception it is made for).
 */
#pragma once

#include "base/error.h"
#include "packet/batch.h"
#include "packet/interface.h"

enum source_result {
    SOURCE_PACKETS, /* the batch holds at least one packet */
    SOURCE_IDLE,    /* nothing came within the timeout */
    SOURCE_END,     /* no more will come */
    SOURCE_FAULT,   /* *error says what; packets before it were delivered by earlier calls */
};

struct source_stats {
    uint64_t n_packets;          /* delivered */
    uint64_t n_bytes;            /* caplen of those */
    uint64_t n_dropped_kernel;   /* the kernel had no room in ring or socket buffer */
    uint64_t n_dropped_queue;    /* no room in our own queue */
    uint64_t n_truncated_mirror; /* frames that the mirror or a snaplen cut */
    uint64_t n_refused;          /* datagrams that were no mirrored frame */
};

struct source {
    const struct source_ops *ops;
    char name[128];   /* for people: "eth0", "vxlan [::]:4789", a path */
    char notice[384]; /* what people should hear at the start: "receive buffer is ..."; "" */
    struct interface_table *interfaces; /* the stream's table, borrowed; the source adds its own */
    struct source_stats stats; /* written by the thread that calls next; read by others as a glance */
};

struct source_ops {
    /*
     * Empties the batch and fills it, waiting at most timeout_ms for the first packet (files never wait).
     * Packets' bytes live until the batch is released or filled again; those of a source that is not live
     * only until the next call, for whichever batch. One thread.
     */
    enum source_result (*next)(struct source *source, struct batch *batch, int timeout_ms,
                               struct error *error);
    void (*close)(struct source *source); /* frees the source; its batches' bytes are gone */

    /*
     * Gives back what the batch's packets borrow (a block of a ring), so that the source may use it again;
     * the packets are gone. Any thread, also while another one calls next for another batch. NULL: nothing
     * is lent that anybody waits for.
     */
    void (*release)(struct source *source, struct batch *batch);

    /*
     * Packets keep arriving whether or not anybody asks. A live source that also lends (release is not NULL)
     * queues them itself, in its ring; one that copies must be asked again soon or its socket overflows.
     */
    bool is_live;
};

static inline enum source_result source_next(struct source *source, struct batch *batch, int timeout_ms,
                                             struct error *error)
{
    return source->ops->next(source, batch, timeout_ms, error);
}

static inline void source_release(struct source *source, struct batch *batch)
{
    if (source->ops->release)
        source->ops->release(source, batch);
}

static inline void source_close(struct source *source)
{
    if (source)
        source->ops->close(source);
}
