/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_parts - what gate.c and gate_login.c share.
 */
#pragma once

#include <stdatomic.h>

#include "base/lru_table.h"
#include "web/gate.h"
#include "web/password.h"

enum { GATE_TAG_BYTES = 32 };

struct gate {
    uint8_t session_key[GATE_TAG_BYTES]; /* signs cookies */
    char token[GATE_TOKEN_BYTES];
    struct password *password; /* NULL: the token counts */
    struct lru_table *failures, *logouts;
    bool is_tls;
    char *directory; /* where logouts are kept; NULL: nowhere */
    unsigned n_passwords_waiting;
    struct gate_statistics statistics;
};

/* The cookie's value for that person until then (seconds since 1970). */
void gate_cookie_make(const struct gate *gate, const char *person, int64_t expires_s,
                      char value[static GATE_COOKIE_BYTES]);

/* Whose it is, and until when; false: not signed by us, or over, or logged out. */
bool gate_cookie_read(struct gate *gate, struct bytes value, char person[static ACCESS_ID_BYTES],
                      int64_t *expires_ns);

void gate_logouts_load(struct gate *gate);
void gate_logouts_add(struct gate *gate, const char *person, int64_t expires_ns);

bool gate_is_token(const struct gate *gate, struct bytes given);
