/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan - a long stretch of a plain pcap file, sifted by several threads at once, handed over by one in order.
 *
 *      the file   |  chunk 0  |  chunk 1  |  chunk 2  |  chunk 3  |  ...          2 MiB each
 *      threads    |  caller   | worker 1  |  caller   | worker 1  |
 *                       └───────────┴───────────┴──▶ in order: verified, numbered, lent to the caller
 *
 * Where records begin is known only from the record before, so a worker guesses where the first one of its
 * chunk is: a row of headers that make sense. When the chunk's turn comes, the guess is held against where
 * the chunk before ended; a wrong one costs time, and is sifted anew by the caller. So the packets are the
 * same, and in the same order, with any number of threads, also when bytes are made to mislead.
 *
 * Whatever is not a whole, sound record ends the scan in front of it: what to say of it is the caller's to
 * find out, by reading on from there (pcap_file.c).
 *
 * The stretch is mapped, and pages are given back chunk by chunk. Once headers are all that is looked at, the
 * copy that read() makes is half of the work: 0.30 s a GB with it, 0.22 s without. A file that another
 * program cuts short takes its pages away; the answer to SIGBUS puts a page of zeroes there, and the scan
 * ends.
 */
#pragma once

#include "packet/batch.h"
#include "packet/pcap_read.h"

enum {
    SCAN_CHUNK_BYTES = 2 << 20,
    SCAN_STRETCH_BYTES = 1 << 30, /* in one scan: page tables cost 2 MiB */
    SCAN_THREADS = 8,
};

struct scan;

/*
 * fd: a regular file of size_bytes; offset: where a record begins in it. n_threads: the caller's included; 0:
 * as many as there are processors. sifting, which has the sieve, counts on. All are borrowed. NULL when the
 * file cannot be scanned so: then it is read.
 */
struct scan *scan_new(int fd, uint64_t size_bytes, uint64_t offset, const struct pcap_header *header,
                      struct pcap_sifting *sifting, unsigned n_threads);
void scan_free(struct scan *scan);

/*
 * The next packets kept, maybe none, valid until the next call. False: it is over; *offset is behind the last
 * record taken, and is_stuck says whether the next one is not whole, or not sound.
 */
bool scan_next(struct scan *scan, struct batch *batch, uint64_t *offset, bool *is_stuck);
