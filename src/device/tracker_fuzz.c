/* SPDX-License-Identifier: Apache-2.0 */
/* A pcap file in memory through dissection and the tracker, whose tables are so small that they overflow. */
#include "device/device_match.h"
#include "device/tracker.h"
#include "packet/pcap_read.h"
#include "protocol/fragment_flow.h"
#include "protocol/state.h"

enum { PACKETS = 128 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct listener {
    struct device_match *match;
    struct tracker *restored;
};

static void on_binding(void *context, const struct binding *binding)
{
    struct listener *listener = context;
    volatile uint8_t sum = 0;

    for (size_t i = 0; i < binding->identity.len; i++)
        sum = (uint8_t)(sum + binding->identity.data[i]);
    for (size_t i = 0; i < binding->cid_to_server.len; i++)
        sum = (uint8_t)(sum + binding->cid_to_server.data[i]);
    assert(binding->from_ns <= binding->to_ns && binding->n_packets > 0);
    device_match_add(listener->match, &binding->flow, binding->from_ns, binding->to_ns);
    tracker_restore(listener->restored, binding);
}

static void on_identity(void *context, enum identity_scheme scheme, struct bytes identity,
                        const uint32_t *places, uint32_t n_places)
{
    (void)context;
    (void)scheme;
    assert(n_places > 0 && places[n_places - 1] < PACKETS);
    assert(identity.len <= IDENTITY_LIMIT_BYTES);
}

static void track(struct tracker *tracker, struct device_match *match, const struct packet *packets,
                  uint32_t n)
{
    static struct dissection d;
    static struct demand demand;
    struct dissect_state *state = dissect_state_new(1);
    struct fragment_flows *flows = fragment_flows_new(1);

    demand_init(&demand);
    tracker_demand(&demand);
    device_match_demand(&demand);
    demand_settle(&demand);
    dissection_init(&d, &demand, state, NULL);
    for (uint32_t i = 0; state && flows && i < n; i++) {
        uint64_t datagram;

        dissect(&d, &packets[i]);
        for (uint32_t layer = 0; layer < d.n_layers; layer++) {
            struct fragment_flow flow;
            enum fragment_flow_result result = fragment_flow(flows, &d, layer, i, &flow);

            if (result != FRAGMENT_FLOW_NONE && result != FRAGMENT_FLOW_EARLY)
                tracker_packet(tracker, &d, layer, &flow.key, flow_key_hash(&flow.key, 1), flow.is_forward,
                               i);
        }
        if (match)
            device_match_packet(match, &d, &datagram);
        if (i % 16 == 15)
            tracker_checkpoint(tracker, false);
    }
    tracker_checkpoint(tracker, true);
    fragment_flows_free(flows);
    dissect_state_free(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct listener listener = { .match = device_match_new(1),
                                 .restored = tracker_new(&(struct tracker_options) {
                                     .limit_flows = 4, .limit_sessions = 2, .hash_seed = 1 }) };
    struct tracker_options options = { .limit_flows = 3,
                                       .limit_sessions = 2,
                                       .hash_seed = 1,
                                       .context = &listener,
                                       .binding = on_binding,
                                       .identity = on_identity };
    struct tracker *tracker = tracker_new(&options);
    struct packet packets[PACKETS];
    struct pcap_header header;
    struct error error;
    size_t used, needed;
    uint32_t n = 0;

    if (tracker && listener.match && listener.restored &&
        pcap_read_header(bytes_of(data, size), &header, &needed, &error) == PCAP_READ) {
        used = header.header_bytes;
        pcap_read_packets(&header, bytes_of(data + used, size - used), used, packets, PACKETS, &n, &used,
                          &needed, &error);
        for (uint32_t i = 1; i < n; i++) { /* the tracker is promised the order of time */
            if (packets[i].ts_ns < packets[i - 1].ts_ns)
                packets[i].ts_ns = packets[i - 1].ts_ns;
        }
        track(tracker, NULL, packets, n);
        device_match_settle(listener.match);
        track(listener.restored, listener.match, packets, n);
    }
    tracker_free(tracker);
    tracker_free(listener.restored);
    device_match_free(listener.match);
    return 0;
}
