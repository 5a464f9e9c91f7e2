/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer by index is that of a plain scan: random filters (answer_filter.h), some with -o or -d, over
 * archives of captures mixed at random (answer_fleet.h). A fast part of it runs with the suite; the whole is
 *
 *     TAPDECK_ANSWERS=5000 build/pipeline.index_answers_test
 *
 * TAPDECK_ANSWERS_SEED begins elsewhere, TAPDECK_ANSWERS_CAPTURES names a list of other captures. That an
 * unsound rule would be found is tested by planting some.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "archive/archive_source.h"
#include "filter/filter.h"
#include "pipeline/answer_filter.h"
#include "pipeline/search_hint.h"
#include "protocol/preferences.h"

enum {
    FILTERS_A_FLEET = 60,
    SUITE_PAIRS = 600,
    TEXT_BYTES = 4096,
};

/* ---- both answers ---- */

/* A question: a filter, a time, and sometimes preferences. */
struct question {
    const char *text;
    const struct filter *filter;
    struct time_range range;
    struct preferences preferences;
};

struct answer {
    uint64_t *bits; /* by packet number */
    uint64_t n_found, n_read;
};

static void ask(const struct fleet *fleet, const struct question *question, const struct hint *hint,
                const struct hint *past, struct answer *answer)
{
    static struct dissection d;
    struct interface_table interfaces = { 0 };
    struct dissect_state *state = dissect_state_new(2);
    struct error error = { 0 };
    struct source *source = archive_source_open_with_past(&fleet->catalog, hint, past, &interfaces, &error);
    struct batch batch;

    assert_non_null(source);
    assert_true(batch_init(&batch, 0));
    *answer = (struct answer) { .bits = calloc(fleet->n / 64 + 2, sizeof(uint64_t)) };
    dissection_init(&d, filter_demand(question->filter), state, &interfaces);
    d.preferences = &question->preferences;
    while (source_next(source, &batch, 0, &error) == SOURCE_PACKETS) {
        for (uint32_t i = 0; i < batch.n; i++) {
            const struct packet *packet = &batch.packets[i];

            answer->n_read++;
            dissect(&d, packet);
            if (packet->ts_ns < question->range.from_ns || packet->ts_ns > question->range.to_ns ||
                !filter_match(question->filter, &d))
                continue;
            assert_true(packet->number <= fleet->n);
            answer->bits[packet->number / 64] |= UINT64_C(1) << (packet->number % 64);
            answer->n_found++;
        }
    }
    assert_int_equal(archive_source_counters(source)->n_damaged, 0);
    batch_clear(&batch);
    source_close(source);
    interface_table_clear(&interfaces);
    dissect_state_free(state);
}

struct tally {
    uint64_t n_pairs, n_refused, n_answered, n_differing, n_read, n_scanned;
};

/* What a hint would say if a rule were wrong. */
struct plant {
    const char *name;
    void (*change)(struct hint *hint); /* each node of it */
    const char *word, *instead;        /* or the hint is that of a filter with other words */
    bool forgets_past;
};

static struct hint *copy_hint(const struct hint *hint, const struct plant *plant)
{
    struct hint *copy = malloc(sizeof *copy);

    *copy = *hint;
    if (hint->kind == HINT_AND || hint->kind == HINT_OR) {
        copy->left = copy_hint(hint->left, plant);
        copy->right = copy_hint(hint->right, plant);
    }
    if (plant->change)
        plant->change(copy);
    return copy;
}

static void copied_hint_free(const struct hint *copy)
{
    if (copy->kind == HINT_AND || copy->kind == HINT_OR) {
        copied_hint_free(copy->left);
        copied_hint_free(copy->right);
    }
    free((void *)copy);
}

/* A filter with the plant's words, whose hint is taken for the other's. NULL: none of that kind. */
static struct filter *misread(const char *text, const struct plant *plant)
{
    struct error error;
    struct filter *filter;
    struct buffer other;
    const char *found;

    if (plant == NULL || plant->word == NULL || strstr(text, plant->word) == NULL)
        return NULL;
    buffer_init(&other, TEXT_BYTES);
    for (; (found = strstr(text, plant->word)) != NULL; text = found + strlen(plant->word)) {
        buffer_put(&other, text, (size_t)(found - text));
        buffer_put_text(&other, plant->instead);
    }
    buffer_put_text(&other, text);
    buffer_put_u8(&other, 0);
    filter = other.is_full ? NULL : filter_compile((const char *)other.data, &error);
    buffer_clear(&other);
    return filter;
}

