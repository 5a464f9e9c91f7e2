/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names - what a session, or an attempt at one, is called: a few identities in one owned run of bytes. Most
 * have one; a certificate with many names is cut at NAMES_LIMIT.
 */
#pragma once

#include "device/binding.h"

enum {
    NAMES_LIMIT = 8,
    TOKEN_LIMIT_BYTES = 8, /* what ties a later contact: digest of a session id, a ticket or a path */
};

struct identity_name {
    enum identity_scheme scheme;
    struct bytes identity;
};

struct names { /* all zero: none */
    uint8_t *data;
    uint16_t len;
    uint8_t n;
};

/* Known ones are passed over. False: no room, too long (IDENTITY_LIMIT_BYTES), or no memory. */
bool names_add(struct names *names, enum identity_scheme scheme, struct bytes identity);
bool names_copy(struct names *to, const struct names *from);
void names_clear(struct names *names);

/* One after the other, from *at = 0 on. Borrowed until the next change. */
bool names_next(const struct names *names, size_t *at, struct identity_name *name);

bool names_have(const struct names *names, enum identity_scheme scheme, struct bytes identity);

/* True when a has all of b's. */
bool names_have_all(const struct names *a, const struct names *b);
