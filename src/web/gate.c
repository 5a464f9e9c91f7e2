/* SPDX-License-Identifier: Apache-2.0 */
#include "web/gate_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/ip_address.h"
#include "base/timestamp.h"
#include "web/links.h"
#include "web/server.h"
#include "web/site.h"

enum { TAG_CHARS = 43 }; /* of 32 bytes */

struct failures { /* a bucket that leaks */
    uint32_t n;
    int64_t since_ns;
};

/* ---- secrets ---- */

static void put_base64url(const uint8_t *bytes, size_t n, char *text, size_t n_chars)
{
    char padded[64];

    EVP_EncodeBlock((unsigned char *)padded, bytes, (int)n);
    for (size_t i = 0; i < n_chars; i++)
        text[i] = (char)(padded[i] == '+' ? '-' : padded[i] == '/' ? '_' : padded[i]);
    text[n_chars] = '\0';
}

static void tag_of(const uint8_t key[static GATE_TAG_BYTES], struct bytes text,
                   uint8_t tag[static GATE_TAG_BYTES])
{
    unsigned len;

    if (HMAC(EVP_sha256(), key, GATE_TAG_BYTES, text.data, text.len, tag, &len) == NULL)
        abort(); /* without its hash nothing may be let in */
}

bool gate_is_token(const struct gate *gate, struct bytes given)
{
    return gate->password == NULL && given.len == GATE_TOKEN_BYTES - 1 &&
           CRYPTO_memcmp(given.data, gate->token, GATE_TOKEN_BYTES - 1) == 0;
}

const char *gate_token(const struct gate *gate)
{
    return gate->password ? NULL : gate->token;
}

/* "PERSON.EXPIRES.TAG", EXPIRES in seconds since 1970; the tag is of what stands before it. */
void gate_cookie_make(const struct gate *gate, const char *person, int64_t expires_s,
                      char value[static GATE_COOKIE_BYTES])
{
    uint8_t tag[GATE_TAG_BYTES];
    size_t len = (size_t)snprintf(value, GATE_COOKIE_BYTES, "%s.%lld.", person, (long long)expires_s);

    tag_of(gate->session_key, bytes_of(value, len), tag);
    put_base64url(tag, sizeof tag, value + len, TAG_CHARS);
}

bool gate_cookie_read(struct gate *gate, struct bytes value, char person[static ACCESS_ID_BYTES],
                      int64_t *expires_ns)
{
    char text[GATE_COOKIE_BYTES], wanted[TAG_CHARS + 1], key[ACCESS_ID_BYTES] = { 0 };
    uint8_t tag[GATE_TAG_BYTES];
    char *dot, *end;
    long long expires_s;
    size_t signed_len;

    if (value.len <= TAG_CHARS || value.len >= sizeof text)
        return false;
    memcpy(text, value.data, value.len);
    text[value.len] = '\0';
    signed_len = value.len - TAG_CHARS;
    tag_of(gate->session_key, bytes_of(text, signed_len), tag);
    put_base64url(tag, sizeof tag, wanted, TAG_CHARS);
    if (CRYPTO_memcmp(wanted, text + signed_len, TAG_CHARS) != 0)
        return false;
    /* From here on it is our own text. */
    dot = strchr(text, '.');
    if (dot == NULL || (size_t)(dot - text) >= ACCESS_ID_BYTES)
        return false;
    *dot = '\0';
    expires_s = strtoll(dot + 1, &end, 10);
    if (*end != '.' || expires_s * NS_PER_SECOND <= timestamp_now())
        return false;
    memcpy(key, text, (size_t)(dot - text));
    if (lru_table_find(gate->logouts, key))
        return false;
    memcpy(person, key, ACCESS_ID_BYTES);
    *expires_ns = expires_s * NS_PER_SECOND;
    return true;
}

/* ---- failures ---- */

static struct ip_address counted_address(const struct ip_address *source)
{
    struct ip_address address = *source;

    if (address.family == 6)
        memset(address.bytes + 8, 0, 8);
    return address;
}

static bool is_held_off(struct gate *gate, const struct ip_address *source)
{
    struct ip_address key = counted_address(source);
    struct failures *failures = lru_table_find(gate->failures, &key);
    int64_t now_ns = timestamp_now(), forgiven;

    if (failures == NULL)
        return false;
    forgiven = (now_ns - failures->since_ns) / (GATE_FORGIVEN_MS * (NS_PER_SECOND / 1000));
    if (forgiven > 0) {
        failures->n = forgiven >= failures->n ? 0 : failures->n - (uint32_t)forgiven;
        failures->since_ns = now_ns;
    }
    return failures->n >= GATE_FAILURES;
}

