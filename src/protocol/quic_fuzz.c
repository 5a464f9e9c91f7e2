/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams between two ends that look like QUIC or not; then the frames that an opened packet would have
 * held (an input that opens is not to be guessed), on a connection that begins with them.
 */
#include <stdlib.h>

#include "protocol/protocol_fuzz.h"

#include "protocol/quic_frame.h"

static void frames(struct bytes opened)
{
    static struct dissection d;
    struct dissect_state *state = dissect_state_new(1);
    struct quic_connection connection = { 0 };
    struct reader r = reader_over(opened);
    struct packet packet;
    struct wire w;

    dissection_init(&d, fuzz_demand(), state, NULL);
    wire_udp(&w, (struct wire_end) { 0x0a000001, 40000 }, (struct wire_end) { 0x0a000002, 443 },
             bytes_text("\x40"));
    packet = wire_packet(&w, LINKTYPE_ETHERNET, 0);
    if (state) {
        dissect(&d, &packet);
        (void)quic_frames(&d, &connection, opened.len & 1, &r);
        fuzz_read_all(&d);
    }
    free(connection.streams[0].bytes);
    free(connection.streams[1].bytes);
    dissect_state_free(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_datagrams(data, size, PORT_TABLE_UDP, 443);
    frames(bytes_of(data, size));
    return 0;
}
