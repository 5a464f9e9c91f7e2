/* SPDX-License-Identifier: Apache-2.0 */
/* A file sifted by any number of threads gives what reading it packet by packet gives, and ends as that does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "source/openers.h"

enum { FILE_BYTES = 13 << 20 };

struct capture {
    char path[64];
    uint8_t *data;
    size_t len;
};

static uint32_t number(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % below;
}

static void put_u32(struct capture *capture, uint32_t value)
{
    memcpy(capture->data + capture->len, &value, 4); /* on a little-endian machine, as the plain format is */
    capture->len += 4;
}

static void put_record(struct capture *capture, uint32_t seconds, uint32_t caplen, uint32_t len)
{
    put_u32(capture, seconds);
    put_u32(capture, 123456);
    put_u32(capture, caplen);
    put_u32(capture, len);
}

/* Packets of many sizes; some are full of what looks like records, to mislead who guesses where one begins.
 */
static void make_capture(struct capture *capture, uint64_t seed)
{
    capture->data = malloc(FILE_BYTES + (1 << 20));
    assert_non_null(capture->data);
    capture->len = 0;
    put_u32(capture, 0xa1b2c3d4);
    put_u32(capture, 2 | 4 << 16);
    put_u32(capture, 0);
    put_u32(capture, 0);
    put_u32(capture, 262144);
    put_u32(capture, 1);
    while (capture->len < FILE_BYTES) {
        uint32_t kind = number(&seed, 3000), caplen = 40 + number(&seed, 400);

        if (kind < 40)
            caplen = 3200 * (1 + number(&seed, 80)); /* up to 256000 */
        put_record(capture, 1700000000, caplen, caplen + (kind % 9 == 0));
        for (uint32_t i = 0; kind < 40 && i < caplen / 32; i++) {
            put_record(capture, 1700000000, 16, 16);
            put_record(capture, 1, 2, i);
        }
        for (uint32_t i = 0; kind >= 40 && i < caplen; i++)
            capture->data[capture->len++] = (uint8_t)(number(&seed, 256));
    }
}

static void write_capture(struct capture *capture)
{
    int fd;

    strcpy(capture->path, "/tmp/tapdeck-scan-XXXXXX");
    fd = mkstemp(capture->path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, capture->data, capture->len), (ssize_t)capture->len);
    close(fd);
}

static uint64_t keep_some(const void *context, uint16_t linktype, const struct packet_glance *glances,
                          uint32_t n)
{
    const unsigned *one_of = context;
    uint64_t kept = 0;

    (void)linktype;
    for (uint32_t i = 0; i < n; i++)
        if (*one_of && glances[i].data[7] % *one_of == 0)
            kept |= UINT64_C(1) << i;
    return kept;
}

struct findings {
    uint64_t n, sum;
    struct source_stats stats;
    enum source_result result;
    struct error error;
};

static void add(struct findings *findings, const struct packet *packet)
{
    findings->n++;
    findings->sum = findings->sum * 1000003 + packet->number;
    findings->sum = findings->sum * 1000003 + packet->caplen + packet->len + (uint64_t)packet->ts_ns;
    for (uint32_t i = 0; i < packet->caplen; i += 13)
        findings->sum = findings->sum * 31 + packet->data[i];
}

/* n_threads: 0 for without a sieve, its question asked here. */
static struct findings find(const struct capture *capture, unsigned one_of, unsigned n_threads)
{
    struct packet_sieve sieve = { keep_some, &one_of };
    struct interface_table interfaces = { 0 };
    struct findings findings = { 0 };
    struct source *source = pcap_file_open(capture->path, &interfaces, &findings.error);
    struct batch batch;

    assert_non_null(source);
    assert_true(batch_init(&batch, BATCH_BYTES));
    if (n_threads)
        assert_true(pcap_file_sift(source, &sieve, n_threads));
    while ((findings.result = source_next(source, &batch, 0, &findings.error)) == SOURCE_PACKETS)
        for (uint32_t i = 0; i < batch.n; i++) {
            struct packet_glance glance = { batch.packets[i].data, batch.packets[i].caplen,
                                            batch.packets[i].len };

            if (keep_some(&one_of, 1, &glance, 1)) /* a source may hand over more than it must */
                add(&findings, &batch.packets[i]);
        }
    findings.stats = source->stats;
    batch_clear(&batch);
    source_close(source);
    interface_table_clear(&interfaces);
    return findings;
}

static void assert_same(const struct capture *capture)
{
    static const unsigned shares[] = { 0, 1, 2, 97 };

    for (size_t s = 0; s < sizeof shares / sizeof *shares; s++) {
        struct findings plain = find(capture, shares[s], 0);

        for (unsigned n_threads = 1; n_threads <= 4; n_threads++) {
            struct findings sifted = find(capture, shares[s], n_threads);

            assert_int_equal(sifted.n, plain.n);
            assert_int_equal(sifted.sum, plain.sum);
            assert_int_equal(sifted.result, plain.result);
            assert_int_equal(sifted.stats.n_packets, plain.stats.n_packets);
            assert_int_equal(sifted.stats.n_bytes, plain.stats.n_bytes);
            assert_int_equal(sifted.stats.n_truncated_mirror, plain.stats.n_truncated_mirror);
            if (plain.result == SOURCE_FAULT)
                assert_string_equal(sifted.error.text, plain.error.text);
        }
    }
}

static void any_number_of_threads_finds_the_same_packets(void **state)
{
    struct capture capture;

    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        make_capture(&capture, seed);
        write_capture(&capture);
        assert_same(&capture);
        unlink(capture.path);
        free(capture.data);
    }
}

static void a_cut_or_damaged_file_ends_at_the_same_place(void **state)
{
    struct capture capture;

    (void)state;
    make_capture(&capture, 9);
    capture.len -= 17;
    write_capture(&capture);
    assert_same(&capture);
    unlink(capture.path);
    for (size_t at = capture.len / 2; at < capture.len / 2 + 4096; at += 4) /* a length, among others */
        memcpy(capture.data + at, "\xff\xff\xff\x7f", 4);
    write_capture(&capture);
    assert_same(&capture);
    unlink(capture.path);
    free(capture.data);
}

static void a_file_cut_short_while_it_is_scanned_ends_with_a_fault(void **state)
{
    unsigned one_of = 0;
    struct packet_sieve sieve = { keep_some, &one_of };
    struct interface_table interfaces = { 0 };
    enum source_result result;
    struct capture capture;
    struct source *source;
    struct error error;
    struct batch batch;

    (void)state;
    make_capture(&capture, 5);
    write_capture(&capture);
    source = pcap_file_open(capture.path, &interfaces, &error);
    assert_non_null(source);
    assert_true(batch_init(&batch, BATCH_BYTES));
    assert_true(pcap_file_sift(source, &sieve, 2));
    assert_int_equal(truncate(capture.path, 3 << 20), 0);
    while ((result = source_next(source, &batch, 0, &error)) == SOURCE_PACKETS)
        ;
    assert_int_equal(result, SOURCE_FAULT);
    assert_non_null(strstr(error.text, "was cut short by another program"));
    batch_clear(&batch);
    source_close(source);
    interface_table_clear(&interfaces);
    unlink(capture.path);
    free(capture.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_threads_finds_the_same_packets),
        cmocka_unit_test(a_cut_or_damaged_file_ends_at_the_same_place),
        cmocka_unit_test(a_file_cut_short_while_it_is_scanned_ends_with_a_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
