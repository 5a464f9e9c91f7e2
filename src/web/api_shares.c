/* SPDX-License-Identifier: Apache-2.0 */
#include "web/api_shares.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/http_fields.h"
#include "web/audit.h"
#include "web/gate.h"
#include "web/links.h"
#include "web/people.h"
#include "web/qr.h"
#include "web/scope_words.h"
#include "web/share_request.h"
#include "web/site.h"

enum { WORDS_LIMIT_BYTES = 64 * 1024, COOKIE_LINE_BYTES = 320, QR_LIMIT_BYTES = 256 * 1024 };

/* ---- JSON of links ---- */

static json_t *json_ns(int64_t ns)
{
    return ns == INT64_MIN || ns == INT64_MAX || ns == 0 ? json_null() : json_sprintf("%" PRId64, ns);
}

static json_t *json_words(const struct scope *scope)
{
    struct buffer words;
    json_t *json;

    buffer_init(&words, WORDS_LIMIT_BYTES);
    scope_put_words(&words, scope, false);
    json = json_stringn((const char *)words.data, words.len);
    buffer_clear(&words);
    return json ? json : json_string("");
}

static json_t *json_bound(int64_t ns, int64_t unbounded)
{
    return ns == unbounded ? json_null() : json_sprintf("%" PRId64, ns);
}

static json_t *json_numbers(const struct number_ranges *numbers)
{
    json_t *json = numbers->n ? json_array() : json_null();

    for (uint32_t i = 0; i < numbers->n; i++)
        json_array_append_new(json, json_pack("[I, I]", (json_int_t)numbers->ranges[i].first,
                                              (json_int_t)numbers->ranges[i].last));
    return json;
}

json_t *scope_json(const struct scope *scope)
{
    return json_pack("{s:o, s:s?, s:s?, s:s?, s:o, s:o, s:o}", "words", json_words(scope), "source",
                     scope->source, "filter", scope->filter, "device", scope->device, "from_ns",
                     json_bound(scope->range.from_ns, INT64_MIN), "to_ns",
                     json_bound(scope->range.to_ns, INT64_MAX), "numbers", json_numbers(&scope->numbers));
}

static json_t *share_json(const struct link *link, uint32_t n_viewers)
{
    json_t *json = scope_json(&link->scope);

    if (json)
        json_object_update_new(
            json, json_pack("{s:s, s:s, s:s, s:o, s:i, s:i, s:o, s:o, s:b, s:s?, s:s?}", "id", link->id,
                            "role", access_role_name(link->role), "bytes",
                            bytes_level_name(link->scope.bytes), "expires_ns", json_ns(link->expires_ns),
                            "most_viewers", (int)link->most_viewers, "viewers", (int)n_viewers, "seen_ns",
                            json_ns(link->last_seen_ns), "created_ns", json_ns(link->created_ns), "revoked",
                            link->revoked_ns != 0, "label", link->label, "created_by", link->created_by));
    return json;
}

/* ---- entering ---- */

static void answer_refused(struct exchange *exchange, enum link_answer answer, struct bytes id)
{
    static const struct {
        unsigned status;
        const char *code;
    } refusals[] = {
        [LINK_WAS_REVOKED] = { 410, "link_revoked" },
        [LINK_WAS_EXPIRED] = { 410, "link_expired" },
        [LINK_IS_FULL] = { 403, "link_full" },
        [LINK_UNREADABLE] = { 503, "links_unreadable" },
    };
    struct buffer words;

    if (answer == LINK_IS_UNKNOWN || (size_t)answer >= sizeof refusals / sizeof *refusals) {
        exchange_not_here(exchange);
        return;
    }
    buffer_init(&words, WORDS_LIMIT_BYTES);
    links_words(exchange->site->links, answer, id, &words);
    exchange_problem(exchange, refusals[answer].status, refusals[answer].code, "%.*s", (int)words.len,
                     words.len ? (const char *)words.data : "");
    buffer_clear(&words);
}

/* Only whoever knows the secret learns more than that there is nothing. */
void api_link_enter(struct exchange *exchange)
{
    struct bytes id = exchange->parameters[0], cookie = { 0 };
    struct access access = { .source = exchange->access->source };
    char new_cookie[LINKS_COOKIE_BYTES], line[COOKIE_LINE_BYTES];
    enum link_answer answer;
    const char *secret;
    json_t *body;
    size_t len;

    if (!gate_may_try(exchange))
        return;
    body = exchange_json_body(exchange);
    if (body == NULL)
        return;
    if (json_unpack(body, "{s:s%}", "secret", &secret, &len) != 0) {
        json_decref(body);
        exchange_problem(exchange, 400, "no_secret", "secret is missing: it stands behind # in the link");
        return;
    }
    http_cookie_find(&exchange->request->fields, GATE_LINK_COOKIE, &cookie);
    answer = links_enter(exchange->site->links, id, bytes_of(secret, len), cookie, &access, new_cookie);
    json_decref(body);
    if (answer == LINK_IS_UNKNOWN)
        gate_count_failure(exchange->site->gate, access.source);
    if (answer != LINK_IS_GOOD) {
        answer_refused(exchange, answer, id);
        return;
    }
    snprintf(line, sizeof line, GATE_LINK_COOKIE "=%s; Path=/s/%s; HttpOnly; SameSite=Strict%s", new_cookie,
             access.link, exchange->site->options.is_tls ? "; Secure" : "");
    exchange_header(exchange, "Set-Cookie", line);
    audit_add(exchange->site->audit, &access, people_name(exchange->site->people, access.person), "join",
              "entered link %s", access.link);
    exchange_answer_empty(exchange, 204);
}

