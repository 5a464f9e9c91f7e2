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

static bool read_block(struct reader *r, struct segment_block *row)
{
    uint64_t min_ts, max_ts;

    if (!reader_u64le(r, &row->offset) || !reader_u64le(r, &row->first_packet) ||
        !reader_u32le(r, &row->stored_bytes) || !reader_u32le(r, &row->raw_bytes) ||
        !reader_u32le(r, &row->n_packets) || !reader_u64le(r, &min_ts) || !reader_u64le(r, &max_ts) ||
        !reader_u64le(r, &row->protocols))
        return false;
    row->min_ts_ns = (int64_t)min_ts;
    row->max_ts_ns = (int64_t)max_ts;
    return true;
}

static bool check_blocks(const struct segment_index *index)
{
    struct reader r = reader_over(index->sections[INDEX_BLOCKS]);
    uint64_t end = 0, n_packets = 0;
    struct segment_block row;

    if (reader_left(&r) / INDEX_BLOCK_ROW_BYTES != index->n_blocks || reader_left(&r) % INDEX_BLOCK_ROW_BYTES)
        return false;
    for (uint32_t i = 0; i < index->n_blocks; i++) {
        if (!read_block(&r, &row) || row.offset < end || row.offset > index->segment_bytes ||
            row.stored_bytes > index->segment_bytes - row.offset || row.raw_bytes > SEGMENT_RAW_LIMIT_BYTES ||
            row.first_packet != n_packets || row.n_packets > row.raw_bytes / PCAPNG_BLOCK_LEAST_BYTES)
            return false;
        end = row.offset + row.stored_bytes;
        n_packets += row.n_packets;
    }
    return n_packets == index->n_packets;
}

static bool read_tables(struct segment_index *index)
{
    struct reader r = reader_over(index->sections[INDEX_ADDRESSES]);
    uint64_t n_chunks;

    if (!reader_u32le(&r, &index->n4) || !reader_u32le(&r, &index->n6) ||
        !reader_bytes(&r, (size_t)index->n4 * 4, &index->addresses4) ||
        !reader_bytes(&r, (size_t)index->n6 * 16, &index->addresses6))
        return false;
    r = reader_over(index->sections[INDEX_FLOWS]);
    if (!reader_u32le(&r, &index->n_exact) || !reader_u32le(&r, &index->n_folded))
        return false;
    n_chunks =
        ((uint64_t)index->n_exact + index->n_folded + INDEX_FLOW_CHUNK_ROWS - 1) / INDEX_FLOW_CHUNK_ROWS;
    if (!reader_bytes(&r, n_chunks * INDEX_FLOW_CHUNK_BYTES, &index->flow_chunks))
        return false;
    index->flows = reader_rest(&r);
    return true;
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
    else if (!read_summary(index) || !check_blocks(index))
        wrong = "has a block table that contradicts itself";
    else if (!read_tables(index))
        wrong = "has a table that does not fit its section";
    if (wrong == NULL)
        return index;
    error_set(error, ERROR_DAMAGED, "%s: %s; tapdeck check --repair makes it anew", name, wrong);
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
    free(index);
}

/* ---- what it says ---- */

uint32_t segment_index_blocks(const struct segment_index *index)
{
    return index->n_blocks;
}

