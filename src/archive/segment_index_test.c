/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "archive/archive_fixture.h"
#include "archive/posting.h"
#include "archive/segment_index_encode.h"
#include "archive/segment_index_map.h"
#include "filter/tree.h"

enum { N_BLOCKS = 150, N_MARKS = 4000, N_HINTS = 3000, N_IDENTITIES = 40 };

/* Everything the index was told, to be searched plainly. */
struct plain {
    struct {
        struct flow_key key;
        uint32_t block;
    } marks[N_MARKS];
    struct {
        uint32_t identity, block;
    } names[N_MARKS];
    struct segment_block blocks[N_BLOCKS];
};

static struct bytes identity_of(uint32_t i, char text[static 32])
{
    snprintf(text, 32, "D:79:%02x", i);
    return bytes_text(text);
}

/* One packet a mark: does that packet answer the hint? */
static bool mark_answers(const struct plain *plain, uint32_t mark, const struct hint *hint)
{
    const struct flow_key *key = &plain->marks[mark].key;
    const struct segment_block *row = &plain->blocks[plain->marks[mark].block];
    char text[32];

    switch (hint->kind) {
    case HINT_ALL:
        return true;
    case HINT_NONE:
        return false;
    case HINT_AND:
        return mark_answers(plain, mark, hint->left) && mark_answers(plain, mark, hint->right);
    case HINT_OR:
        return mark_answers(plain, mark, hint->left) || mark_answers(plain, mark, hint->right);
    case HINT_PROTOCOL:
        return row->protocols >> hint->protocol & 1;
    case HINT_ADDRESS:
        return ip_address_in_prefix(&key->low, &hint->prefix.address, hint->prefix.n_bits) ||
               ip_address_in_prefix(&key->high, &hint->prefix.address, hint->prefix.n_bits);
    case HINT_PORT:
        return (key->port_low >= hint->port.low && key->port_low <= hint->port.high) ||
               (key->port_high >= hint->port.low && key->port_high <= hint->port.high);
    case HINT_FLOW:
        return flow_key_equal(key, &hint->flow.key) && row->min_ts_ns <= hint->flow.to_ns &&
               row->max_ts_ns >= hint->flow.from_ns;
    case HINT_IDENTITY:
        return bytes_equal(identity_of(plain->names[mark].identity, text), hint->identity) &&
               plain->names[mark].block == plain->marks[mark].block;
    case HINT_IDENTITY_LIKE:
        return hint_takes_identity(hint, identity_of(plain->names[mark].identity, text)) &&
               plain->names[mark].block == plain->marks[mark].block;
    case HINT_TIME:
        return row->min_ts_ns <= hint->time.to_ns && row->max_ts_ns >= hint->time.from_ns;
    }
    return false;
}

#define CONTAINS(digit)                                         \
    {                                                           \
        .relation = RELATION_CONTAINS, .second = &(struct node) \
        {                                                       \
            .constant.bytes = {(const uint8_t *)(digit), 1 }    \
        }                                                       \
    }

static const struct node contains_digit[10] = {
    CONTAINS("0"), CONTAINS("1"), CONTAINS("2"), CONTAINS("3"), CONTAINS("4"),
    CONTAINS("5"), CONTAINS("6"), CONTAINS("7"), CONTAINS("8"), CONTAINS("9"),
};

