/* SPDX-License-Identifier: Apache-2.0 */
#include "live/session_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/timestamp.h"
#include "live/archive_row.h"
#include "live/session_joins.h"

/* ---- ids ---- */

static void put_end(const struct ip_address *address, uint16_t port, char *text, size_t room)
{
    char spelt[IP_ADDRESS_TEXT_BYTES];

    snprintf(text, room, "%s_%u", ip_address_format(address, spelt), port);
}

void session_id_of_binding(const struct binding *binding, char *id, size_t room)
{
    const struct flow_key *flow = &binding->flow;
    bool is_low = binding->is_client_low || flow_key_is_address(flow);
    char end[IP_ADDRESS_TEXT_BYTES + 8];

    put_end(is_low ? &flow->low : &flow->high, is_low ? flow->port_low : flow->port_high, end, sizeof end);
    snprintf(id, room, "n-%llu-%lld-%s", (unsigned long long)binding->session, (long long)binding->from_ns,
             end);
}

static bool read_end(const char *text, struct ip_address *address, uint16_t *port)
{
    const char *line = strrchr(text, '_');
    char spelt[IP_ADDRESS_TEXT_BYTES];
    unsigned long number;
    char *end;

    if (line == NULL || (size_t)(line - text) >= sizeof spelt)
        return false;
    memcpy(spelt, text, (size_t)(line - text));
    spelt[line - text] = '\0';
    number = strtoul(line + 1, &end, 10);
    if (*end || end == line + 1 || number > UINT16_MAX || !ip_address_parse(spelt, address))
        return false;
    *port = (uint16_t)number;
    return true;
}

/* ---- whose a packet is ---- */

struct asked_packet {
    const struct flow_key *flow;
    int64_t ts_ns;
    bool is_found;
    struct binding binding; /* the best; its bytes are gone */
    char device[2 * IDENTITY_LIMIT_BYTES + 1];
};

static bool is_better(const struct binding *a, const struct binding *b)
{
    bool is_device = identity_scheme_class(a->scheme) == IDENTITY_OF_DEVICE;
    bool was_device = identity_scheme_class(b->scheme) == IDENTITY_OF_DEVICE;

    return is_device != was_device ? is_device : a->confidence > b->confidence;
}

static bool take_if_its(void *context, const struct binding *binding)
{
    struct asked_packet *asked = context;

    if (asked->ts_ns < binding->from_ns || asked->ts_ns > binding->to_ns ||
        !flow_key_equal(&binding->flow, asked->flow) ||
        (asked->is_found && !is_better(binding, &asked->binding)))
        return true;
    asked->is_found = true;
    asked->binding = *binding;
    return true;
}

void session_id_of_packet(struct archive_devices *devices, const struct dissection *d, char *id, size_t room)
{
    id[0] = '\0';
    for (uint32_t layer = d->n_layers; layer-- > 0;) {
        struct asked_packet asked = { .ts_ns = d->packet->ts_ns };
        char low[IP_ADDRESS_TEXT_BYTES + 8], high[IP_ADDRESS_TEXT_BYTES + 8];
        struct flow_key flow;
        struct error ignored;
        bool is_forward;

        if ((d->layers[layer].protocol != PROTOCOL_IPV4 && d->layers[layer].protocol != PROTOCOL_IPV6) ||
            !dissection_flow(d, layer, &flow, &is_forward))
            continue;
        asked.flow = &flow;
        archive_devices_at(devices, &flow.low, flow.port_low, take_if_its, &asked, &ignored);
        archive_devices_at(devices, &flow.high, flow.port_high, take_if_its, &asked, &ignored);
        if (asked.is_found) {
            session_id_of_binding(&asked.binding, id, room);
            return;
        }
        put_end(&flow.low, flow.port_low, low, sizeof low);
        put_end(&flow.high, flow.port_high, high, sizeof high);
        snprintf(id, room, "f-%u-%lld-%s-%s", flow.protocol, (long long)d->packet->ts_ns, low, high);
        return;
    }
}

