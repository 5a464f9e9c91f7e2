/* SPDX-License-Identifier: Apache-2.0 */
#include "live/device_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/timestamp.h"
#include "device/device_account.h"
#include "live/device_strip.h"
#include "live/session_view.h"

enum { WAIT_MS = 2000 };

/* ---- a device's bindings, as far as they may be seen ---- */

struct seen { /* one span, its names left out */
    struct binding binding;
    bool is_attempt;
};

struct gathering {
    const struct scope *scope;
    struct device_accountant *accountant;
    struct seen *spans; /* NULL: not wanted */
    uint32_t n, cap;
    bool wants_spans, is_out_of_memory;
    const char *asked; /* a name that must be among them; NULL: any */
    bool has_asked;
};

/* The part of it within the scope's time. False: none is. */
static bool clip(const struct scope *scope, struct binding *binding)
{
    int64_t from_ns = binding->from_ns, to_ns = binding->to_ns;
    double lasted = (double)to_ns - (double)from_ns + 1, share;

    if (from_ns > scope->range.to_ns || to_ns < scope->range.from_ns)
        return false;
    if (from_ns >= scope->range.from_ns && to_ns <= scope->range.to_ns)
        return true;
    binding->from_ns = from_ns > scope->range.from_ns ? from_ns : scope->range.from_ns;
    binding->to_ns = to_ns < scope->range.to_ns ? to_ns : scope->range.to_ns;
    share = ((double)binding->to_ns - (double)binding->from_ns + 1) / lasted;
    binding->n_packets = (uint64_t)((double)binding->n_packets * share) + 1;
    binding->n_bytes = (uint64_t)((double)binding->n_bytes * share);
    return true;
}

static bool is_known(const struct gathering *g, const struct binding *binding)
{
    for (uint32_t i = g->n; i-- > 0;) {
        const struct binding *other = &g->spans[i].binding;

        if (other->session == binding->session && other->from_ns == binding->from_ns &&
            flow_key_equal(&other->flow, &binding->flow))
            return true;
        if (other->from_ns < binding->from_ns)
            return false; /* they come by time */
    }
    return false;
}

static void keep_span(struct gathering *g, const struct binding *binding)
{
    if (is_known(g, binding) || g->n >= ACCOUNT_SPANS_LIMIT)
        return;
    if (g->n == g->cap) {
        uint32_t cap = g->cap ? 2 * g->cap : 64;
        struct seen *spans = realloc(g->spans, cap * sizeof *spans);

        if (spans == NULL) {
            g->is_out_of_memory = true;
            return;
        }
        g->spans = spans;
        g->cap = cap;
    }
    g->spans[g->n++] = (struct seen) { *binding, binding->reason == BINDING_ATTEMPT };
}

static bool take(void *context, const struct binding *binding)
{
    struct gathering *g = context;
    struct binding clipped = *binding;

    if (g->asked && identity_is_named(binding->scheme, binding->identity, g->asked))
        g->has_asked = true;
    if (!clip(g->scope, &clipped))
        return true;
    if (!device_accountant_add(g->accountant, &clipped))
        g->is_out_of_memory = true;
    if (g->wants_spans)
        keep_span(g, &clipped);
    return !g->is_out_of_memory;
}

/* ---- forms ---- */

static void put_ns(struct json_writer *json, const char *name, int64_t ns)
{
    json_writer_name(json, name);
    json_writer_printf(json, "%lld", (long long)ns);
}

static void put_name(struct json_writer *json, const char *member, struct bytes identity)
{
    struct buffer text;

    buffer_init(&text, 2 * IDENTITY_LIMIT_BYTES + 1);
    device_name_put(&text, identity);
    json_writer_name(json, member);
    json_writer_text(json, buffer_bytes(&text));
    buffer_clear(&text);
}

static void put_end(struct json_writer *json, const char *member, const struct ip_address *address,
                    uint16_t port)
{
    char spelt[IP_ADDRESS_TEXT_BYTES];

    ip_address_format(address, spelt);
    json_writer_name(json, member);
    if (address->family == 0)
        json_writer_null(json);
    else
        json_writer_printf(json, address->family == 6 ? "[%s]:%u" : "%s:%u", spelt, port);
}

