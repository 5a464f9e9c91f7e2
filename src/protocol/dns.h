/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns - messages of the Domain Name System, for the protocols that have its format: DNS itself, mDNS, LLMNR.
 * Their layers carry the fields of DNS (struct protocol's lends_to).
 */
#pragma once

#include "protocol/dissection.h"

enum { DNS_TRANSACTIONS = 1 << 14 }; /* queries remembered for their responses; each some 150 bytes */

/* Pushes a layer of protocol with the message that *r holds. */
enum dissect_result dns_message_dissect(struct dissection *d, struct reader *r, enum protocol_id protocol);
