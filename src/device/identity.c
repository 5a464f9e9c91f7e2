/* SPDX-License-Identifier: Apache-2.0 */
#include "device/identity.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

const struct identity_source *const identity_sources[] = {
    &identity_dtls, &identity_coap, &identity_dhcp, &identity_mqttsn, &identity_mqtt, &identity_tls, NULL,
};

void sighting_name(struct sighting *seen, enum identity_scheme scheme, struct bytes identity)
{
    if (seen->n_names == SIGHTING_NAMES) {
        seen->n_names_cut++;
        return;
    }
    seen->names[seen->n_names].scheme = scheme;
    seen->names[seen->n_names].identity = identity;
    seen->names[seen->n_names++].number = 0;
}

bool look_next(const struct look *look, uint32_t *at, unsigned *field, const struct value **value)
{
    for (; *at < look->d->n_values; (*at)++) {
        const struct value *next = &look->d->values[*at];

        for (unsigned i = 0; i < IDENTITY_FIELDS && look->field_ids[i] != FIELD_ID_NONE; i++) {
            if (look->field_ids[i] != next->field)
                continue;
            *field = i;
            *value = next;
            (*at)++;
            return true;
        }
    }
    return false;
}

uint64_t identity_hash(struct bytes bytes, uint64_t seed)
{
    uint64_t hash = XXH3_64bits_withSeed(bytes.data, bytes.len, seed);

    return hash ? hash : 1; /* 0 says none */
}

void token_digest(struct token *token, struct bytes bytes, const struct ip_address *server)
{
    uint8_t joined[sizeof server->bytes + LOCATION_BYTES];
    XXH64_canonical_t digest;

    if (bytes.len == 0) {
        token->len = 0;
        return;
    }
    if (server) {
        size_t len = bytes.len < LOCATION_BYTES ? bytes.len : LOCATION_BYTES;

        memcpy(joined, server->bytes, sizeof server->bytes);
        if (len)
            memcpy(joined + sizeof server->bytes, bytes.data, len);
        bytes = bytes_of(joined, sizeof server->bytes + len);
    }
    XXH64_canonicalFromHash(&digest, XXH3_64bits(bytes.data, bytes.len));
    token_set(token, bytes_of(digest.digest, sizeof digest.digest));
}
