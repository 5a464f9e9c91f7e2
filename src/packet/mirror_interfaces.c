/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/mirror_interfaces.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { SLOTS = 2 * MIRROR_INTERFACES_LIMIT };

struct origin {
    struct ip_address sender;
    uint8_t zero[3]; /* no hidden padding: hashed and compared whole */
    uint32_t vni;
};

static_assert(sizeof(struct origin) == 24, "hashed and compared whole");

struct mirror {
    struct origin origin; /* sender.family 0: the slot is free */
    uint32_t interface;
};

struct mirror_interfaces {
    struct interface pattern;
    uint64_t hash_seed;
    const struct mirror *last; /* runs of one sender are long */
    uint32_t n;
    uint32_t other;               /* the shared interface; UINT32_MAX: not needed yet */
    struct mirror mirrors[SLOTS]; /* open addressing */
};

struct mirror_interfaces *mirror_interfaces_new(const struct interface *pattern, uint64_t hash_seed,
                                                struct error *error)
{
    struct mirror_interfaces *mirrors = calloc(1, sizeof *mirrors);

    if (mirrors == NULL) {
        error_system(error, "mirror interfaces");
        return NULL;
    }
    mirrors->pattern = *pattern;
    mirrors->hash_seed = hash_seed;
    mirrors->other = UINT32_MAX;
    return mirrors;
}

void mirror_interfaces_free(struct mirror_interfaces *mirrors)
{
    free(mirrors);
}

static bool are_equal(const struct origin *a, const struct origin *b)
{
    uint64_t left[sizeof *a / 8], right[sizeof *a / 8]; /* asked for every packet: no call */

    memcpy(left, a, sizeof *a);
    memcpy(right, b, sizeof *b);
    return ((left[0] ^ right[0]) | (left[1] ^ right[1]) | (left[2] ^ right[2])) == 0;
}

static uint32_t make(struct mirror_interfaces *mirrors, struct interface_table *interfaces,
                     struct error *error)
{
    return interface_table_add(interfaces, &mirrors->pattern, error);
}

/* An IPv4 sender at a socket that speaks both is ::ffff:10.0.0.1 (RFC 4291 section 2.5.5.2). */
static struct ip_address unmapped(const struct ip_address *address)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

    if (address->family == 6 && memcmp(address->bytes, mapped, sizeof mapped) == 0)
        return ip_address_of(bytes_of(address->bytes + sizeof mapped, 4));
    return *address;
}

uint32_t mirror_interfaces_get(struct mirror_interfaces *mirrors, struct interface_table *interfaces,
                               const struct ip_address *sender, uint32_t vni, struct error *error)
{
    struct origin origin = { .sender = unmapped(sender), .vni = vni };
    char text[IP_ADDRESS_TEXT_BYTES];
    struct mirror *mirror;
    size_t slot;

    if (mirrors->last && are_equal(&mirrors->last->origin, &origin))
        return mirrors->last->interface;
    slot = XXH3_64bits_withSeed(&origin, sizeof origin, mirrors->hash_seed) % SLOTS;
    for (; mirrors->mirrors[slot].origin.sender.family; slot = (slot + 1) % SLOTS) {
        mirror = &mirrors->mirrors[slot];
        if (are_equal(&mirror->origin, &origin)) {
            mirrors->last = mirror;
            return mirror->interface;
        }
    }
    if (mirrors->n == MIRROR_INTERFACES_LIMIT) {
        if (mirrors->other == UINT32_MAX) {
            snprintf(mirrors->pattern.name, sizeof mirrors->pattern.name, "vxlan other");
            mirrors->other = make(mirrors, interfaces, error);
        }
        return mirrors->other;
    }
    snprintf(mirrors->pattern.name, sizeof mirrors->pattern.name, "vxlan %s vni %u",
             ip_address_format(&origin.sender, text), vni);
    mirror = &mirrors->mirrors[slot];
    mirror->interface = make(mirrors, interfaces, error);
    if (mirror->interface == UINT32_MAX)
        return UINT32_MAX;
    mirror->origin = origin;
    mirrors->n++;
    mirrors->last = mirror;
    return mirror->interface;
}
