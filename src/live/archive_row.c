/* SPDX-License-Identifier: Apache-2.0 */
#include "live/archive_row.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/lru_table.h"
#include "base/utf8.h"
#include "protocol/summary.h"

struct end_key { /* hashed whole */
    struct ip_address address;
    uint8_t zero;
    uint16_t port;
};
static_assert(sizeof(struct end_key) == 20, "hashed and compared whole: no hidden padding");

struct stay {
    struct flow_key flow;
    int64_t from_ns, to_ns;
    bool is_client_low;
    uint32_t rank; /* greater: the better name */
    char *name;
    size_t name_len;
};

struct end { /* whose client was there */
    struct stay *stays;
    uint32_t n, cap;
    bool is_known;
};

struct archive_row_maker {
    struct archive_devices *devices;
    struct summarizer summarizer;
    struct demand demand;
    struct packet_summary summary;
    struct lru_table *ends;
};

static void let_go(void *context, const void *key, void *value)
{
    struct end *end = value;

    (void)context;
    (void)key;
    for (uint32_t i = 0; i < end->n; i++)
        free(end->stays[i].name);
    free(end->stays);
}

struct archive_row_maker *archive_row_maker_new(struct archive_devices *devices)
{
    struct archive_row_maker *maker = calloc(1, sizeof *maker);
    struct lru_table_options options = { .key_bytes = sizeof(struct end_key),
                                         .value_bytes = sizeof(struct end),
                                         .limit = ARCHIVE_ROW_ENDS_LIMIT,
                                         .let_go = let_go };

    if (maker == NULL)
        return NULL;
    maker->devices = devices;
    summarizer_init(&maker->summarizer);
    demand_init(&maker->demand);
    summarizer_demand(&maker->summarizer, &maker->demand);
    demand_add_protocol(&maker->demand, PROTOCOL_IPV4);
    demand_add_protocol(&maker->demand, PROTOCOL_IPV6);
    demand_add_protocol(&maker->demand, PROTOCOL_UDP);
    demand_add_protocol(&maker->demand, PROTOCOL_TCP);
    if (getrandom(&options.hash_seed, sizeof options.hash_seed, 0) == sizeof options.hash_seed)
        maker->ends = lru_table_new(&options);
    if (maker->ends)
        return maker;
    archive_row_maker_free(maker);
    return NULL;
}

void archive_row_maker_free(struct archive_row_maker *maker)
{
    if (maker == NULL)
        return;
    lru_table_free(maker->ends);
    free(maker);
}

const struct demand *archive_row_demand(const struct archive_row_maker *maker)
{
    return &maker->demand;
}

/* ---- whose ---- */

static uint32_t rank_of(const struct binding *binding)
{
    enum identity_class of = identity_scheme_class(binding->scheme);
    uint32_t class = of == IDENTITY_OF_DEVICE ? 3 : of == IDENTITY_OF_GROUP ? 2 : 1;

    return class << 16 | (uint32_t)binding->confidence << 8 | (255U - (uint32_t)binding->scheme);
}

static bool keep_stay(void *context, const struct binding *binding)
{
    struct end *end = context;
    enum identity_class class = identity_scheme_class(binding->scheme);
    struct buffer name;

    if (class == IDENTITY_OF_NOBODY || class == IDENTITY_OF_SERVICE ||
        (binding->confidence < CONFIDENCE_PROBABLE && binding->reason != BINDING_ATTEMPT))
        return true;
    if (end->n == end->cap) {
        uint32_t cap = end->cap ? 2 * end->cap : 8;
        struct stay *stays = realloc(end->stays, cap * sizeof *stays);

        if (stays == NULL)
            return false;
        end->stays = stays;
        end->cap = cap;
    }
    buffer_init(&name, 2 * IDENTITY_LIMIT_BYTES + 1);
    if (!device_name_put(&name, binding->identity)) {
        buffer_clear(&name);
        return true;
    }
    end->stays[end->n++] = (struct stay) { .flow = binding->flow,
                                           .from_ns = binding->from_ns,
                                           .to_ns = binding->to_ns,
                                           .is_client_low = binding->is_client_low,
                                           .rank = rank_of(binding),
                                           .name = (char *)name.data,
                                           .name_len = name.len };
    return true;
}

static const struct end *end_of(struct archive_row_maker *maker, const struct ip_address *address,
                                uint16_t port)
{
    struct end_key key = { .address = *address, .port = port };
    struct end *end = lru_table_put(maker->ends, &key, NULL);
    struct error ignored;

    if (end && !end->is_known) { /* a fault shows nobody, and is told by who asks about devices */
        end->is_known = true;
        archive_devices_at(maker->devices, address, port, keep_stay, end, &ignored);
    }
    return end;
}

