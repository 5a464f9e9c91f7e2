/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block_packets - one block of a segment at a time: read, unpacked, and its packets listed, in memory that
 * the next block takes again. Internal to this folder: segment_reader and segment_walker know which block,
 * and which number a packet has.
 *
 * Blocks are read with pread into memory of our own: of a mapped file, a page that is cut away or cannot be
 * read would be a signal instead of an answer.
 */
#pragma once

#include "archive/block_codec.h"
#include "archive/segment_index.h"
#include "packet/batch.h"
#include "packet/pcapng_read.h"

struct block_packets {
    const char *path; /* of fd; borrowed */
    int fd;           /* the owner's to close */
    enum codec codec; /* set by the owner, once it is known */
    struct block_unpacker unpacker;
    struct buffer stored, raw;
    struct packet *packets;
    uint32_t cap_packets;
};

void block_packets_init(struct block_packets *block, const char *path, int fd);
void block_packets_clear(struct block_packets *block); /* all but fd */

/* Unpacks a block that a table tells of into block->raw. False with *error. */
bool block_packets_load(struct block_packets *block, const struct segment_block *row, struct error *error);

/*
 * Lists the packets of all whole pcapng blocks in raw, which are lent from there. *used: how far those went.
 * False with *error at damage; the *n packets before it are in block->packets all the same, without numbers.
 */
bool block_packets_list(struct block_packets *block, struct pcapng_reader *pcapng, struct bytes raw,
                        uint32_t *n, size_t *used, struct error *error);

/* A block without the section header it may begin with, which would begin a section that has no interfaces
 * yet. */
struct bytes block_behind_section_header(struct bytes raw);
