/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/option.h"
#include "base/timestamp.h"

struct settings {
    const char *archive;
    const char *from;
    struct text_list fields;
    uint64_t count;
    uint64_t keep_bytes;
    int64_t keep_age_ns;
    bool is_count, is_local;
};

static const struct option options[] = {
    { 'A', "archive", OPTION_TEXT, offsetof(struct settings, archive), "DIR", "the archive directory" },
    { 'e', NULL, OPTION_LIST, offsetof(struct settings, fields), "FIELD",
      "print this field\nmay be repeated" },
    { 'c', NULL, OPTION_COUNT, offsetof(struct settings, count), "N", "stop after so many" },
    { 0, "count", OPTION_FLAG, offsetof(struct settings, is_count), NULL, "print only how many" },
    { 'l', "local", OPTION_FLAG, offsetof(struct settings, is_local), NULL, "local time" },
    { 0, "from", OPTION_TIME, offsetof(struct settings, from), "TIME", "from this time on" },
    { 0, "keep-bytes", OPTION_SIZE, offsetof(struct settings, keep_bytes), "SIZE", "keep so much" },
    { 0, "keep-age-of-the-oldest", OPTION_DURATION, offsetof(struct settings, keep_age_ns), "TIME",
      "keep so long" },
    { 0 },
};

static const struct command command = { "find",  "prints packets", "[-A DIR] [options]",
                                        options, "Notes.",         NULL };

struct parsed {
    struct settings settings;
    struct text_list operands;
    struct error error;
    enum option_result result;
};

static void parse(struct parsed *parsed, const char *const *words)
{
    char *argv[16] = { "find" };
    int argc = 1;

    *parsed = (struct parsed) { 0 };
    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)words[argc - 1];
    parsed->result = option_parse(&command, argc, argv, &parsed->settings, &parsed->operands, &parsed->error);
}

static void parsed_clear(struct parsed *parsed)
{
    text_list_clear(&parsed->settings.fields);
    text_list_clear(&parsed->operands);
}

