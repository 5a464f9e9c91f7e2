/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer by index is that of a plain scan: random filters, made from the field table and from values that
 * packets have, over archives of captures mixed at random. A fast part of it runs with the suite; the whole
 * is
 *
 *     TAPDECK_ANSWERS=5000 build/pipeline.index_answers_test
 *
 * TAPDECK_ANSWERS_SEED begins elsewhere. That an unsound rule would be found is tested by planting some.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/archive_source.h"
#include "filter/filter.h"
#include "pipeline/recorder.h"
#include "pipeline/search_hint.h"
#include "protocol/state.h"
#include "source/openers.h"

enum {
    FLEET_CAPTURES = 5,
    FLEET_PACKETS = 3000,
    FILTERS_A_FLEET = 60,
    SUITE_PAIRS = 600,
    POOL_VALUES = 40000,
    TEXT_BYTES = 4096,
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * UINT64_C(0x2545f4914f6cdd1d) >> 11;
}

static uint64_t below(uint64_t *state, uint64_t n)
{
    return next_random(state) % n;
}

/* ---- a fleet: captures mixed ---- */

struct copied {
    struct packet packet;
    uint8_t *data;
};

struct known { /* a value that some packet has */
    uint16_t field;
    uint8_t type;
    uint64_t number;
    double real;
    uint16_t len;
    uint8_t bytes[48];
};

struct fleet {
    char directory[64];
    struct interface_table interfaces;
    struct copied *packets;
    uint32_t n, cap;
    struct known *pool;
    uint32_t n_pool;
    uint64_t n_values; /* seen for the pool */
    struct catalog catalog;
    uint64_t seed;
};

static void take_packet(struct fleet *fleet, const struct packet *packet, int64_t shift_ns)
{
    struct copied *copied;

    if (fleet->n == fleet->cap) {
        fleet->cap = fleet->cap ? fleet->cap * 2 : 1024;
        fleet->packets = realloc(fleet->packets, fleet->cap * sizeof *fleet->packets);
        assert_non_null(fleet->packets);
    }
    copied = &fleet->packets[fleet->n++];
    copied->packet = *packet;
    copied->data = malloc((size_t)packet->caplen + 1);
    memcpy(copied->data, packet->data, packet->caplen);
    copied->packet.data = copied->data;
    copied->packet.options_len = 0;
    copied->packet.ts_ns += shift_ns;
}

/* A capture from about begin_ns on; some packets lost, some twice. */
static void take_capture(struct fleet *fleet, const char *path, int64_t begin_ns)
{
    struct error error = { 0 };
    struct source *source = pcap_file_open(path, &fleet->interfaces, &error);
    uint64_t loss = below(&fleet->seed, 3) ? 1000 : 20;
    int64_t shift_ns = INT64_MAX;
    struct batch batch;

    assert_non_null(source);
    assert_true(batch_init(&batch, BATCH_BYTES));
    while (source_next(source, &batch, 0, &error) == SOURCE_PACKETS) {
        for (uint32_t i = 0; i < batch.n && fleet->n < FLEET_PACKETS; i++) {
            if (shift_ns == INT64_MAX)
                shift_ns = begin_ns - batch.packets[i].ts_ns;
            if (below(&fleet->seed, loss) == 0)
                continue;
            take_packet(fleet, &batch.packets[i], shift_ns);
            if (below(&fleet->seed, 200) == 0)
                take_packet(fleet, &batch.packets[i], shift_ns + 1000);
        }
    }
    batch_clear(&batch);
    source_close(source);
}

static int compare_packets(const void *left, const void *right)
{
    const struct copied *a = left, *b = right;

    return a->packet.ts_ns < b->packet.ts_ns ? -1 : a->packet.ts_ns > b->packet.ts_ns;
}

struct pooling {
    struct fleet *fleet;
    uint16_t field;
};

