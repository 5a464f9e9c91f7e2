/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold_view - what the holds of an archive keep now, and the words for it. Reads only.
 */
#pragma once

#include "archive/held.h"
#include "base/buffer.h"

struct hold_view { /* of an archive and its holds */
    struct catalog catalog;
    struct held *held;
};

/* *view all zero before; to be closed also on a fault. Looks into every segment that it has to. */
bool hold_view_open(struct hold_view *view, const char *directory, struct error *error);
void hold_view_close(struct hold_view *view);

/* "3 segments, 10.2 MB"; ", of a quota of 20.0 GB", nothing for no quota (0). */
void hold_put_amount(struct buffer *out, uint32_t n_segments, uint64_t n_bytes);
void hold_put_quota(struct buffer *out, uint64_t quota_bytes);

/* All holds: for people, and as JSON. What others wrote is escaped. */
void hold_put_list(struct buffer *out, const struct held *held, bool is_local);
void hold_json_list(struct buffer *out, const struct held *held);
