/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_lookup - is this very packet in the archive? By time, lengths and bytes; reads only the segments
 * whose time it may lie in. One thread.
 */
#pragma once

#include "archive/import_journal.h"
#include "packet/packet.h"

struct archive_lookup;

/*
 * Looks at the directory now. journal: borrowed; NULL knows no segment. wants_decap: packets were stored
 * without their tunnel. NULL with *error.
 */
struct archive_lookup *archive_lookup_new(const char *directory, struct import_journal *journal,
                                          bool wants_decap, struct error *error);
void archive_lookup_free(struct archive_lookup *lookup);

/* As import_archive.holds wants it; context is the lookup. */
int archive_lookup_packet(void *context, const struct packet *packet, bool only_unknown,
                          char segment[static 256], struct error *error);
