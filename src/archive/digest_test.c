/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "archive/archive_fixture.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "archive/archive_source.h"
#include "archive/check.h"
#include "archive/digest_file.h"
#include "archive/posting.h"

enum { SEGMENTS = 6, PACKETS = 60 };

static struct fixture_indexer indexer;
static const struct reindexer reindexer = { &indexer, fixture_begin, fixture_add, fixture_finish };

static struct bytes name_of(uint64_t i, char text[static 32])
{
    snprintf(text, 32, "device-%llu", (unsigned long long)i);
    return bytes_text(text);
}

static void write_segment(const char *directory, uint64_t first, uint32_t limit_flows)
{
    struct interface_table interfaces = { 0 };
    struct fixture_indexer own = { segment_index_builder_new(limit_flows), 0 };
    char text[32];
    struct error error;

    fixture_interfaces(&interfaces);
    segment_index_builder_mark_identity(own.builder, IDENTITY_DTLS_PSK, name_of(first, text), 0);
    assert_true(
        segment_writer_seal(fixture_write(directory, CODEC_ZSTD, &interfaces, first, PACKETS, 100, &own),
                            own.builder, NULL, 0, NULL, &error));
    segment_index_builder_free(own.builder);
    interface_table_clear(&interfaces);
}

static void make_archive(char directory[static 64])
{
    fixture_directory(directory);
    for (unsigned i = 0; i < SEGMENTS; i++)
        write_segment(directory, i * PACKETS, i == 2 ? 5 : 10000); /* one is folded */
}

static struct hint random_leaf(uint64_t *random, char text[static 32])
{
    uint64_t packet = fixture_random(random) % (SEGMENTS * PACKETS);
    struct flow_key key = fixture_flow(packet, 500);
    int64_t ts_ns = INT64_C(1724925600000000000) + (int64_t)packet * 1000003;
    static const uint8_t prefixes[] = { 0, 8, 15, 16, 20, 24, 27, 32 },
                         prefixes6[] = { 0, 40, 48, 60, 64, 100, 128 };

    if (fixture_random(random) % 4 == 0) /* nobody's */
        key.high.bytes[3] = key.high.bytes[15] = 77;
    switch (fixture_random(random) % 6) {
    case 0:
        return (struct hint) { .kind = HINT_ADDRESS,
                               .prefix = { key.high,
                                           key.high.family == 4
                                               ? prefixes[fixture_random(random) % sizeof prefixes]
                                               : prefixes6[fixture_random(random) % sizeof prefixes6] } };
    case 1:
        return (struct hint) {
            .kind = HINT_PORT, .port = { key.port_low, (uint16_t)(key.port_low + fixture_random(random) % 3) }
        };
    case 2:
        return (struct hint) { .kind = HINT_TIME, .time = { ts_ns, ts_ns + 1000 } };
    case 3:
        return (struct hint) { .kind = HINT_IDENTITY, .identity = name_of(packet / 30 * 30, text) };
    case 4:
        return (struct hint) { .kind = HINT_PROTOCOL,
                               .protocol = fixture_random(random) % 2 ? PROTOCOL_IPV4 : PROTOCOL_DTLS };
    default:
        key.any_port = (uint8_t)(fixture_random(random) % 4);
        if (key.any_port & FLOW_ANY_PORT_LOW)
            key.port_low = 0;
        if (key.any_port & FLOW_ANY_PORT_HIGH)
            key.port_high = 0;
        return (struct hint) { .kind = HINT_FLOW, .flow = { key, ts_ns - 1000000000, ts_ns + 1000000000 } };
    }
}

/* How many of the segments are ruled out over random questions; asserts that none of those has a candidate.
 */
static unsigned rule_out(const struct digest *digest, const struct catalog *catalog, unsigned n,
                         uint64_t seed)
{
    uint64_t random = seed, bits[64];
    unsigned n_ruled_out = 0;

    for (unsigned round = 0; round < n; round++) {
        char texts[2][32];
        struct hint left = random_leaf(&random, texts[0]), right = random_leaf(&random, texts[1]);
        struct hint hint = { .kind = fixture_random(&random) % 2 ? HINT_AND : HINT_OR, &left, &right };

        for (uint32_t i = 0; i < catalog->n; i++) {
            struct error error;
            struct segment_index *index;

            if (digest_may_match(digest, i, &hint))
                continue;
            n_ruled_out++;
            index = segment_index_open(catalog->entries[i].index_path, &error);
            assert_non_null(index);
            assert_true(segment_index_blocks(index) < 64 * 64);
            assert_int_equal(segment_index_candidates(index, &hint, bits), 0);
            segment_index_close(index);
        }
    }
    return n_ruled_out;
}

