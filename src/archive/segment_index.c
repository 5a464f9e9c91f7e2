/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening checks what everything rests on: size, checksum, sections, the whole block table. What lies in the
 * other sections is checked where it is read; the checksum has said that nothing was damaged since it was
 * written, so that is for files made by strangers.
 */
#include "archive/segment_index_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/block_columns.h"
#include "archive/segment_index_encode.h"

/* ---- opening ---- */

static bool read_sections(struct segment_index *index, struct bytes file, struct reader r, uint32_t n)
{
    for (; n; n--) {
        uint32_t kind, zero;
        uint64_t offset, len;

        if (!reader_u32le(&r, &kind) || !reader_u32le(&r, &zero) || !reader_u64le(&r, &offset) ||
            !reader_u64le(&r, &len))
            return false;
        if (offset % 8 || offset > file.len || len > file.len - offset)
            return false;
        if (kind == 0 || kind > INDEX_RECORDING)
            continue; /* of a later version */
        if (index->sections[kind].data)
            return false;
        index->sections[kind] = bytes_of(file.data + offset, len);
    }
    for (unsigned kind = 1; kind < INDEX_SECTION_END; kind++) {
        if (index->sections[kind].data == NULL)
            return false;
    }
    return true;
}

static bool read_summary(struct segment_index *index)
{
    struct reader r = reader_over(index->sections[INDEX_SUMMARY]);
    uint64_t min_ts, max_ts;
    uint32_t codec;

    if (!reader_u64le(&r, &index->segment_bytes) || !reader_u64le(&r, &index->raw_bytes) ||
        !reader_u64le(&r, &index->n_packets) || !reader_u64le(&r, &min_ts) || !reader_u64le(&r, &max_ts) ||
        !reader_u32le(&r, &index->n_blocks) || !reader_u32le(&r, &codec) ||
        !reader_u64le(&r, &index->n_folds) || !reader_u64le(&r, &index->n_bindings_cut))
        return false;
    if (codec > CODEC_GZIP)
        return false;
    index->min_ts_ns = (int64_t)min_ts;
    index->max_ts_ns = (int64_t)max_ts;
    index->codec = (enum codec)codec;
    return true;
}

static bool read_blocks(struct segment_index *index)
{
    uint64_t end = 0, n_packets = 0;

    index->blocks = index->n_blocks > INDEX_BLOCKS_LIMIT
                        ? NULL
                        : block_columns_take(index->sections[INDEX_BLOCKS], index->n_blocks);
    if (index->blocks == NULL)
        return false;
    for (uint32_t i = 0; i < index->n_blocks; i++) {
        const struct segment_block *row = &index->blocks[i];

        if (row->offset < end || row->offset > index->segment_bytes ||
            row->stored_bytes > index->segment_bytes - row->offset ||
            row->raw_bytes > SEGMENT_RAW_LIMIT_BYTES ||
            row->n_packets > row->raw_bytes / PCAPNG_BLOCK_LEAST_BYTES)
            return false;
        end = row->offset + row->stored_bytes;
        n_packets += row->n_packets;
    }
    return n_packets == index->n_packets;
}

static bool read_tables(struct segment_index *index)
{
    struct reader r = reader_over(index->sections[INDEX_ADDRESSES]);
    uint64_t n_flows;

    if (!reader_u32le(&r, &index->n4) || !reader_u32le(&r, &index->n6))
        return false;
    r = reader_over(index->sections[INDEX_FLOWS]);
    if (!reader_u32le(&r, &index->n_exact) || !reader_u32le(&r, &index->n_folded))
        return false;
    n_flows = (uint64_t)index->n_exact + index->n_folded;
    /* A column may say much in few bytes: but a flow has two addresses at most. */
    return n_flows <= FLOW_ROWS_LIMIT && (uint64_t)index->n4 + index->n6 <= 2 * n_flows;
}

struct segment_index *segment_index_over(struct bytes file, const char *name, struct error *error)
{
    struct segment_index *index = calloc(1, sizeof *index);
    struct reader r = reader_over(file);
    struct bytes magic;
    uint32_t version, n_sections;
    uint64_t file_bytes, checksum;
    const char *wrong = NULL;

