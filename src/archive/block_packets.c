/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/block_packets.h"

#include <stdlib.h>

#include "archive/segment_file.h"
#include "archive/segment_format.h"
#include "base/reader.h"

enum { PACKETS_FIRST = 1024 };

void block_packets_init(struct block_packets *block, const char *path, int fd)
{
    *block = (struct block_packets) { .path = path, .fd = fd };
    buffer_init(&block->stored, SEGMENT_RAW_LIMIT_BYTES + 64 * 1024);
    buffer_init(&block->raw, SEGMENT_RAW_LIMIT_BYTES);
}

void block_packets_clear(struct block_packets *block)
{
    block_unpacker_clear(&block->unpacker);
    buffer_clear(&block->stored);
    buffer_clear(&block->raw);
    free(block->packets);
    block->packets = NULL;
    block->cap_packets = 0;
}

bool block_packets_load(struct block_packets *block, const struct segment_block *row, struct error *error)
{
    uint8_t *stored, *raw;
    ptrdiff_t n;

    buffer_empty(&block->stored);
    buffer_empty(&block->raw);
    stored = buffer_room(&block->stored, (size_t)row->stored_bytes + 1);
    raw = buffer_room(&block->raw, (size_t)row->raw_bytes + 1);
    if (stored == NULL || raw == NULL)
        return error_set(error, ERROR_DAMAGED, "it is larger than a block may be, or there is no memory");
    n = segment_file_read(block->fd, block->path, row->offset, stored, row->stored_bytes, error);
    if (n < 0)
        return false;
    if ((size_t)n != row->stored_bytes)
        return error_set(error, ERROR_DAMAGED, "the file ends within it");
    if (!block_unpack(&block->unpacker, block->codec, bytes_of(stored, row->stored_bytes), raw,
                      row->raw_bytes, error))
        return false;
    block->raw.len = row->raw_bytes;
    return true;
}

static bool make_room_for_packets(struct block_packets *block, uint32_t n)
{
    uint32_t cap = block->cap_packets ? block->cap_packets : PACKETS_FIRST;
    struct packet *packets;

    if (n <= block->cap_packets)
        return true;
    while (cap < n)
        cap *= 2;
    packets = realloc(block->packets, cap * sizeof *packets);
    if (packets == NULL)
        return false;
    block->packets = packets;
    block->cap_packets = cap;
    return true;
}

bool block_packets_list(struct block_packets *block, struct pcapng_reader *pcapng, struct bytes raw,
                        uint32_t *n, size_t *used, struct error *error)
{
    enum pcap_result result = PCAP_READ;

    *n = 0;
    *used = 0;
    while (result == PCAP_READ && *used < raw.len) {
        size_t part, needed;
        uint32_t more;

        if (!make_room_for_packets(block, *n + PACKETS_FIRST))
            return error_set(error, ERROR_SYSTEM, "no memory for the packets of a block");
        result =
            pcapng_read_packets(pcapng, bytes_of(raw.data + *used, raw.len - *used), *used,
                                block->packets + *n, block->cap_packets - *n, &more, &part, &needed, error);
        *n += more;
        *used += part;
    }
    return result != PCAP_DAMAGED;
}

struct bytes block_behind_section_header(struct bytes raw)
{
    struct reader r = reader_over(raw);
    uint32_t type, len;

    if (!reader_u32le(&r, &type) || type != PCAPNG_SECTION || !reader_u32le(&r, &len) || len > raw.len)
        return raw;
    return bytes_of(raw.data + len, raw.len - len);
}