/* ---- members ---- */

static bool has_links(struct exchange *exchange)
{
    if (links_database(exchange->site->links))
        return true;
    answer_refused(exchange, LINK_UNREADABLE, bytes_of("", 0));
    return false;
}

void api_shares(struct exchange *exchange)
{
    json_t *list = json_array();
    const struct link_view *views;
    uint32_t n;

    if (!has_links(exchange)) {
        json_decref(list);
        return;
    }
    views = links_list(exchange->site->links, &n);
    for (uint32_t i = 0; list && i < n; i++) {
        if (views[i].link->kind == LINK_OF_PEOPLE)
            json_array_append_new(list, share_json(views[i].link, views[i].n_viewers));
    }
    exchange_answer_json(exchange, 200, json_pack("{s:o}", "shares", list));
}

void api_share(struct exchange *exchange)
{
    const struct link_view *views;
    uint32_t n;

    if (!has_links(exchange))
        return;
    views = links_list(exchange->site->links, &n);
    for (uint32_t i = 0; i < n; i++) {
        if (bytes_equal(bytes_text(views[i].link->id), exchange->parameters[0])) {
            exchange_answer_json(exchange, 200, share_json(views[i].link, views[i].n_viewers));
            return;
        }
    }
    exchange_not_here(exchange);
}

/* Where the page was loaded from, which is where the link leads: its Origin, which the gate compared with
 * Host. */
static void put_url(const struct exchange *exchange, const struct link *link, const char *secret,
                    struct buffer *url)
{
    struct bytes host = exchange->request->host;

    buffer_printf(url, "%s://%.*s/s/%s#%s", exchange->site->options.is_tls ? "https" : "http", (int)host.len,
                  (const char *)host.data, link->id, secret);
    buffer_put_u8(url, 0);
}

static void answer_made(struct exchange *exchange, const struct link *link, const char *secret)
{
    struct buffer url, svg;
    json_t *json;

    buffer_init(&url, 4096);
    buffer_init(&svg, QR_LIMIT_BYTES);
    put_url(exchange, link, secret, &url);
    json = json_pack("{s:o, s:s, s:o}", "share", share_json(link, 0), "secret", secret, "path",
                     json_sprintf("/s/%s#%s", link->id, secret));
    if (json && !url.is_full && qr_put_svg(&svg, (const char *)url.data))
        json_object_set_new(json, "qr", json_stringn((const char *)svg.data, svg.len));
    buffer_clear(&url);
    buffer_clear(&svg);
    exchange_answer_json(exchange, 201, json);
}

static void answer_fault(struct exchange *exchange, const struct error *error)
{
    switch (error->kind) {
    case ERROR_USAGE:
        exchange_problem(exchange, 400, "share", "%s", error->text);
        break;
    case ERROR_LIMIT:
        exchange_problem(exchange, 409, "too_many", "%s", error->text);
        break;
    default:
        exchange_problem(exchange, 503, "links_unreadable", "%s", error->text);
    }
}

void api_share_add(struct exchange *exchange)
{
    char secret[SHARE_SECRET_CHARS + 1];
    const char *name = people_name(exchange->site->people, exchange->access->person);
    json_t *body = exchange_json_body(exchange);
    struct error error = { 0 };
    struct link link;
    bool is_read;

    if (body == NULL)
        return;
    is_read = share_request_read(body, name ? name : "a member", &link, &error);
    json_decref(body);
    if (!is_read || !links_add(exchange->site->links, &link, secret, &error)) {
        answer_fault(exchange, &error);
    } else {
        struct buffer words;

        buffer_init(&words, WORDS_LIMIT_BYTES);
        scope_put_words(&words, &link.scope, false);
        audit_add(exchange->site->audit, exchange->access,
                  people_name(exchange->site->people, exchange->access->person), "share", "link %s: %.*s",
                  link.id, (int)words.len, words.len ? (const char *)words.data : "");
        buffer_clear(&words);
        answer_made(exchange, &link, secret);
    }
    link_clear(&link);
}

void api_share_revoke(struct exchange *exchange)
{
    const struct link *link = links_find(exchange->site->links, exchange->parameters[0]);
    struct error error;
    bool was_alive;

    if (link == NULL) {
        exchange_not_here(exchange);
    } else if (!links_revoke(exchange->site->links, link->id, &was_alive, &error)) {
        answer_fault(exchange, &error);
    } else {
        if (was_alive)
            audit_add(exchange->site->audit, exchange->access,
                      people_name(exchange->site->people, exchange->access->person), "revoke",
                      "link %s ended", link->id);
        exchange_answer_empty(exchange, 204);
    }
}

void api_audit(struct exchange *exchange)
{
    bool is_answered = false;
    const char *text = exchange_query(exchange, "before", &is_answered);
    struct error error;
    int64_t before = 0;
    uint64_t n;
    json_t *json;
    char *end;

    if (is_answered || !exchange_query_number(exchange, "n", 100, 1, AUDIT_ANSWER_LIMIT, &n))
        return;
    if (text) {
        errno = 0;
        before = strtoll(text, &end, 10);
        if (errno || end == text || *end || before <= 0) {
            exchange_problem(exchange, 400, "before", "before is the next of an earlier answer");
            return;
        }
    }
    if (exchange->site->audit == NULL) {
        exchange_problem(exchange, 503, "no_audit",
                         "the audit log could not be opened; the server's log says why");
        return;
    }
    json = audit_json(exchange->site->audit, before, (uint32_t)n, &error);
    if (json)
        exchange_answer_json(exchange, 200, json);
    else
        exchange_problem(exchange, 503, "no_audit", "%s", error.text);
}