static bool pool_value(void *context, const struct value *value)
{
    struct pooling *pooling = context;
    struct fleet *fleet = pooling->fleet;
    struct known *known;
    uint64_t at = fleet->n_values++;

    if (at >= POOL_VALUES)
        at = below(&fleet->seed, fleet->n_values);
    if (at >= POOL_VALUES)
        return true;
    if (fleet->n_pool <= at)
        fleet->n_pool = (uint32_t)at + 1;
    known = &fleet->pool[at];
    *known = (struct known) { .field = pooling->field, .type = value->type };
    switch ((enum field_type)value->type) {
    case FIELD_IPV4:
    case FIELD_IPV6:
    case FIELD_ETHER:
    case FIELD_BYTES:
    case FIELD_STRING:
        known->len =
            (uint16_t)(value->bytes.len < sizeof known->bytes ? value->bytes.len : sizeof known->bytes);
        if (known->len)
            memcpy(known->bytes, value->bytes.data, known->len);
        break;
    case FIELD_DOUBLE:
        known->real = value->real;
        break;
    default:
        known->number = value->number;
    }
    return true;
}

/* Every value of every packet has its chance, and so has every field. */
static void fill_pool(struct fleet *fleet)
{
    static struct dissection d;
    struct dissect_state *state = dissect_state_new(1);
    struct demand demand;

    fleet->pool = calloc(POOL_VALUES, sizeof *fleet->pool);
    demand_init(&demand);
    demand_add_everything(&demand);
    demand_settle(&demand);
    dissection_init(&d, &demand, state, &fleet->interfaces);
    for (uint32_t i = 0; i < fleet->n; i++) {
        dissect(&d, &fleet->packets[i].packet);
        for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
            for (unsigned f = 0; f < protocols[p]->n_fields; f++) {
                struct pooling pooling = { fleet, FIELD_ID(p, f) };

                if (d.present >> p & 1 && protocols[p]->fields[f].name)
                    dissection_values(&d, pooling.field, pool_value, &pooling);
            }
        }
    }
    dissect_state_free(state);
}

static void record(struct fleet *fleet)
{
    struct recorder_options options = {
        .segment = { .directory = fleet->directory, .node = "n", .block_bytes = 4096 },
        .rotate_bytes = 6000 + below(&fleet->seed, 60000),
    };
    struct error error = { 0 };
    struct recorder *recorder = recorder_open(&options, &fleet->interfaces, &error);

    assert_non_null(recorder);
    for (uint32_t i = 0; i < fleet->n; i++)
        recorder_packet(recorder, &fleet->packets[i].packet);
    assert_true(recorder_finish(recorder, &error));
    recorder_close(recorder);
    assert_true(catalog_load(&fleet->catalog, fleet->directory, &error));
}

static void fleet_make(struct fleet *fleet, uint64_t seed)
{
    glob_t captures;
    int64_t begin_ns = INT64_C(1724925600000000000);

    memset(fleet, 0, sizeof *fleet);
    fleet->seed = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    strcpy(fleet->directory, "/tmp/tapdeck-answers-XXXXXX");
    assert_non_null(mkdtemp(fleet->directory));
    assert_int_equal(glob("tests/captures/*.pcap", 0, NULL, &captures), 0);
    for (unsigned i = 0; i < FLEET_CAPTURES; i++) {
        take_capture(fleet, captures.gl_pathv[below(&fleet->seed, captures.gl_pathc)], begin_ns);
        begin_ns += (int64_t)below(&fleet->seed, 3000000000);
    }
    globfree(&captures);
    qsort(fleet->packets, fleet->n, sizeof *fleet->packets, compare_packets);
    fill_pool(fleet);
    record(fleet);
}

static void fleet_clear(struct fleet *fleet)
{
    DIR *dir = opendir(fleet->directory);
    struct dirent *entry;
    char path[4096];

    while (dir && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", fleet->directory, entry->d_name);
        unlink(path);
    }
    if (dir)
        closedir(dir);
    rmdir(fleet->directory);
    for (uint32_t i = 0; i < fleet->n; i++)
        free(fleet->packets[i].data);
    free(fleet->packets);
    free(fleet->pool);
    catalog_clear(&fleet->catalog);
    interface_table_clear(&fleet->interfaces);
}

