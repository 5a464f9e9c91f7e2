/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit - who joined, looked, exported, shared and pinned: lines that are only ever added, in DIR/audit.db,
 * the newest AUDIT_LINES_LIMIT of them (docs/archive-files.md). A file of its own, because it is written most
 * often and is worth least of what people make.
 *
 * A line that cannot be written stops nobody: it is counted, and said in the log once. The loop's thread.
 */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "web/access.h"

enum {
    AUDIT_LINES_LIMIT = 100000,
    AUDIT_WORDS_BYTES = 1024, /* longer ones are cut */
    AUDIT_ANSWER_LIMIT = 1000,
};

struct audit;

/* directory is borrowed. NULL with *error set. */
struct audit *audit_new(const char *directory, struct error *error);
void audit_free(struct audit *audit);

/* what: "join", "leave", "view", "export", "share", "revoke", "pin", "login"; name: as he calls himself, or
 * NULL. Strangers' words are fine in the format's arguments. */
__attribute__((format(printf, 5, 6))) void audit_add(struct audit *audit, const struct access *access,
                                                     const char *name, const char *what, const char *format,
                                                     ...);

/* Lines before that id (0: the newest), newest first, as in openapi.json, "Audit". NULL with *error. */
json_t *audit_json(struct audit *audit, int64_t before, uint32_t n, struct error *error);

uint64_t audit_lost(const struct audit *audit); /* lines that could not be written */