/* ---- which packets ---- */

struct session {
    struct device_match *match;
    struct time_range range;
    uint32_t n_spans;
    uint64_t number;
    bool is_out_of_memory;
    bool is_client_low; /* of the first span */
    struct flow_key flow;
    struct ip_address client, server;
    uint16_t client_port, server_port;
    char device[2 * IDENTITY_LIMIT_BYTES + 1];
    struct ip_address clients[64]; /* the addresses it had, as they came */
    uint16_t client_ports[64];
    bool was_seen[64]; /* on a packet that was told */
    uint32_t n_clients;
};

struct looking {
    const struct ip_address *address;
    uint16_t port;
    uint64_t number;
    int64_t from_ns;
    bool is_found;
    struct binding binding;
    uint8_t identity[IDENTITY_LIMIT_BYTES];
};

static bool take_first(void *context, const struct binding *binding)
{
    struct looking *looking = context;

    if (binding->session != looking->number || binding->from_ns != looking->from_ns ||
        (looking->is_found && !is_better(binding, &looking->binding)))
        return true;
    looking->is_found = true;
    looking->binding = *binding;
    memcpy(looking->identity, binding->identity.data, binding->identity.len);
    looking->binding.identity.data = looking->identity;
    return true;
}

static void add_span(struct session *session, const struct flow_key *flow, int64_t from_ns, int64_t to_ns)
{
    if (session->n_spans >= SESSION_SPANS_LIMIT)
        return;
    session->is_out_of_memory |= !device_match_add(session->match, flow, from_ns, to_ns);
    session->range.from_ns = from_ns < session->range.from_ns ? from_ns : session->range.from_ns;
    session->range.to_ns = to_ns > session->range.to_ns ? to_ns : session->range.to_ns;
    session->n_spans++;
}

static void ends_of(const struct binding *binding, struct ip_address *client, uint16_t *client_port,
                    struct ip_address *server, uint16_t *server_port)
{
    const struct flow_key *flow = &binding->flow;
    bool is_low = binding->is_client_low || flow_key_is_address(flow);

    *client = is_low ? flow->low : flow->high;
    *client_port = is_low ? flow->port_low : flow->port_high;
    *server = is_low ? flow->high : flow->low;
    *server_port = is_low ? flow->port_high : flow->port_low;
}

static bool add_of_session(void *context, const struct binding *binding)
{
    struct session *session = context;
    struct ip_address client, server;
    uint16_t client_port, server_port;

    if (binding->session != session->number)
        return true;
    add_span(session, &binding->flow, binding->from_ns, binding->to_ns);
    ends_of(binding, &client, &client_port, &server, &server_port);
    for (uint32_t i = 0; i < session->n_clients; i++)
        if (ip_address_equal(&session->clients[i], &client) && session->client_ports[i] == client_port)
            return true;
    if (session->n_clients < sizeof session->clients / sizeof *session->clients) {
        session->clients[session->n_clients] = client;
        session->client_ports[session->n_clients++] = client_port;
    }
    return true;
}

/* The device's name as identity_is_named takes it: "dtls.psk=" and its text or hex. */
static void spell_name(const struct binding *binding, char *name, size_t room, bool with_kind)
{
    struct buffer text;

    buffer_init(&text, 2 * IDENTITY_LIMIT_BYTES + 1);
    device_name_put(&text, binding->identity);
    snprintf(name, room, "%s%s%.*s", with_kind ? identity_scheme_name(binding->scheme) : "",
             with_kind ? "=" : "", (int)text.len, (const char *)text.data);
    buffer_clear(&text);
}

static enum session_result find_named(struct archive_devices *devices, const char *id,
                                      struct session *session, struct error *error)
{
    struct looking looking = { 0 };
    struct ip_address address;
    char named[2 * IDENTITY_LIMIT_BYTES + 64], end[IP_ADDRESS_TEXT_BYTES + 8];
    unsigned long long number;
    long long from_ns;

