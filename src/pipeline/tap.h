/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap - the packets of a recorder as they come, as a pcapng stream on sockets (PCAP-over-IP): for Wireshark
 * (TCP@host:port), tshark, `tapdeck find -r tap:…` and the web side.
 *
 * Each reader gets a section header, the interfaces, and the packets from the moment it connected, each with
 * its number (epb_packetid). Recording never waits: a block is encoded once for all readers, whole runs of
 * them ("chunks") are handed to the tap's own thread, and a reader that is slow loses whole chunks of its
 * own, counted, and told in its stream by the next statistics blocks (isb_osdrop of the first interface) and
 * by the numbers that are missing. Nothing is encoded while nobody reads.
 *
 * The segment's own bytes are not shared: there interfaces are numbered anew in each segment, and packets
 * need no number. tap_packet, tap_flush, tap_statistics: one thread. Rejected: writing to the sockets from
 * that thread, which would be a system call a batch and reader where the packets' disk should be served.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "packet/interface.h"
#include "packet/packet.h"

enum {
    TAP_LISTENERS_LIMIT = 8,
    TAP_READERS_LIMIT = 64,              /* more are closed at once, and counted */
    TAP_CHUNK_BYTES = 64 * 1024,         /* handed over when so full, or at tap_flush */
    TAP_QUEUE_BYTES = 16 * 1024 * 1024,  /* that wait for one reader */
    TAP_MEMORY_BYTES = 64 * 1024 * 1024, /* that wait for all of them */
    TAP_STATISTICS_LIMIT = 64,           /* interfaces whose drops are told */
};

#define TAP_STALL_NS (INT64_C(30) * 1000000000) /* a reader that takes nothing for so long is closed */

struct tap;

struct tap_options {
    const char *node;   /* stands in the section header */
    size_t queue_bytes; /* 0: TAP_QUEUE_BYTES */
    int64_t stall_ns;   /* 0: TAP_STALL_NS */
    uint32_t n_readers; /* 0: TAP_READERS_LIMIT; never more */
};

struct tap *tap_new(const struct tap_options *options, struct error *error);

/* Before the start, and before root is given up; see tap_listener_open. */
bool tap_listen(struct tap *tap, const char *where, bool is_insecure, struct error *error);
bool tap_give(struct tap *tap, uid_t user, gid_t group, struct error *error);

bool tap_start(struct tap *tap, struct error *error);

/* packet_id 0: the packet was not kept, and has no number. table: the stream's, always the same one. */
void tap_packet(struct tap *tap, const struct packet *packet, const struct interface_table *table);

/* What came so far is handed to the thread: at the end of a batch. */
void tap_flush(struct tap *tap, const struct interface_table *table);

struct tap_statistics {
    uint32_t interface;
    uint64_t n_received, n_dropped, n_dropped_disk;
};

/* The newest of what was lost before the tap; told to readers every few seconds. The first ones count. */
void tap_statistics(struct tap *tap, const struct tap_statistics *rows, uint32_t n);

struct tap_reader_status {
    char name[128];                /* "unix:/run/x, process 4711", "tcp:127.0.0.1:57012, 127.0.0.1:40404" */
    uint64_t n_packets, n_dropped; /* handed to its queue; lost because it was slow */
    uint64_t n_queued_bytes;
};

struct tap_status {
    uint32_t n_readers;
    uint64_t n_connected, n_refused, n_stalled; /* since the start */
    uint64_t n_dropped;                         /* of all readers, also those that are gone */
    struct tap_reader_status readers[TAP_READERS_LIMIT];
};

void tap_glance(struct tap *tap, struct tap_status *status);

/* Readers get what is queued if they take it within two seconds. NULL is fine. */
void tap_close(struct tap *tap);
