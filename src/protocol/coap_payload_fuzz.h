/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coap_payload_fuzz - the input becomes the payload of one CoAP message of a Content-Format, in a PUT to
 * /3/0.
 */
#pragma once

#include "protocol/protocol_fuzz.h"

static inline int fuzz_coap_payload(const uint8_t *data, size_t size, uint16_t content_format)
{
    static uint8_t input[2048];
    static const uint8_t head[] = { 0x40, 0x03, 0, 1, 0xb1, '3', 0x01, '0', 0x12 };
    size_t len = sizeof head + 3;

    if (size > sizeof input - len - 2)
        size = sizeof input - len - 2;
    memcpy(input + 2, head, sizeof head);
    input[2 + sizeof head] = (uint8_t)(content_format >> 8);
    input[3 + sizeof head] = (uint8_t)content_format;
    input[4 + sizeof head] = 0xff;
    if (size)
        memcpy(input + 2 + len, data, size);
    len += size;
    input[0] = (uint8_t)(len >> 8);
    input[1] = (uint8_t)len;
    return fuzz_datagrams(input, len + 2, PORT_TABLE_UDP, 5683);
}