/* ---- a filter ---- */

static void put_hex(struct buffer *text, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buffer_printf(text, "%s%02x", i ? ":" : "", bytes[i]);
}

static void put_quoted(struct buffer *text, const uint8_t *bytes, size_t len)
{
    buffer_put_text(text, "\"");
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '"' && bytes[i] != '\\')
            buffer_printf(text, "%c", bytes[i]);
        else
            buffer_printf(text, "\\x%02x", bytes[i]);
    }
    buffer_put_text(text, "\"");
}

static void put_value(struct buffer *text, const struct known *known)
{
    char address[IP_ADDRESS_TEXT_BYTES];
    struct ip_address ip;

    switch ((enum field_type)known->type) {
    case FIELD_IPV4:
    case FIELD_IPV6:
        ip = ip_address_of(bytes_of(known->bytes, known->len));
        buffer_put_text(text, ip_address_format(&ip, address));
        break;
    case FIELD_ETHER:
    case FIELD_BYTES:
        put_hex(text, known->bytes, known->len);
        break;
    case FIELD_STRING:
        put_quoted(text, known->bytes, known->len);
        break;
    case FIELD_TIME:
    case FIELD_DURATION:
        buffer_printf(text, "%s%lld.%09lld", (int64_t)known->number < 0 ? "-" : "",
                      llabs((long long)known->number / 1000000000),
                      llabs((long long)known->number % 1000000000));
        break;
    case FIELD_DOUBLE:
        buffer_printf(text, "%.17g", known->real);
        break;
    case FIELD_INT:
        buffer_printf(text, "%lld", (long long)known->number);
        break;
    default:
        buffer_printf(text, "%llu", (unsigned long long)known->number);
    }
}

static const struct known *pick_of(struct fleet *fleet, uint16_t field)
{
    const struct known *known = &fleet->pool[below(&fleet->seed, fleet->n_pool)];

    for (unsigned tries = 0; tries < 2000 && known->field != field; tries++)
        known = &fleet->pool[below(&fleet->seed, fleet->n_pool)];
    return known->field == field ? known : NULL;
}

/* What most people ask for comes often; each other field as it comes. */
static const struct known *pick(struct fleet *fleet)
{
    static const char *const common[] = { "ip.addr",     "ip.src",           "ipv6.addr",
                                          "udp.port",    "udp.dstport",      "tcp.port",
                                          "tcp.srcport", "frame.time_epoch", "dtls.handshake.identity" };
    /* Told from earlier packets: what most rules about them go wrong with. */
    static const char *const remembered[] = { "coap.response_to",     "coap.opt.uri_path_recon",
                                              "dns.response_to",      "ip.reassembled.length",
                                              "mqtt.conack.flags.sp", "icmp.resp_to",
                                              "http.response_for.uri" };
    const struct known *known = NULL;

    if (below(&fleet->seed, 6) == 0) {
        const char *name = remembered[below(&fleet->seed, sizeof remembered / sizeof *remembered)];

        known = pick_of(fleet, field_find(name, strlen(name)));
    } else if (below(&fleet->seed, 5) < 2) {
        const char *name = common[below(&fleet->seed, sizeof common / sizeof *common)];

        known = pick_of(fleet, field_find(name, strlen(name)));
    }
    return known ? known : &fleet->pool[below(&fleet->seed, fleet->n_pool)];
}