/* The first name of a device, for it is the one with the most packets; else whatever there is. */
static const struct device_name *chief_of(const struct device_account *account)
{
    for (uint32_t i = 0; i < account->n_names; i++)
        if (identity_scheme_class(account->names[i].scheme) == IDENTITY_OF_DEVICE)
            return &account->names[i];
    return account->n_names ? &account->names[0] : NULL;
}

static void put_head(struct json_writer *json, const struct device_account *account)
{
    const struct device_name *chief = chief_of(account);

    put_name(json, "device", chief ? chief->identity : (struct bytes) { 0 });
    json_writer_name(json, "identities");
    json_writer_array(json);
    for (uint32_t i = 0; i < account->n_names; i++) {
        json_writer_object(json);
        json_writer_name(json, "kind");
        json_writer_string(json, identity_scheme_name(account->names[i].scheme));
        put_name(json, "name", account->names[i].identity);
        put_ns(json, "first_ns", account->names[i].first_ns);
        put_ns(json, "last_ns", account->names[i].last_ns);
        json_writer_end(json);
    }
    json_writer_end(json);
    put_ns(json, "first_ns", account->first_ns);
    put_ns(json, "last_ns", account->last_ns);
    json_writer_named_number(json, "packets", account->n_packets);
    json_writer_named_number(json, "bytes", account->n_bytes);
}

static void put_line(struct json_writer *json, const struct device_account *account)
{
    const struct device_stay *last = NULL;
    uint64_t n_addresses = 0;

    for (uint32_t i = 0; i < account->n_stays; i++) {
        bool is_new = true;

        for (uint32_t k = i > 64 ? i - 64 : 0; is_new && k < i;
             k++) /* who moves more often is counted too often */
            is_new = !ip_address_equal(&account->stays[k].address, &account->stays[i].address);
        n_addresses += is_new;
        if (last == NULL || account->stays[i].to_ns >= last->to_ns)
            last = &account->stays[i];
    }
    json_writer_object(json);
    put_head(json, account);
    json_writer_named_number(json, "sessions", account->n_sessions);
    json_writer_named_number(json, "handshakes", account->n_handshakes);
    json_writer_named_number(json, "attempts", account->n_failed);
    json_writer_named_number(json, "addresses", n_addresses);
    if (last)
        put_end(json, "address", &last->address, last->port);
    else {
        json_writer_name(json, "address");
        json_writer_null(json);
    }
    json_writer_end(json);
}

/* ---- the list ---- */

struct listing {
    struct gathering g;
    struct json_writer *json;
    uint64_t n;
};

static bool take_listed(void *context, const struct binding *binding)
{
    struct listing *listing = context;

    return take(&listing->g, binding);
}

static void end_device(void *context)
{
    struct listing *listing = context;
    const struct device_account *account = device_accountant_finish(listing->g.accountant);

    if (account == NULL) {
        listing->g.is_out_of_memory = true;
    } else if (account->n_names) {
        put_line(listing->json, account);
        listing->n++;
    }
}

static bool is_like(const struct device_account *account, const char *like)
{
    bool found = like == NULL || like[0] == '\0';

    for (uint32_t i = 0; !found && i < account->n_names; i++) {
        struct buffer text;

        buffer_init(&text, 2 * IDENTITY_LIMIT_BYTES + 2);
        device_name_put(&text, account->names[i].identity);
        buffer_put_u8(&text, 0);
        found = !text.is_full && strcasestr((const char *)text.data, like) != NULL;
        buffer_clear(&text);
    }
    return found;
}

/* Of a link that is about one device: that one, if it is asked for. */
static bool put_only(struct archive_devices *devices, const struct devices_question *question,
                     struct listing *listing, struct error *error)
{
    const struct device_account *account;

    if (!archive_devices_bindings(devices, question->scope.device, take, &listing->g, error))
        return false;
    account = device_accountant_finish(listing->g.accountant);
    if (account && account->n_names && is_like(account, question->device.like) && question->offset == 0) {
        put_line(listing->json, account);
        listing->n = 1;
    }
    return account != NULL;
}

