/* SPDX-License-Identifier: Apache-2.0 */
/* Both roles, with and without permessage-deflate; read whole and in pieces, which must tell the same. */
#include <assert.h>

#include "net/websocket.h"
#include "net/websocket_deflate.h"

static void play(const uint8_t *data, size_t size, size_t step, enum websocket_role role,
                 struct websocket_inflater *inflater, struct buffer *told)
{
    struct websocket ws;

    websocket_init(&ws, role, 4096, inflater);
    for (size_t at = 0; at < size; at += step) {
        size_t n = size - at < step ? size - at : step;
        struct reader r = reader_over(bytes_of(data + at, n));
        enum websocket_event event;

        while ((event = websocket_next(&ws, &r)) != WEBSOCKET_EVENT_MORE) {
            assert(ws.payload.len <= 4096);
            buffer_printf(told, "<%d %d %d>", event, ws.opcode, ws.close_code);
            buffer_put(told, ws.payload.data, ws.payload.len);
        }
    }
    websocket_clear(&ws);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct websocket_inflater *inflater;
    struct buffer whole, pieces;
    enum websocket_role role;
    struct error error;

    if (size < 2)
        return 0;
    role = data[0] & 1 ? WEBSOCKET_CLIENT : WEBSOCKET_SERVER;
    inflater = data[0] & 2 ? websocket_inflater_new(&error) : NULL;
    buffer_init(&whole, 1 << 22);
    buffer_init(&pieces, 1 << 22);
    play(data + 1, size - 1, size, role, inflater, &whole);
    play(data + 1, size - 1, (data[0] >> 2) + 1U, role, inflater, &pieces);
    assert(bytes_equal(buffer_bytes(&whole), buffer_bytes(&pieces)));
    buffer_clear(&whole);
    buffer_clear(&pieces);
    websocket_inflater_free(inflater);
    return 0;
}
