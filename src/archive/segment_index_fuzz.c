/* SPDX-License-Identifier: Apache-2.0 */
/* The checksum is made right first, or nothing behind it would ever be reached. */
#include "archive/posting.h"

#include <stdlib.h>

#include "archive/segment_index_encode.h"
#include "archive/segment_index_map.h"

static bool look(void *context, const struct binding *binding)
{
    *(volatile uint64_t *)context += binding->identity.len + binding->flow.port_low;
    return true;
}

static bool look_at_interface(void *context, const struct interface *interface)
{
    *(volatile uint64_t *)context += strlen(interface->name);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hint hints[] = {
        { .kind = HINT_ADDRESS, .prefix = { { { 10 }, 4 }, 8 } },
        { .kind = HINT_PORT, .port = { 0, 6000 } },
        { .kind = HINT_FLOW, .flow = { { .low = { { 10 }, 4 }, .high = { { 10, 1 }, 4 } }, 0, INT64_MAX } },
        { .kind = HINT_IDENTITY, .identity = { (const uint8_t *)"D:79", 4 } },
        { .kind = HINT_PROTOCOL, .protocol = PROTOCOL_UDP },
        { .kind = HINT_TIME, .time = { 0, 1 } },
    };
    struct error error;
    struct segment_index *index;
    volatile uint64_t seen = 0;
    uint8_t *file = malloc(size + 1);
    uint64_t *bits;

    memcpy(file, data, size);
    if (size >= INDEX_HEAD_BYTES) {
        uint64_t len = size, checksum;

        memcpy(file + 16, &len, sizeof len);
        checksum = segment_index_checksum(bytes_of(file, size));
        memcpy(file + INDEX_CHECKSUM_AT, &checksum, sizeof checksum);
    }
    index = segment_index_over(bytes_of(file, size), "fuzzed", &error);
    if (index) {
        bits = calloc(posting_words(segment_index_blocks(index)) + 1, sizeof *bits);
        for (unsigned i = 0; i < sizeof hints / sizeof hints[0]; i++)
            seen += segment_index_candidates(index, &hints[i], bits);
        segment_index_bindings(index, look, (void *)&seen);
        index_interfaces(index, look_at_interface, (void *)&seen);
        free(bits);
    }
    segment_index_close(index);
    free(file);
    return 0;
}
