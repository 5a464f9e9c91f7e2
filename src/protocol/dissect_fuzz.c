/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pcap file in memory, its packets dissected one behind the other with everything in demand, once with what
 * they leave behind and once each by itself; every value found is read to its last byte.
 */
#include "packet/pcap_read.h"
#include "protocol/dissection.h"
#include "protocol/flow.h"
#include "protocol/fragment_flow.h"
#include "protocol/state.h"

enum { PACKETS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_value(void *context, const struct value *value)
{
    volatile uint8_t *sum = context;

    switch (field_of(value->field)->type) {
    case FIELD_IPV4:
    case FIELD_IPV6:
    case FIELD_ETHER:
    case FIELD_BYTES:
    case FIELD_STRING:
        for (size_t i = 0; i < value->bytes.len; i++)
            *sum = (uint8_t)(*sum + value->bytes.data[i]);
        break;
    default:
        *sum = (uint8_t)(*sum + value->number);
    }
    return true;
}

static void look_at_all(const struct dissection *d, struct fragment_flows *flows)
{
    volatile uint8_t sum = 0;

    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
        for (unsigned i = 0; d->present >> p & 1 && i < protocols[p]->n_fields; i++)
            dissection_values(d, FIELD_ID(p, i), read_value, (void *)&sum);
    }
    for (uint32_t i = 0; i < d->n_layers; i++) {
        struct fragment_flow flow;

        for (uint32_t at = 0; at < d->layers[i].header_len; at++)
            sum = (uint8_t)(sum + d->layers[i].data[at]);
        fragment_flow(flows, d, i, 0, &flow);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct dissection d;
    static struct demand demand;
    struct packet packets[PACKETS];
    struct pcap_header header;
    struct error error;
    size_t used = 0, needed;
    uint32_t n = 0;

    if (pcap_read_header(bytes_of(data, size), &header, &needed, &error) != PCAP_READ)
        return 0;
    used = header.header_bytes;
    pcap_read_packets(&header, bytes_of(data + used, size - used), used, packets, PACKETS, &n, &used, &needed,
                      &error);
    demand_init(&demand);
    demand_add_everything(&demand);
    demand_settle(&demand);
    for (unsigned with_state = 0; with_state < 2; with_state++) {
        struct dissect_state *state = with_state ? dissect_state_new(1) : NULL;
        struct fragment_flows *flows = fragment_flows_new(1);

        dissection_init(&d, &demand, state, NULL);
        for (uint32_t i = 0; flows && i < n; i++) {
            dissect(&d, &packets[i]);
            look_at_all(&d, flows);
        }
        fragment_flows_free(flows);
        dissect_state_free(state);
    }
    return 0;
}
