/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/flow.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

bool flow_key_make(struct flow_key *key, const struct ip_address *source, uint16_t source_port,
                   const struct ip_address *destination, uint16_t destination_port, uint8_t protocol)
{
    int order = memcmp(source->bytes, destination->bytes, sizeof source->bytes);
    bool is_forward = order < 0 || (order == 0 && source_port <= destination_port);

    if (is_forward)
        *key = (struct flow_key) { *source, *destination, source_port, destination_port, protocol, 0 };
    else
        *key = (struct flow_key) { *destination, *source, destination_port, source_port, protocol, 0 };
    return is_forward;
}

uint64_t flow_key_hash(const struct flow_key *key, uint64_t seed)
{
    return XXH3_64bits_withSeed(key, sizeof *key, seed);
}
