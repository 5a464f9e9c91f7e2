/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_format - the numbers of docs/segment-format.md, once. Internal to this folder.
 */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SEGMENT_BLOCK_BYTES = 256 * 1024,     /* of pcapng in a block, unless asked otherwise */
    SEGMENT_BLOCK_LEAST_BYTES = 4 * 1024, /* what may be asked for */
    SEGMENT_BLOCK_MOST_BYTES = 4 * 1024 * 1024,
    SEGMENT_PACKET_LIMIT_BYTES = 16 * 1024 * 1024, /* a packet as a pcapng block */
    SEGMENT_RAW_LIMIT_BYTES = 32 * 1024 * 1024,    /* a block of a segment, whatever its table says */
};

#define SEEK_TABLE_MAGIC UINT32_C(0x184D2A5E)      /* the skippable frame it lies in */
#define SEEK_TABLE_FOOT_MAGIC UINT32_C(0x8F92EAB1) /* its last four bytes */

enum {
    SEEK_TABLE_HEAD_BYTES = 8,
    SEEK_TABLE_ROW_BYTES = 8,
    SEEK_TABLE_FOOT_BYTES = 9,
    SEEK_TABLE_HAS_CHECKSUMS = 0x80, /* in the descriptor: rows have a third word; never in ours */
};

#define TAIL_MAGIC "TDTAIL\r\n"

enum { TAIL_HEAD_BYTES = 24 };

#define INDEX_MAGIC "\x89TDX\r\n\x1a\n"

enum {
    INDEX_VERSION = 4,
    INDEX_VERSION_LEAST = 2, /* of those before it head, summary and recording are as they are now */
    INDEX_CHECKSUM_AT = 24,  /* the only bytes it does not cover */
    INDEX_HEAD_BYTES = 32,
    INDEX_SECTION_ROW_BYTES = 24,
    INDEX_SECTIONS_LIMIT = 64,    /* more are not believed */
    INDEX_BLOCKS_LIMIT = 1 << 22, /* of a segment; more are not believed */
    INDEX_SUMMARY_BYTES = 64,
    INDEX_RECORDING_BYTES = 88,
    INDEX_RECORDING_UNNUMBERED_BYTES = 80, /* as written before packets had numbers */
    INDEX_FIRST_BYTES = 4096,              /* summary and recording lie within */
};

enum { /* of a binding's first number */
       INDEX_BINDING_CLIENT_LOW = 1,
       INDEX_BINDING_CONFIDENCE_AT = 1, /* three bits */
       INDEX_BINDING_CONTINUED = 1 << 4,
       INDEX_BINDING_TWIN = 1 << 5, /* flow, times, packets and bytes are those of the one before */
       INDEX_BINDING_REASON_AT = 6,
};

enum index_section {
    INDEX_SUMMARY = 1,
    INDEX_INTERFACES,
    INDEX_BLOCKS,
    INDEX_ADDRESSES,
    INDEX_FLOWS,
    INDEX_IDENTITIES,
    INDEX_POSTINGS,
    INDEX_SESSIONS,
    INDEX_BINDINGS,
    INDEX_SECTION_END, /* those before it are always there */
    INDEX_RECORDING = INDEX_SECTION_END,
    INDEX_SECTIONS = INDEX_RECORDING, /* that are written */
};

enum { /* of a session's keys: how long they are, in one number */
       INDEX_SHAPE_TO_CLIENT_AT = 8,
       INDEX_SHAPE_TOKEN_AT = 16,
       INDEX_TOKEN_BYTES = 7, /* of a token: two are alike once in 2^56 */
};

#define INDEX_ADDRESS_ANY UINT32_MAX

/* pcapng, as far as we write it. */
enum {
    PCAPNG_SECTION = 0x0a0d0d0a,
    PCAPNG_INTERFACE = 1,
    PCAPNG_STATISTICS = 5,
    PCAPNG_PACKET = 6,
    PCAPNG_BLOCK_LEAST_BYTES = 12,
};

static_assert(sizeof INDEX_MAGIC - 1 == 8 && sizeof TAIL_MAGIC - 1 == 8, "magics are eight bytes");
