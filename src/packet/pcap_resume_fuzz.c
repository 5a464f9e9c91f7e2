/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "packet/pcap_resume.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says the header's kind; what follows is searched. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pcap_header header = { .record_header_bytes = 16,
                                  .fraction_ns = 1000,
                                  .packet_limit_bytes = PCAP_PACKET_LIMIT_BYTES };
    size_t at;

    if (size == 0)
        return 0;
    header.is_big_endian = data[0] & 1;
    header.record_header_bytes = data[0] & 2 ? 24 : 16;
    if (pcap_resume(&header, data[0] & 4 ? 1700000000 : 0, (struct bytes) { data + 1, size - 1 }, data[0] & 8,
                    data[0] >> 4, &at) &&
        at >= size)
        abort();
    return 0;
}
