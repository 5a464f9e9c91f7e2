/* SPDX-License-Identifier: Apache-2.0 */
#include "web/share_secret.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/random.h>

static const char id_letters[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* 32: no l, o, 0, 1 */
static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static bool random_bytes(uint8_t *bytes, size_t n)
{
    return getrandom(bytes, n, 0) == (ssize_t)n; /* up to 256 bytes come whole */
}

bool share_id_make(char id[static SHARE_ID_CHARS + 1])
{
    uint8_t bytes[SHARE_ID_CHARS];

    if (!random_bytes(bytes, sizeof bytes))
        return false;
    for (size_t i = 0; i < SHARE_ID_CHARS; i++)
        id[i] = id_letters[bytes[i] & 31];
    id[SHARE_ID_CHARS] = '\0';
    return true;
}

bool share_id_is_plain(struct bytes id)
{
    if (id.len != SHARE_ID_CHARS)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        if (id.data[i] == '\0' || strchr(id_letters, id.data[i]) == NULL)
            return false;
    }
    return true;
}

static void put_base64url(const uint8_t *bytes, size_t n_chars, char *text)
{
    unsigned bits = 0, n_bits = 0;

    for (size_t i = 0, at = 0; i < n_chars; i++) {
        if (n_bits < 6) {
            bits = bits << 8 | bytes[at++];
            n_bits += 8;
        }
        n_bits -= 6;
        text[i] = base64url[bits >> n_bits & 63];
    }
    text[n_chars] = '\0';
}

bool share_secret_make(char secret[static SHARE_SECRET_CHARS + 1])
{
    uint8_t bytes[33] = { 0 }; /* the last character has two bits of zero */

    if (!random_bytes(bytes, 32))
        return false;
    put_base64url(bytes, SHARE_SECRET_CHARS, secret);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return true;
}

/* Parts are told apart by the zero behind each of them. */
static void digest(const struct bytes *parts, size_t n, uint8_t hash[static SHARE_HASH_BYTES])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_done = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;

    for (size_t i = 0; is_done && i < n; i++)
        is_done = EVP_DigestUpdate(context, parts[i].data, parts[i].len) == 1 &&
                  EVP_DigestUpdate(context, "", 1) == 1;
    is_done = is_done && EVP_DigestFinal_ex(context, hash, NULL) == 1;
    EVP_MD_CTX_free(context);
    assert(is_done); /* SHA-256 of memory fails without memory only; going on would let somebody in */
}

void share_secret_hash(struct bytes id, struct bytes secret, uint8_t hash[static SHARE_HASH_BYTES])
{
    struct bytes parts[] = { bytes_text("tapdeck link"), id, secret };

    digest(parts, 3, hash);
}

bool share_hash_equal(const uint8_t *a, const uint8_t *b)
{
    return CRYPTO_memcmp(a, b, SHARE_HASH_BYTES) == 0;
}

void share_person(struct bytes id, const char *kind, struct bytes key,
                  char person[static SHARE_PERSON_CHARS + 1])
{
    struct bytes parts[] = { bytes_text("tapdeck person"), id, bytes_text(kind), key };
    uint8_t hash[SHARE_HASH_BYTES];

    digest(parts, 4, hash);
    put_base64url(hash, SHARE_PERSON_CHARS, person);
}
