/* SPDX-License-Identifier: Apache-2.0 */
#include "live/live_devices.h"

#include <stdlib.h>

#include "archive/catalog.h"
#include "archive/segment_index.h"
#include "base/utf8.h"
#include "device/tracker.h"
#include "protocol/fragment_flow.h"

struct live_devices {
    struct tracker *tracker;
    struct fragment_flows *fragments;
    uint64_t hash_seed;
    uint32_t place; /* of the packet, for fragment_flow */
};

/* What ends is in the archive: nobody keeps it here. */
static void on_binding(void *context, const struct binding *binding)
{
    (void)context;
    (void)binding;
}

static bool restore_one(void *context, const struct binding *binding)
{
    tracker_restore(context, binding);
    return true;
}

struct live_devices *live_devices_new(uint64_t hash_seed)
{
    struct live_devices *devices = calloc(1, sizeof *devices);
    struct tracker_options options = { .hash_seed = hash_seed, .binding = on_binding };

    if (devices == NULL)
        return NULL;
    devices->hash_seed = hash_seed;
    devices->tracker = tracker_new(&options);
    devices->fragments = fragment_flows_new(hash_seed);
    if (!devices->tracker || !devices->fragments) {
        live_devices_free(devices);
        return NULL;
    }
    return devices;
}

void live_devices_free(struct live_devices *devices)
{
    if (devices == NULL)
        return;
    tracker_free(devices->tracker);
    fragment_flows_free(devices->fragments);
    free(devices);
}

/* What cannot be read says nothing: its devices are known again by their next handshakes. */
void live_devices_restore(struct live_devices *devices, const char *archive)
{
    struct catalog catalog = { 0 };
    struct error ignored;

    if (!catalog_load(&catalog, archive, &ignored))
        return;
    for (uint32_t i = catalog.n > LIVE_DEVICES_SEGMENTS ? catalog.n - LIVE_DEVICES_SEGMENTS : 0;
         i < catalog.n; i++) {
        struct segment_index *index =
            catalog.entries[i].has_index ? segment_index_open(catalog.entries[i].index_path, &ignored) : NULL;

        if (index == NULL)
            continue;
        segment_index_bindings(index, restore_one, devices->tracker);
        segment_index_close(index);
    }
    catalog_clear(&catalog);
}

void live_devices_demand(struct demand *demand)
{
    tracker_demand(demand);
}

/* Of nested conversations the innermost that has one. */
void live_devices_packet(struct live_devices *devices, const struct dissection *d, struct packet_owner *owner)
{
    *owner = (struct packet_owner) { 0 };
    devices->place++;
    for (uint32_t i = 0; i < d->n_layers; i++) {
        enum fragment_flow_result result;
        struct fragment_flow flow;
        struct tracker_owner found;
        uint64_t hash;

        result = fragment_flow(devices->fragments, d, i, devices->place, &flow);
        if (result == FRAGMENT_FLOW_NONE || result == FRAGMENT_FLOW_EARLY)
            continue;
        hash = flow_key_hash(&flow.key, devices->hash_seed);
        tracker_packet(devices->tracker, d, i, &flow.key, hash, flow.is_forward, devices->place);
        if (tracker_owner(devices->tracker, &flow.key, hash, &found))
            *owner = (struct packet_owner) { found.names, flow.is_forward == found.is_client_low };
    }
}

/* A device's own name rather than its user's, its address's or whom it spoke to; of several the first. */
static bool name_shown(const struct names *names, struct identity_name *shown)
{
    static const enum identity_class order[] = { IDENTITY_OF_DEVICE, IDENTITY_OF_GROUP, IDENTITY_OF_ADDRESS };
    struct identity_name name;

    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        for (size_t at = 0; names_next(names, &at, &name);)
            if (identity_scheme_class(name.scheme) == order[i]) {
                *shown = name;
                return true;
            }
    return false;
}

struct bytes packet_owner_label(const struct packet_owner *owner, char room[static DEVICE_LABEL_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    struct identity_name name;

    if (owner->names == NULL || !name_shown(owner->names, &name))
        return (struct bytes) { 0 };
    if (utf8_is_printable(name.identity))
        return name.identity;
    for (size_t i = 0; i < name.identity.len; i++) {
        room[2 * i] = digits[name.identity.data[i] >> 4];
        room[2 * i + 1] = digits[name.identity.data[i] & 15];
    }
    return bytes_of(room, 2 * name.identity.len);
}