    if (index == NULL) {
        error_set(error, ERROR_SYSTEM, "%s: no memory", name);
        return NULL;
    }
    if (!reader_bytes(&r, 8, &magic) || !bytes_equal(magic, bytes_of(INDEX_MAGIC, 8)))
        wrong = "is not an index of tapdeck";
    else if (!reader_u32le(&r, &version) || !reader_u32le(&r, &n_sections) ||
             !reader_u64le(&r, &file_bytes) || !reader_u64le(&r, &checksum) || file_bytes != file.len)
        wrong = "has not the size it was written with";
    else if (segment_index_checksum(file) != checksum)
        wrong = "does not have its checksum: it was damaged";
    else if (version != INDEX_VERSION)
        wrong = "is of another version";
    else if (n_sections > INDEX_SECTIONS_LIMIT || !read_sections(index, file, r, n_sections))
        wrong = "has a section that does not lie within it";
    else if (!read_summary(index) || !read_blocks(index))
        wrong = "has a block table that contradicts itself";
    else if (!read_tables(index))
        wrong = "has a table that does not fit its section";
    if (wrong == NULL && (index->tables = index_tables_new()) == NULL)
        wrong = "needs more memory than there is";
    if (wrong == NULL)
        return index;
    error_set(error, ERROR_DAMAGED, "%s: %s; tapdeck check --repair makes it anew", name, wrong);
    free(index->blocks);
    free(index);
    return NULL;
}

struct segment_index *segment_index_open(const char *path, struct error *error)
{
    struct segment_index *index;
    struct stat status;
    void *map;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &status) < 0) {
        error_system(error, "%s: cannot be opened", path);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (status.st_size < INDEX_HEAD_BYTES) {
        error_set(error, ERROR_DAMAGED, "%s: is too short for an index; tapdeck check --repair makes it anew",
                  path);
        close(fd);
        return NULL;
    }
    map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    close(fd);
    if (map == MAP_FAILED) {
        error_system(error, "%s: cannot be mapped", path);
        return NULL;
    }
    index = segment_index_over(bytes_of(map, (size_t)status.st_size), path, error);
    if (index == NULL) {
        munmap(map, (size_t)status.st_size);
        return NULL;
    }
    index->map = map;
    index->map_bytes = (size_t)status.st_size;
    return index;
}

void segment_index_close(struct segment_index *index)
{
    if (index == NULL)
        return;
    if (index->map)
        munmap((void *)index->map, index->map_bytes);
    index_tables_free(index->tables);
    free(index->blocks);
    free(index);
}

/* ---- what it says ---- */

uint32_t segment_index_blocks(const struct segment_index *index)
{
    return index->n_blocks;
}

bool segment_index_block(const struct segment_index *index, uint32_t block, struct segment_block *row)
{
    if (block >= index->n_blocks)
        return false;
    *row = index->blocks[block];
    return true;
}

uint64_t segment_index_raw_bytes(const struct segment_index *index)
{
    return index->raw_bytes;
}

uint64_t segment_index_packets(const struct segment_index *index)
{
    return index->n_packets;
}

int64_t segment_index_min_ts(const struct segment_index *index)
{
    return index->min_ts_ns;
}

int64_t segment_index_max_ts(const struct segment_index *index)
{
    return index->max_ts_ns;
}

bool index_address(const struct segment_index *index, uint32_t number, struct ip_address *address)
{
    struct reader r;
    struct bytes bytes, v4, v6;

    *address = (struct ip_address) { .family = 0 };
    if (number == INDEX_ADDRESS_ANY)
        return true;
    if (!index_addresses(index, &v4, &v6))
        return false;
    if (number < index->n4) {
        r = reader_over(v4);
        if (!reader_skip(&r, (size_t)number * 4) || !reader_bytes(&r, 4, &bytes))
            return false;
    } else {
        r = reader_over(v6);
        if (!reader_skip(&r, (size_t)(number - index->n4) * 16) || !reader_bytes(&r, 16, &bytes))
            return false;
    }
    *address = ip_address_of(bytes);
    return true;
}

bool index_flow_key(const struct segment_index *index, const struct flow_row *flow, struct flow_key *key)
{
    memset(key, 0, sizeof *key);
    if (!index_address(index, flow->low, &key->low) || !index_address(index, flow->high, &key->high))
        return false;
    key->protocol = flow->protocol;
    key->any_port = flow->any_port;
    key->port_low = flow->port_low;
    key->port_high = flow->port_high;
    return true;
}

static bool read_text(struct reader *r, char text[static INTERFACE_TEXT_BYTES])
{
    uint64_t len;
    struct bytes bytes;

    if (!reader_varint(r, &len) || len >= INTERFACE_TEXT_BYTES || !reader_bytes(r, len, &bytes))
        return false;
    memcpy(text, bytes.data, bytes.len);
    text[bytes.len] = '\0';
    return true;
}

bool index_interfaces(const struct segment_index *index, interface_function *function, void *context)
{
    struct reader r = reader_over(index->sections[INDEX_INTERFACES]);
    uint32_t n;

    if (!reader_u32le(&r, &n) || n > INTERFACE_LIMIT)
        return false;
    for (; n; n--) {
        struct interface interface = { .tsresol = 9 };

        if (!reader_u16le(&r, &interface.linktype) || !reader_u32le(&r, &interface.snaplen) ||
            !read_text(&r, interface.name) || !read_text(&r, interface.description) ||
            !read_text(&r, interface.filter) || !read_text(&r, interface.os) ||
            !function(context, &interface))
            return false;
    }
    return true;
}