static void tell_difference(const struct fleet *fleet, const struct question *question,
                            const struct answer *scanned, const struct answer *found)
{
    for (uint32_t i = 0; i <= fleet->n; i++) {
        if ((scanned->bits[i / 64] ^ found->bits[i / 64]) >> (i % 64) & 1) {
            print_error("%s\n  from %lld to %lld: packet %u is %s by index; %llu and %llu of %u packets\n",
                        question->text, (long long)question->range.from_ns, (long long)question->range.to_ns,
                        i, scanned->bits[i / 64] >> (i % 64) & 1 ? "missed" : "found wrongly",
                        (unsigned long long)scanned->n_found, (unsigned long long)found->n_found, fleet->n);
            return;
        }
    }
}

static void compare(struct fleet *fleet, const struct question *question, const struct plant *plant,
                    struct tally *tally)
{
    static const struct hint everything = { .kind = HINT_ALL };
    struct error error;
    struct answer scanned, found;
    enum hint_memory memory = hint_memory_of(filter_demand(question->filter));
    struct filter *other = misread(question->text, plant);
    const struct hint *of_filter = filter_hint(other ? other : question->filter);
    struct hint *asked, *hint, *past = NULL;

    if (!preferences_agree_with_index(&question->preferences))
        of_filter = &everything;
    hint = asked = search_hint_new(&question->range, of_filter, NULL, memory, &error);
    assert_non_null(asked);
    if (plant)
        hint = copy_hint(asked, plant);
    if (memory == HINT_MEMORY_CONVERSATION && !(plant && plant->forgets_past))
        assert_non_null(past = search_past_new(hint, &error));
    ask(fleet, question, &everything, NULL, &scanned);
    ask(fleet, question, hint, past, &found);
    free(past);
    tally->n_pairs++;
    tally->n_answered += scanned.n_found > 0;
    tally->n_read += found.n_read;
    tally->n_scanned += scanned.n_read;
    if (memcmp(scanned.bits, found.bits, (fleet->n / 64 + 2) * sizeof *found.bits) != 0) {
        tally->n_differing++;
        if (plant == NULL)
            tell_difference(fleet, question, &scanned, &found);
    }
    free(scanned.bits);
    free(found.bits);
    if (plant)
        copied_hint_free(hint);
    free(asked);
    filter_free(other);
}

static void choose_preferences(struct fleet *fleet, struct preferences *preferences)
{
    static const char *const options[] = {
        "tcp.desegment_tcp_streams:FALSE",
        "tcp.analyze_sequence_numbers:FALSE",
        "tcp.relative_sequence_numbers:FALSE",
        "tcp.reassemble_out_of_order:TRUE",
        "ip.check_checksum:TRUE",
        "udp.check_checksum:TRUE",
        "tcp.check_checksum:TRUE",
        "tls.desegment_ssl_records:FALSE",
        "ip.defragment:FALSE",
        "mqtt.default_version:MQTT v5.0",
    };
    static const char *const rules[] = {
        "udp.port==5684,coap", "udp.port==5683,data", "tcp.port==1883,data",    "tcp.port==443,mqtt",
        "udp.port==53,coap",   "tcp.port==8883,mqtt", "udp.port==1-65535,dtls", "udp.port==5683,dtls",
    };
    struct error error;

    *preferences = preferences_default;
    if (chance(fleet, 15))
        assert_true(preferences_set(preferences,
                                    options[below(&fleet->seed, sizeof options / sizeof *options)], &error));
    if (chance(fleet, 15))
        assert_true(preferences_decode_as(preferences,
                                          rules[below(&fleet->seed, sizeof rules / sizeof *rules)], &error));
}

