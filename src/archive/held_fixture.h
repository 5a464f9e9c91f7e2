/* SPDX-License-Identifier: Apache-2.0 */
/*
 * held_fixture - an archive of small segments, one an hour, each with the devices that were on it; for the
 * tests of holds and retention. Only tests include it.
 */
#pragma once

#include "archive/archive_fixture.h"
#include "archive/catalog.h"
#include "archive/holds.h"
#include "archive/segment_index_builder.h"
#include "base/timestamp.h"

#define HELD_HOUR_NS (3600 * NS_PER_SECOND)
#define HELD_BEGIN_NS (INT64_C(1724889600) * NS_PER_SECOND) /* 2024-08-29T00:00:00Z */

static inline void held_bind(struct segment_index_builder *builder, char device, int64_t ts_ns)
{
    struct binding binding = {
        .scheme = IDENTITY_DTLS_PSK,
        .reason = BINDING_HANDSHAKE,
        .confidence = CONFIDENCE_STRONG,
        .flow = fixture_flow((uint64_t)device, 100),
        .from_ns = ts_ns,
        .to_ns = ts_ns + 60 * NS_PER_SECOND,
        .n_packets = 1,
        .identity = bytes_of(&device, 1),
    };

    segment_index_builder_binding(builder, &binding);
}

/* A sealed segment of that hour, from its 5th to its 15th minute; devices: a letter each. */
static inline void held_write(const char *directory, unsigned hour, const char *devices)
{
    struct interface_table interfaces = { 0 };
    struct segment_index_builder *builder = segment_index_builder_new(1000);
    struct segment_options options = { .directory = directory, .node = "test", .codec = CODEC_NONE };
    int64_t begin_ns = HELD_BEGIN_NS + hour * HELD_HOUR_NS + 300 * NS_PER_SECOND;
    struct segment_writer *writer;
    struct error error = { 0 };

    fixture_interfaces(&interfaces);
    writer = segment_writer_open(&options, begin_ns, &interfaces, &error);
    for (uint64_t i = 0; writer && i <= 10; i++) {
        uint8_t data[FIXTURE_PACKET_BYTES];
        struct packet packet = fixture_packet(7, data);

        packet.ts_ns = begin_ns + (int64_t)i * 60 * NS_PER_SECOND;
        if (!segment_writer_add(writer, &packet, &error))
            break;
    }
    for (; *devices; devices++)
        held_bind(builder, *devices, begin_ns);
    if (writer == NULL || !segment_writer_seal(writer, builder, NULL, 0, NULL, &error) ||
        error.kind != ERROR_NONE) {
        fprintf(stderr, "%s\n", error.text);
        abort();
    }
    segment_index_builder_free(builder);
    interface_table_clear(&interfaces);
}

/* One for each text, hour by hour from 0. */
static inline void held_archive(char directory[static 64], const char *const *devices, unsigned n)
{
    fixture_directory(directory);
    for (unsigned hour = 0; hour < n; hour++)
        held_write(directory, hour, devices[hour]);
}

/* NULL device: a hold of hours, both included; lives until expires_ns. Answers its number. */
static inline int64_t held_add(const char *directory, const char *device, unsigned from_hour,
                               unsigned to_hour, int64_t expires_ns, uint64_t quota_bytes)
{
    struct error error = { 0 };
    struct database *database = holds_open(directory, DATABASE_WRITE, &error);
    struct hold hold = {
        .device = (char *)(uintptr_t)device,
        .range = { HELD_BEGIN_NS + from_hour * HELD_HOUR_NS,
                   HELD_BEGIN_NS + to_hour * HELD_HOUR_NS + HELD_HOUR_NS - 1 },
        .owner = (char[]) { "anna" },
        .reason = (char[]) { "ticket 17" },
        .expires_ns = expires_ns,
        .quota_bytes = quota_bytes,
    };

    if (database == NULL || !holds_add(database, &hold, &error)) {
        fprintf(stderr, "%s\n", error.text);
        abort();
    }
    database_close(database);
    return hold.id;
}

/* The hours of the sealed segments that are there: "0 2 3". */
static inline const char *held_hours(const char *directory, char text[static 256])
{
    struct catalog catalog;
    struct error error;
    size_t len = 0;

    text[0] = '\0';
    if (!catalog_load(&catalog, directory, &error))
        abort();
    for (uint32_t i = 0; i < catalog.n; i++)
        len += (size_t)snprintf(text + len, 256 - len, "%s%d", len ? " " : "",
                                (int)((catalog.entries[i].named_ts_ns - HELD_BEGIN_NS) / HELD_HOUR_NS));
    catalog_clear(&catalog);
    return text;
}

static inline uint64_t held_all_bytes(const char *directory, uint32_t first, uint32_t n)
{
    struct catalog catalog;
    struct error error;
    uint64_t bytes = 0;

    if (!catalog_load(&catalog, directory, &error))
        abort();
    for (uint32_t i = first; i < catalog.n && i < first + n; i++)
        bytes += catalog.entries[i].stored_bytes + catalog.entries[i].index_bytes;
    catalog_clear(&catalog);
    return bytes;
}