static struct hint random_hint(uint64_t *random, struct hint room[static 64], unsigned *used, unsigned depth,
                               char text[static 32])
{
    struct hint hint = { .kind = (enum hint_kind)(fixture_random(random) % 11) };
    struct flow_key key = fixture_flow(fixture_random(random) % 1000, 200);
    int64_t from = (int64_t)(fixture_random(random) % (N_BLOCKS * 12));

    if (depth < 3 && fixture_random(random) % 2)
        hint.kind = fixture_random(random) % 2 ? HINT_AND : HINT_OR;
    switch (hint.kind) {
    case HINT_AND:
    case HINT_OR:
        if (depth >= 4 || *used + 2 > 64)
            return (struct hint) { .kind = HINT_ALL };
        hint.left = &room[(*used)++];
        hint.right = &room[(*used)++];
        *(struct hint *)(uintptr_t)hint.left = random_hint(random, room, used, depth + 1, text);
        *(struct hint *)(uintptr_t)hint.right = random_hint(random, room, used, depth + 1, text);
        break;
    case HINT_PROTOCOL:
        hint.protocol = fixture_random(random) % 2 ? PROTOCOL_UDP : PROTOCOL_TCP;
        break;
    case HINT_ADDRESS:
        hint.prefix.address = fixture_random(random) % 2 ? key.low : key.high;
        hint.prefix.n_bits = (unsigned)(fixture_random(random) % (ip_address_bits(&key.low) + 1));
        break;
    case HINT_PORT:
        hint.port.low = (uint16_t)(fixture_random(random) % 64);
        hint.port.high = (uint16_t)(hint.port.low + fixture_random(random) % 3);
        break;
    case HINT_FLOW:
        hint.flow.key = key;
        hint.flow.from_ns = from;
        hint.flow.to_ns = from + 300;
        break;
    case HINT_IDENTITY:
        hint.identity = identity_of((uint32_t)(fixture_random(random) % (N_IDENTITIES + 5)), text);
        break;
    case HINT_IDENTITY_LIKE:
        hint.like.test = &contains_digit[fixture_random(random) % 10];
        break;
    case HINT_TIME:
        hint.time.from_ns = from;
        hint.time.to_ns = from + (int64_t)(fixture_random(random) % 200);
        break;
    case HINT_ALL:
    case HINT_NONE:
        break;
    }
    return hint;
}

static void tell_builder(struct segment_index_builder *builder, struct plain *plain, uint64_t *random)
{
    for (uint32_t i = 0; i < N_BLOCKS; i++) {
        plain->blocks[i] = segment_block_begin(i * 1000, i * 10);
        plain->blocks[i].stored_bytes = 900;
        plain->blocks[i].raw_bytes = 5000;
        plain->blocks[i].n_packets = 10;
        plain->blocks[i].min_ts_ns = i * 12;
        plain->blocks[i].max_ts_ns = i * 12 + 20; /* neighbours overlap */
        plain->blocks[i].protocols = i % 3 ? PROTOCOL_BIT(PROTOCOL_UDP) : PROTOCOL_BIT(PROTOCOL_TCP);
        segment_index_builder_protocols(builder, i, plain->blocks[i].protocols);
    }
    for (uint32_t i = 0; i < N_MARKS; i++) {
        uint32_t block = (uint32_t)(i * (uint64_t)N_BLOCKS / N_MARKS);
        char text[32];

        if (i % 50 == 0 && block) /* parts of a message lie in earlier blocks */
            block--;
        plain->marks[i].key = fixture_flow(fixture_random(random) % 1000, 200);
        plain->marks[i].block = block;
        segment_index_builder_mark_flow(builder, segment_index_builder_flow(builder, &plain->marks[i].key),
                                        block);
        plain->names[i].identity = (uint32_t)(fixture_random(random) % N_IDENTITIES);
        plain->names[i].block = block;
        segment_index_builder_mark_identity(builder, IDENTITY_DTLS_PSK,
                                            identity_of(plain->names[i].identity, text), block);
    }
}

static struct segment_index *encode(const struct segment_index_builder *builder, const struct plain *plain,
                                    struct buffer *file)
{
    struct segment_description segment = {
        .codec = CODEC_ZSTD, .segment_bytes = N_BLOCKS * 1000, .blocks = plain->blocks, .n_blocks = N_BLOCKS
    };
    struct error error;
    struct segment_index *index;

    buffer_init(file, 1 << 24);
    assert_true(segment_index_encode(&segment, builder, file, &error));
    index = segment_index_over(buffer_bytes(file), "made", &error);
    assert_non_null(index);
    return index;
}