static void ask_of_fleet(struct fleet *fleet, unsigned n_filters, const struct plant *plant,
                         struct tally *tally)
{
    for (unsigned i = 0; i < n_filters; i++) {
        struct question question = { .range = { INT64_MIN, INT64_MAX } };
        struct error error;
        struct filter *filter;
        struct buffer text;

        buffer_init(&text, TEXT_BYTES);
        if (i % 8 == 0)
            put_name_test(fleet, &text);
        else
            put_filter(fleet, &text, 3);
        buffer_put_u8(&text, 0);
        if (below(&fleet->seed, 3) == 0) {
            question.range.from_ns = fleet->packets[below(&fleet->seed, fleet->n)].packet.ts_ns;
            question.range.to_ns = question.range.from_ns + (int64_t)below(&fleet->seed, 3000000000);
        }
        choose_preferences(fleet, &question.preferences);
        filter = text.is_full ? NULL : filter_compile((const char *)text.data, &error);
        tally->n_refused += filter == NULL;
        if (filter == NULL && getenv("TAPDECK_ANSWERS_REFUSED") && !text.is_full)
            print_message("%s\n", error.text);
        question.text = (const char *)text.data;
        question.filter = filter;
        if (filter)
            compare(fleet, &question, plant, tally);
        filter_free(filter);
        buffer_clear(&text);
    }
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void the_answer_by_index_is_that_of_a_plain_scan(void **state)
{
    uint64_t n_wanted = number_from("TAPDECK_ANSWERS", SUITE_PAIRS);
    uint64_t seed = number_from("TAPDECK_ANSWERS_SEED", 1);
    struct tally tally = { 0 };

    (void)state;
    for (; tally.n_pairs < n_wanted; seed++) {
        uint64_t n_before = tally.n_differing;
        struct fleet fleet;

        fleet_make(&fleet, seed);
        ask_of_fleet(&fleet, FILTERS_A_FLEET, NULL, &tally);
        fleet_clear(&fleet);
        if (tally.n_differing > n_before)
            print_error("  (all with TAPDECK_ANSWERS_SEED=%llu)\n", (unsigned long long)seed);
    }
    print_message(
        "%llu pairs, %llu with an answer; %llu texts refused; by index %.1f %% of the packets were read\n",
        (unsigned long long)tally.n_pairs, (unsigned long long)tally.n_answered,
        (unsigned long long)tally.n_refused, 100.0 * (double)tally.n_read / (double)tally.n_scanned);
    assert_int_equal(tally.n_differing, 0);
    assert_true(tally.n_answered > tally.n_pairs / 4);
    assert_true(tally.n_refused < tally.n_pairs / 4);
    assert_true(tally.n_read < tally.n_scanned * 9 / 10);
}

/* ---- unsound rules ---- */

static void or_as_and(struct hint *hint)
{
    if (hint->kind == HINT_OR)
        hint->kind = HINT_AND;
}

static void port_begins_late(struct hint *hint)
{
    if (hint->kind == HINT_PORT)
        hint->port.low++;
}

static void port_ends_early(struct hint *hint)
{
    if (hint->kind == HINT_PORT)
        hint->port.high--;
}

static void prefix_too_long(struct hint *hint)
{
    if (hint->kind == HINT_ADDRESS && hint->prefix.n_bits > 0 && hint->prefix.n_bits < 32)
        hint->prefix.n_bits = 32;
}

static void another_address(struct hint *hint)
{
    if (hint->kind == HINT_ADDRESS && hint->prefix.n_bits > 24)
        hint->prefix.address.bytes[hint->prefix.n_bits / 8 - 1] ^= 1;
}

static void time_too_short(struct hint *hint)
{
    if (hint->kind == HINT_TIME && hint->time.to_ns < INT64_MAX)
        hint->time.to_ns -= 100000000;
}

static void time_begins_late(struct hint *hint)
{
    if (hint->kind == HINT_TIME && hint->time.from_ns > INT64_MIN)
        hint->time.from_ns += 100000000;
}

static void another_protocol(struct hint *hint)
{
    if (hint->kind == HINT_PROTOCOL && hint->protocol == PROTOCOL_UDP)
        hint->protocol = PROTOCOL_TCP;
}

static void identity_cut(struct hint *hint)
{
    if (hint->kind == HINT_IDENTITY && hint->identity.len > 0)
        hint->identity.len--;
}

static void a_planted_unsound_rule_is_found(void **state)
{
    static const struct plant plants[] = {
        { .name = "or as and", .change = or_as_and },
        { .name = "port begins late", .change = port_begins_late },
        { .name = "port ends early", .change = port_ends_early },
        { .name = "prefix too long", .change = prefix_too_long },
        { .name = "another address", .change = another_address },
        { .name = "time too short", .change = time_too_short },
        { .name = "time begins late", .change = time_begins_late },
        { .name = "another protocol", .change = another_protocol },
        { .name = "identity cut", .change = identity_cut },
        { .name = "nothing came before", .forgets_past = true },
        { .name = "not passed over", .word = "not (", .instead = "(" },
        { .name = "xor as and", .word = ") xor (", .instead = ") and (" },
        { .name = "differs as equals", .word = " != ", .instead = " == " },
        { .name = "not in as in", .word = " not in ", .instead = " in " },
        { .name = "contains as equals", .word = " contains ", .instead = " == " },
    };

    (void)state;
    if (getenv("TAPDECK_ANSWERS_CAPTURES")) /* they may have nothing that some of the rules are about */
        skip();
    for (unsigned i = 0; i < sizeof plants / sizeof *plants; i++) {
        struct tally tally = { 0 };

        for (uint64_t seed = 1; seed < 60 && tally.n_differing == 0; seed++) {
            struct fleet fleet;

            fleet_make(&fleet, seed);
            ask_of_fleet(&fleet, FILTERS_A_FLEET, &plants[i], &tally);
            fleet_clear(&fleet);
        }
        if (tally.n_differing == 0)
            fail_msg("\"%s\" was not found in %llu pairs", plants[i].name, (unsigned long long)tally.n_pairs);
        print_message("\"%s\": found within %llu pairs\n", plants[i].name, (unsigned long long)tally.n_pairs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_by_index_is_that_of_a_plain_scan),
        cmocka_unit_test(a_planted_unsound_rule_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
