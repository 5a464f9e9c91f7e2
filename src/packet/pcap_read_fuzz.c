/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"
#include "packet/pcap_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = { data, size };
    struct packet packets[7];
    struct pcap_header header;
    struct buffer copies;
    struct error error;
    size_t used, needed;
    uint32_t n;

    if (pcap_read_header(bytes, &header, &needed, &error) != PCAP_READ)
        return 0;
    bytes = (struct bytes) { data + header.header_bytes, size - header.header_bytes };
    pcap_guess_records(&header, bytes);
    buffer_init(&copies, 16 << 20);
    do {
        if (pcap_read_packets(&header, bytes, 0, packets, 7, &n, &used, &needed, &error) != PCAP_READ)
            bytes.len = used;
        buffer_empty(&copies);
        for (uint32_t i = 0; i < n; i++)
            buffer_put(&copies, packets[i].data, packets[i].caplen);
        bytes = (struct bytes) { bytes.data + used, bytes.len - used };
    } while (bytes.len > 0);
    buffer_clear(&copies);
    return 0;
}