enum view_result devices_view_put(struct archive_devices *devices, const struct devices_question *question,
                                  struct json_writer *json, struct error *error)
{
    struct listing listing = { .json = json,
                               .g = { .scope = &question->scope, .accountant = device_accountant_new() } };
    struct device_question asked = question->device;
    uint64_t total = 0;
    bool is_complete, is_done = listing.g.accountant != NULL;

    is_complete = archive_devices_refresh(devices, WAIT_MS);
    if (question->scope.range.from_ns > asked.from_ns)
        asked.from_ns = question->scope.range.from_ns;
    if (question->scope.range.to_ns < asked.to_ns)
        asked.to_ns = question->scope.range.to_ns;
    json_writer_object(json);
    json_writer_name(json, "devices");
    json_writer_array(json);
    if (is_done && question->scope.device && !scope_is_of_packets(&question->scope)) {
        is_done = put_only(devices, question, &listing, error);
        total = listing.n;
    } else if (is_done && !scope_is_of_packets(&question->scope)) {
        is_done = archive_devices_list(devices, &asked, question->offset, question->n, take_listed,
                                       end_device, &listing, &total, error);
    }
    json_writer_end(json);
    json_writer_named_number(json, "total", total);
    json_writer_name(json, "is_complete");
    json_writer_bool(json, is_complete);
    json_writer_end(json);
    device_accountant_free(listing.g.accountant);
    if (is_done && !listing.g.is_out_of_memory)
        return VIEW_FOUND;
    if (listing.g.is_out_of_memory || listing.g.accountant == NULL)
        error_set(error, ERROR_SYSTEM, "no memory for devices");
    return VIEW_FAULT;
}

/* ---- one device ---- */

static void client_of(const struct binding *binding, struct ip_address *client, uint16_t *client_port,
                      struct ip_address *server, uint16_t *server_port)
{
    const struct flow_key *flow = &binding->flow;
    bool is_low = binding->is_client_low || flow_key_is_address(flow);

    *client = is_low ? flow->low : flow->high;
    *client_port = is_low ? flow->port_low : flow->port_high;
    *server = is_low ? flow->high : flow->low;
    *server_port = is_low ? flow->port_high : flow->port_low;
}

static void put_stay(struct json_writer *json, const struct binding *binding)
{
    struct ip_address client, server;
    uint16_t client_port, server_port;
    char spelt[IP_ADDRESS_TEXT_BYTES], id[SESSION_ID_BYTES];

    client_of(binding, &client, &client_port, &server, &server_port);
    json_writer_object(json);
    json_writer_name(json, "address");
    json_writer_string(json, ip_address_format(&client, spelt));
    json_writer_name(json, "port");
    if (flow_key_is_address(&binding->flow))
        json_writer_null(json);
    else
        json_writer_number(json, client_port);
    put_end(json, "server", &server, server_port);
    put_ns(json, "from_ns", binding->from_ns);
    put_ns(json, "to_ns", binding->to_ns);
    json_writer_named_number(json, "packets", binding->n_packets);
    json_writer_named_number(json, "bytes", binding->n_bytes);
    json_writer_name(json, "reason");
    json_writer_string(json, binding_reason_name(binding->reason));
    json_writer_name(json, "confidence");
    json_writer_string(json, binding_confidence_name(binding->confidence));
    session_id_of_binding(binding, id, sizeof id);
    json_writer_name(json, "session");
    json_writer_string(json, id);
    json_writer_end(json);
}

struct session_line {
    struct binding first; /* its span */
    int64_t to_ns;
    uint64_t n_packets, n_bytes, n_rebinds;
    bool is_attempt;
};

static const char *protocol_of(const struct binding *binding)
{
    switch (binding->scheme) {
    case IDENTITY_LWM2M_ENDPOINT:
    case IDENTITY_OSCORE_KID:
        return "CoAP";
    case IDENTITY_MQTT_CLIENT_ID:
    case IDENTITY_MQTT_USER:
        return "MQTT";
    case IDENTITY_MQTTSN_CLIENT_ID:
        return "MQTT-SN";
    case IDENTITY_DHCP_HOST_NAME:
    case IDENTITY_DHCP_CLIENT_ID:
        return "DHCP";
    case IDENTITY_DTLS_PSK:
    case IDENTITY_EXTERNAL_PSK:
    case IDENTITY_CERT_CN:
    case IDENTITY_CERT_SAN:
        return binding->flow.protocol == 17 ? "DTLS" : "TLS";
    default:
        return NULL;
    }
}

