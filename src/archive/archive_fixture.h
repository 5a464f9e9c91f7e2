/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_fixture - made-up packets, scratch directories and small indexers for the tests of this folder.
 * Only tests include it.
 */
#pragma once

#include "archive/recover.h"
#include "archive/segment_reader.h"
#include "archive/segment_writer.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FIXTURE_PACKET_BYTES = 400 };

/* The same numbers in every run, so that a failure can be looked at again. */
static inline uint64_t fixture_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Packet number i of a made-up stream: its bytes are spelled from i, so that it can be known again. */
static inline struct packet fixture_packet(uint64_t i, uint8_t data[static FIXTURE_PACKET_BYTES])
{
    uint64_t state = i * 0x9e3779b97f4a7c15u + 1;
    uint32_t len = (uint32_t)(20 + fixture_random(&state) % (FIXTURE_PACKET_BYTES - 20));

    memset(data, (int)(i & 0xff), FIXTURE_PACKET_BYTES);
    for (uint32_t at = 0; at + 8 < len; at += 24)
        memcpy(data + at, &state, sizeof state);
    memcpy(data, &i, sizeof i);
    return (struct packet) {
        .ts_ns = INT64_C(1724925600000000000) + (int64_t)i * 1000003,
        .data = data,
        .caplen = len,
        .len = len + (uint32_t)(i % 3),
        .linktype = LINKTYPE_ETHERNET,
        .interface = (uint32_t)(i % 7 == 3),
    };
}

static inline void fixture_interfaces(struct interface_table *table)
{
    struct error error;
    struct interface first = { .linktype = LINKTYPE_ETHERNET, .name = "eth0", .tsresol = 9 };
    struct interface second = { .linktype = LINKTYPE_ETHERNET,
                                .snaplen = 1500,
                                .name = "vxlan 10.20.1.10 vni 42",
                                .description = "mirror",
                                .filter = "udp port 4789",
                                .os = "Linux",
                                .tsresol = 9 };

    interface_table_add(table, &first, &error);
    interface_table_add(table, &second, &error);
}

/* Made-up conversations: packet i belongs to the one with this key. */
static inline struct flow_key fixture_flow(uint64_t i, uint64_t n_flows)
{
    struct flow_key key;
    uint64_t state = (i / 5 % n_flows) * 0x2545f4914f6cdd1du + 7;
    uint64_t r = fixture_random(&state);

    memset(&key, 0, sizeof key);
    key.low = (struct ip_address) { .bytes = { 10, 0, (uint8_t)(r & 3), (uint8_t)(r >> 8) }, .family = 4 };
    key.high = (struct ip_address) { .bytes = { 10, 9, 0, (uint8_t)(r >> 16 & 7) }, .family = 4 };
    if (r % 4 == 0) {
        key.low =
            (struct ip_address) { .bytes = { 0x20, 1, 0xd,
                                             0xb8, [14] = (uint8_t)(r >> 24 & 1), [15] = (uint8_t)(r >> 8) },
                                  .family = 6 };
        key.high = (struct ip_address) { .bytes = { 0x20, 1, 0xd, 0xb9, [15] = (uint8_t)(r >> 16 & 7) },
                                         .family = 6 };
    }
    if (r % 17 == 0)
        key.high = key.low;
    key.protocol = r % 5 ? 17 : 6;
    key.port_low = (uint16_t)(r >> 32 & 63);
    key.port_high = (uint16_t)(5684 + (r >> 40 & 3));
    return key;
}

static inline void fixture_directory(char path[static 64])
{
    strcpy(path, "/tmp/tapdeck-archive-XXXXXX");
    if (mkdtemp(path) == NULL)
        abort();
}

static inline void fixture_remove(const char *directory)
{
    DIR *dir = opendir(directory);
    struct dirent *entry;
    char path[4096];

    while (dir && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        unlink(path);
    }
    if (dir)
        closedir(dir);
    rmdir(directory);
}

/* An indexer for made-up packets: their conversation, found from the number in their first bytes. */
struct fixture_indexer {
    struct segment_index_builder *builder;
    uint64_t n;
};

static inline void fixture_begin(void *context, struct segment_index_builder *builder,
                                 const struct interface_table *interfaces)
{
    (void)interfaces;
    *(struct fixture_indexer *)context = (struct fixture_indexer) { builder, 0 };
}

static inline void fixture_add(void *context, const struct packet *packet, uint32_t block)
{
    struct fixture_indexer *indexer = context;
    struct flow_key key;
    uint64_t i;

    memcpy(&i, packet->data, sizeof i);
    key = fixture_flow(i, 500);
    segment_index_builder_mark_flow(indexer->builder, segment_index_builder_flow(indexer->builder, &key),
                                    block);
    segment_index_builder_protocols(indexer->builder, block, PROTOCOL_BIT(PROTOCOL_IPV4));
    indexer->n++;
}

static inline void fixture_finish(void *context)
{
    (void)context;
}

/* Writes packets first .. first + n - 1 and leaves the segment open; flushes every flush_every. */
static inline struct segment_writer *fixture_write(const char *directory, enum codec codec,
                                                   const struct interface_table *interfaces, uint64_t first,
                                                   uint64_t n, uint64_t flush_every,
                                                   struct fixture_indexer *indexer)
{
    struct segment_options options = {
        .directory = directory, .node = "test-1", .codec = codec, .block_bytes = 8192
    };
    uint8_t data[FIXTURE_PACKET_BYTES];
    struct packet packet = fixture_packet(first, data);
    struct error error = { 0 };
    struct segment_writer *writer = segment_writer_open(&options, packet.ts_ns, interfaces, &error);
    bool ok = writer != NULL;

    for (uint64_t i = first; ok && i < first + n; i++) {
        uint32_t block;

        packet = fixture_packet(i, data);
        block = segment_writer_block(writer, &packet);
        if (indexer)
            fixture_add(indexer, &packet, block);
        ok = segment_writer_add(writer, &packet, &error);
        if (ok && flush_every && i % flush_every == 0)
            ok = segment_writer_flush(writer, &error);
    }
    if (!ok) {
        fprintf(stderr, "%s\n", error.text);
        abort();
    }
    return writer;
}

/* The only segment in a directory, or the one whose name ends so. */
static inline void fixture_find(const char *directory, const char *end, char path[static 4096])
{
    DIR *dir = opendir(directory);
    struct dirent *entry;

    path[0] = '\0';
    while (dir && (entry = readdir(dir)) != NULL) {
        size_t len = strlen(entry->d_name), end_len = strlen(end);

        if (len > end_len && strcmp(entry->d_name + len - end_len, end) == 0)
            snprintf(path, 4096, "%s/%s", directory, entry->d_name);
    }
    if (dir)
        closedir(dir);
}

/* Whether it is packet i as it was made. */
static inline bool fixture_is(const struct packet *packet, uint64_t i)
{
    uint8_t data[FIXTURE_PACKET_BYTES];
    struct packet wanted = fixture_packet(i, data);

    return packet->ts_ns == wanted.ts_ns && packet->caplen == wanted.caplen && packet->len == wanted.len &&
           memcmp(packet->data, data, wanted.caplen) == 0;
}
