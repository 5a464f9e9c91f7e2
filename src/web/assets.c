/* SPDX-License-Identifier: Apache-2.0 */
/* assets - see assets.h. The table itself is made while building, from the built page (ui/embed.py). */
#include "web/assets.h"

#include <libdeflate.h>

const struct asset *asset_find(struct bytes path)
{
    size_t from = 0, to = asset_count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = bytes_compare(path, bytes_text(asset_table[middle].path));

        if (order == 0)
            return &asset_table[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

bool asset_unpack(const struct asset *asset, uint8_t *plain)
{
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    enum libdeflate_result result;

    if (!decompressor)
        return false;
    result = libdeflate_gzip_decompress(decompressor, asset->gzip.data, asset->gzip.len, plain,
                                        asset->plain_len, NULL);
    libdeflate_free_decompressor(decompressor);
    return result == LIBDEFLATE_SUCCESS;
}
