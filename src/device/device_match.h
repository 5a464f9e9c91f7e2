/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_match - is this packet the device's? The spans of time that a device had on its flows, held against
 * packets: both directions, the fragments of its datagrams, and ICMP errors that quote them.
 *
 * A packet of others is told apart by one look at a small table of addresses for each of its IP layers.
 */
#pragma once

#include "protocol/dissection.h"
#include "protocol/flow.h"

struct device_match;

struct device_match *device_match_new(uint64_t hash_seed); /* NULL without memory */
void device_match_free(struct device_match *match);

/* Both ends included. A flow may be an address (flow_key_is_address): all its packets. False without memory.
 */
bool device_match_add(struct device_match *match, const struct flow_key *flow, int64_t from_ns,
                      int64_t to_ns);

/* Call once behind the last add. */
void device_match_settle(struct device_match *match);

struct device_span {
    struct flow_key flow;
    int64_t from_ns, to_ns;
};

/* Sorted by flow and time; overlapping spans of one flow melted into one. Valid after settle. */
const struct device_span *device_match_spans(const struct device_match *match, uint32_t *n);

/*
 * One look at a packet that nothing but device_match_demand is asked of, with the preferences there are when
 * nobody gives any: false when it is not the device's, and dissecting it would leave nothing behind for later
 * ones. demand is settled.
 */
bool device_match_may_be(const struct device_match *match, const struct demand *demand,
                         const struct packet *packet);

/* What a dissection must be asked for; it needs a state too, for what lies in fragments. */
void device_match_demand(struct demand *demand);

enum device_match_result {
    DEVICE_OTHER,
    DEVICE_PACKET,
    /* A fragment between the device's addresses that came before its first one: *datagram tells, once the
     * answer to a later packet is DEVICE_PACKET with the same number, that it was the device's too. */
    DEVICE_UNDECIDED,
};

/* Packets in time order. *datagram: 0 unless the packet is a fragment. */
enum device_match_result device_match_packet(struct device_match *match, const struct dissection *d,
                                             uint64_t *datagram);
