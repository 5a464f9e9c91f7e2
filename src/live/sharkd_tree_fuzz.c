/* SPDX-License-Identifier: Apache-2.0 */
/* What a broken sharkd may answer: never more than the tree's JSON in, never past it. */
#include "live/sharkd_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct buffer layers;

    buffer_init(&layers, 1 << 20);
    sharkd_tree_put(bytes_of(data, len), &layers);
    buffer_clear(&layers);
    return 0;
}
