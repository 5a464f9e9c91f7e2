/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_fuzz - segments of one connection in any order, with any flags: each record of the input is eight bytes
 * of what the header says, and a payload. The first byte chooses the preferences and who reads the stream.
 */
#include "protocol/tcp_fixture.h"

#include "protocol/protocol_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t ports[] = { 80, 443, 1883, 5683, 53, 9999, 8883, 80 };
    static struct tcp_fixture f;
    struct reader r = reader_over(bytes_of(data, size));
    uint8_t choice, flags, options_len, len;
    uint32_t seq;
    uint8_t ack;

    if (!reader_u8(&r, &choice))
        return 0;
    tcp_fixture_open(&f, ports[choice & 7]);
    f.preferences.tcp_out_of_order = choice & 8;
    f.preferences.tcp_desegment = !(choice & 16);
    while (f.state && f.n_packets < 64 && reader_u8(&r, &flags) && reader_u8(&r, &ack) &&
           reader_u8(&r, &options_len) && reader_u8(&r, &len) && reader_u24(&r, &seq)) {
        struct told told = { .is_back = ack & 1,
                             .flags = flags & 0x3f,
                             .seq = (seq & 0xfff) + (choice & 32 ? UINT32_MAX - 1000 : 0),
                             .ack = ack,
                             .window = (uint16_t)(seq >> 12),
                             .ts_ns = (int64_t)(f.n_packets + 1) * (seq >> 16) * 1000000 };
        struct bytes options = { 0 };

        options_len &= 0x28 | 4;
        if (reader_bytes(&r, options_len, &options)) {
            told.options = (const char *)options.data;
            told.options_len = options.len;
        }
        if (!reader_bytes(&r, len, &told.payload))
            told.payload = reader_rest(&r);
        if (told.payload.len > 4096)
            told.payload.len = 4096;
        tcp_fixture_send(&f, told);
        fuzz_read_all(&f.d);
    }
    tcp_fixture_close(&f);
    return 0;
}