/* With limits so small that conversations fold to any port and any address, too. */
static void candidates_hold_every_block_that_a_plain_search_finds(void **state)
{
    static const struct {
        uint32_t limit_flows;
        bool is_exact; /* nothing folded: then no more blocks than needed for a single leaf */
    } cases[] = { { 100000, true }, { 40, false }, { 8, false }, { 0, false } };
    struct plain *plain = calloc(1, sizeof *plain);
    uint64_t random = 88172645463325252u;

    (void)state;
    for (unsigned c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct segment_index_builder *builder = segment_index_builder_new(cases[c].limit_flows);
        struct buffer file;
        struct segment_index *index;

        tell_builder(builder, plain, &random);
        assert_int_equal(segment_index_builder_folds(builder) == 0, cases[c].is_exact);
        index = encode(builder, plain, &file);
        for (unsigned h = 0; h < N_HINTS; h++) {
            struct hint room[64];
            unsigned used = 0;
            char text[32];
            struct hint hint = random_hint(&random, room, &used, 0, text);
            uint64_t bits[N_BLOCKS / 64 + 1], found[N_BLOCKS / 64 + 1] = { 0 };

            segment_index_candidates(index, &hint, bits);
            for (uint32_t i = 0; i < N_MARKS; i++) {
                if (!mark_answers(plain, i, &hint))
                    continue;
                posting_set_bit(found, plain->marks[i].block);
                assert_true(posting_has_bit(bits, plain->marks[i].block));
            }
            if (cases[c].is_exact && used == 0 && hint.kind != HINT_ALL)
                assert_memory_equal(bits, found, sizeof bits);
        }
        segment_index_close(index);
        buffer_clear(&file);
        segment_index_builder_free(builder);
    }
    free(plain);
}

static bool check_binding(void *context, const struct binding *binding)
{
    uint64_t *n = context;
    uint64_t i = (uint64_t)(binding->from_ns - 1000) / 10;
    struct flow_key key = fixture_flow(i, i % 3 ? 200 : 5000); /* some are not in the flow table */
    char text[32];

    assert_true(flow_key_equal(&binding->flow, &key));
    assert_int_equal(binding->to_ns, binding->from_ns + (int64_t)i);
    assert_int_equal(binding->n_packets, i + 3);
    assert_int_equal(binding->n_bytes, i * 1000);
    assert_int_equal(binding->session, i % 20);
    assert_int_equal(binding->reason, BINDING_CID);
    assert_int_equal(binding->is_client_low, i % 2);
    assert_int_equal(binding->confidence, /* one that an older index does not have is what the reason makes */
                     i % 6 ? (enum binding_confidence)(i % 6) : CONFIDENCE_PROBABLE);
    assert_int_equal(binding->scheme, i % 20 ? IDENTITY_DTLS_PSK : IDENTITY_NONE);
    if (i % 20)
        assert_true(bytes_equal(binding->identity, identity_of((uint32_t)(i % 20), text)));
    assert_int_equal(binding->cid_to_server.len, 8);
    assert_int_equal(binding->cid_to_server.data[7], i % 20);
    assert_int_equal(binding->cid_to_client.len, 0);
    assert_int_equal(binding->session_id.len, i % 20 == 7 ? INDEX_TOKEN_BYTES : 0);
    ++*n;
    return true;
}

