/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate - who asks: members by the token of the start or by a password, and the cookie they are given; guests
 * by their link (links.h). Refuses what comes from another page's address (Origin), and who fails too often.
 *
 * The cookie says who and until when, signed with the archive's own key: it holds over a restart, and no
 * table of logins is kept, but of those logged out before their time. Secrets are compared in constant time.
 */
#pragma once

#include "net/http_request.h"
#include "web/access.h"
#include "web/exchange.h"
#include "web/router.h"

enum {
    GATE_KEY_BYTES = 32,
    GATE_TOKEN_BYTES = 33, /* 32 letters (192 bit) and the zero */
    GATE_COOKIE_BYTES = 160,
    GATE_LOGIN_DAYS = 30,
    GATE_FAILURES = 10,               /* at once, from one address (an IPv6 /64); then */
    GATE_FORGIVEN_MS = 6000,          /* one more each so often: 429 in between */
    GATE_ADDRESSES_LIMIT = 4096,      /* whose failures are known; the one quiet for longest is forgotten */
    GATE_LOGOUTS_LIMIT = 4096,        /* likewise of those who logged out */
    GATE_PASSWORDS_WAITING_LIMIT = 4, /* of all addresses: each costs 32 MiB and a tenth of a second */
};

#define GATE_COOKIE "tapdeck"
#define GATE_LINK_COOKIE "tapdeck-link"

struct gate;
struct password;

struct gate_options {
    const uint8_t *key;        /* GATE_KEY_BYTES: the archive's own secret, from gate_key_load() */
    const char *directory;     /* where it is remembered who logged out (serve.logouts); NULL: nowhere */
    struct password *password; /* taken; NULL: the token is what members log in with */
    uint64_t hash_seed;
    bool is_tls;
};

/* The secret of that directory, made when it is not there (file serve.key, 0600). is_kept false: it could not
 * be written, and lasts as long as the process. False with *error set when there is one and it cannot be
 * used. */
bool gate_key_load(const char *directory, uint8_t key[static GATE_KEY_BYTES], bool *is_kept,
                   struct error *error);

/* NULL with *error set. */
struct gate *gate_new(const struct gate_options *options, struct error *error);
void gate_free(struct gate *gate);

/* What members log in with, and programs send; NULL when they have a password. */
const char *gate_token(const struct gate *gate);

/*
 * Finds out who asks, and whether the route is for him. False: the exchange has been answered, with 401, 403,
 * 404 or 429.
 */
bool gate_open(struct gate *gate, struct exchange *exchange, const struct route_match *match,
               struct access *access);

/* GET …?token=: gives the cookie, and sends on to the address without it. False: there is none. */
bool gate_takes_token_of_address(struct exchange *exchange);

/* The Origin is that of the Host asked; is_missing_fine: programs send none. */
bool gate_is_own_origin(const struct http_request *request, bool is_missing_fine);

/* Failures of the exchange's address: may it try again? Answers 429 when not. Each wrong secret is counted.
 */
bool gate_may_try(struct exchange *exchange);
void gate_count_failure(struct gate *gate, const struct ip_address *source);
void gate_forgive(struct gate *gate, const struct ip_address *source);

/* POST /api/v1/login {"token": …} or {"password": …}; POST /api/v1/logout. */
void gate_login(struct exchange *exchange);
void gate_logout(struct exchange *exchange);

struct gate_statistics {
    uint64_t n_logins, n_failures, n_held_off, n_foreign_origins;
};
const struct gate_statistics *gate_statistics(const struct gate *gate);
