/* SPDX-License-Identifier: Apache-2.0 */
/* A frame of rows from anyone: what can be read is put into a frame again, and says the same. */
#include "live/row_frame.h"

#include <stdlib.h>

struct again {
    struct row_frame *frame;
    uint64_t last;
    uint32_t n;
    bool is_in_order;
};

static void put(void *context, const struct row *row)
{
    struct again *again = context;

    again->is_in_order &= again->n == 0 || row->number >= again->last;
    again->last = row->number;
    again->n++;
    if (again->is_in_order && !row_frame_add(again->frame, row))
        again->is_in_order = false;
}

static void count(void *context, const struct row *row)
{
    (void)row;
    ++*(uint32_t *)context;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct row_frame *frame;
    struct again again = { .is_in_order = true };
    uint32_t view, flags, n = 0;
    bool is_frame;
    struct shared_bytes *bytes;

    if (frame == NULL)
        frame = row_frame_new();
    again.frame = frame;
    is_frame = row_frame_read((struct bytes) { data, size }, &view, &flags, put, &again);
    bytes = row_frame_end(frame, 0);
    if (bytes && is_frame && again.is_in_order &&
        (!row_frame_read(shared_bytes_view(bytes), &view, &flags, count, &n) || n != again.n))
        abort();
    shared_bytes_release(bytes);
    return 0;
}