static void bindings_come_back_as_they_were_told_in_order_of_time(void **state)
{
    struct segment_index_builder *builder = segment_index_builder_new(1000);
    struct plain *plain = calloc(1, sizeof *plain);
    uint64_t random = 1, n = 0;
    struct buffer file;
    struct segment_index *index;

    (void)state;
    tell_builder(builder, plain, &random);
    for (uint64_t k = 0; k < 500; k++) {
        uint64_t i = k * 7 % 500;
        uint8_t cid[8] = { 1, 2, 3, [7] = (uint8_t)(i % 20) }, session_id[32] = { 9 };
        char text[32];
        struct binding binding = {
            .scheme = i % 20 ? IDENTITY_DTLS_PSK : IDENTITY_NONE,
            .reason = BINDING_CID,
            .confidence = (enum binding_confidence)(i % 6),
            .is_client_low = i % 2,
            .flow = fixture_flow(i, i % 3 ? 200 : 5000),
            .from_ns = 1000 + (int64_t)i * 10,
            .to_ns = 1000 + (int64_t)i * 11,
            .n_packets = i + 3,
            .n_bytes = i * 1000,
            .session = i % 20,
            .identity = i % 20 ? identity_of((uint32_t)(i % 20), text) : (struct bytes) { NULL, 0 },
            .cid_to_server = bytes_of(cid, sizeof cid),
            .session_id = bytes_of(session_id, i % 20 == 7 ? 32 : 0),
        };

        segment_index_builder_binding(builder, &binding);
    }
    index = encode(builder, plain, &file);
    segment_index_bindings(index, check_binding, &n);
    assert_int_equal(n, 500);
    segment_index_close(index);
    buffer_clear(&file);
    segment_index_builder_free(builder);
    free(plain);
}

static void an_index_with_any_bit_wrong_or_cut_anywhere_is_refused(void **state)
{
    struct segment_index_builder *builder = segment_index_builder_new(1000);
    struct plain *plain = calloc(1, sizeof *plain);
    uint64_t random = 3;
    struct buffer file;
    struct error error;
    uint8_t *copy;

    (void)state;
    tell_builder(builder, plain, &random);
    segment_index_close(encode(builder, plain, &file));
    for (size_t at = 0; at < file.len; at += at < 400 ? 1 : 61) {
        file.data[at] ^= (uint8_t)(1 << at % 8);
        assert_null(segment_index_over(buffer_bytes(&file), "turned", &error));
        assert_int_equal(error.kind, ERROR_DAMAGED);
        file.data[at] ^= (uint8_t)(1 << at % 8);
    }
    for (size_t len = 0; len < file.len; len += len < 400 ? 1 : 61) {
        copy = malloc(len + 1); /* its own size, so that a look behind it is seen */
        memcpy(copy, file.data, len);
        assert_null(segment_index_over(bytes_of(copy, len), "cut", &error));
        free(copy);
    }
    buffer_clear(&file);
    segment_index_builder_free(builder);
    free(plain);
}

static void a_row_of_ten_thousand_ors_to_either_side_is_walked(void **state)
{
    enum { N = 10000 };
    struct segment_index_builder *builder = segment_index_builder_new(1000);
    struct plain *plain = calloc(1, sizeof *plain);
    struct hint *hints = calloc(2 * N, sizeof *hints);
    uint64_t random = 5, bits[N_BLOCKS / 64 + 1];
    struct buffer file;
    struct segment_index *index;

    (void)state;
    tell_builder(builder, plain, &random);
    index = encode(builder, plain, &file);
    for (unsigned side = 0; side < 2; side++) {
        for (unsigned i = 0; i < N; i++) {
            hints[i] = (struct hint) { .kind = HINT_NONE };
            hints[N + i] = (struct hint) { .kind = HINT_OR };
            hints[N + i].left = side ? &hints[i] : i ? &hints[N + i - 1] : &hints[i];
            hints[N + i].right = side ? (i ? &hints[N + i - 1] : &hints[i]) : &hints[i];
        }
        assert_int_equal(segment_index_candidates(index, &hints[2 * N - 1], bits), 0);
    }
    segment_index_close(index);
    buffer_clear(&file);
    segment_index_builder_free(builder);
    free(plain);
    free(hints);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidates_hold_every_block_that_a_plain_search_finds),
        cmocka_unit_test(bindings_come_back_as_they_were_told_in_order_of_time),
        cmocka_unit_test(an_index_with_any_bit_wrong_or_cut_anywhere_is_refused),
        cmocka_unit_test(a_row_of_ten_thousand_ors_to_either_side_is_walked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
