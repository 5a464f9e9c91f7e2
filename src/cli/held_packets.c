/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/held_packets.h"

#include <stdlib.h>

enum { HELD_LIMIT = 256, HELD_PACKET_BYTES = 1 << 16 };

struct held {
    uint64_t datagram; /* 0: free */
    struct packet packet;
    uint8_t *data; /* its bytes, then its options; kept for the next one */
    uint32_t cap;
};

struct held_packets {
    struct held ring[HELD_LIMIT];
    uint32_t next; /* the oldest, to be taken for the next one */
    uint64_t n_dropped;
};

struct held_packets *held_packets_new(void)
{
    return calloc(1, sizeof(struct held_packets));
}

void held_packets_free(struct held_packets *held)
{
    if (held == NULL)
        return;
    for (uint32_t i = 0; i < HELD_LIMIT; i++)
        free(held->ring[i].data);
    free(held);
}

void held_packets_put(struct held_packets *held, uint64_t datagram, const struct packet *packet)
{
    struct held *place = &held->ring[held->next];
    uint32_t needed = packet->caplen + packet->options_len;

    held->n_dropped += place->datagram != 0;
    place->datagram = 0;
    if (needed > place->cap) {
        uint8_t *data = needed > HELD_PACKET_BYTES ? NULL : realloc(place->data, needed);

        if (data == NULL) {
            held->n_dropped++;
            return;
        }
        place->data = data;
        place->cap = needed;
    }
    memcpy(place->data, packet->data, packet->caplen);
    place->packet = *packet;
    place->packet.data = place->data;
    if (packet->options_len)
        memcpy(place->data + packet->caplen, packet->options, packet->options_len);
    place->packet.options = packet->options_len ? place->data + packet->caplen : NULL;
    place->datagram = datagram;
    held->next = (held->next + 1) % HELD_LIMIT;
}

bool held_packets_take(struct held_packets *held, uint64_t datagram, struct packet *packet)
{
    for (uint32_t i = 0; i < HELD_LIMIT; i++) {
        struct held *place = &held->ring[(held->next + i) % HELD_LIMIT];

        if (place->datagram == datagram) {
            place->datagram = 0;
            *packet = place->packet;
            return true;
        }
    }
    return false;
}

uint64_t held_packets_dropped(const struct held_packets *held)
{
    return held->n_dropped;
}
