/* SPDX-License-Identifier: Apache-2.0 */
/*
 * password - one password, kept as its scrypt hash (RFC 7914) only. OpenSSL does the work.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

enum { PASSWORD_LIMIT_BYTES = 1024, PASSWORD_LINE_BYTES = 160 };

struct password;

/*
 * The file's first line: the password itself, or what `tapdeck serve --hash-password` printed
 * ("scrypt:15:8:1:SALT:HASH", hexadecimal). NULL with *error set; a file that others may read is refused.
 */
struct password *password_load(const char *path, struct error *error);
void password_free(struct password *password);

/* Takes a tenth of a second, and 32 MiB: not for the loop's thread. May be called from several. */
bool password_is(const struct password *password, struct bytes given);

/* What such a line says; the same text for the same line, so that sessions end when the password changes. */
const char *password_line(const struct password *password);

/* Hashes with a new salt. False with *error set. */
bool password_hash(struct bytes given, char line[static PASSWORD_LINE_BYTES], struct error *error);