static void what_a_digest_rules_out_has_no_candidate_in_the_index(void **state)
{
    struct catalog catalog;
    struct digest *digest;
    char directory[64];
    struct error error;

    (void)state;
    make_archive(directory);
    assert_true(catalog_load(&catalog, directory, &error));
    digest = digest_open(&catalog);
    assert_true(rule_out(digest, &catalog, 3000, 99) > 3000 * SEGMENTS / 3);
    digest_close(digest);
    catalog_clear(&catalog);
    fixture_remove(directory);
}

static struct bytes read_digest(const char *directory, char path[static 4096])
{
    uint8_t *data = malloc(1 << 20);
    int fd;
    ssize_t n;

    snprintf(path, 4096, "%s/%s", directory, DIGEST_NAME);
    fd = open(path, O_RDONLY);
    n = read(fd, data, 1 << 20);
    assert_true(n > 0);
    close(fd);
    return bytes_of(data, (size_t)n);
}

static void any_damage_rules_out_nothing_that_was_not(void **state)
{
    struct catalog catalog;
    char directory[64], path[4096];
    struct error error;
    struct bytes file;
    uint64_t random = 5;
    uint8_t *data;

    (void)state;
    make_archive(directory);
    assert_true(catalog_load(&catalog, directory, &error));
    file = read_digest(directory, path);
    data = (uint8_t *)(uintptr_t)file.data;
    for (unsigned round = 0; round < 400; round++) {
        size_t at = fixture_random(&random) % file.len, len = fixture_random(&random) % 2 ? file.len : at;
        uint8_t was = data[at];
        struct digest *digest;

        data[at] ^= (uint8_t)(1u << fixture_random(&random) % 8);
        digest = digest_over(bytes_of(data, len), &catalog);
        rule_out(digest, &catalog, 8, round + 1);
        digest_close(digest);
        data[at] = was;
    }
    free(data);
    catalog_clear(&catalog);
    fixture_remove(directory);
}

/* By its own answer: which of the segments the digest knows. */
static uint32_t known_of(const char *directory)
{
    struct catalog catalog;
    struct digest_segment segment;
    struct digest *digest;
    struct error error;
    uint32_t known = 0;

    assert_true(catalog_load(&catalog, directory, &error));
    digest = digest_open(&catalog);
    for (uint32_t i = 0; i < catalog.n; i++)
        known |= (uint32_t)digest_knows(digest, i, &segment) << i;
    digest_close(digest);
    catalog_clear(&catalog);
    return known;
}

static uint64_t read_all(const char *directory)
{
    static const struct hint hint = { .kind = HINT_PORT, .port = { 5684, 5684 } };
    struct interface_table interfaces = { 0 };
    struct catalog catalog;
    struct error error;
    struct source *source;
    struct batch batch;
    uint64_t n = 0;

    assert_true(catalog_load(&catalog, directory, &error));
    source = archive_source_open(&catalog, &hint, &interfaces, &error);
    assert_non_null(source);
    assert_true(batch_init(&batch, 0));
    while (source_next(source, &batch, 0, &error) == SOURCE_PACKETS)
        n += batch.n;
    source_close(source);
    batch_clear(&batch);
    catalog_clear(&catalog);
    interface_table_clear(&interfaces);
    return n;
}

static void change_index_time(const char *directory, uint32_t entry)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1000000000 } };
    struct catalog catalog;
    struct error error;

    assert_true(catalog_load(&catalog, directory, &error));
    assert_int_equal(utimensat(AT_FDCWD, catalog.entries[entry].index_path, times, 0), 0);
    catalog_clear(&catalog);
}

static void a_reader_adds_the_segments_that_the_digest_does_not_know(void **state)
{
    char directory[64], path[4096];
    uint64_t n;

    (void)state;
    make_archive(directory);
    assert_int_equal(known_of(directory), 63);
    n = read_all(directory);
    assert_true(n > 0);
    change_index_time(directory, 3);
    change_index_time(directory, 4);
    assert_int_equal(known_of(directory), 63 - 8 - 16);
    assert_int_equal(read_all(directory), n);
    assert_int_equal(known_of(directory), 63);

    snprintf(path, sizeof path, "%s/%s", directory, DIGEST_NAME);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(known_of(directory), 0);
    assert_int_equal(read_all(directory), n);
    assert_int_equal(known_of(directory), 63);
    fixture_remove(directory);
}

