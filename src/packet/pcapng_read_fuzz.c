/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/pcapng_encode.h"
#include "packet/pcapng_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every packet read must be writable: its bytes and options are touched. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct interface_table interfaces = { 0 };
    struct pcapng_reader *reader = pcapng_reader_new(&interfaces);
    struct bytes bytes = { data, size };
    enum pcap_result result = PCAP_READ;
    struct buffer written;

    buffer_init(&written, 32 << 20);
    while (reader && result == PCAP_READ && bytes.len > 0) {
        struct packet packets[7];
        struct error error;
        size_t used, needed;
        uint32_t n;

        result = pcapng_read_packets(reader, bytes, 0, packets, 7, &n, &used, &needed, &error);
        buffer_empty(&written);
        for (uint32_t i = 0; i < n; i++)
            pcapng_put_packet(&written, &packets[i], packets[i].interface);
        bytes = (struct bytes) { bytes.data + used, bytes.len - used };
    }
    pcapng_reader_free(reader);
    interface_table_clear(&interfaces);
    buffer_clear(&written);
    return 0;
}