static void options_are_taken_in_every_spelling(void **state)
{
    static const char *const spellings[][8] = {
        { "-A", "dir", "-e", "ip.src", "-lc5", NULL },
        { "-Adir", "-eip.src", "-l", "-c", "5", NULL },
        { "--archive=dir", "--local", "-c5", "-e", "ip.src", NULL },
        { "--archive", "dir", "-lc", "5", "-eip.src", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        struct parsed parsed;

        parse(&parsed, spellings[i]);
        assert_int_equal(parsed.result, OPTION_RUN);
        assert_string_equal(parsed.settings.archive, "dir");
        assert_true(parsed.settings.is_local);
        assert_false(parsed.settings.is_count);
        assert_int_equal(parsed.settings.count, 5);
        assert_int_equal(parsed.settings.fields.n, 1);
        assert_string_equal(parsed.settings.fields.items[0], "ip.src");
        assert_int_equal(parsed.operands.n, 0);
        parsed_clear(&parsed);
    }
}

static void operands_and_options_may_be_mixed(void **state)
{
    static const char *const words[] = { "a", "-l", "-", "b", "--from", "-15m", "--", "-x", "--y", NULL };
    static const char *const operands[] = { "a", "-", "b", "-x", "--y" };
    struct parsed parsed;

    (void)state;
    parse(&parsed, words);
    assert_int_equal(parsed.result, OPTION_RUN);
    assert_string_equal(parsed.settings.from, "-15m");
    assert_int_equal(parsed.operands.n, 5);
    for (uint32_t i = 0; i < 5; i++)
        assert_string_equal(parsed.operands.items[i], operands[i]);
    parsed_clear(&parsed);
}

static void sizes_spans_and_lists_are_converted(void **state)
{
    static const char *const words[] = {
        "--keep-bytes", "2G", "--keep-age-of-the-oldest=7d", "-e", "a", "-e", "b", "-ec", NULL
    };
    struct parsed parsed;

    (void)state;
    parse(&parsed, words);
    assert_int_equal(parsed.result, OPTION_RUN);
    assert_true(parsed.settings.keep_bytes == 2000000000);
    assert_true(parsed.settings.keep_age_ns == 7 * 86400 * NS_PER_SECOND);
    assert_int_equal(parsed.settings.fields.n, 3);
    assert_string_equal(parsed.settings.fields.items[2], "c");
    parsed_clear(&parsed);
}

static void wrong_words_are_named_with_a_way_out(void **state)
{
    static const struct {
        const char *words[4];
        const char *said;
    } cases[] = {
        { { "--form", "now" }, "unknown option --form; did you mean --from?" },
        { { "--local-time=x" }, "unknown option --local-time" },
        { { "--zzzzzzz" }, "unknown option --zzzzzzz" },
        { { "-z" }, "unknown option -z" },
        { { "-lz" }, "unknown option -z" },
        { { "-A" }, "-A wants DIR behind it" },
        { { "--archive" }, "--archive wants DIR behind it" },
        { { "--count=5" }, "--count takes no value" },
        { { "-c", "five" }, "-c \"five\" is not a number" },
        { { "-c", "" }, "-c \"\" is not a number" },
        { { "-c", "-1" }, "-c \"-1\" is not a number" },
        { { "--keep-bytes", "2X" }, "--keep-bytes \"2X\" is not a size" },
        { { "--keep-age-of-the-oldest", "2X" }, "\"2X\" is not a span" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct parsed parsed;

        parse(&parsed, cases[i].words);
        assert_int_equal(parsed.result, OPTION_WRONG);
        assert_int_equal(parsed.error.kind, ERROR_USAGE);
        if (strstr(parsed.error.text, cases[i].said) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", parsed.error.text, cases[i].said);
        parsed_clear(&parsed);
    }
}

static void help_lists_every_option_in_aligned_columns(void **state)
{
    static const char expected[] = "tapdeck find - prints packets\n"
                                   "\n"
                                   "usage: tapdeck find [-A DIR] [options]\n"
                                   "\n"
                                   "options:\n"
                                   "  -A, --archive DIR      the archive directory\n"
                                   "  -e FIELD               print this field\n"
                                   "                         may be repeated\n"
                                   "  -c N                   stop after so many\n"
                                   "      --count            print only how many\n"
                                   "  -l, --local            local time\n"
                                   "      --from TIME        from this time on\n"
                                   "      --keep-bytes SIZE  keep so much\n"
                                   "      --keep-age-of-the-oldest TIME\n"
                                   "                         keep so long\n"
                                   "  -h, --help             show this help\n"
                                   "\n"
                                   "Notes.\n";
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    (void)state;
    option_help(&command, out);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void sizes_are_read_in_decimal_and_binary_units(void **state)
{
    static const struct {
        const char *text;
        uint64_t size_bytes; /* UINT64_MAX: refused */
    } cases[] = {
        { "0", 0 },
        { "200", 200 },
        { "10k", 10000 },
        { "10K", 10000 },
        { "64M", 64000000 },
        { "2G", 2000000000 },
        { "1T", 1000000000000 },
        { "1.5G", 1500000000 },
        { "64Ki", 65536 },
        { "16Mi", 16777216 },
        { "1Gi", 1073741824 },
        { "0.5Ki", 512 },
        { "1.25Mi", 1310720 },
        { "10kB", 10000 },
        { "64KiB", 65536 },
        { "7B", 7 },
        { "", UINT64_MAX },
        { "k", UINT64_MAX },
        { "-5", UINT64_MAX },
        { "5 k", UINT64_MAX },
        { "5kk", UINT64_MAX },
        { "5i", UINT64_MAX },
        { "99E", UINT64_MAX },
        { "99999999999999999999", UINT64_MAX },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t size_bytes = UINT64_MAX;

        size_parse(cases[i].text, &size_bytes);
        if (size_bytes != cases[i].size_bytes)
            fail_msg("%s: %llu", cases[i].text, (unsigned long long)size_bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_taken_in_every_spelling),
        cmocka_unit_test(operands_and_options_may_be_mixed),
        cmocka_unit_test(sizes_spans_and_lists_are_converted),
        cmocka_unit_test(wrong_words_are_named_with_a_way_out),
        cmocka_unit_test(help_lists_every_option_in_aligned_columns),
        cmocka_unit_test(sizes_are_read_in_decimal_and_binary_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
