/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture_files - the files of -r as one source, which can be read twice: standard input is kept in an
 * unlinked temporary file when a second reading will be needed. Of several, each is opened when its time is
 * reached and closed at its end, so thousands may be given.
 */
#pragma once

#include "base/option.h"
#include "source/source.h"

struct capture_files;

/* paths is borrowed. rereads: it will be opened more than once. NULL with *error set. */
struct capture_files *capture_files_new(const struct text_list *paths, bool rereads, struct error *error);
void capture_files_free(struct capture_files *files);

/* All of them in time order, from the start. The caller closes it; progress is of the newest one opened. */
struct source *capture_files_open(struct capture_files *files, struct interface_table *interfaces,
                                  struct error *error);

void capture_files_progress(const struct capture_files *files, uint64_t *done_bytes, uint64_t *size_bytes);

/* Packets that were dropped when the files were captured, as far as those read so far say (pcapng). */
uint64_t capture_files_dropped(const struct capture_files *files);

/* Decryption secrets and the like of all files, for who writes their packets: calls with each file's. */
bool capture_files_extra_blocks(const struct capture_files *files,
                                bool (*take)(void *context, struct bytes blocks, struct error *error),
                                void *context, struct error *error);
