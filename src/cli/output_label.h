/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_label - a layer in words, as `tshark -T fields -e udp` prints a protocol: "User Datagram Protocol,
 * Src Port: 5683, Dst Port: 40000". A protocol without words of its own here has its name, as most have in
 * tshark.
 */
#pragma once

#include "base/buffer.h"
#include "protocol/dissection.h"

/* What the words of a protocol's layers are made from; to be merged with others'. */
void output_label_demand(enum protocol_id protocol, struct demand *demand);

/* Appends the words of the layer with that number. False: no room. */
bool output_label(struct buffer *text, const struct dissection *d, uint32_t layer);