static void put_session(struct json_writer *json, const struct session_line *line)
{
    struct ip_address client, server;
    uint16_t client_port, server_port;
    char id[SESSION_ID_BYTES];

    client_of(&line->first, &client, &client_port, &server, &server_port);
    session_id_of_binding(&line->first, id, sizeof id);
    json_writer_object(json);
    json_writer_name(json, "session");
    json_writer_string(json, id);
    json_writer_name(json, "protocol");
    json_writer_string(json, protocol_of(&line->first));
    put_end(json, "client", &client, client_port);
    put_end(json, "server", &server, server_port);
    put_ns(json, "from_ns", line->first.from_ns);
    put_ns(json, "to_ns", line->to_ns);
    json_writer_named_number(json, "packets", line->n_packets);
    json_writer_named_number(json, "bytes", line->n_bytes);
    json_writer_name(json, "reason");
    json_writer_string(json, binding_reason_name(line->first.reason));
    json_writer_name(json, "confidence");
    json_writer_string(json, binding_confidence_name(line->first.confidence));
    json_writer_named_number(json, "rebinds", line->n_rebinds);
    json_writer_name(json, "state");
    json_writer_string(json, line->is_attempt ? "attempt" : "open");
    json_writer_end(json);
}

static int by_session(const void *left, const void *right)
{
    const struct binding *a = &((const struct seen *)left)->binding,
                         *b = &((const struct seen *)right)->binding;
    int order = (a->session > b->session) - (a->session < b->session);

    return order ? order : (a->from_ns > b->from_ns) - (a->from_ns < b->from_ns);
}

static int newest_first(const void *left, const void *right)
{
    const struct session_line *a = left, *b = right;

    return (a->first.from_ns < b->first.from_ns) - (a->first.from_ns > b->first.from_ns);
}

/* Spans of one session number are one session; those without are one each. NULL without memory. */
static struct session_line *sessions_of(struct gathering *g, uint32_t *n)
{
    struct seen *spans = malloc((g->n + 1) * sizeof *spans);
    struct session_line *lines = calloc(g->n + 1, sizeof *lines);

    *n = 0;
    if (spans == NULL || lines == NULL) {
        free(spans);
        free(lines);
        return NULL;
    }
    if (g->n)
        memcpy(spans, g->spans, g->n * sizeof *spans);
    qsort(spans, g->n, sizeof *spans, by_session);
    for (uint32_t i = 0; i < g->n; i++) {
        const struct binding *binding = &spans[i].binding;
        struct session_line *line = *n ? &lines[*n - 1] : NULL;

        if (line && binding->session && binding->session == line->first.session) {
            line->n_rebinds += !flow_key_equal(&binding->flow, &spans[i - 1].binding.flow);
        } else {
            line = &lines[(*n)++];
            line->first = *binding;
            line->to_ns = binding->to_ns;
            line->is_attempt = true;
        }
        line->is_attempt &= spans[i].is_attempt;
        line->to_ns = binding->to_ns > line->to_ns ? binding->to_ns : line->to_ns;
        line->n_packets += binding->n_packets;
        line->n_bytes += binding->n_bytes;
    }
    free(spans);
    qsort(lines, *n, sizeof *lines, newest_first);
    return lines;
}

static bool put_sessions(struct json_writer *json, struct gathering *g, uint32_t n_most)
{
    uint32_t n, n_put = 0;
    struct session_line *lines = sessions_of(g, &n);
    uint64_t n_total = 0;

    if (lines == NULL)
        return false;
    json_writer_name(json, "sessions");
    json_writer_array(json);
    for (uint32_t i = 0; i < n; i++) {
        if (lines[i].is_attempt)
            continue;
        n_total++;
        if (n_put++ < n_most)
            put_session(json, &lines[i]);
    }
    json_writer_end(json);
    json_writer_named_number(json, "sessions_total", n_total);
    json_writer_name(json, "attempts");
    json_writer_array(json);
    n_put = 0;
    for (uint32_t i = 0; i < n; i++)
        if (lines[i].is_attempt && n_put++ < n_most)
            put_session(json, &lines[i]);
    json_writer_end(json);
    free(lines);
    return true;
}