bool segment_index_block(const struct segment_index *index, uint32_t block, struct segment_block *row)
{
    struct reader r = reader_over(index->sections[INDEX_BLOCKS]);

    return block < index->n_blocks && reader_skip(&r, (size_t)block * INDEX_BLOCK_ROW_BYTES) &&
           read_block(&r, row);
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

bool index_posting(const struct segment_index *index, uint64_t offset, struct reader *list)
{
    *list = reader_over(index->sections[INDEX_POSTINGS]);
    return offset <= SIZE_MAX && reader_skip(list, offset);
}

bool index_address(const struct segment_index *index, uint32_t number, struct ip_address *address)
{
    struct reader r;
    struct bytes bytes;

    *address = (struct ip_address) { .family = 0 };
    if (number == INDEX_ADDRESS_ANY)
        return true;
    if (number < index->n4) {
        r = reader_over(index->addresses4);
        if (!reader_skip(&r, (size_t)number * 4) || !reader_bytes(&r, 4, &bytes))
            return false;
    } else {
        r = reader_over(index->addresses6);
        if (!reader_skip(&r, (size_t)(number - index->n4) * 16) || !reader_bytes(&r, 16, &bytes))
            return false;
    }
    *address = ip_address_of(bytes);
    return true;
}

bool index_flow_key(const struct segment_index *index, const struct index_flow *flow, struct flow_key *key)
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

static bool read_identity(struct reader *r, enum identity_scheme *scheme, struct bytes *identity,
                          uint64_t *posting)
{
    uint8_t scheme_number;
    uint64_t len;

    if (!reader_u8(r, &scheme_number) || !reader_varint(r, posting) || !reader_varint(r, &len) ||
        len > IDENTITY_LIMIT_BYTES || !reader_bytes(r, len, identity))
        return false;
    *scheme = (enum identity_scheme)scheme_number;
    return true;
}

bool index_identities(const struct segment_index *index, identity_function *function, void *context)
{
    struct reader r = reader_over(index->sections[INDEX_IDENTITIES]);
    enum identity_scheme scheme;
    struct bytes identity;
    uint64_t posting;
    uint32_t n;

    if (!reader_u32le(&r, &n))
        return false;
    for (; n; n--) {
        if (!read_identity(&r, &scheme, &identity, &posting) || !function(context, scheme, identity, posting))
            return false;
    }
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

/* ---- bindings ---- */

/* One row of the bindings section, its references not followed yet. */
struct binding_row {
    uint8_t reason, flags;   /* INDEX_BINDING_… */
    uint64_t flow;           /* number plus 1; 0: the key stands here */
    struct flow_key own_key; /* when it does */
    uint64_t from, to, n_packets, n_bytes;
    uint64_t session; /* offset in its section */
};

static bool read_own_key(struct reader *r, struct flow_key *key)
{
    struct bytes low, high;

    memset(key, 0, sizeof *key);
    return reader_u8(r, &key->low.family) && reader_bytes(r, 16, &low) && reader_u8(r, &key->high.family) &&
           reader_bytes(r, 16, &high) && reader_u8(r, &key->protocol) && reader_u8(r, &key->any_port) &&
           reader_u16le(r, &key->port_low) && reader_u16le(r, &key->port_high) &&
           memcpy(key->low.bytes, low.data, 16) && memcpy(key->high.bytes, high.data, 16);
}

static bool read_row(struct reader *r, struct binding_row *row)
{
    return reader_u8(r, &row->reason) && reader_u8(r, &row->flags) && reader_varint(r, &row->flow) &&
           (row->flow != 0 || read_own_key(r, &row->own_key)) && reader_varint(r, &row->from) &&
           reader_varint(r, &row->to) && reader_varint(r, &row->n_packets) &&
           reader_varint(r, &row->n_bytes) && reader_varint(r, &row->session);
}

static bool find_flow_key(const struct segment_index *index, const struct binding_row *row,
                          struct flow_key *key)
{
    struct index_flow flow;

    if (row->flow == 0) {
        *key = row->own_key;
        return true;
    }
    return row->flow <= UINT32_MAX && index_flow_read(index, (uint32_t)(row->flow - 1), &flow) &&
           index_flow_key(index, &flow, key);
}

static bool read_short(struct reader *r, size_t limit_bytes, struct bytes *bytes)
{
    uint64_t len;

    return reader_varint(r, &len) && len <= limit_bytes && reader_bytes(r, len, bytes);
}

static bool read_session(const struct segment_index *index, uint64_t offset, struct binding *binding)
{
    struct reader r = reader_over(index->sections[INDEX_SESSIONS]);
    struct reader identities = reader_over(index->sections[INDEX_IDENTITIES]);
    uint64_t identity, posting;
    enum identity_scheme scheme;
    uint8_t scheme_number;

    binding->identity = (struct bytes) { NULL, 0 };
    if (!reader_skip(&r, offset) || !reader_varint(&r, &identity) || !reader_u8(&r, &scheme_number) ||
        !reader_varint(&r, &binding->session) || !read_short(&r, UINT8_MAX, &binding->cid_to_server) ||
        !read_short(&r, UINT8_MAX, &binding->cid_to_client) ||
        !read_short(&r, UINT8_MAX, &binding->session_id))
        return false;
    binding->scheme = (enum identity_scheme)scheme_number;
    return identity == 0 || (reader_skip(&identities, identity - 1) &&
                             read_identity(&identities, &scheme, &binding->identity, &posting));
}

/* Follows a row's references. */
static bool expand_row(const struct segment_index *index, const struct binding_row *row, int64_t before_ns,
                       struct binding *binding)
{
    if (!find_flow_key(index, row, &binding->flow) || !read_session(index, row->session, binding))
        return false;
    binding->reason = (enum binding_reason)row->reason;
    binding->is_client_low = row->flags & INDEX_BINDING_CLIENT_LOW;
    binding->is_continued = row->flags & INDEX_BINDING_CONTINUED;
    binding->confidence = (enum binding_confidence)(row->flags >> INDEX_BINDING_CONFIDENCE_AT & 7);
    if (binding->confidence == 0) /* none was written */
        binding->confidence = binding_reason_confidence(binding->reason);
    binding->from_ns = (int64_t)((uint64_t)before_ns + row->from);
    binding->to_ns = (int64_t)((uint64_t)binding->from_ns + row->to);
    binding->n_packets = row->n_packets;
    binding->n_bytes = row->n_bytes;
    return true;
}

/* Which identities are asked for: where they stand in their section. */
struct wanted {
    uint64_t *offsets; /* plus 1, as sessions name them */
    uint32_t n, cap;
};

static bool find_wanted(const struct segment_index *index, identity_test *is_wanted, void *context,
                        struct wanted *wanted)
{
    struct reader r = reader_over(index->sections[INDEX_IDENTITIES]), start;
    uint64_t posting;
    uint32_t n;

    if (!reader_u32le(&r, &n))
        return false;
    start = reader_over(index->sections[INDEX_IDENTITIES]);
    for (; n; n--) {
        uint64_t offset = (uint64_t)(r.at - start.at);
        enum identity_scheme scheme;
        struct bytes identity;

        if (!read_identity(&r, &scheme, &identity, &posting))
            return false;
        if (!is_wanted(context, scheme, identity))
            continue;
        if (wanted->n == wanted->cap) {
            uint32_t cap = wanted->cap ? wanted->cap * 2 : 8;
            uint64_t *offsets = realloc(wanted->offsets, cap * sizeof *offsets);

            if (offsets == NULL)
                return false;
            wanted->offsets = offsets;
            wanted->cap = cap;
        }
        wanted->offsets[wanted->n++] = offset + 1;
    }
    return true;
}

static bool is_of_wanted(const struct segment_index *index, const struct wanted *wanted, uint64_t session)
{
    struct reader r = reader_over(index->sections[INDEX_SESSIONS]);
    uint64_t identity;

    if (!reader_skip(&r, session) || !reader_varint(&r, &identity))
        return true; /* damage is for expand_row to find */
    for (uint32_t i = 0; i < wanted->n; i++) {
        if (wanted->offsets[i] == identity)
            return true;
    }
    return false;
}

static void walk_bindings(const struct segment_index *index, const struct wanted *wanted,
                          binding_function *function, void *context)
{
    struct reader r = reader_over(index->sections[INDEX_BINDINGS]);
    struct binding_row row;
    struct binding binding;
    uint64_t first;
    int64_t before_ns;
    uint32_t n;

    if (!reader_u32le(&r, &n) || !reader_u64le(&r, &first))
        return;
    before_ns = (int64_t)first;
    for (; n && read_row(&r, &row); n--) {
        if (wanted == NULL || is_of_wanted(index, wanted, row.session)) {
            if (!expand_row(index, &row, before_ns, &binding) || !function(context, &binding))
                return;
        }
        before_ns = (int64_t)((uint64_t)before_ns + row.from);
    }
}

void segment_index_bindings(const struct segment_index *index, binding_function *function, void *context)
{
    walk_bindings(index, NULL, function, context);
}

void segment_index_bindings_of(const struct segment_index *index, identity_test *is_wanted,
                               binding_function *function, void *context)
{
    struct wanted wanted = { 0 };

    if (!find_wanted(index, is_wanted, context, &wanted))
        walk_bindings(index, NULL, function, context); /* more than asked for, never less */
    else if (wanted.n > 0)
        walk_bindings(index, &wanted, function, context);
    free(wanted.offsets);
}