void gate_count_failure(struct gate *gate, const struct ip_address *source)
{
    struct ip_address key = counted_address(source);
    bool is_new;
    struct failures *failures = lru_table_put(gate->failures, &key, &is_new);

    gate->statistics.n_failures++;
    if (failures == NULL)
        return;
    if (failures->n == 0)
        failures->since_ns = timestamp_now();
    failures->n++;
}

void gate_forgive(struct gate *gate, const struct ip_address *source)
{
    struct ip_address key = counted_address(source);
    struct failures *failures = lru_table_find(gate->failures, &key);

    if (failures && failures->n > 0)
        failures->n--;
}

bool gate_may_try(struct exchange *exchange)
{
    struct gate *gate = exchange->site->gate;

    if (!is_held_off(gate, exchange->access->source))
        return true;
    gate->statistics.n_held_off++;
    exchange_header(exchange, "Retry-After", "6");
    exchange_problem(exchange, 429, "too_many_failures",
                     "too many wrong secrets came from your address; try again in a few seconds");
    return false;
}

/* ---- who asks ---- */

bool gate_is_own_origin(const struct http_request *request, bool is_missing_fine)
{
    static const char *const schemes[] = { "https://", "http://" };
    struct bytes origin;
    char host[512];

    if (!http_request_header(request, "Origin", &origin))
        return is_missing_fine;
    if (request->host.len == 0 || request->host.len >= sizeof host)
        return false;
    memcpy(host, request->host.data, request->host.len);
    host[request->host.len] = '\0';
    /* The scheme is not compared: in front of us someone else may do the TLS. */
    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(schemes[i]);

        if (origin.len > len && memcmp(origin.data, schemes[i], len) == 0)
            return http_text_equal(bytes_of(origin.data + len, origin.len - len), host);
    }
    return false;
}

static bool bearer_of(const struct http_request *request, struct bytes *secret)
{
    static const char word[] = "Bearer ";
    struct bytes value;

    if (!http_request_header(request, "Authorization", &value) || value.len < sizeof word - 1 ||
        !http_text_equal(bytes_of(value.data, sizeof word - 1), word))
        return false;
    *secret = http_trim(bytes_of(value.data + sizeof word - 1, value.len - (sizeof word - 1)));
    return true;
}

static void become_member(struct access *access, int64_t expires_ns)
{
    access->kind = ACCESS_MEMBER;
    access->role = ROLE_CONTROL;
    access->scope = scope_of_all();
    access->expires_ns = expires_ns;
}

/* The link's own secrets and no other, also for a member: so nothing else is open by such an address. */
static enum link_answer identify_guest(struct exchange *exchange, const struct route_match *match,
                                       struct bytes bearer, bool has_bearer, struct access *access)
{
    struct links *links = exchange->site->links;
    struct bytes cookie;

    if (links == NULL)
        return LINK_IS_UNKNOWN;
    if (has_bearer)
        return links_visit(links, match->link, LINK_SECRET, bearer, access);
    if (!http_cookie_find(&exchange->request->fields, GATE_LINK_COOKIE, &cookie))
        return LINK_IS_UNKNOWN;
    return links_visit(links, match->link, LINK_COOKIE, cookie, access);
}

static bool identify_member(struct gate *gate, const struct exchange *exchange, struct bytes bearer,
                            bool has_bearer, struct access *access)
{
    struct bytes cookie;
    int64_t expires_ns;

    if (has_bearer) {
        if (!gate_is_token(gate, bearer))
            return false;
        become_member(access, INT64_MAX);
        snprintf(access->person, sizeof access->person, "token");
        return true;
    }
    if (!http_cookie_find(&exchange->request->fields, GATE_COOKIE, &cookie) ||
        !gate_cookie_read(gate, cookie, access->person, &expires_ns))
        return false;
    become_member(access, expires_ns);
    return true;
}

static void refuse_guest(struct exchange *exchange, const struct route_match *match, enum link_answer answer)
{
    static const struct {
        unsigned status;
        const char *code;
    } refusals[] = {
        [LINK_IS_UNKNOWN] = { 401, "no_link" },          [LINK_WAS_REVOKED] = { 401, "link_revoked" },
        [LINK_WAS_EXPIRED] = { 401, "link_expired" },    [LINK_IS_FULL] = { 403, "link_full" },
        [LINK_UNREADABLE] = { 503, "links_unreadable" },
    };
    struct buffer words;

    buffer_init(&words, 2048);
    if (answer == LINK_IS_UNKNOWN)
        buffer_put_text(&words, "this link does not exist, or its secret is not this one; ask who gave it");
    else
        links_words(exchange->site->links, answer, match->link, &words);
    exchange_problem(exchange, refusals[answer].status, refusals[answer].code, "%.*s", (int)words.len,
                     (const char *)words.data);
    buffer_clear(&words);
}