static void put_test(struct fleet *fleet, struct buffer *text)
{
    static const char *const relations[] = { "==", "==", "==", "!=", ">", ">=", "<", "<=", "~=" };
    const struct known *known = pick(fleet), *other;
    const struct field *field = field_of(known->field);
    bool has_text = known->type == FIELD_STRING || known->type == FIELD_BYTES;

    switch (below(&fleet->seed, 8)) {
    case 0:
        buffer_put_text(text,
                        below(&fleet->seed, 3) ? field->name : protocols[FIELD_PROTOCOL(known->field)]->name);
        return;
    case 1:
        buffer_printf(text, "%s in {", field->name);
        put_value(text, known);
        other = pick_of(fleet, known->field);
        if (other) {
            buffer_put_text(text, below(&fleet->seed, 2) && !has_text ? " .. " : ", ");
            put_value(text, other);
        }
        buffer_put_text(text, "}");
        return;
    case 2:
        if (known->type == FIELD_IPV4) {
            buffer_printf(text, "%s == ", field->name);
            put_value(text, known);
            buffer_printf(text, "/%u", (unsigned)below(&fleet->seed, 33));
            return;
        }
        if (has_text && known->len > 2) {
            struct known part = *known;

            part.len = (uint16_t)(1 + below(&fleet->seed, known->len - 1u));
            buffer_printf(text, "%s contains ", field->name);
            put_value(text, &part);
            return;
        }
        break;
    default:
        break;
    }
    buffer_printf(text, "%s %s ", field->name,
                  relations[below(&fleet->seed, sizeof relations / sizeof *relations)]);
    put_value(text, known);
}

static void put_filter(struct fleet *fleet, struct buffer *text, unsigned depth)
{
    static const char *const joins[] = { " and ", " and ", " or " };

    if (depth == 0 || below(&fleet->seed, 3) == 0) {
        put_test(fleet, text);
        return;
    }
    if (below(&fleet->seed, 5) == 0) {
        buffer_put_text(text, "not (");
        put_filter(fleet, text, depth - 1);
        buffer_put_text(text, ")");
        return;
    }
    buffer_put_text(text, "(");
    put_filter(fleet, text, depth - 1);
    buffer_printf(text, ")%s(", joins[below(&fleet->seed, 3)]);
    put_filter(fleet, text, depth - 1);
    buffer_put_text(text, ")");
}

/* ---- both answers ---- */

struct answer {
    uint64_t *bits; /* by packet number */
    uint64_t n_found, n_read;
};

