/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_le - numbers into bytes that were left for them, little endian. Internal to this folder.
 */
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline void store_u64le(uint8_t *at, uint64_t value)
{
    value = htole64(value);
    memcpy(at, &value, sizeof value);
}

static inline void store_u32le(uint8_t *at, uint32_t value)
{
    value = htole32(value);
    memcpy(at, &value, sizeof value);
}
