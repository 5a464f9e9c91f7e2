/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decap - takes the mirror's wrapping off: a frame in VXLAN becomes the frame inside, seen on an interface
 * that is named after where it came from. What is not wrapped stays as it is. One thread.
 */
#pragma once

#include "base/error.h"
#include "packet/interface.h"
#include "packet/packet.h"

struct decap;

/* interfaces: the stream's table, to which mirrors are added; borrowed. NULL with *error set. */
struct decap *decap_new(struct interface_table *interfaces, uint64_t hash_seed, struct error *error);
void decap_free(struct decap *decap);

enum decap_result {
    DECAP_PLAIN,     /* not wrapped: *packet is as it was */
    DECAP_INNER,     /* *packet is the inner frame, borrowed from the same bytes */
    DECAP_INNER_CUT, /* the same; the mirror had kept only a part, and its length was rebuilt from its IP
                        header */
    DECAP_FAULT,     /* *error: no room for another interface */
};

enum decap_result decap_packet(struct decap *decap, struct packet *packet, struct error *error);
