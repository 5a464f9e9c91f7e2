/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dtls_handshake - the messages inside DTLS handshake records of epoch 0 (RFC 6347 section 4.2.2), put
 * together from fragments.
 */
#pragma once

#include "base/ip_address.h"
#include "protocol/dissection.h"

enum dissect_result dtls_handshake_messages(struct dissection *d, struct reader *r);

/* Where the datagram under dissection goes: the innermost IP layer's destination and its UDP port. */
bool dtls_destination(const struct dissection *d, struct ip_address *address, uint16_t *port);
