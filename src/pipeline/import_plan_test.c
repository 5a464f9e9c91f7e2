/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/import_journal.h"
#include "packet/packet_digest.h"
#include "pipeline/import_plan.h"

enum { SEED = 7, SECONDS = 1725000000 };

static char folder[] = "/tmp/import_plan_test.XXXXXX";

static const char *path_of(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put_u32(FILE *file, uint32_t value)
{
    fwrite(&value, sizeof value, 1, file);
}

/* n packets, one a second from SECONDS + first, each of 4 bytes that say which. */
static void write_pcap(const char *name, uint32_t first, uint32_t n)
{
    FILE *file = fopen(path_of(name), "wb");

    assert_non_null(file);
    put_u32(file, 0xa1b2c3d4);
    put_u32(file, 0x00040002);
    put_u32(file, 0);
    put_u32(file, 0);
    put_u32(file, 262144);
    put_u32(file, LINKTYPE_ETHERNET);
    for (uint32_t i = first; i < first + n; i++) {
        put_u32(file, SECONDS + i);
        put_u32(file, 0);
        put_u32(file, 4);
        put_u32(file, 4);
        put_u32(file, i);
    }
    fclose(file);
}

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "wb");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static struct import_plan plan_of_folder(struct capture_list *list, struct import_journal *journal)
{
    struct import_archive archive = { .journal = journal };
    struct import_plan plan;
    struct error error;

    assert_true(capture_list_add(list, folder, NULL, &error));
    assert_true(import_plan_make(&plan, list, &archive, journal ? import_journal_seed(journal) : SEED, false,
                                 &error));
    return plan;
}

static const struct import_file *file_named(const struct import_plan *plan, const char *name)
{
    for (uint32_t i = 0; i < plan->n; i++) {
        if (strcmp(strrchr(plan->files[i].path, '/') + 1, name) == 0)
            return &plan->files[i];
    }
    fail_msg("%s is not in the plan", name);
    return NULL;
}

static void files_are_taken_by_their_first_packet_whatever_they_are_called(void **state)
{
    struct capture_list list = { 0 };
    struct import_plan plan;

    (void)state;
    write_pcap("a", 200, 10);
    write_pcap("b10.pcap", 100, 10);
    write_pcap("b2.pcap", 0, 10);
    write_text("notes.txt", "nothing of interest");
    write_text("zero.pcap", "");
    write_pcap("header.pcap", 0, 0);
    write_pcap(".hidden.pcap", 0, 10);
    assert_int_equal(link(path_of("a"), "/tmp/import_plan_test.link"), 0);
    assert_int_equal(rename("/tmp/import_plan_test.link", path_of("a-again")), 0);

    plan = plan_of_folder(&list, NULL);
    assert_int_equal(plan.n, 7);
    assert_int_equal(plan.n_take, 3);
    assert_string_equal(strrchr(plan.files[0].path, '/'), "/b2.pcap");
    assert_string_equal(strrchr(plan.files[1].path, '/'), "/b10.pcap");
    assert_string_equal(strrchr(plan.files[2].path, '/'), "/a");
    assert_int_equal(plan.files[2].first_ns, (SECONDS + 200) * INT64_C(1000000000));
    assert_int_equal(file_named(&plan, "a-again")->state, IMPORT_TWICE);
    assert_int_equal(file_named(&plan, "notes.txt")->state, IMPORT_FOREIGN);
    assert_int_equal(file_named(&plan, "zero.pcap")->state, IMPORT_EMPTY);
    assert_int_equal(file_named(&plan, "header.pcap")->state, IMPORT_EMPTY);
    assert_int_equal(list.n_hidden, 1);
    import_plan_clear(&plan);
    capture_list_clear(&list);
}

static void a_gap_is_from_the_newest_packet_before_and_negative_where_periods_overlap(void **state)
{
    struct import_file file = { .first_ns = 1000 };

    (void)state;
    assert_int_equal(import_plan_gap(&file, INT64_MIN), 0);
    assert_int_equal(import_plan_gap(&file, 400), 600);
    assert_int_equal(import_plan_gap(&file, 1300), -300);
    file.first_ns = INT64_MAX;
    assert_true(import_plan_gap(&file, -5) == INT64_MAX);
}

/* What the journal would hold after n packets of write_pcap(first). */
static struct import_record record_of(const char *path, uint32_t first, uint32_t n, uint64_t seed)
{
    struct import_record record = { .path = path, .n_packets = n, .n_last = 1 };

    for (uint32_t i = first; i < first + n; i++) {
        struct packet packet = { .ts_ns = (SECONDS + i) * INT64_C(1000000000),
                                 .data = (const uint8_t *)&i,
                                 .caplen = 4,
                                 .len = 4,
                                 .linktype = LINKTYPE_ETHERNET };
        uint64_t digest = packet_digest(&packet, seed);

        if (i == first)
            record.first_digest = digest;
        record.chain = packet_digest_chain(record.chain, digest);
    }
    return record;
}

static void what_was_imported_is_known_by_its_content(void **state)
{
    struct capture_list list = { 0 };
    struct import_record record;
    struct import_journal *journal;
    struct import_plan plan;
    struct error error;
    char archive[] = "/tmp/import_plan_archive.XXXXXX", command[512];
    const struct import_file *file;
    uint64_t seed;

    (void)state;
    assert_non_null(mkdtemp(archive));
    journal = import_journal_open(archive, IMPORT_JOURNAL_WRITE, &error);
    assert_non_null(journal);
    seed = import_journal_seed(journal);
    assert_true(import_journal_begin(journal, &error));
    record = record_of("/elsewhere/a", 200, 10, seed); /* all of it */
    assert_true(import_journal_put(journal, &record, &error));
    record = record_of("/elsewhere/b10", 100, 4, seed); /* the first four */
    assert_true(import_journal_put(journal, &record, &error));
    record = record_of("/elsewhere/b2", 0, 10, seed); /* another one, which begins alike */
    record.chain++;
    assert_true(import_journal_put(journal, &record, &error));
    assert_true(import_journal_commit(journal, &error));

    plan = plan_of_folder(&list, journal);
    assert_int_equal(file_named(&plan, "a")->state, IMPORT_KNOWN);
    assert_int_equal(file_named(&plan, "a")->n_known, 10);
    file = file_named(&plan, "b10.pcap");
    assert_int_equal(file->state, IMPORT_TAKE);
    assert_int_equal(file->n_known, 4);
    assert_int_equal(file->n_last, 1);
    file = file_named(&plan, "b2.pcap");
    assert_int_equal(file->state, IMPORT_TAKE);
    assert_int_equal(file->n_known, 0);
    import_plan_clear(&plan);
    capture_list_clear(&list);
    import_journal_close(journal);
    snprintf(command, sizeof command, "rm -r %s", archive);
    assert_int_equal(system(command), 0);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[512];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_taken_by_their_first_packet_whatever_they_are_called),
        cmocka_unit_test(a_gap_is_from_the_newest_packet_before_and_negative_where_periods_overlap),
        cmocka_unit_test(what_was_imported_is_known_by_its_content),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
