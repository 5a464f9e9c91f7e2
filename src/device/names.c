/* SPDX-License-Identifier: Apache-2.0 */
#include "device/names.h"

#include <stdlib.h>

enum { HEAD_BYTES = 3 }; /* scheme, and the length in two bytes */

bool names_next(const struct names *names, size_t *at, struct identity_name *name)
{
    size_t len;

    if (*at >= names->len)
        return false;
    len = (size_t)names->data[*at + 1] << 8 | names->data[*at + 2];
    name->scheme = (enum identity_scheme)names->data[*at];
    name->identity = bytes_of(names->data + *at + HEAD_BYTES, len);
    *at += HEAD_BYTES + len;
    return true;
}

bool names_have(const struct names *names, enum identity_scheme scheme, struct bytes identity)
{
    struct identity_name name;

    for (size_t at = 0; names_next(names, &at, &name);) {
        if (name.scheme == scheme && bytes_equal(name.identity, identity))
            return true;
    }
    return false;
}

bool names_add(struct names *names, enum identity_scheme scheme, struct bytes identity)
{
    uint8_t *grown;

    if (names_have(names, scheme, identity))
        return true;
    if (names->n == NAMES_LIMIT || identity.len > IDENTITY_LIMIT_BYTES)
        return false;
    grown = realloc(names->data, names->len + HEAD_BYTES + identity.len);
    if (grown == NULL)
        return false;
    names->data = grown;
    grown += names->len;
    grown[0] = (uint8_t)scheme;
    grown[1] = (uint8_t)(identity.len >> 8);
    grown[2] = (uint8_t)identity.len;
    if (identity.len)
        memcpy(grown + HEAD_BYTES, identity.data, identity.len);
    names->len = (uint16_t)(names->len + HEAD_BYTES + identity.len);
    names->n++;
    return true;
}

static_assert(NAMES_LIMIT * (HEAD_BYTES + IDENTITY_LIMIT_BYTES) <= UINT16_MAX, "their length has 16 bits");

bool names_copy(struct names *to, const struct names *from)
{
    *to = (struct names) { 0 };
    if (from->len == 0)
        return true;
    to->data = malloc(from->len);
    if (to->data == NULL)
        return false;
    memcpy(to->data, from->data, from->len);
    to->len = from->len;
    to->n = from->n;
    return true;
}

void names_clear(struct names *names)
{
    free(names->data);
    *names = (struct names) { 0 };
}

bool names_have_all(const struct names *a, const struct names *b)
{
    struct identity_name name;

    for (size_t at = 0; names_next(b, &at, &name);) {
        if (!names_have(a, name.scheme, name.identity))
            return false;
    }
    return true;
}
