/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases: a DHCP server lets a client have an address, and every packet of that address is the client's until
 * the lease ends, is given back, or the address is let to another. The address is followed as a flow of its
 * own (flow_key_of_address), whose `instance` is the client's hardware address, hashed, and whose sequence[0]
 * is when the lease ends.
 */
#include "device/tracker_private.h"

enum {
    CLIENTS_LIMIT = 1 << 12, /* DHCP transactions under way */
    DAY_SECONDS = 86400,
    CLIENT_PORT = 68, /* RFC 2131 section 4.1 */
};

struct client {
    struct names names;
};

static void client_let_go(void *context, const void *key, void *value)
{
    struct client *client = value;

    (void)context;
    (void)key;
    names_clear(&client->names);
}

struct lru_table *lease_clients_new(uint64_t hash_seed)
{
    const struct lru_table_options options = {
        .key_bytes = sizeof(uint64_t),
        .value_bytes = sizeof(struct client),
        .limit = CLIENTS_LIMIT,
        .hash_seed = hash_seed,
        .let_go = client_let_go,
    };

    return lru_table_new(&options);
}

static struct flow *address_flow(struct tracker *tracker, const struct ip_address *address, bool may_add)
{
    struct flow_key key = flow_key_of_address(address);
    uint64_t hash = flow_key_hash(&key, tracker->options.hash_seed);
    struct flow *flow = flow_table_find(tracker->flows, &key, hash);

    if (flow == NULL && may_add)
        flow = span_flow(tracker, &key, hash);
    return flow;
}

struct flow *lease_flow(struct tracker *tracker, const struct ip_address *address)
{
    return address_flow(tracker, address, false);
}

static uint64_t hardware_of(const struct names *names)
{
    struct identity_name name;

    for (size_t at = 0; names_next(names, &at, &name);) {
        if (name.scheme == IDENTITY_MAC)
            return identity_hash(name.identity, 0);
    }
    return 0;
}

static void grant(struct tracker *tracker, const struct ip_address *address, const struct names *names,
                  int64_t now_ns, int64_t lease_ns)
{
    struct flow *flow = address_flow(tracker, address, true);
    uint64_t hardware = hardware_of(names);
    const struct session *session = session_of(tracker, flow);

    if (session == NULL || !names_have_all(&session->names, names)) {
        struct session added = { .number = ++tracker->next_session, .names = *names };
        uint32_t index = session_table_add(tracker->sessions, &added);

        span_unbind(tracker, flow);
        if (index == SESSION_NONE)
            return;
        span_bind(tracker, flow, index, BINDING_LEASE, true);
    }
    flow->instance = hardware;
    flow->sequence[0] = lease_ns > INT64_MAX - now_ns ? INT64_MAX : (uint64_t)(now_ns + lease_ns);
    tracker->has_leases = true;
}

static void give_back(struct tracker *tracker, const struct ip_address *address, const struct names *names)
{
    struct flow *flow = address_flow(tracker, address, false);

    if (flow && flow->instance == hardware_of(names))
        span_unbind(tracker, flow);
}

static void tell_moment(struct tracker *tracker, const struct scene *scene, const struct names *names)
{
    struct binding binding = {
        .reason = BINDING_REQUEST,
        .confidence = CONFIDENCE_STRONG,
        .is_client_low = scene->is_forward == (scene->glance.source_port == CLIENT_PORT),
        .flow = *scene->key,
        .from_ns = scene->packet->ts_ns,
        .to_ns = scene->packet->ts_ns,
        .n_packets = 1,
        .n_bytes = scene->packet->len,
    };

    span_tell(tracker, names, &binding);
}

void lease_sight(struct tracker *tracker, const struct scene *scene, const struct sighting *seen)
{
    struct client *client = lru_table_put(tracker->clients, &seen->instance, NULL);

    if (client == NULL)
        return;
    for (unsigned i = 0; i < seen->n_names; i++)
        names_add(&client->names, seen->names[i].scheme, seen->names[i].identity);
    tell_moment(tracker, scene, &client->names);
    if (seen->leased.family == 0)
        return;
    if (seen->lease_ns < 0)
        give_back(tracker, &seen->leased, &client->names);
    else
        grant(tracker, &seen->leased, &client->names, scene->packet->ts_ns,
              seen->lease_ns ? seen->lease_ns : DAY_SECONDS * SECOND_NS);
}

void lease_count(struct tracker *tracker, const struct scene *scene)
{
    const struct ip_address *ends[] = { &scene->key->low, &scene->key->high };

    for (unsigned i = 0; i < 2; i++) {
        struct flow *flow = address_flow(tracker, ends[i], false);

        if (flow == NULL || session_of(tracker, flow) == NULL)
            continue;
        if (flow->sequence[0] != 0 && scene->packet->ts_ns > (int64_t)flow->sequence[0]) {
            span_unbind(tracker, flow);
            continue;
        }
        span_touch(tracker, flow, scene->packet->ts_ns);
        span_add(tracker, flow, scene->packet);
    }
}
