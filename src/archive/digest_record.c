/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/digest_record.h"

#include "archive/store_le.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { PROBES = 6, PROBE_BITS = 10, HINT_DEPTH_LIMIT = 256 };

/* How many leading bytes of an address are keys, the most first. */
static const struct {
    enum digest_key kind;
    uint8_t family, n_bytes;
} address_keys[] = {
    { DIGEST_IPV4_32, 4, 4 },   { DIGEST_IPV4_24, 4, 3 }, { DIGEST_IPV4_16, 4, 2 },
    { DIGEST_IPV6_128, 6, 16 }, { DIGEST_IPV6_64, 6, 8 }, { DIGEST_IPV6_48, 6, 6 },
};

enum { N_ADDRESS_KEYS = sizeof address_keys / sizeof *address_keys };

static uint64_t key_of(uint64_t seed, enum digest_key kind, const void *data, size_t len)
{
    return XXH3_64bits_withSeed(data, len, seed + (uint64_t)kind);
}

static uint32_t line_of(uint64_t key, uint32_t n_lines)
{
    return (uint32_t)((key >> 32) * n_lines >> 32);
}

static unsigned bit_of(uint64_t key, unsigned probe)
{
    uint64_t mixed = key * UINT64_C(0x9E3779B97F4A7C15);

    return (unsigned)((mixed >> (probe * PROBE_BITS) & ((1 << PROBE_BITS) - 1)) * DIGEST_LINE_BITS >>
                      PROBE_BITS);
}

/* ---- made from an index ---- */

struct making {
    uint64_t seed;
    uint8_t *lines; /* NULL: keys are counted only */
    uint32_t n_lines;
    uint64_t n_keys;
    uint32_t flags;
};

static void enter(struct making *making, enum digest_key kind, const void *data, size_t len)
{
    uint64_t key;
    uint8_t *line;

    making->n_keys++;
    if (making->lines == NULL)
        return;
    key = key_of(making->seed, kind, data, len);
    line = making->lines + (size_t)line_of(key, making->n_lines) * DIGEST_LINE_BYTES;
    for (unsigned probe = 0; probe < PROBES; probe++) {
        unsigned bit = bit_of(key, probe);

        line[bit / 8] |= (uint8_t)(1u << (bit % 8));
    }
}

/* Addresses are sorted, so a prefix that was entered before was entered just before. */
static bool enter_addresses(struct making *making, const struct segment_index *index)
{
    struct ip_address before = { .family = 0 }, address;

    for (uint32_t i = 0; i < index->n4 + index->n6; i++) {
        if (!index_address(index, i, &address))
            return false;
        for (unsigned k = 0; k < N_ADDRESS_KEYS; k++) {
            if (address_keys[k].family == address.family &&
                (before.family != address.family ||
                 memcmp(before.bytes, address.bytes, address_keys[k].n_bytes) != 0))
                enter(making, address_keys[k].kind, address.bytes, address_keys[k].n_bytes);
        }
        before = address;
    }
    return true;
}

static bool enter_identity(void *context, enum identity_scheme scheme, struct bytes identity, uint64_t list)
{
    struct making *making = context;

    (void)list;
    if (scheme == IDENTITY_NONE && identity.len == 0)
        making->flags |= DIGEST_ANY_IDENTITY;
    else
        enter(making, DIGEST_IDENTITY, identity.data, identity.len);
    return true;
}

static bool enter_all(struct making *making, const struct segment_index *index)
{
    making->n_keys = 0;
    return enter_addresses(making, index) && index_identities(index, enter_identity, making);
}

/* Fills the bitmap; answers the number of ports in it, or -1 at damage. */
static int gather_ports(struct making *making, const struct segment_index *index,
                        uint8_t bitmap[static DIGEST_PORT_BITMAP_BYTES])
{
    const struct flow_row *flows = index_flows(index);
    int n = 0;

    memset(bitmap, 0, DIGEST_PORT_BITMAP_BYTES);
    if (flows == NULL)
        return -1;
    for (uint32_t i = 0; i < index_flows_count(index); i++) {
        struct flow_row flow = flows[i];

        if (flow.any_port)
            making->flags |= DIGEST_ANY_PORT;
        if (flow.low == INDEX_ADDRESS_ANY || flow.high == INDEX_ADDRESS_ANY)
            making->flags |= DIGEST_ANY_ADDRESS;
        bitmap[flow.port_low / 8] |= (uint8_t)(1u << (flow.port_low % 8));
        bitmap[flow.port_high / 8] |= (uint8_t)(1u << (flow.port_high % 8));
    }
    for (unsigned i = 0; i < DIGEST_PORT_BITMAP_BYTES; i++)
        n += __builtin_popcount(bitmap[i]);
    return n;
}

