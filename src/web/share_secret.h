/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share_secret - the secrets of links and keys, and the ids that go with them: made, hashed, compared.
 *
 * A secret is 256 random bits, so one plain SHA-256 is enough at rest: there is nothing to guess from a
 * dictionary, and going through 2^256 is as hopeless with a fast hash as with a slow one. A slow hash
 * (scrypt, as for passwords) would only let strangers keep the server busy. The id goes into the hash, so
 * that a row copied onto another link's opens nothing.
 */
#pragma once

#include "base/bytes.h"

enum {
    SHARE_ID_CHARS = 12,     /* 60 bits of letters and digits that are not mistaken for each other */
    SHARE_SECRET_CHARS = 43, /* 256 bits, base64url */
    SHARE_HASH_BYTES = 32,
    SHARE_PERSON_CHARS = 16, /* 96 bits, base64url */
};

/* From the system's random numbers; false when it gives none. */
bool share_id_make(char id[static SHARE_ID_CHARS + 1]);
bool share_secret_make(char secret[static SHARE_SECRET_CHARS + 1]);

/* One that was made by share_id_make; strangers' texts are not looked up otherwise. */
bool share_id_is_plain(struct bytes id);

void share_secret_hash(struct bytes id, struct bytes secret, uint8_t hash[static SHARE_HASH_BYTES]);

/* In time that does not depend on where they differ. */
bool share_hash_equal(const uint8_t *a, const uint8_t *b);

/*
 * The name by which everybody knows who visits: of a key that only his cookie (or his address) holds. Not to
 * be turned around, so that seeing somebody does not let one speak for him.
 */
void share_person(struct bytes id, const char *kind, struct bytes key,
                  char person[static SHARE_PERSON_CHARS + 1]);