    if (sscanf(id, "n-%llu-%lld-%53s", &number, &from_ns, end) != 3 ||
        !read_end(end, &address, &looking.port))
        return SESSION_NOT_HERE;
    looking.number = session->number = number;
    looking.from_ns = from_ns;
    if (!archive_devices_at(devices, &address, looking.port, take_first, &looking, error))
        return SESSION_FAULT;
    if (!looking.is_found)
        return SESSION_NOT_HERE;
    session->flow = looking.binding.flow;
    session->is_client_low = looking.binding.is_client_low;
    ends_of(&looking.binding, &session->client, &session->client_port, &session->server,
            &session->server_port);
    spell_name(&looking.binding, session->device, sizeof session->device, false);
    spell_name(&looking.binding, named, sizeof named, true);
    if (session->number == 0) { /* a span by itself */
        add_span(session, &looking.binding.flow, looking.binding.from_ns, looking.binding.to_ns);
        session->clients[0] = session->client;
        session->client_ports[session->n_clients++] = session->client_port;
        return SESSION_FOUND;
    }
    return archive_devices_bindings(devices, named, add_of_session, session, error) ? SESSION_FOUND
                                                                                    : SESSION_FAULT;
}

static enum session_result find_flow(const char *id, struct session *session)
{
    struct ip_address low, high;
    uint16_t port_low, port_high;
    char low_text[IP_ADDRESS_TEXT_BYTES + 8], high_text[IP_ADDRESS_TEXT_BYTES + 8];
    unsigned protocol;
    long long ts_ns;
    bool is_forward;

    if (sscanf(id, "f-%u-%lld-%53[^-]-%53s", &protocol, &ts_ns, low_text, high_text) != 4 ||
        protocol > UINT8_MAX || ts_ns > INT64_MAX - SESSION_BESIDE_S * NS_PER_SECOND ||
        ts_ns < INT64_MIN + SESSION_BESIDE_S * NS_PER_SECOND || !read_end(low_text, &low, &port_low) ||
        !read_end(high_text, &high, &port_high) || low.family != high.family)
        return SESSION_NOT_HERE;
    memset(&session->flow, 0, sizeof session->flow);
    is_forward = flow_key_make(&session->flow, &low, port_low, &high, port_high, (uint8_t)protocol);
    /* The end with the greater port is more often the client's. */
    session->is_client_low = session->flow.port_low >= session->flow.port_high;
    (void)is_forward;
    session->client = session->is_client_low ? session->flow.low : session->flow.high;
    session->client_port = session->is_client_low ? session->flow.port_low : session->flow.port_high;
    session->server = session->is_client_low ? session->flow.high : session->flow.low;
    session->server_port = session->is_client_low ? session->flow.port_high : session->flow.port_low;
    session->clients[0] = session->client;
    session->client_ports[session->n_clients++] = session->client_port;
    add_span(session, &session->flow, ts_ns - SESSION_BESIDE_S * NS_PER_SECOND,
             ts_ns + SESSION_BESIDE_S * NS_PER_SECOND);
    return SESSION_FOUND;
}

/* ---- the answer ---- */

static void put_text(struct json_writer *json, const char *name, struct bytes text)
{
    json_writer_name(json, name);
    json_writer_text(json, text);
}

static void put_ns(struct json_writer *json, const char *name, int64_t ns)
{
    json_writer_name(json, name);
    json_writer_printf(json, "%lld", (long long)ns);
}

static void put_address(struct json_writer *json, const struct ip_address *address, uint16_t port)
{
    char spelt[IP_ADDRESS_TEXT_BYTES];

    ip_address_format(address, spelt);
    if (address->family == 0)
        json_writer_null(json);
    else if (address->family == 6)
        json_writer_printf(json, "[%s]:%u", spelt, port);
    else
        json_writer_printf(json, "%s:%u", spelt, port);
}

