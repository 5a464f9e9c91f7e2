/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handover - answers a filter's external tests by tshark, which is given no more packets than it must have.
 *
 *   1. All packets are looked at here, the external tests left open. Those whose answer depends on one are
 *      candidates; the pairs of hosts they go between are kept.
 *   2. Everything between those hosts, up to the last candidate, is written to a temporary file without a
 * name: tshark needs the fragments, the segments and the requests that came before. What has no IP goes
 * alone.
 *   3. tshark reads that file once for each test, and the numbers it prints become answers.
 *
 * The packets are numbered as the caller's own pass over the same source numbers them. What a test says of
 * positions (frame.number, frame.time_relative, stream numbers, in one test with a field that is none here)
 * is of the temporary file. Handing over a conversation by its ports was rejected: fragments have none, and
 * what one protocol sets up on another port (SIP and RTP, FTP) would be torn apart.
 */
#pragma once

#include <stdatomic.h>

#include "base/time_range.h"
#include "filter/external.h"
#include "filter/filter.h"
#include "pipeline/tshark.h"
#include "source/source.h"

enum { HANDOVER_PAIRS = 1 << 18 }; /* of hosts; with more, everything is handed over */

struct handover_question {
    struct filter *filter; /* gets the answers */
    const struct preferences *preferences;
    struct tshark_options tshark;
    struct time_range range;
    uint64_t hash_seed;
    /* Opens the packets from the start; called twice. The table is this opening's own. */
    struct source *(*open)(void *context, struct interface_table *interfaces, struct error *error);
    /* Hands out decryption secrets and the like of the newest opening, read to its end; may be NULL. */
    bool (*extra_blocks)(void *context, bool (*take)(void *taker, struct bytes blocks, struct error *error),
                         void *taker, struct error *error);
    void *context;
    const atomic_bool *stop; /* set: give up, quietly */
};

struct handover_counters {
    uint64_t n_packets;    /* looked at */
    uint64_t n_candidates; /* whose answer depended on tshark */
    uint64_t n_handed, handed_bytes;
    uint64_t n_yes; /* answers of all tests */
    uint32_t n_tests;
    bool is_everything; /* HANDOVER_PAIRS reached */
    int64_t spent_ns;   /* by tshark */
};

/* The answers, put into the filter as well; freed by the caller after it. NULL with *error set. */
struct external_answers *handover_run(const struct handover_question *question,
                                      struct handover_counters *counters, struct error *error);