static void put_zeros(struct buffer *buffer, size_t n)
{
    static const uint8_t zeros[8];

    buffer_put(buffer, zeros, n);
}

static size_t padding_of(size_t len)
{
    return (8 - len % 8) % 8;
}

static void put_ports(struct buffer *buffer, uint64_t seed,
                      const uint8_t bitmap[static DIGEST_PORT_BITMAP_BYTES], size_t n_bytes)
{
    size_t at = buffer->len;

    buffer_put_u64le(buffer, 0);
    if (n_bytes == DIGEST_PORT_BITMAP_BYTES)
        buffer_put(buffer, bitmap, DIGEST_PORT_BITMAP_BYTES);
    for (unsigned port = 0; n_bytes < DIGEST_PORT_BITMAP_BYTES && port <= UINT16_MAX; port++) {
        if (bitmap[port / 8] >> (port % 8) & 1)
            buffer_put_u16le(buffer, (uint16_t)port);
    }
    if (!buffer->is_full)
        store_u64le(buffer->data + at, XXH3_64bits_withSeed(buffer->data + at + 8, n_bytes, seed));
    put_zeros(buffer, padding_of(n_bytes));
}

static uint32_t line_checksum(const uint8_t *line, uint64_t seed)
{
    return (uint32_t)XXH3_64bits_withSeed(line, DIGEST_LINE_BITS / 8, seed);
}

static bool put_lines(struct buffer *buffer, struct making *making, const struct segment_index *index)
{
    size_t n_bytes = (size_t)making->n_lines * DIGEST_LINE_BYTES;

    making->lines = buffer_room(buffer, n_bytes);
    if (making->lines == NULL)
        return false;
    memset(making->lines, 0, n_bytes);
    if (!enter_all(making, index))
        return false;
    for (uint32_t i = 0; i < making->n_lines; i++) {
        uint8_t *line = making->lines + (size_t)i * DIGEST_LINE_BYTES;

        store_u32le(line + DIGEST_LINE_BITS / 8, line_checksum(line, making->seed));
    }
    buffer->len += n_bytes;
    return true;
}

static uint64_t all_protocols(const struct segment_index *index)
{
    struct segment_block row;
    uint64_t all = 0;

    for (uint32_t i = 0; i < index->n_blocks && segment_index_block(index, i, &row); i++)
        all |= row.protocols;
    return all;
}

bool digest_record_put(struct buffer *buffer, uint64_t seed, const char *stem, uint64_t index_bytes,
                       int64_t index_changed_ns, const struct segment_index *index)
{
    uint8_t bitmap[DIGEST_PORT_BITMAP_BYTES];
    struct making making = { .seed = seed };
    size_t start = buffer->len, stem_len = strlen(stem), head_end;
    int n_ports = gather_ports(&making, index, bitmap);
    size_t port_bytes = (size_t)n_ports * 2 < sizeof bitmap ? (size_t)n_ports * 2 : sizeof bitmap;
    struct bytes summary = index->sections[INDEX_SUMMARY], recording = index->sections[INDEX_RECORDING];

    if (n_ports < 0 || !enter_all(&making, index))
        return false;
    if (summary.len != INDEX_SUMMARY_BYTES || recording.len > INDEX_RECORDING_BYTES || recording.len % 8)
        summary.len = recording.len = 0;
    making.n_lines = (uint32_t)(making.n_keys / DIGEST_LINE_KEYS + 1);

    buffer_put_u32le(buffer, DIGEST_RECORD_MAGIC);
    buffer_put_u32le(buffer, 0);
    buffer_put_u64le(buffer, 0);
    buffer_put_u64le(buffer, index->segment_bytes);
    buffer_put_u64le(buffer, index_bytes);
    buffer_put_u64le(buffer, (uint64_t)index_changed_ns);
    buffer_put_u64le(buffer, index->n_packets);
    buffer_put_u64le(buffer, (uint64_t)index->min_ts_ns);
    buffer_put_u64le(buffer, (uint64_t)index->max_ts_ns);
    buffer_put_u64le(buffer, all_protocols(index));
    buffer_put_u32le(buffer, index->n_blocks);
    buffer_put_u32le(buffer, making.flags);
    buffer_put_u32le(buffer, making.n_lines);
    buffer_put_u32le(buffer, (uint32_t)port_bytes);
    buffer_put_u32le(buffer, (uint32_t)stem_len);
    buffer_put_u32le(buffer, (uint32_t)(summary.len + recording.len));
    buffer_put(buffer, stem, stem_len);
    put_zeros(buffer, padding_of(stem_len));
    buffer_put(buffer, summary.data, summary.len);
    buffer_put(buffer, recording.data, recording.len);
    head_end = buffer->len;
    put_ports(buffer, seed, bitmap, port_bytes);
    if (!put_lines(buffer, &making, index) || buffer->is_full ||
        buffer->len - start > DIGEST_RECORD_LIMIT_BYTES) {
        buffer->len = start;
        return false;
    }
    store_u32le(buffer->data + start + 4, (uint32_t)(buffer->len - start));
    store_u64le(buffer->data + start + 8,
                XXH3_64bits_withSeed(buffer->data + start + 16, head_end - start - 16, seed));
    return true;
}