struct totals {
    uint64_t n, n_from, n_to, n_bytes, n_repeats;
    int64_t from_ns, to_ns;
    char protocol[32];
};

static void put_message(struct json_writer *json, const struct row *row, const struct dissection *d,
                        bool is_from, uint64_t repeats, struct totals *totals)
{
    const struct layer *top = d->n_layers ? &d->layers[d->n_layers - 1] : NULL;
    uint32_t payload = 0;

    for (uint32_t i = 0; i < d->n_layers; i++)
        if (d->layers[i].protocol == PROTOCOL_UDP || d->layers[i].protocol == PROTOCOL_TCP)
            payload = d->layers[i].payload_len;
    (void)top;
    json_writer_object(json);
    json_writer_named_number(json, "number", row->number);
    put_ns(json, "time_ns", row->ts_ns);
    json_writer_name(json, "direction");
    json_writer_string(json, is_from ? "from_device" : "to_device");
    put_text(json, "source", row->source);
    put_text(json, "destination", row->destination);
    put_text(json, "protocol", row->protocol);
    put_text(json, "info", row->info);
    json_writer_named_number(json, "length", row->len);
    json_writer_named_number(json, "payload", payload);
    json_writer_named_number(json, "marks", row->marks);
    json_writer_name(json, "repeats");
    if (repeats)
        json_writer_number(json, repeats);
    else
        json_writer_null(json);
    json_writer_end(json);
    if (totals->n++ == 0 || row->ts_ns < totals->from_ns)
        totals->from_ns = row->ts_ns;
    if (totals->n == 1 || row->ts_ns > totals->to_ns)
        totals->to_ns = row->ts_ns;
    totals->n_from += is_from;
    totals->n_to += !is_from;
    totals->n_bytes += row->len;
    totals->n_repeats += repeats != 0;
    snprintf(totals->protocol, sizeof totals->protocol, "%.*s", (int)row->protocol.len,
             (const char *)row->protocol.data);
}

/* Which of its addresses that was is remembered. */
static bool is_from_device(struct session *session, const struct dissection *d)
{
    for (uint32_t layer = d->n_layers; layer-- > 0;) {
        struct flow_key flow;
        bool is_forward;

        if ((d->layers[layer].protocol != PROTOCOL_IPV4 && d->layers[layer].protocol != PROTOCOL_IPV6) ||
            !dissection_flow(d, layer, &flow, &is_forward))
            continue;
        for (uint32_t i = 0; i < session->n_clients; i++) {
            if (ip_address_equal(&session->clients[i], &flow.low) &&
                session->client_ports[i] == flow.port_low) {
                session->was_seen[i] = true;
                return is_forward;
            }
            if (ip_address_equal(&session->clients[i], &flow.high) &&
                session->client_ports[i] == flow.port_high) {
                session->was_seen[i] = true;
                return !is_forward;
            }
        }
    }
    return true;
}

/* The addresses the device had in it; only those on packets that were told, when the scope leaves some out.
 */
static void put_lanes(struct json_writer *json, const struct session *session, bool is_all)
{
    json_writer_name(json, "lanes");
    json_writer_array(json);
    json_writer_object(json);
    json_writer_name(json, "name");
    json_writer_string(json, "device");
    json_writer_name(json, "words");
    if (session->device[0])
        json_writer_string(json, session->device);
    else
        put_address(json, &session->client, session->client_port);
    json_writer_name(json, "addresses");
    json_writer_array(json);
    for (uint32_t i = 0; i < session->n_clients; i++)
        if (is_all || session->was_seen[i])
            put_address(json, &session->clients[i], session->client_ports[i]);
    json_writer_end(json);
    json_writer_end(json);
    json_writer_object(json);
    json_writer_name(json, "name");
    json_writer_string(json, "server");
    json_writer_name(json, "words");
    if (session->server.family)
        put_address(json, &session->server, session->server_port);
    else
        json_writer_string(json, "");
    json_writer_name(json, "addresses");
    json_writer_array(json);
    if (session->server.family)
        put_address(json, &session->server, session->server_port);
    json_writer_end(json);
    json_writer_end(json);
    json_writer_end(json);
}