static void refuse_nobody(struct exchange *exchange)
{
    exchange_header(exchange, "WWW-Authenticate", "Bearer realm=\"tapdeck\"");
    exchange_problem(exchange, 401, "not_logged_in",
                     "log in first: with the token that tapdeck serve printed, or the password");
}

static const char *role_name(enum access_role role)
{
    return role == ROLE_CONTROL ? "control" : role == ROLE_COMMENT ? "comment" : "view";
}

static bool changes_something(const struct route *route)
{
    return route->method != HTTP_GET || (route->flags & ROUTE_UPGRADES);
}

bool gate_open(struct gate *gate, struct exchange *exchange, const struct route_match *match,
               struct access *access)
{
    const struct route *route = match->route;
    enum link_answer link = LINK_IS_UNKNOWN;
    struct bytes bearer = { 0 };
    bool has_bearer, is_known;

    access->expires_ns = INT64_MAX;
    if (route->flags & ROUTE_ANY_ORIGIN)
        return true;
    if (route->flags & (match->link.len ? ROUTE_MEMBERS : ROUTE_LINKS)) {
        exchange_not_here(exchange);
        return false;
    }
    has_bearer = bearer_of(exchange->request, &bearer);
    if (has_bearer && !gate_may_try(exchange))
        return false;
    if (match->link.len) {
        link = identify_guest(exchange, match, bearer, has_bearer, access);
        is_known = link == LINK_IS_GOOD;
    } else {
        is_known = identify_member(gate, exchange, bearer, has_bearer, access);
    }
    if (has_bearer && !is_known && link == LINK_IS_UNKNOWN)
        gate_count_failure(gate, access->source);
    if (!is_known && !(route->flags & ROUTE_ANYBODY)) {
        if (match->link.len)
            refuse_guest(exchange, match, link);
        else
            refuse_nobody(exchange);
        return false;
    }
    if (changes_something(route) && !(has_bearer && is_known) &&
        !gate_is_own_origin(exchange->request, (route->flags & ROUTE_BEARS_SECRET) != 0)) {
        gate->statistics.n_foreign_origins++;
        exchange_problem(exchange, 403, "foreign_origin",
                         "this may be asked by tapdeck's own page only, or with a token");
        return false;
    }
    if (route->flags & ROUTE_ANYBODY)
        return true;
    if (access->role < route->least) {
        exchange_problem(exchange, 403, "role", "this needs the role %s; yours is %s",
                         role_name(route->least), role_name(access->role));
        return false;
    }
    return true;
}

/* ---- life ---- */

struct gate *gate_new(const struct gate_options *options, struct error *error)
{
    struct gate *gate = calloc(1, sizeof *gate);
    uint8_t tag[GATE_TAG_BYTES];
    struct buffer text;

    if (gate == NULL) {
        password_free(options->password);
        error_set(error, ERROR_SYSTEM, "no memory for logins");
        return NULL;
    }
    gate->password = options->password;
    gate->is_tls = options->is_tls;
    gate->failures = lru_table_new(&(struct lru_table_options) { .key_bytes = sizeof(struct ip_address),
                                                                 .value_bytes = sizeof(struct failures),
                                                                 .limit = GATE_ADDRESSES_LIMIT,
                                                                 .hash_seed = options->hash_seed });
    gate->logouts = lru_table_new(&(struct lru_table_options) { .key_bytes = ACCESS_ID_BYTES,
                                                                .value_bytes = sizeof(int64_t),
                                                                .limit = GATE_LOGOUTS_LIMIT,
                                                                .hash_seed = options->hash_seed });
    if (gate->failures == NULL || gate->logouts == NULL) {
        gate_free(gate);
        error_set(error, ERROR_SYSTEM, "no memory for logins");
        return NULL;
    }
    gate->directory = options->directory ? strdup(options->directory) : NULL;
    gate_logouts_load(gate);
    tag_of(options->key, bytes_text("tapdeck token"), tag);
    put_base64url(tag, 24, gate->token, GATE_TOKEN_BYTES - 1);
    /* Another password ends all logins: their cookies are signed with it. */
    buffer_init(&text, 1024);
    buffer_printf(&text, "tapdeck session %s", gate->password ? password_line(gate->password) : "");
    tag_of(options->key, buffer_bytes(&text), gate->session_key);
    buffer_clear(&text);
    return gate;
}

void gate_free(struct gate *gate)
{
    if (gate == NULL)
        return;
    password_free(gate->password);
    lru_table_free(gate->failures);
    lru_table_free(gate->logouts);
    free(gate->directory);
    OPENSSL_cleanse(gate, sizeof *gate);
    free(gate);
}

const struct gate_statistics *gate_statistics(const struct gate *gate)
{
    return &gate->statistics;
}