/* ---- read ---- */

static bool read_head(struct reader *r, struct digest_record *record, uint32_t *port_bytes,
                      uint32_t *stem_bytes, uint32_t *account_bytes)
{
    uint64_t changed, min_ts, max_ts;

    if (!reader_u64le(r, &record->segment_bytes) || !reader_u64le(r, &record->index_bytes) ||
        !reader_u64le(r, &changed) || !reader_u64le(r, &record->n_packets) || !reader_u64le(r, &min_ts) ||
        !reader_u64le(r, &max_ts) || !reader_u64le(r, &record->protocols) ||
        !reader_u32le(r, &record->n_blocks) || !reader_u32le(r, &record->flags) ||
        !reader_u32le(r, &record->n_lines) || !reader_u32le(r, port_bytes) || !reader_u32le(r, stem_bytes) ||
        !reader_u32le(r, account_bytes))
        return false;
    record->index_changed_ns = (int64_t)changed;
    record->min_ts_ns = (int64_t)min_ts;
    record->max_ts_ns = (int64_t)max_ts;
    return true;
}

/* None, or the summary with what there is of the recording behind it. */
static bool read_account(struct reader *r, uint32_t n_bytes, struct digest_record *record)
{
    record->summary = record->recording = (struct bytes) { NULL, 0 };
    return n_bytes == 0 || (n_bytes >= INDEX_SUMMARY_BYTES && n_bytes % 8 == 0 &&
                            reader_bytes(r, INDEX_SUMMARY_BYTES, &record->summary) &&
                            reader_bytes(r, n_bytes - INDEX_SUMMARY_BYTES, &record->recording));
}

bool digest_record_read(struct bytes bytes, uint64_t seed, struct digest_record *record, size_t *len)
{
    struct reader r = reader_over(bytes), whole;
    uint32_t magic, n_bytes, port_bytes, stem_bytes, account_bytes;
    const uint8_t *checked_from;
    uint64_t checksum;

    if (!reader_u32le(&r, &magic) || magic != DIGEST_RECORD_MAGIC || !reader_u32le(&r, &n_bytes) ||
        n_bytes < DIGEST_RECORD_HEAD_BYTES || n_bytes > DIGEST_RECORD_LIMIT_BYTES || n_bytes % 8)
        return false;
    r = reader_over(bytes);
    if (!reader_sub(&r, n_bytes, &whole) || !reader_skip(&whole, 8) || !reader_u64le(&whole, &checksum))
        return false;
    checked_from = whole.at;
    if (!read_head(&whole, record, &port_bytes, &stem_bytes, &account_bytes) ||
        !reader_bytes(&whole, stem_bytes, &record->stem) || !reader_skip(&whole, padding_of(stem_bytes)) ||
        !read_account(&whole, account_bytes, record) ||
        XXH3_64bits_withSeed(checked_from, (size_t)(whole.at - checked_from), seed) != checksum)
        return false;
    if (!reader_u64le(&whole, &record->ports_checksum) || !reader_bytes(&whole, port_bytes, &record->ports) ||
        !reader_skip(&whole, padding_of(port_bytes)) || record->n_lines == 0 ||
        !reader_bytes(&whole, (size_t)record->n_lines * DIGEST_LINE_BYTES, &record->lines) ||
        reader_left(&whole) != 0)
        return false;
    *len = n_bytes;
    return true;
}

/* ---- held against a question ---- */

static bool may_hold(const struct digest_record *record, uint64_t seed, enum digest_key kind,
                     const void *data, size_t len)
{
    uint64_t key = key_of(seed, kind, data, len);
    struct reader r = reader_over(record->lines);
    struct bytes line;
    uint32_t checksum;
    bool holds_all = true;

    if (!reader_skip(&r, (size_t)line_of(key, record->n_lines) * DIGEST_LINE_BYTES) ||
        !reader_bytes(&r, DIGEST_LINE_BITS / 8, &line) || !reader_u32le(&r, &checksum))
        return true;
    for (unsigned probe = 0; probe < PROBES && holds_all; probe++) {
        unsigned bit = bit_of(key, probe);

        holds_all = line.data[bit / 8] >> (bit % 8) & 1;
    }
    return holds_all || line_checksum(line.data, seed) != checksum;
}