static void put_totals(struct json_writer *json, const struct totals *totals, uint64_t n_unanswered)
{
    json_writer_name(json, "totals");
    json_writer_object(json);
    json_writer_named_number(json, "packets", totals->n);
    json_writer_named_number(json, "from_device", totals->n_from);
    json_writer_named_number(json, "to_device", totals->n_to);
    json_writer_named_number(json, "bytes", totals->n_bytes);
    json_writer_named_number(json, "repeats", totals->n_repeats);
    json_writer_named_number(json, "unanswered", n_unanswered);
    json_writer_end(json);
}

static void put_silences(struct json_writer *json, const struct session_joins *joins)
{
    uint32_t n;
    const struct session_silence *silences = session_joins_silences(joins, &n);

    json_writer_name(json, "silences");
    json_writer_array(json);
    for (uint32_t i = 0; i < n; i++) {
        json_writer_object(json);
        json_writer_named_number(json, "after", silences[i].after);
        put_ns(json, "from_ns", silences[i].from_ns);
        put_ns(json, "to_ns", silences[i].to_ns);
        json_writer_end(json);
    }
    json_writer_end(json);
}

static uint64_t put_joins(struct json_writer *json, const struct session_joins *joins, int64_t end_ns)
{
    uint64_t n_unanswered = 0;
    uint32_t n;
    const struct session_join *list = session_joins_list(joins, &n);

    json_writer_name(json, "joins");
    json_writer_array(json);
    for (uint32_t i = 0; i < n; i++) {
        const struct session_join *join = &list[i];
        bool is_waiting = !join->answer && end_ns - join->request_ns < SESSION_WAITING_S * NS_PER_SECOND;

        n_unanswered += !join->answer && !is_waiting;
        json_writer_object(json);
        json_writer_named_number(json, "request", join->request);
        json_writer_name(json, "answer");
        if (join->answer)
            json_writer_number(json, join->answer);
        else
            json_writer_null(json);
        json_writer_name(json, "by");
        json_writer_string(json, join->by);
        json_writer_name(json, "label");
        json_writer_string(json, join->label);
        json_writer_name(json, "delay_ns");
        if (join->answer)
            json_writer_printf(json, "%lld", (long long)(join->answer_ns - join->request_ns));
        else
            json_writer_null(json);
        json_writer_name(json, "state");
        json_writer_string(json, join->answer ? "answered" : is_waiting ? "waiting" : "unanswered");
        json_writer_named_number(json, "attempts", join->n_attempts);
        json_writer_end(json);
    }
    json_writer_end(json);
    return n_unanswered;
}

static bool put_exchange(struct archive_reader *reader, struct archive_devices *devices,
                         const struct session_question *question, struct session *session,
                         struct scan_options *options, struct json_writer *json, bool *is_empty,
                         struct error *error)
{
    struct archive_row_maker *maker = archive_row_maker_new(devices);
    struct session_joins *joins = session_joins_new();
    struct archive_scan *scan = NULL;
    struct totals totals = { 0 };
    enum scan_result result = SCAN_FAULT;
    const struct dissection *d;
    struct demand demand;
    uint64_t next = 0;

