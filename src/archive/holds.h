/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holds - what people asked an archive to keep past its budget: a time range or a device, whose wish it is,
 * why, and until when. The tables hold and setting of DIR/tapdeck.db (docs/archive-files.md).
 *
 * A hold names no segment: which it keeps is found from the indexes (held.h), so nothing here has to follow
 * what the recorders do. A list of segments a hold, kept in the table, was rejected: each recorder would have
 * to write into the one file that must not be damaged.
 */
#pragma once

#include <sys/types.h>

#include "archive/database.h"
#include "base/time_range.h"

#define HOLDS_FILE "tapdeck.db"

enum {
    HOLDS_LIMIT = 256, /* expired ones too, until they are removed: each is asked about for every segment */
    HOLD_TEXT_BYTES = 1024, /* owner, reason */
    HOLD_DEVICE_BYTES = 4096,
};

struct hold {
    int64_t id;
    char *device;            /* as find --device takes it; NULL: not by device */
    struct time_range range; /* of packets, or of a device's stay; without bound where not given */
    char *owner, *reason;
    int64_t created_ns, expires_ns;
    uint64_t quota_bytes; /* 0: no bound */
};

struct hold_list {
    struct hold *items; /* by id */
    uint32_t n;
    uint64_t quota_bytes; /* what all may keep together; 0: no bound */
};

/* The archive's database, as database_open answers it. */
struct database *holds_open(const char *directory, enum database_mode mode, struct error *error);

/* Makes the archive's database, if there is one, another user's: before root is given up. */
bool holds_give(const char *directory, uid_t user, gid_t group, struct error *error);

bool holds_load(struct database *database, struct hold_list *list, struct error *error);
void hold_list_clear(struct hold_list *list);

bool hold_is_alive(const struct hold *hold, int64_t now_ns);

/* The texts are borrowed for the call; hold->id is given here. ERROR_LIMIT: there are HOLDS_LIMIT. */
bool holds_add(struct database *database, struct hold *hold, struct error *error);

/* *was_there: whether there was one of that number. */
bool holds_remove(struct database *database, int64_t id, bool *was_there, struct error *error);

bool holds_set_quota(struct database *database, uint64_t quota_bytes, struct error *error);
