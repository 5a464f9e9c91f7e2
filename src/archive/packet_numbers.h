/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet_numbers - gives each packet that a node keeps in an archive its number: from 1, once, never again,
 * whatever is killed, deleted or recorded beside it. docs/archive-files.md, "NODE.numbers".
 *
 * Numbers are taken from the file in runs, before they are used, so that a killed recorder leaves a gap and
 * never a number that would be given twice; an orderly end gives back what was not used. Two programs of one
 * node (a recorder, an import) take runs in turn; whose run does not follow on begins a new segment, for a
 * segment's packets are numbered without gaps. Rejected: a number stored with each packet, which costs 12
 * bytes of pcapng each to say what a segment's first number says.
 */
#pragma once

#include "archive/catalog.h"
#include "base/error.h"

#include <sys/types.h>

enum {
    NUMBERS_RUN_LEAST = 1 << 12, /* what a short recording that is killed leaves out at most */
    NUMBERS_RUN_MOST = 1 << 18,
};

struct packet_numbers;

/*
 * Takes up where the node's last packet in this archive was: after the recovery of what was left open. Where
 * the file is missing or damaged, from the segments. NULL with *error set.
 */
struct packet_numbers *packet_numbers_open(const char *directory, const char *node, struct error *error);

/* Gives back what was not used; the file stays. */
void packet_numbers_close(struct packet_numbers *numbers);

/* The next packet's number; the same until it is used. One thread, without a system call for most. */
uint64_t packet_numbers_next(struct packet_numbers *numbers);
void packet_numbers_use(struct packet_numbers *numbers);

/* From another thread: what was taken is not forgotten in a power cut. */
void packet_numbers_sync(struct packet_numbers *numbers);

/* The file, if there is one, becomes that user's: before root is given up. */
bool packet_numbers_give(const char *directory, const char *node, uid_t user, gid_t group,
                         struct error *error);

/*
 * Where numbering began: packets of segments from before it are counted backwards from there. 0: not known.
 * For readers: takes no lock, makes no file.
 */
uint64_t packet_numbers_began(const char *directory, const char *node);