/* The longest run of bytes that is a key and lies within the prefix stands for it. */
static bool may_hold_address(const struct digest_record *record, uint64_t seed,
                             const struct ip_address *address, unsigned n_bits)
{
    if (record->flags & DIGEST_ANY_ADDRESS || address->family == 0)
        return true;
    for (unsigned k = 0; k < N_ADDRESS_KEYS; k++) {
        if (address_keys[k].family == address->family && address_keys[k].n_bytes * 8u <= n_bits)
            return may_hold(record, seed, address_keys[k].kind, address->bytes, address_keys[k].n_bytes);
    }
    return true;
}

static bool may_hold_port(const struct digest_record *record, uint64_t seed, uint16_t low, uint16_t high)
{
    struct reader r = reader_over(record->ports);
    uint16_t port;
    bool has_one = false;

    if (record->flags & DIGEST_ANY_PORT)
        return true;
    if (record->ports.len == DIGEST_PORT_BITMAP_BYTES) {
        for (unsigned p = low; p <= high && !has_one; p++)
            has_one = record->ports.data[p / 8] >> (p % 8) & 1;
    } else {
        while (!has_one && reader_u16le(&r, &port))
            has_one = port >= low && port <= high;
    }
    return has_one ||
           XXH3_64bits_withSeed(record->ports.data, record->ports.len, seed) != record->ports_checksum;
}

static bool overlaps(const struct digest_record *record, int64_t from_ns, int64_t to_ns)
{
    return record->n_packets > 0 && record->min_ts_ns <= to_ns && record->max_ts_ns >= from_ns;
}

static bool may_hold_flow(const struct digest_record *record, uint64_t seed, const struct hint *hint)
{
    const struct flow_key *key = &hint->flow.key;
    bool has_ports = key->any_port == FLOW_ANY_NONE || !ip_address_equal(&key->low, &key->high);

    /* Ends of one address are told apart by the ports: with one left out, the other may be either's. */
    return overlaps(record, hint->flow.from_ns, hint->flow.to_ns) &&
           may_hold_address(record, seed, &key->low, ip_address_bits(&key->low)) &&
           may_hold_address(record, seed, &key->high, ip_address_bits(&key->high)) &&
           (!has_ports || key->any_port & FLOW_ANY_PORT_LOW ||
            may_hold_port(record, seed, key->port_low, key->port_low)) &&
           (!has_ports || key->any_port & FLOW_ANY_PORT_HIGH ||
            may_hold_port(record, seed, key->port_high, key->port_high));
}

static bool may_name(const struct digest_record *record, uint64_t seed, struct bytes identity)
{
    return record->flags & DIGEST_ANY_IDENTITY ||
           may_hold(record, seed, DIGEST_IDENTITY, identity.data, identity.len);
}

static bool may_match(const struct digest_record *record, uint64_t seed, const struct hint *hint,
                      unsigned depth)
{
    if (depth == HINT_DEPTH_LIMIT)
        return true;
    switch (hint->kind) {
    case HINT_NONE:
        return false;
    case HINT_AND:
        return may_match(record, seed, hint->left, depth + 1) &&
               may_match(record, seed, hint->right, depth + 1);
    case HINT_OR:
        return may_match(record, seed, hint->left, depth + 1) ||
               may_match(record, seed, hint->right, depth + 1);
    case HINT_PROTOCOL:
        return record->protocols & PROTOCOL_BIT(hint->protocol);
    case HINT_ADDRESS:
        return may_hold_address(record, seed, &hint->prefix.address, hint->prefix.n_bits);
    case HINT_PORT:
        return may_hold_port(record, seed, hint->port.low, hint->port.high);
    case HINT_FLOW:
        return may_hold_flow(record, seed, hint);
    case HINT_IDENTITY:
        return may_name(record, seed, hint->identity);
    case HINT_TIME:
        return overlaps(record, hint->time.from_ns, hint->time.to_ns);
    case HINT_IDENTITY_LIKE: /* of identities it knows hashes */
    case HINT_ALL:
        break;
    }
    return true;
}

bool digest_record_may_match(const struct digest_record *record, uint64_t seed, const struct hint *hint)
{
    return may_match(record, seed, hint, 0);
}
