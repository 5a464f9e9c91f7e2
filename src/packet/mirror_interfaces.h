/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mirror_interfaces - the pcapng interface of each mirror: one for a tunnel's sender and network identifier,
 * named "vxlan 10.20.1.10 vni 42", made on first sight. Bounded: senders beyond MIRROR_INTERFACES_LIMIT share
 * "vxlan other".
 */
#pragma once

#include "base/error.h"
#include "base/ip_address.h"
#include "packet/interface.h"

enum { MIRROR_INTERFACES_LIMIT = 4096 };

struct mirror_interfaces;

/*
 * pattern: what every such interface has in common (linktype, snaplen, description, filter); copied. NULL
 * with *error set.
 */
struct mirror_interfaces *mirror_interfaces_new(const struct interface *pattern, uint64_t hash_seed,
                                                struct error *error);
void mirror_interfaces_free(struct mirror_interfaces *mirrors);

/*
 * Its number in the stream's table, which is the same one at each call: named here and not at the start,
 * since a source is given another table when it is put into a thread. UINT32_MAX with *error set when that is
 * full. An IPv4-mapped sender
 * (::ffff:10.0.0.1) is the IPv4 one.
 */
uint32_t mirror_interfaces_get(struct mirror_interfaces *mirrors, struct interface_table *interfaces,
                               const struct ip_address *sender, uint32_t vni, struct error *error);
