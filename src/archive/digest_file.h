/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest_file - the digest's file, for the half that reads it and the half that writes it. Internal to this
 * folder.
 */
#pragma once

#include "archive/digest.h"
#include "archive/digest_record.h"
#include "archive/segment_file.h"

#define DIGEST_NAME "segments.tdd"

/* The file called name in the directory of sibling. False when the path is too long. */
bool digest_path(const char *sibling, const char *name, char path[static SEGMENT_PATH_BYTES]);

/* What the names of a segment's files share; borrowed from the path. */
struct bytes digest_stem(const char *index_path);

bool digest_head_read(struct bytes file, uint64_t *seed);

/* Over bytes that the caller keeps: for tests and fuzzing too. NULL without memory. */
struct digest *digest_over(struct bytes file, const struct catalog *catalog);

bool digest_is_there(const struct digest *digest);
uint64_t digest_seed(const struct digest *digest);
uint64_t digest_live_bytes(const struct digest *digest);  /* of records that count for something */
uint64_t digest_stale_bytes(const struct digest *digest); /* of the others, and of what is no record */

struct bytes digest_head_bytes(const struct digest *digest); /* borrowed; empty when there is no file */

/* The record of an entry, borrowed; empty when there is none. */
struct bytes digest_record_bytes(const struct digest *digest, uint32_t entry);
