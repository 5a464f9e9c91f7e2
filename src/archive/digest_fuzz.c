/* SPDX-License-Identifier: Apache-2.0 */
/* The checksums of the head and of the first record are made right first, or nothing behind them would be
 * reached. */
#include "archive/digest_file.h"

#include <stdlib.h>

#include "archive/store_le.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char path[] = "/a/20240829T100000.000000000Z-n-1.tdx";
    struct catalog_entry entry = {
        .index_path = path, .has_index = true, .stored_bytes = 1, .index_bytes = 2
    };
    struct catalog catalog = { &entry, 1 };
    struct hint hints[] = {
        { .kind = HINT_ADDRESS, .prefix = { { { 10 }, 4 }, 24 } },
        { .kind = HINT_PORT, .port = { 0, 6000 } },
        { .kind = HINT_FLOW, .flow = { { .low = { { 10 }, 4 }, .high = { { 10, 1 }, 4 } }, 0, INT64_MAX } },
        { .kind = HINT_IDENTITY, .identity = { (const uint8_t *)"D:79", 4 } },
    };
    uint8_t *file = calloc(1, size + 1);
    struct digest *digest;

    memcpy(file, data, size);
    if (size > DIGEST_HEAD_BYTES + DIGEST_RECORD_HEAD_BYTES + 40) {
        uint8_t *record = file + DIGEST_HEAD_BYTES;
        size_t stem = strlen(path) - strlen("/a/.tdx"),
               checked = DIGEST_RECORD_HEAD_BYTES - 16 + (stem + 7) / 8 * 8;

        memcpy(file, DIGEST_MAGIC, 8);
        store_u32le(file + 8, DIGEST_VERSION);
        store_u64le(file + 16, 7);
        store_u64le(file + 24, XXH3_64bits(file, 24));
        store_u32le(record, DIGEST_RECORD_MAGIC);
        store_u64le(record + 16, 1);
        store_u64le(record + 24, 2);
        store_u64le(record + 32, 0);
        store_u32le(record + 88, (uint32_t)stem);
        memcpy(record + DIGEST_RECORD_HEAD_BYTES, path + strlen("/a/"), stem);
        store_u64le(record + 8, XXH3_64bits_withSeed(record + 16, checked, 7));
    }
    digest = digest_over(bytes_of(file, size), &catalog);
    for (unsigned i = 0; digest && i < sizeof hints / sizeof *hints; i++)
        (void)digest_may_match(digest, 0, &hints[i]);
    digest_close(digest);
    free(file);
    return 0;
}
