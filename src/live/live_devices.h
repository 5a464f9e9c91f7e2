/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_devices - whose each packet is, as packets come: the device tracker, begun where the archive's newest
 * segments left the devices. One thread.
 *
 * A name is known from the packet on that spells it; what a device sent before (its first hello) is named
 * only by who looks back, from the archive. Rejected: holding rows back until it is known.
 */
#pragma once

#include "device/names.h"
#include "protocol/dissection.h"

struct live_devices;

enum { LIVE_DEVICES_SEGMENTS = 64 }; /* whose bindings are taken up, as the recorder does */

struct live_devices *live_devices_new(uint64_t hash_seed); /* NULL without memory */
void live_devices_free(struct live_devices *devices);

/* Before the first packet: takes up what the newest segments say. May take a second. */
void live_devices_restore(struct live_devices *devices, const char *archive);

/* What a dissection must be asked for; to be merged. */
void live_devices_demand(struct demand *demand);

struct packet_owner {
    const struct names *names; /* NULL: nobody known. Borrowed until the next packet */
    bool is_sender;            /* the device sent it */
};

/* The next packet, dissected: whose it is. */
void live_devices_packet(struct live_devices *devices, const struct dissection *d,
                         struct packet_owner *owner);

enum { DEVICE_LABEL_BYTES = 2 * IDENTITY_LIMIT_BYTES };

/* Which of the names is shown, as it would be searched: text, or hex where it is none. Empty: nobody's. */
struct bytes packet_owner_label(const struct packet_owner *owner, char room[static DEVICE_LABEL_BYTES]);