    *is_empty = false;
    demand_init(&demand);
    if (maker && joins) {
        demand_merge(&demand, archive_row_demand(maker));
        session_joins_demand(&demand);
        options->also = &demand;
        options->reader = reader;
        scan = archive_scan_new(options, error);
    } else {
        error_set(error, ERROR_SYSTEM, "no memory for a session");
    }
    if (scan) {
        json_writer_object(json);
        json_writer_name(json, "session");
        json_writer_string(json, question->id);
        json_writer_name(json, "device");
        json_writer_string(json, session->device[0] ? session->device : NULL);
        json_writer_name(json, "client");
        put_address(json, &session->client, session->client_port);
        json_writer_name(json, "server");
        put_address(json, &session->server, session->server_port);
        json_writer_name(json, "packets");
        json_writer_array(json);
        while (totals.n < question->n && (result = archive_scan_next(scan, &d, error)) == SCAN_MATCH) {
            bool is_from = is_from_device(session, d);
            struct row row;

            archive_row_make(maker, d, &row);
            put_message(json, &row, d, is_from, session_joins_packet(joins, d, is_from), &totals);
        }
        next = archive_scan_through(scan);
        json_writer_end(json);
        json_writer_name(json, "protocol");
        json_writer_string(json, totals.protocol[0] ? totals.protocol : NULL);
        put_ns(json, "from_ns", totals.n ? totals.from_ns : session->range.from_ns);
        put_ns(json, "to_ns", totals.n ? totals.to_ns : session->range.to_ns);
        put_lanes(json, session, scope_is_all(&question->scope));
        put_silences(json, joins);
        put_totals(json, &totals, put_joins(json, joins, totals.to_ns));
        json_writer_name(json, "next");
        if (result == SCAN_END)
            json_writer_null(json);
        else
            json_writer_number(json, next);
        json_writer_name(json, "is_complete");
        json_writer_bool(json, result == SCAN_END);
        json_writer_end(json);
        *is_empty = totals.n == 0 && result == SCAN_END && question->from == 0;
    }
    archive_scan_free(scan);
    session_joins_free(joins);
    archive_row_maker_free(maker);
    return scan != NULL && result != SCAN_FAULT;
}

enum session_result session_view_put(struct archive_reader *reader, struct archive_devices *devices,
                                     const struct session_question *question, struct json_writer *json,
                                     struct error *error)
{
    struct session *session = calloc(1, sizeof *session);
    struct question asked = { .scope = question->scope };
    struct scan_options options = { .first = question->from,
                                    .end = UINT64_MAX,
                                    .stop = question->stop,
                                    .deadline_ms = scan_now_ms() + SESSION_TIME_MS };
    enum session_result result = SESSION_FAULT;
    uint64_t seed;
    bool is_empty = false;

    if (session == NULL || getrandom(&seed, sizeof seed, 0) != sizeof seed ||
        (session->match = device_match_new(seed)) == NULL) {
        free(session);
        error_set(error, ERROR_SYSTEM, "no memory for a session");
        return SESSION_FAULT;
    }
    session->range = (struct time_range) { INT64_MAX, INT64_MIN };
    archive_devices_refresh(devices, 1000);
    result = question->id[0] == 'n' ? find_named(devices, question->id, session, error)
                                    : find_flow(question->id, session);
    if (result == SESSION_FOUND && (session->n_spans == 0 || session->is_out_of_memory))
        result = session->is_out_of_memory ? SESSION_FAULT : SESSION_NOT_HERE;
    if (result == SESSION_FOUND) {
        device_match_settle(session->match);
        if (session->range.from_ns > asked.scope.range.from_ns)
            asked.scope.range.from_ns = session->range.from_ns;
        if (session->range.to_ns < asked.scope.range.to_ns)
            asked.scope.range.to_ns = session->range.to_ns;
        if (judge_new(&asked, devices, &options.judge, error) != JUDGE_READY)
            result = SESSION_FAULT;
    }
    if (result == SESSION_FOUND) {
        judge_narrow(options.judge, session->match);
        session->match = NULL;
        if (!put_exchange(reader, devices, question, session, &options, json, &is_empty, error))
            result = SESSION_FAULT;
        else if (is_empty) /* outside of the scope, or deleted */
            result = SESSION_NOT_HERE;
    }
    judge_free(options.judge);
    device_match_free(session->match);
    free(session);
    return result;
}
