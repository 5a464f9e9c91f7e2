/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/der.h"

#include <stdio.h>

bool der_next(struct reader *r, uint8_t *tag, struct reader *content)
{
    enum { LONG_FORM = 0x80, LENGTH_BYTES_MAX = 4, HIGH_TAG = 0x1f };
    struct reader peek = *r;
    uint32_t length = 0;
    uint8_t first;

    if (!reader_u8(&peek, tag) || (*tag & HIGH_TAG) == HIGH_TAG || !reader_u8(&peek, &first))
        return false;
    if (first < LONG_FORM) {
        length = first;
    } else {
        unsigned n = first & 0x7f;

        if (n == 0 || n > LENGTH_BYTES_MAX)
            return false;
        while (n-- > 0) {
            uint8_t byte;

            if (!reader_u8(&peek, &byte))
                return false;
            length = length << 8 | byte;
        }
    }
    if (!reader_sub(&peek, length, content))
        return false;
    *r = peek;
    return true;
}

bool der_take(struct reader *r, uint8_t tag, struct reader *content)
{
    struct reader peek = *r;
    uint8_t found;

    if (!der_next(&peek, &found, content) || found != tag)
        return false;
    *r = peek;
    return true;
}

unsigned der_count(struct reader r, unsigned limit)
{
    struct reader content;
    unsigned n = 0;
    uint8_t tag;

    while (n < limit && der_next(&r, &tag, &content))
        n++;
    return n;
}

size_t der_oid_text(struct bytes oid, char *text, size_t size)
{
    uint64_t arc = 0;
    size_t len = 0;
    bool is_first = true;

    for (size_t i = 0; i < oid.len; i++) {
        int n;

        if (arc >> 56)
            return 0;
        arc = arc << 7 | (oid.data[i] & 0x7f);
        if (oid.data[i] & 0x80)
            continue;
        if (is_first) { /* X.690 section 8.19.4: two arcs in one */
            uint64_t root = arc < 80 ? arc / 40 : 2;

            n = snprintf(text, size, "%llu.%llu", (unsigned long long)root,
                         (unsigned long long)(arc - 40 * root));
        } else {
            n = snprintf(text + len, size - len, ".%llu", (unsigned long long)arc);
        }
        if (n < 0 || (size_t)n >= size - len)
            return 0;
        len += (size_t)n;
        is_first = false;
        arc = 0;
    }
    return oid.len > 0 && !(oid.data[oid.len - 1] & 0x80) ? len : 0;
}
