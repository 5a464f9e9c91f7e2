/* SPDX-License-Identifier: Apache-2.0 */
/*
 * held_packets - copies of fragments of which it is not known yet whose they are, for a moment. Bounded: the
 * oldest falls out, and is counted.
 */
#pragma once

#include "packet/packet.h"

struct held_packets;

struct held_packets *held_packets_new(void); /* NULL without memory */
void held_packets_free(struct held_packets *held);

void held_packets_put(struct held_packets *held, uint64_t datagram, const struct packet *packet);

/* The oldest one of the datagram; borrowed until the next call. False when there is none (left). */
bool held_packets_take(struct held_packets *held, uint64_t datagram, struct packet *packet);

uint64_t held_packets_dropped(const struct held_packets *held);
