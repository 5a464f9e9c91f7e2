/* SPDX-License-Identifier: Apache-2.0 */
/* A filter's text up to the first zero byte, then a packet. */
#include "filter/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct dissection d;
    const uint8_t *zero = memchr(data, 0, size);
    struct error error = { 0 };
    struct filter *filter;
    struct buffer text;
    struct packet packet = { .linktype = LINKTYPE_ETHERNET, .number = 1, .ts_ns = 1700000000 };

    if (zero == NULL)
        return 0;
    filter = filter_compile((const char *)data, &error);
    if (filter == NULL)
        return 0;
    packet.data = zero + 1;
    packet.caplen = packet.len = (uint32_t)(size - (size_t)(zero + 1 - data));
    dissection_init(&d, filter_demand(filter), NULL, NULL);
    dissect(&d, &packet);
    filter_match(filter, &d);
    buffer_init(&text, 1 << 20);
    filter_explain(filter, &text);
    buffer_clear(&text);
    filter_free(filter);
    return 0;
}