static void ask(const struct fleet *fleet, const struct filter *filter, const struct demand *demand,
                const struct time_range *range, const struct hint *hint, const struct hint *past,
                struct answer *answer)
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
    dissection_init(&d, demand, state, &interfaces);
    while (source_next(source, &batch, 0, &error) == SOURCE_PACKETS) {
        for (uint32_t i = 0; i < batch.n; i++) {
            const struct packet *packet = &batch.packets[i];

            answer->n_read++;
            dissect(&d, packet);
            if (packet->ts_ns < range->from_ns || packet->ts_ns > range->to_ns || !filter_match(filter, &d))
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

/* What a hint would say if a rule were wrong. NULL: none is planted. */
typedef void plant(struct hint *hint, uint64_t *seed);

static struct hint *copy_hint(const struct hint *hint, plant *planted, uint64_t *seed)
{
    struct hint *copy = malloc(sizeof *copy);

    *copy = *hint;
    if (hint->kind == HINT_AND || hint->kind == HINT_OR) {
        copy->left = copy_hint(hint->left, planted, seed);
        copy->right = copy_hint(hint->right, planted, seed);
    }
    planted(copy, seed);
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

static void nothing_came_before(struct hint *hint, uint64_t *seed)
{
    (void)hint;
    (void)seed;
}

static void compare(struct fleet *fleet, const char *text, const struct filter *filter,
                    const struct time_range *range, plant *planted, struct tally *tally)
{
    static const struct hint everything = { .kind = HINT_ALL };
    struct error error;
    struct demand demand = *filter_demand(filter);
    struct answer scanned, found;
    enum hint_memory memory = hint_memory_of(&demand);
    struct hint *asked = search_hint_new(range, filter_hint(filter), NULL, memory, &error);
    struct hint *hint = asked, *past = NULL;

    assert_non_null(asked);
    if (planted)
        hint = copy_hint(asked, planted, &fleet->seed);
    if (memory == HINT_MEMORY_CONVERSATION && planted != nothing_came_before)
        assert_non_null(past = search_past_new(hint, &error));
    ask(fleet, filter, &demand, range, &everything, NULL, &scanned);
    ask(fleet, filter, &demand, range, hint, past, &found);
    free(past);
    tally->n_pairs++;
    tally->n_answered += scanned.n_found > 0;
    tally->n_read += found.n_read;
    tally->n_scanned += scanned.n_read;
    if (memcmp(scanned.bits, found.bits, (fleet->n / 64 + 2) * sizeof *found.bits) != 0) {
        tally->n_differing++;
        for (uint32_t i = 0; planted == NULL && i <= fleet->n; i++) {
            if ((scanned.bits[i / 64] ^ found.bits[i / 64]) >> (i % 64) & 1) {
                print_error(
                    "%s\n  from %lld to %lld: packet %u is %s by index; %llu and %llu of %u packets\n", text,
                    (long long)range->from_ns, (long long)range->to_ns, i,
                    scanned.bits[i / 64] >> (i % 64) & 1 ? "missed" : "found wrongly",
                    (unsigned long long)scanned.n_found, (unsigned long long)found.n_found, fleet->n);
                break;
            }
        }
    }
    free(scanned.bits);
    free(found.bits);
    if (planted)
        copied_hint_free(hint);
    free(asked);
}

static void ask_of_fleet(struct fleet *fleet, unsigned n_filters, plant *planted, struct tally *tally)
{
    for (unsigned i = 0; i < n_filters; i++) {
        struct time_range range = { INT64_MIN, INT64_MAX };
        struct error error;
        struct filter *filter;
        struct buffer text;

        buffer_init(&text, TEXT_BYTES);
        put_filter(fleet, &text, 3);
        buffer_put_u8(&text, 0);
        if (below(&fleet->seed, 3) == 0) {
            range.from_ns = fleet->packets[below(&fleet->seed, fleet->n)].packet.ts_ns;
            range.to_ns = range.from_ns + (int64_t)below(&fleet->seed, 3000000000);
        }
        filter = text.is_full ? NULL : filter_compile((const char *)text.data, &error);
        tally->n_refused += filter == NULL;
        if (filter)
            compare(fleet, (const char *)text.data, filter, &range, planted, tally);
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

static void or_as_and(struct hint *hint, uint64_t *seed)
{
    (void)seed;
    if (hint->kind == HINT_OR)
        hint->kind = HINT_AND;
}

static void port_off_by_one(struct hint *hint, uint64_t *seed)
{
    (void)seed;
    if (hint->kind == HINT_PORT)
        hint->port.low++;
}

static void prefix_too_long(struct hint *hint, uint64_t *seed)
{
    (void)seed;
    if (hint->kind == HINT_ADDRESS && hint->prefix.n_bits > 0 && hint->prefix.n_bits < 32)
        hint->prefix.n_bits = 32;
}

static void time_too_short(struct hint *hint, uint64_t *seed)
{
    (void)seed;
    if (hint->kind == HINT_TIME && hint->time.to_ns < INT64_MAX)
        hint->time.to_ns -= 100000000;
}

static void another_protocol(struct hint *hint, uint64_t *seed)
{
    (void)seed;
    if (hint->kind == HINT_PROTOCOL && hint->protocol == PROTOCOL_UDP)
        hint->protocol = PROTOCOL_TCP;
}

static void a_planted_unsound_rule_is_found(void **state)
{
    static plant *const plants[] = { or_as_and,      port_off_by_one,  prefix_too_long,
                                     time_too_short, another_protocol, nothing_came_before };

    (void)state;
    for (unsigned i = 0; i < sizeof plants / sizeof *plants; i++) {
        struct tally tally = { 0 };

        for (uint64_t seed = 1; seed < 30 && tally.n_differing == 0; seed++) {
            struct fleet fleet;

            fleet_make(&fleet, seed);
            ask_of_fleet(&fleet, FILTERS_A_FLEET, plants[i], &tally);
            fleet_clear(&fleet);
        }
        if (tally.n_differing == 0)
            fail_msg("planted rule %u was not found in %llu pairs", i, (unsigned long long)tally.n_pairs);
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
