/* SPDX-License-Identifier: Apache-2.0 */
/* Who looks for one device follows few packets, and finds what following all of them finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/device_search.h"
#include "pipeline/indexer.h"
#include "source/openers.h"

enum { NAMES = 64, NAME_BYTES = 128 };

struct heard {
    char names[NAMES][NAME_BYTES];
    unsigned n;
};

static void on_binding(void *context, const struct binding *binding)
{
    struct heard *heard = context;
    char name[NAME_BYTES];

    if (binding->identity.len == 0 || binding->identity.len >= NAME_BYTES || heard->n == NAMES ||
        memchr(binding->identity.data, 0, binding->identity.len))
        return;
    memcpy(name, binding->identity.data, binding->identity.len);
    name[binding->identity.len] = '\0';
    for (unsigned i = 0; i < heard->n; i++)
        if (strcmp(heard->names[i], name) == 0)
            return;
    strcpy(heard->names[heard->n++], name);
}

static void hear_names(const char *path, struct heard *heard)
{
    struct interface_table interfaces = { 0 };
    struct error error;
    struct source *source = pcap_file_open(path, &interfaces, &error);
    struct indexer *indexer = indexer_new(&interfaces, 1);
    struct batch batch;

    assert_non_null(source);
    assert_non_null(indexer);
    assert_true(batch_init(&batch, BATCH_BYTES));
    indexer_listen(indexer, on_binding, heard);
    while (source_next(source, &batch, 0, &error) == SOURCE_PACKETS)
        for (uint32_t i = 0; i < batch.n; i++)
            indexer_packet(indexer, &batch.packets[i], 0);
    indexer_end(indexer, true);
    batch_clear(&batch);
    indexer_free(indexer);
    source_close(source);
    interface_table_clear(&interfaces);
}

static struct device_match *spans_of(const char *path, const char *name, bool follows_all)
{
    struct interface_table interfaces = { 0 };
    struct error error;
    struct source *source = pcap_file_open(path, &interfaces, &error);
    struct device_match *match = device_match_new(1);
    struct device_search *search = device_search_new(name, match, &preferences_default, 1, &error);

    assert_non_null(source);
    assert_non_null(search);
    assert_true(device_search_source(search, source, &interfaces, follows_all, NULL, NULL, NULL, &error));
    device_match_settle(match);
    device_search_free(search);
    source_close(source);
    interface_table_clear(&interfaces);
    return match;
}

static void what_is_passed_over_changes_no_span_of_the_device(void **state)
{
    unsigned n_asked = 0;
    glob_t captures;

    (void)state;
    assert_int_equal(glob("tests/captures/*.pcap", 0, NULL, &captures), 0);
    for (size_t i = 0; i < captures.gl_pathc; i++) {
        struct heard heard = { .n = 0 };

        hear_names(captures.gl_pathv[i], &heard);
        for (unsigned k = 0; k < heard.n; k++) {
            struct device_match *all = spans_of(captures.gl_pathv[i], heard.names[k], true);
            struct device_match *few = spans_of(captures.gl_pathv[i], heard.names[k], false);
            const struct device_span *a, *b;
            uint32_t n_all, n_few;

            a = device_match_spans(all, &n_all);
            b = device_match_spans(few, &n_few);
            assert_int_equal(n_few, n_all);
            for (uint32_t s = 0; s < n_all; s++) {
                assert_true(flow_key_equal(&a[s].flow, &b[s].flow));
                if (a[s].from_ns != b[s].from_ns || a[s].to_ns != b[s].to_ns)
                    fail_msg("%s: %s: another span", captures.gl_pathv[i], heard.names[k]);
            }
            device_match_free(all);
            device_match_free(few);
            n_asked++;
        }
    }
    globfree(&captures);
    assert_true(n_asked > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_passed_over_changes_no_span_of_the_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
