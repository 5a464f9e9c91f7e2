/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pcap file in memory, its packets dissected one behind the other with everything in demand, once with what
 * they leave behind and once each by itself; every value found is read to its last byte.
 */
#include "packet/pcap_read.h"
#include "protocol/fragment_flow.h"
#include "protocol/protocol_fuzz.h"

enum { PACKETS = 64 };

static void look_at_all(const struct dissection *d, struct fragment_flows *flows)
{
    fuzz_read_all(d);
    for (uint32_t i = 0; i < d->n_layers; i++) {
        struct fragment_flow flow;

        fragment_flow(flows, d, i, 0, &flow);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct dissection d;
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
    for (unsigned with_state = 0; with_state < 2; with_state++) {
        struct dissect_state *state = with_state ? dissect_state_new(1) : NULL;
        struct fragment_flows *flows = fragment_flows_new(1);

        dissection_init(&d, fuzz_demand(), state, NULL);
        for (uint32_t i = 0; flows && i < n; i++) {
            dissect(&d, &packets[i]);
            look_at_all(&d, flows);
        }
        fragment_flows_free(flows);
        dissect_state_free(state);
    }
    return 0;
}