static bool is_on(const struct stay *stay, const struct flow_key *flow)
{
    struct flow_key key = *flow;

    if (flow_key_is_address(&stay->flow))
        return ip_address_equal(&stay->flow.low, &flow->low) ||
               ip_address_equal(&stay->flow.low, &flow->high);
    key.any_port |= stay->flow.any_port;
    if (stay->flow.any_port & FLOW_ANY_PORT_LOW)
        key.port_low = 0;
    if (stay->flow.any_port & FLOW_ANY_PORT_HIGH)
        key.port_high = 0;
    return flow_key_equal(&stay->flow, &key);
}

static const struct stay *best_of(const struct end *end, const struct flow_key *flow, int64_t ts_ns,
                                  const struct stay *best)
{
    for (uint32_t i = 0; end && i < end->n; i++) {
        const struct stay *stay = &end->stays[i];

        if (ts_ns >= stay->from_ns && ts_ns <= stay->to_ns && (best == NULL || stay->rank > best->rank) &&
            is_on(stay, flow))
            best = stay;
    }
    return best;
}

struct bytes archive_row_device(struct archive_row_maker *maker, const struct dissection *d, uint8_t *marks)
{
    *marks = 0;
    for (uint32_t layer = maker->devices ? d->n_layers : 0; layer-- > 0;) {
        const struct stay *low, *high, *best;
        struct flow_key flow;
        bool is_forward;
        int64_t ts_ns = d->packet->ts_ns;

        if ((d->layers[layer].protocol != PROTOCOL_IPV4 && d->layers[layer].protocol != PROTOCOL_IPV6) ||
            !dissection_flow(d, layer, &flow, &is_forward))
            continue;
        low = best_of(end_of(maker, &flow.low, flow.port_low), &flow, ts_ns, NULL);
        low = best_of(end_of(maker, &flow.low, 0), &flow, ts_ns, low);
        high = best_of(end_of(maker, &flow.high, flow.port_high), &flow, ts_ns, NULL);
        high = best_of(end_of(maker, &flow.high, 0), &flow, ts_ns, high);
        best = high == NULL || (low && low->rank >= high->rank) ? low : high;
        if (best == NULL)
            continue;
        *marks = (best == low) == is_forward ? ROW_FROM_DEVICE : ROW_TO_DEVICE;
        return bytes_of((const uint8_t *)best->name, best->name_len);
    }
    return (struct bytes) { 0 };
}

/* ---- rows ---- */

static size_t cut_between_characters(const char *text, size_t len, size_t limit)
{
    if (len <= limit)
        return len;
    len = limit;
    while (len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80)
        len--;
    return len;
}

void archive_row_make(struct archive_row_maker *maker, const struct dissection *d, struct row *row)
{
    struct packet_summary *summary = &maker->summary;
    size_t info_len;

    summarize(&maker->summarizer, d, summary);
    info_len = cut_between_characters(summary->info, summary->info_len, ROW_INFO_LIMIT_BYTES);
    *row = (struct row) {
        .number = d->packet->packet_id,
        .ts_ns = d->packet->ts_ns,
        .len = d->packet->len,
        .source = bytes_text(summary->source),
        .destination = bytes_text(summary->destination),
        .protocol = bytes_text(summary->protocol),
        .info = bytes_of((const uint8_t *)summary->info, info_len),
    };
    row->device = archive_row_device(maker, d, &row->marks);
    if (summary->severity == SUMMARY_ERROR)
        row->marks |= ROW_ERROR;
    else if (summary->severity == SUMMARY_WARNING)
        row->marks |= ROW_WARNING;
    if (d->packet->caplen < d->packet->len)
        row->marks |= ROW_CUT;
    if (info_len < summary->info_len)
        row->marks |= ROW_INFO_CUT;
}

const char *archive_row_protocol(struct archive_row_maker *maker, const struct dissection *d)
{
    summarize(&maker->summarizer, d, &maker->summary);
    return maker->summary.protocol;
}

/* Versions make a part of the name, and stand in a message's own fields. What carriers are asked for costs
 * most. */
void archive_row_protocol_demand(const struct archive_row_maker *maker, struct demand *demand)
{
    static const uint64_t carriers = PROTOCOL_BIT(PROTOCOL_TCP) | PROTOCOL_BIT(PROTOCOL_UDP) |
                                     PROTOCOL_BIT(PROTOCOL_IPV4) | PROTOCOL_BIT(PROTOCOL_IPV6) |
                                     PROTOCOL_BIT(PROTOCOL_ETHERNET);
    const struct summarizer *summarizer = &maker->summarizer;

    demand_init(demand);
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++)
        demand_add_protocol(demand, (enum protocol_id)p);
    for (unsigned i = 0; i < SUMMARY_FIELDS_LIMIT; i++) {
        enum protocol_id protocol = FIELD_PROTOCOL(summarizer->ids[i]);

        if (protocol != PROTOCOL_NONE && !(carriers & PROTOCOL_BIT(protocol)))
            demand_add_field(demand, summarizer->ids[i]);
    }
}
