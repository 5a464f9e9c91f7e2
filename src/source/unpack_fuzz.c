/* SPDX-License-Identifier: Apache-2.0 */
#include "source/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEP_BYTES = 100, OUTPUT_LIMIT_BYTES = 8 << 20 };

static enum unpack_result give(void *context, uint8_t *data, size_t cap, size_t *len, struct error *error)
{
    struct bytes *left = context;
    size_t n = left->len < STEP_BYTES ? left->len : STEP_BYTES;

    (void)error;
    *len = n < cap ? n : cap;
    if (*len == 0)
        return UNPACK_END;
    memcpy(data, left->data, *len);
    *left = (struct bytes) { left->data + *len, left->len - *len };
    return UNPACK_BYTES;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[70000];
    struct bytes left = { data, size };
    struct error error;
    struct unpack *unpack = unpack_new(give, &left, &error);
    size_t total = 0, len;

    while (unpack && total < OUTPUT_LIMIT_BYTES &&
           unpack_read(unpack, out, sizeof out, &len, &error) == UNPACK_BYTES)
        total += len;
    unpack_free(unpack);
    return 0;
}
