/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_pool - what answers from one archive, kept between questions: readers of its nodes, each for one
 * question at a time, and who was where. Any thread.
 */
#pragma once

#include "live/archive_scan.h"
#include "live/bar_cache.h"
#include "live/sharkd.h"

enum {
    ARCHIVE_POOL_IDLE = 6, /* readers kept open, of all nodes: each some MB and two files */
};

struct archive_pool;

/* NULL with *error set. */
struct archive_pool *archive_pool_new(const char *directory, struct error *error);
void archive_pool_free(struct archive_pool *pool); /* every reader must have been given back */

const char *archive_pool_directory(const struct archive_pool *pool);

/* A reader for this caller alone, which knows the directory as it is now. NULL with *error set. */
struct archive_reader *archive_pool_take(struct archive_pool *pool, const char *node, struct error *error);
void archive_pool_give(struct archive_pool *pool, struct archive_reader *reader);

struct archive_devices *archive_pool_devices(struct archive_pool *pool);
struct bar_cache *archive_pool_bars(struct archive_pool *pool);
struct sharkd *archive_pool_sharkd(struct archive_pool *pool);
