/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_list - bindings of many segments put together: one entry an identity, with the addresses it was at.
 * A stay at an address that goes on in the next segment becomes one. Knows no files.
 *
 * Memory grows with the number of devices and their moves, up to DEVICE_STAYS; past it, stays are counted and
 * left out.
 */
#pragma once

#include "device/binding.h"

enum { DEVICE_STAYS = 1 << 22 };

struct device_stay { /* one address for a while */
    struct ip_address address;
    uint16_t port;
    enum binding_reason reason;
    int64_t from_ns, to_ns;
    uint64_t n_packets, n_bytes;
    uint64_t session;
};

struct device_entry {
    enum identity_scheme scheme;
    struct bytes identity;
    int64_t first_ns, last_ns;
    uint64_t n_packets, n_bytes;
    const struct device_stay *stays; /* by time */
    uint32_t n_stays;
};

struct device_list;

struct device_list *device_list_new(void); /* NULL without memory */
void device_list_free(struct device_list *list);

/* Copies. False without memory. Bindings without an identity are passed over. */
bool device_list_add(struct device_list *list, const struct binding *binding);

/* Sorts and joins: call once, behind the last add. The entries, by scheme and identity, live as long as the
 * list. */
const struct device_entry *device_list_finish(struct device_list *list, uint32_t *n);

uint64_t device_list_left_out(const struct device_list *list); /* stays past DEVICE_STAYS */
