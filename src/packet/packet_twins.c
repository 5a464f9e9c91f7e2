/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/packet_twins.h"

#include <string.h>

void packet_twins_init(struct packet_twins *twins)
{
    twins->ts_ns = INT64_MIN;
    twins->n = 0;
    twins->n_overlooked = 0;
}

static bool are_same_interface(const struct interface_table *interfaces, uint32_t a, uint32_t b)
{
    return a == b || (a < interfaces->n && b < interfaces->n &&
                      strcmp(interfaces->items[a].name, interfaces->items[b].name) == 0);
}

bool packet_twins_meet(struct packet_twins *twins, const struct interface_table *interfaces,
                       const struct packet *packet, uint64_t digest, uint32_t input, uint32_t *other)
{
    struct packet_twin *own = NULL;
    uint32_t most = 0;

    if (packet->ts_ns != twins->ts_ns) {
        twins->ts_ns = packet->ts_ns;
        twins->n = 0;
    }
    for (uint32_t i = 0; i < twins->n; i++) {
        struct packet_twin *item = &twins->items[i];

        if (item->digest != digest || !are_same_interface(interfaces, item->interface, packet->interface))
            continue;
        if (item->input == input) {
            own = item;
        } else if (item->n > most) {
            most = item->n;
            *other = item->input;
        }
    }
    if (own == NULL) {
        if (twins->n == PACKET_TWINS_LIMIT) {
            twins->n_overlooked++;
            return most > 0;
        }
        own = &twins->items[twins->n++];
        *own = (struct packet_twin) { .digest = digest, .interface = packet->interface, .input = input };
    }
    return ++own->n <= most;
}