/* The stays as a strip takes them, to be freed; NULL without memory. */
static struct device_strip_span *spans_of(const struct gathering *g)
{
    struct device_strip_span *spans = calloc((size_t)g->n + 1, sizeof *spans);

    for (uint32_t i = 0; spans && i < g->n; i++) {
        const struct binding *binding = &g->spans[i].binding;

        spans[i] = (struct device_strip_span) { binding->from_ns, binding->to_ns, binding->n_packets };
    }
    return spans;
}

static bool put_strip(struct json_writer *json, const struct gathering *g)
{
    struct device_strip_span *spans = spans_of(g);
    struct device_strip strip = { 0 };
    bool is_made = spans && device_strip_make(&strip, spans, g->n);

    free(spans);
    json_writer_name(json, "strip");
    json_writer_object(json);
    put_ns(json, "from_ns", strip.from_ns);
    put_ns(json, "slot_ns", strip.slot_ns);
    json_writer_named_number(json, "slots", strip.n_slots);
    json_writer_name(json, "present");
    json_writer_array(json);
    for (uint64_t slot = 0; is_made && slot < strip.n_slots; slot++) {
        if (strip.packets[slot] == 0)
            continue;
        json_writer_array(json);
        json_writer_number(json, slot);
        json_writer_number(json, strip.packets[slot]);
        json_writer_end(json);
    }
    json_writer_end(json);
    json_writer_end(json);
    device_strip_clear(&strip);
    return is_made;
}

static bool put_device(struct json_writer *json, struct gathering *g, const struct device_account *account,
                       uint32_t n_most, bool is_complete)
{
    uint32_t first = g->n > n_most ? g->n - n_most : 0;

    json_writer_object(json);
    put_head(json, account);
    json_writer_name(json, "stays");
    json_writer_array(json);
    for (uint32_t i = first; i < g->n; i++)
        if (!g->spans[i].is_attempt)
            put_stay(json, &g->spans[i].binding);
    json_writer_end(json);
    if (!put_sessions(json, g, n_most) || !put_strip(json, g))
        return false;
    json_writer_name(json, "is_complete");
    json_writer_bool(json, is_complete && account->n_left_out == 0);
    json_writer_end(json);
    return true;
}

/* A link about one device knows it by all of its names, and no other. */
static bool gather_device(struct archive_devices *devices, const struct scope *scope, const char *device,
                          struct gathering *g, struct error *error)
{
    g->asked = device;
    return archive_devices_bindings(devices, scope->device ? scope->device : device, take, g, error);
}

enum view_result device_view_put(struct archive_devices *devices, const struct scope *scope,
                                 const char *device, uint32_t n, struct json_writer *json,
                                 struct error *error)
{
    struct gathering g = { .scope = scope, .accountant = device_accountant_new(), .wants_spans = true };
    const struct device_account *account = NULL;
    enum view_result result = VIEW_FAULT;
    bool is_complete;

    if (scope_is_of_packets(scope)) {
        device_accountant_free(g.accountant);
        return VIEW_NOT_HERE;
    }
    is_complete = archive_devices_refresh(devices, WAIT_MS);
    if (g.accountant == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory for a device");
    } else if (gather_device(devices, scope, device, &g, error)) {
        account = g.is_out_of_memory ? NULL : device_accountant_finish(g.accountant);
        if (account == NULL)
            error_set(error, ERROR_SYSTEM, "no memory for a device");
        else if (account->n_names == 0 || !g.has_asked)
            result = VIEW_NOT_HERE;
        else if (put_device(json, &g, account, n, is_complete))
            result = VIEW_FOUND;
        else
            error_set(error, ERROR_SYSTEM, "no memory for a device");
    }
    device_accountant_free(g.accountant);
    free(g.spans);
    return result;
}
