/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_strip - when a device was here: packets by the hour, or by the day where hours would be too many to
 * send.
 *
 * Slots nobody was here in cost nothing to send, so two hours that lie years apart stay hours. Spans come
 * from bindings, which know how many packets went from when to when and not when each went: they are spread
 * evenly.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    DEVICE_STRIP_PRESENT_LIMIT = 2000,  /* slots with packets: 83 days by the hour */
    DEVICE_STRIP_SLOTS_LIMIT = 1 << 18, /* slots in all: 29 years by the hour, 2 MB */
};

/* A stay: some packets, from_ns to to_ns, both included. */
struct device_strip_span {
    int64_t from_ns, to_ns;
    uint64_t n_packets;
};

struct device_strip {
    int64_t from_ns; /* a whole slot since 1970, UTC */
    int64_t slot_ns; /* an hour, a day, or 2, 4, 8 … of them */
    uint64_t n_slots, n_present;
    uint64_t *packets; /* n_slots; at least 1 wherever somebody was here */
};

/* The finest strip within the limits. False without memory; to be cleared either way. */
bool device_strip_make(struct device_strip *strip, const struct device_strip_span *spans, uint32_t n);
void device_strip_clear(struct device_strip *strip);
