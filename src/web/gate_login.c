/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_login - members come and go: token or password in, cookie out.
 *
 * A password is hashed by a worker. The try counts as a failure from its beginning, and is forgiven when it
 * was none: so a hundred tries at once are not a hundred free ones.
 */
#include "web/gate_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/timestamp.h"
#include "net/url.h"
#include "web/server.h"
#include "web/site.h"

enum {
    PERSON_BYTES = 12, /* 16 letters */
    COOKIE_HEADER_BYTES = GATE_COOKIE_BYTES + 128,
    LOGIN_SECONDS = GATE_LOGIN_DAYS * 86400,
};

/* A person that did not exist before, and his cookie. False without randomness. */
static bool make_login(const struct gate *gate, char header[static COOKIE_HEADER_BYTES])
{
    uint8_t bytes[PERSON_BYTES];
    char value[GATE_COOKIE_BYTES], person[ACCESS_ID_BYTES];
    int64_t expires_s = timestamp_now() / NS_PER_SECOND + LOGIN_SECONDS;

    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    EVP_EncodeBlock((unsigned char *)person, bytes, sizeof bytes);
    for (char *c = person; *c; c++)
        *c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
    gate_cookie_make(gate, person, expires_s, value);
    snprintf(header, COOKIE_HEADER_BYTES, GATE_COOKIE "=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s",
             value, LOGIN_SECONDS, gate->is_tls ? "; Secure" : "");
    return true;
}

static void log_in(struct exchange *exchange)
{
    struct gate *gate = exchange->site->gate;
    char header[COOKIE_HEADER_BYTES];

    if (!make_login(gate, header)) {
        exchange_problem(exchange, 503, "no_randomness", "the server has no randomness to make a login of");
        return;
    }
    gate->statistics.n_logins++;
    exchange_header(exchange, "Set-Cookie", header);
    exchange_answer_empty(exchange, 204);
}

/* ---- by password ---- */

struct attempt {
    struct gate *gate;
    struct ip_address source;
    struct bytes given; /* own */
    bool is_good;
};

static void try_password(struct job *job, void *context)
{
    struct attempt *attempt = context;
    char header[COOKIE_HEADER_BYTES];

    attempt->is_good = password_is(attempt->gate->password, attempt->given);
    if (!attempt->is_good) {
        job_problem(job, 403, "wrong_password", "this is not the password");
        return;
    }
    if (!make_login(attempt->gate, header)) {
        job_problem(job, 503, "no_randomness", "the server has no randomness to make a login of");
        return;
    }
    job_header(job, "Set-Cookie", header);
    job_begin(job, 204, NULL, 0, NULL);
}

static void attempt_done(void *context)
{
    struct attempt *attempt = context;

    attempt->gate->n_passwords_waiting--;
    if (attempt->is_good) {
        attempt->gate->statistics.n_logins++;
        attempt->gate->statistics.n_failures--; /* as which it was counted */
        gate_forgive(attempt->gate, &attempt->source);
    }
    OPENSSL_cleanse((void *)attempt->given.data, attempt->given.len);
    free((void *)attempt->given.data);
    free(attempt);
}

static void start_attempt(struct exchange *exchange, const char *given, size_t len)
{
    struct gate *gate = exchange->site->gate;
    struct attempt *attempt = calloc(1, sizeof *attempt);
    uint8_t *copy = malloc(len + 1);

    if (attempt == NULL || copy == NULL || gate->n_passwords_waiting == GATE_PASSWORDS_WAITING_LIMIT) {
        free(attempt);
        free(copy);
        exchange_header(exchange, "Retry-After", "1");
        exchange_problem(exchange, 503, "busy", "others are logging in; try again in a moment");
        return;
    }
    memcpy(copy, given, len);
    *attempt = (struct attempt) { .gate = gate, .source = *exchange->access->source, .given = { copy, len } };
    gate->n_passwords_waiting++;
    gate_count_failure(gate, exchange->access->source);
    exchange_start_job(exchange, try_password, attempt, attempt_done);
}

/* ---- the handlers ---- */

void gate_login(struct exchange *exchange)
{
    struct gate *gate = exchange->site->gate;
    json_t *body;
    const char *token, *password;

    if (!gate_may_try(exchange))
        return;
    body = exchange_json_body(exchange);
    if (body == NULL)
        return;
    token = json_string_value(json_object_get(body, "token"));
    password = json_string_value(json_object_get(body, "password"));
    if (gate->password && password) {
        start_attempt(exchange, password, json_string_length(json_object_get(body, "password")));
    } else if (token && gate_is_token(gate, bytes_text(token))) {
        log_in(exchange);
    } else if (token && !gate->password) {
        gate_count_failure(gate, exchange->access->source);
        exchange_problem(exchange, 403, "wrong_token",
                         "this is not the token; tapdeck serve prints it when it starts");
    } else {
        exchange_problem(exchange, 400, "bad_login",
                         gate->password ? "a password is needed: {\"password\": \"…\"}"
                                        : "the token is needed: {\"token\": \"…\"}");
    }
    json_decref(body);
}

void gate_logout(struct exchange *exchange)
{
    struct gate *gate = exchange->site->gate;
    char key[ACCESS_ID_BYTES] = { 0 };

    /* A program's token is not logged out: it was never logged in. */
    if (exchange->access->kind == ACCESS_MEMBER && exchange->access->expires_ns != INT64_MAX) {
        snprintf(key, sizeof key, "%s", exchange->access->person);
        gate_logouts_add(gate, key, exchange->access->expires_ns);
    }
    exchange_header(exchange, "Set-Cookie",
                    gate->is_tls ? GATE_COOKIE "=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure"
                                 : GATE_COOKIE "=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
    exchange_answer_empty(exchange, 204);
    if (key[0])
        server_end_access(exchange->site->server, NULL, key, ACCESS_LOGGED_OUT);
}

bool gate_takes_token_of_address(struct exchange *exchange)
{
    struct gate *gate = exchange->site->gate;
    char header[COOKIE_HEADER_BYTES];
    bool is_answered;
    const char *token = exchange_query(exchange, "token", &is_answered);

    if (is_answered)
        return true;
    if (token == NULL)
        return false;
    if (!gate_may_try(exchange))
        return true;
    if (!gate_is_token(gate, bytes_text(token)))
        gate_count_failure(gate, exchange->access->source);
    else if (make_login(gate, header)) {
        gate->statistics.n_logins++;
        exchange_header(exchange, "Set-Cookie", header);
    }
    /* Out of the address bar and the history; with a wrong one the page asks for a login. */
    exchange_header(exchange, "Location", "/");
    exchange_answer_empty(exchange, 303);
    return true;
}
