/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/batch.h"

#include <stdlib.h>

bool batch_init(struct batch *batch, size_t cap_bytes)
{
    struct packet *packets = calloc(BATCH_PACKETS, sizeof *packets);
    uint8_t *data = cap_bytes ? malloc(cap_bytes) : NULL;

    if (packets == NULL || (cap_bytes && data == NULL)) {
        free(packets);
        free(data);
        return false;
    }
    *batch = (struct batch) { .packets = packets, .data = data, .cap_bytes = cap_bytes };
    return true;
}

void batch_clear(struct batch *batch)
{
    free(batch->packets);
    free(batch->data);
    *batch = (struct batch) { 0 };
}

void batch_empty(struct batch *batch)
{
    batch->n = 0;
    batch->used_bytes = 0;
}
