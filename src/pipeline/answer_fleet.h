/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer_fleet - for tests: a small archive of captures mixed at random, its packets, and what values their
 * fields have.
 *
 * The captures are those of tests/captures, or the ones that the file TAPDECK_ANSWERS_CAPTURES names, a path
 * a line. Of a long one a stretch is taken that begins somewhere, so that sessions are met in their middle.
 */
#pragma once

#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/catalog.h"
#include "pipeline/recorder.h"
#include "protocol/state.h"
#include "source/openers.h"

enum {
    FLEET_CAPTURES = 5,
    FLEET_PACKETS = 3000,
    POOL_VALUES = 40000,
    FLEET_CAPTURE_PACKETS = 1500, /* of one capture at most */
    FLEET_LONG_BYTES = 1 << 20,   /* a capture is long from there on */
    FLEET_PACKET_BYTES = 600,     /* begin where a file of such packets has some */
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
    uint32_t n_unread; /* captures that could not be opened */
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

static void put_u16(uint8_t *at, uint64_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* As an ICMP error that quotes it: what is within was not sent, and is dissected all the same. */
static void quote_packet(struct fleet *fleet, const struct packet *packet)
{
    enum { ETHERNET = 14, IP = 20, ICMP = 8 };
    uint32_t quoted = packet->caplen - ETHERNET, cut = (uint32_t)below(&fleet->seed, 2) * 600 + 28;
    struct packet error = *packet;
    uint8_t *at;

    if (quoted > cut)
        quoted = cut;
    at = calloc(1, ETHERNET + IP + ICMP + (size_t)quoted);
    assert_non_null(at);
    memcpy(at, packet->data, ETHERNET);
    at[ETHERNET] = 0x45;
    put_u16(at + ETHERNET + 2, IP + ICMP + quoted);
    at[ETHERNET + 8] = 64;
    at[ETHERNET + 9] = 1;
    memcpy(at + ETHERNET + 12, packet->data + ETHERNET + 16, 4);
    memcpy(at + ETHERNET + 16, packet->data + ETHERNET + 12, 4);
    at[ETHERNET + IP] = 3;
    at[ETHERNET + IP + 1] = 3;
    memcpy(at + ETHERNET + IP + ICMP, packet->data + ETHERNET, quoted);
    error.data = at;
    error.caplen = error.len = ETHERNET + IP + ICMP + quoted;
    take_packet(fleet, &error, (int64_t)below(&fleet->seed, 2000000000));
    free(at);
}

/* What no capture has: other ports and bytes, cut packets, errors about packets. */
static void change_packet(struct fleet *fleet)
{
    static const uint16_t ports[] = { 4789, 6081, 37008, 5683, 5684, 1883, 53, 4433, 40000 };
    struct packet *packet = &fleet->packets[fleet->n - 1].packet;
    uint8_t *data = fleet->packets[fleet->n - 1].data;
    bool is_plain = packet->caplen > 42 && data[12] == 8 && data[13] == 0 && data[14] == 0x45;
    bool is_dtls =
        is_plain && data[23] == 17 && data[42] == 22; /* a handshake: what an index knows most of */
    uint16_t port;
    uint8_t bit;

    switch (below(&fleet->seed, is_dtls ? 15 : 60)) {
    case 0:
        if (is_plain && fleet->n < FLEET_PACKETS)
            quote_packet(fleet, packet);
        break;
    case 1: /* and the packet itself was lost */
        if (is_plain && fleet->n < FLEET_PACKETS) {
            quote_packet(fleet, packet);
            free(data);
            fleet->packets[fleet->n - 2] = fleet->packets[fleet->n - 1];
            fleet->n--;
        }
        break;
    case 2:
        port = ports[below(&fleet->seed, sizeof ports / sizeof *ports)];
        if (is_plain)
            put_u16(data + 34 + 2 * below(&fleet->seed, 2), port);
        break;
    case 3:
        bit = (uint8_t)(1 << below(&fleet->seed, 8));
        if (packet->caplen > 0)
            data[below(&fleet->seed, packet->caplen)] ^= bit;
        break;
    case 4:
        packet->caplen = (uint32_t)below(&fleet->seed, (uint64_t)packet->caplen + 1);
        break;
    default:
        break;
    }
}

/* A capture from about begin_ns on; some packets lost, some twice. */
static void take_capture(struct fleet *fleet, const char *path, int64_t begin_ns)
{
    struct error error = { 0 };
    struct source *source = pcap_file_open(path, &fleet->interfaces, &error);
    uint64_t loss = below(&fleet->seed, 3) ? 1000 : 20, limit = fleet->n + FLEET_CAPTURE_PACKETS;
    int64_t shift_ns = INT64_MAX;
    struct batch batch;
    struct stat status;

    if (source == NULL) { /* a real one may be empty, or damaged */
        fleet->n_unread++;
        return;
    }
    if (stat(path, &status) == 0 && status.st_size > FLEET_LONG_BYTES)
        pcap_file_pass_over(source, below(&fleet->seed, (uint64_t)status.st_size / FLEET_PACKET_BYTES));
    assert_true(batch_init(&batch, BATCH_BYTES));
    while (fleet->n < limit && source_next(source, &batch, 0, &error) == SOURCE_PACKETS) {
        for (uint32_t i = 0; i < batch.n && fleet->n < limit && fleet->n < FLEET_PACKETS; i++) {
            if (shift_ns == INT64_MAX)
                shift_ns = begin_ns - batch.packets[i].ts_ns;
            if (below(&fleet->seed, loss) == 0)
                continue;
            take_packet(fleet, &batch.packets[i], shift_ns);
            if (below(&fleet->seed, 200) == 0)
                take_packet(fleet, &batch.packets[i], shift_ns + 1000);
            change_packet(fleet);
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

/* The paths of captures, a line each; *n of them. Freed by capture_list_clear. */
struct capture_paths {
    char **paths;
    size_t n;
};

static void take_paths(struct capture_paths *list, const char *file)
{
    FILE *in = fopen(file, "r");
    char line[4096];

    assert_non_null(in);
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = '\0';
        list->paths = realloc(list->paths, (list->n + 1) * sizeof *list->paths);
        assert_non_null(list->paths);
        assert_non_null(list->paths[list->n++] = strdup(line));
    }
    fclose(in);
}

static void capture_paths_make(struct capture_paths *list)
{
    const char *file = getenv("TAPDECK_ANSWERS_CAPTURES");
    glob_t captures;

    *list = (struct capture_paths) { 0 };
    if (file) {
        take_paths(list, file);
    } else {
        assert_int_equal(glob("tests/captures/*.pcap", 0, NULL, &captures), 0);
        list->paths = calloc(captures.gl_pathc, sizeof *list->paths);
        assert_non_null(list->paths);
        for (; list->n < captures.gl_pathc; list->n++)
            assert_non_null(list->paths[list->n] = strdup(captures.gl_pathv[list->n]));
        globfree(&captures);
    }
    assert_true(list->n > 0);
}

static void capture_paths_clear(struct capture_paths *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->paths[i]);
    free(list->paths);
}

static void fleet_make(struct fleet *fleet, uint64_t seed)
{
    struct capture_paths captures;
    int64_t begin_ns = INT64_C(1724925600000000000);

    memset(fleet, 0, sizeof *fleet);
    fleet->seed = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    strcpy(fleet->directory, "/tmp/tapdeck-answers-XXXXXX");
    assert_non_null(mkdtemp(fleet->directory));
    capture_paths_make(&captures);
    for (unsigned i = 0; i < FLEET_CAPTURES || (fleet->n == 0 && i < 100); i++) {
        take_capture(fleet, captures.paths[below(&fleet->seed, captures.n)], begin_ns);
        begin_ns += (int64_t)below(&fleet->seed, 3000000000);
    }
    capture_paths_clear(&captures);
    assert_true(fleet->n > 0);
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
