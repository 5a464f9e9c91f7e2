/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state - what dissection remembers from one packet to the next: fragments and handshake messages under way,
 * and what each DTLS association agreed on. All of it bounded; the oldest goes first, and is counted.
 */
#pragma once

#include "protocol/flow.h"
#include "protocol/protocol.h"
#include "protocol/reassembly.h"
#include "protocol/tls_session.h"

struct dissect_state;

struct dissect_state *dissect_state_new(uint64_t hash_seed); /* NULL without memory */
void dissect_state_free(struct dissect_state *state);

/* What protocol remembers: made by its state_new when first asked for. NULL without memory or state_new. */
void *dissect_state_of(struct dissect_state *state, enum protocol_id protocol);

/* A new packet begins: what the last one completed may be forgotten. */
void dissect_state_begin(struct dissect_state *state);

/* How many have begun: by it a protocol tells what it may free. */
uint64_t dissect_state_packets(const struct dissect_state *state);

struct reassembly *dissect_state_ip(struct dissect_state *state);         /* IP datagrams */
struct reassembly *dissect_state_handshakes(struct dissect_state *state); /* DTLS handshake messages */

/*
 * What the DTLS association of a conversation agreed on (its cipher suite: of the newest ServerHello); NULL
 * when unknown. _remember makes room by forgetting an older one; NULL without memory.
 */
struct tls_session *dissect_state_dtls(struct dissect_state *state, const struct flow_key *flow);
struct tls_session *dissect_state_dtls_remember(struct dissect_state *state, const struct flow_key *flow);

/*
 * Lengths of the connection ids that an end (address and port) asked to receive: RFC 9146 section 4 does not
 * put them on the wire. 0: unknown.
 */
uint8_t dissect_state_cid_len(struct dissect_state *state, const struct ip_address *address, uint16_t port);
void dissect_state_cid_learn(struct dissect_state *state, const struct ip_address *address, uint16_t port,
                             uint8_t len);

uint64_t dissect_state_evicted(const struct dissect_state *state);
