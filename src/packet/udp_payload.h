/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp_payload - what a captured frame carries in UDP, for who sends it again. The outermost IP packet only;
 * whole datagrams only: fragments have no answer. Dissection proper is protocol/'s; this knows just the way
 * there.
 */
#pragma once

#include "packet/packet.h"

struct udp_payload {
    uint16_t port; /* destination */
    struct bytes bytes;
};

/* False when the frame is no UDP over IPv4 or IPv6, or its headers are cut off. *payload borrows from frame.
 */
bool udp_payload_find(struct bytes frame, uint16_t linktype, struct udp_payload *payload);
