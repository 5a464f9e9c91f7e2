/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet_sieve - how somebody who looks for few packets tells a source which ones it need not hand over at
 * all. The source asks before it has made a struct packet; what is passed over costs it no more than its
 * record's header, and only counts.
 */
#pragma once

#include "base/bytes.h"

struct packet_glance {
    const uint8_t *data; /* caplen bytes, borrowed */
    uint32_t caplen;
    uint32_t len; /* never below caplen */
};

/* Asked about at once. So few that fetching what comes next goes on under the questions: 64 took a fifth
 * more. */
enum { GLANCES = 4 };

struct packet_sieve {
    /*
     * Bit i of the answer is set when glances[i] must be handed over; n is at most GLANCES. Depends on
     * nothing but the arguments: any thread, in any order.
     */
    uint64_t (*keep)(const void *context, uint16_t linktype, const struct packet_glance *glances, uint32_t n);
    const void *context;
};