static void behind_a_torn_record_the_next_ones_are_found(void **state)
{
    char directory[64], path[4096];
    struct bytes file;
    int fd;

    (void)state;
    make_archive(directory);
    file = read_digest(directory, path);
    fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, file.data + DIGEST_HEAD_BYTES, 485), 485); /* not of a multiple of 8 */
    close(fd);
    write_segment(directory, SEGMENTS * PACKETS, 10000);
    assert_int_equal(known_of(directory), 127);
    free((void *)(uintptr_t)file.data);
    fixture_remove(directory);
}

static void whoever_finds_the_digest_locked_leaves_it(void **state)
{
    char directory[64], path[4096];
    int fd;

    (void)state;
    make_archive(directory);
    snprintf(path, sizeof path, "%s/%s", directory, DIGEST_NAME);
    fd = open(path, O_RDONLY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    write_segment(directory, SEGMENTS * PACKETS, 10000);
    assert_int_equal(known_of(directory), 63);
    close(fd);
    read_all(directory);
    assert_int_equal(known_of(directory), 127);
    fixture_remove(directory);
}

static void count_wrong(void *context, enum check_severity severity, const char *path, const char *sentence)
{
    (void)path;
    (void)sentence;
    *(unsigned *)context += severity == CHECK_WRONG;
}

static unsigned check_directory(const char *directory, bool repair)
{
    struct check_totals totals;
    struct error error;
    unsigned n_wrong = 0;

    assert_true(check_archive(directory, repair, &reindexer, count_wrong, &n_wrong, &totals, &error));
    return n_wrong;
}

/* A record of the right head, but made from another index: what only holding both against each other finds.
 */
static void check_finds_a_record_that_differs_from_its_index_and_repairs_it(void **state)
{
    char directory[64], path[4096];
    struct catalog catalog;
    struct segment_index *other;
    struct digest_additions *additions;
    struct error error;
    struct stat before, after;

    (void)state;
    make_archive(directory);
    assert_int_equal(check_directory(directory, false), 0);
    assert_true(catalog_load(&catalog, directory, &error));
    other = segment_index_open(catalog.entries[1].index_path, &error);
    additions = digest_additions_new(&catalog);
    assert_non_null(additions);
    other->segment_bytes = catalog.entries[0].stored_bytes;
    digest_additions_put(additions, &catalog.entries[0], other);
    digest_additions_write(additions);
    segment_index_close(other);
    catalog_clear(&catalog);
    assert_int_equal(check_directory(directory, false), 1);
    snprintf(path, sizeof path, "%s/%s", directory, DIGEST_NAME);
    assert_int_equal(stat(path, &before), 0);
    check_directory(directory, true);
    assert_int_equal(check_directory(directory, false), 0);
    assert_int_equal(known_of(directory), 63);
    assert_int_equal(stat(path, &after), 0);
    assert_true(after.st_size < before.st_size);
    fixture_remove(directory);
}

static void a_digest_mostly_of_deleted_segments_is_written_anew(void **state)
{
    char directory[64], path[4096];
    struct catalog catalog;
    struct error error;
    struct stat status;
    struct segment_index *index;
    uint64_t n;
    off_t most = 0;

    (void)state;
    make_archive(directory);
    n = read_all(directory);
    snprintf(path, sizeof path, "%s/%s", directory, DIGEST_NAME);
    assert_true(catalog_load(&catalog, directory, &error));
    index = segment_index_open(catalog.entries[0].index_path, &error);
    assert_non_null(index);
    for (unsigned round = 0; round < 5000; round++) { /* each time what was known goes stale */
        digest_add(catalog.entries[0].index_path, catalog.entries[0].stored_bytes, index);
        assert_int_equal(stat(path, &status), 0);
        most = status.st_size > most ? status.st_size : most;
    }
    assert_true(most > 900 * 1024 && most < 1200 * 1024);
    segment_index_close(index);
    catalog_clear(&catalog);
    assert_int_equal(known_of(directory), 63);
    assert_int_equal(read_all(directory), n);
    fixture_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_digest_rules_out_has_no_candidate_in_the_index),
        cmocka_unit_test(any_damage_rules_out_nothing_that_was_not),
        cmocka_unit_test(a_reader_adds_the_segments_that_the_digest_does_not_know),
        cmocka_unit_test(behind_a_torn_record_the_next_ones_are_found),
        cmocka_unit_test(whoever_finds_the_digest_locked_leaves_it),
        cmocka_unit_test(check_finds_a_record_that_differs_from_its_index_and_repairs_it),
        cmocka_unit_test(a_digest_mostly_of_deleted_segments_is_written_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
