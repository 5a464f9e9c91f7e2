/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sieve - a filter's quick first question. Of most packets of a long scan it can be said at a glance that
 * they do not match, and that dissecting them would change nothing that is remembered for later packets:
 * these a source need not hand over. Of all others the sieve says nothing, and they go the whole road.
 *
 * Passed over is a packet of a known shape when no test of the filter's program can come true for what its
 * headers say and what may follow them, and nothing that may follow keeps what a shown value could need.
 *
 * Each test is held against the shape's headers (protocol/shape.h): it holds, it does not, or nobody can
 * tell, because what it asks about may lie in what follows. What may follow is the protocol that udp_next
 * names, and all that can lie in it (may_carry), as far as anybody would look: but for the datagrams of which
 * the protocol itself says that they hold nothing of interest (struct protocol's is_idle), among them those
 * without the bytes that every match must show (idle_question's needle).
 *
 * An error can only go one way: a packet too many on the whole road.
 */
#pragma once

#include "filter/filter.h"
#include "packet/packet_sieve.h"

struct sieve;

/*
 * demand: all that packets are dissected with, the filter's included, settled. filter, demand and preferences
 * are borrowed. NULL when nothing could be passed over, or without memory: then every packet is looked at.
 *
 * Whoever uses it keeps frame numbers right by counting what is passed over too, and always looks at a
 * stream's first packet, from which times count.
 */
struct sieve *sieve_new(const struct filter *filter, const struct demand *demand,
                        const struct preferences *preferences);
void sieve_free(struct sieve *sieve);

/* The same as a source takes it; lives as long as the sieve. */
const struct packet_sieve *sieve_of_packets(const struct sieve *sieve);

/* One packet: must it be looked at? */
bool sieve_keeps(const struct sieve *sieve, const struct packet *packet);
