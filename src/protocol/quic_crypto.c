/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/quic_crypto.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

enum { HASH_BYTES = 32, SALT_BYTES = 20, LABEL_BYTES = 32 };

struct quic_ciphers {
    EVP_CIPHER_CTX *seal, *header;
};

struct quic_ciphers *quic_ciphers_new(void)
{
    struct quic_ciphers *ciphers = calloc(1, sizeof *ciphers);

    if (ciphers == NULL)
        return NULL;
    ciphers->seal = EVP_CIPHER_CTX_new();
    ciphers->header = EVP_CIPHER_CTX_new();
    if (!ciphers->seal || !ciphers->header ||
        !EVP_DecryptInit_ex(ciphers->seal, EVP_aes_128_gcm(), NULL, NULL, NULL) ||
        !EVP_EncryptInit_ex(ciphers->header, EVP_aes_128_ecb(), NULL, NULL, NULL)) {
        quic_ciphers_free(ciphers);
        return NULL;
    }
    return ciphers;
}

void quic_ciphers_free(struct quic_ciphers *ciphers)
{
    if (ciphers == NULL)
        return;
    EVP_CIPHER_CTX_free(ciphers->seal);
    EVP_CIPHER_CTX_free(ciphers->header);
    free(ciphers);
}

unsigned quic_draft(uint32_t version)
{
    if (version >> 8 == 0xff0000)
        return version & 0xff;
    switch (version) {
    case 0x00000001:
        return 34;
    case 0x6b3343cf: /* RFC 9369 */
        return 100;
    case 0xfaceb001: /* Facebook's */
        return 22;
    case 0xfaceb002:
    case 0xfaceb00e:
    case 0x51303530: /* Google's Q050, T050, T051 */
    case 0x54303530:
    case 0x54303531:
        return 27;
    default: /* reserved to have the version negotiated: RFC 9000 section 15 */
        return (version & 0x0f0f0f0f) == 0x0a0a0a0a ? 29 : 0;
    }
}

static const uint8_t *salt_of(uint32_t version)
{
    static const struct {
        uint32_t version; /* 0: by draft */
        unsigned draft_max;
        uint8_t salt[SALT_BYTES];
    } salts[] = {
        { 0x51303530, 0, { 0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d, 0x94,
                           0x5c, 0xfc, 0xdb, 0xd3, 0xa7, 0xf0, 0xd3, 0xb5, 0x6b, 0x45 } },
        { 0x54303530, 0, { 0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80,
                           0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60, 0x48, 0x83, 0x10 } },
        { 0x54303531, 0, { 0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50,
                           0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda, 0x6e, 0x03, 0x3d } },
        { 0, 22, { 0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a,
                   0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a } },
        { 0, 28, { 0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
                   0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02 } },
        { 0, 32, { 0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
                   0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99 } },
        { 0, 34, { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                   0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a } },
        { 0, 100, { 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
                    0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 } },
    };
    unsigned draft = quic_draft(version);

    for (size_t i = 0; i < sizeof salts / sizeof salts[0] && draft > 0; i++) {
        if (salts[i].version == version || (salts[i].version == 0 && draft <= salts[i].draft_max))
            return salts[i].salt;
    }
    return NULL;
}

/* RFC 8446 section 7.1, for lengths of at most one hash. */
static bool expand_label(const uint8_t secret[HASH_BYTES], const char *label, uint8_t *out, uint8_t out_len)
{
    uint8_t info[LABEL_BYTES], block[HASH_BYTES];
    size_t label_len = strlen(label), n = 0;
    unsigned block_len = sizeof block;

    if (label_len + 11 > sizeof info)
        return false;
    info[n++] = 0;
    info[n++] = out_len;
    info[n++] = (uint8_t)(6 + label_len);
    memcpy(info + n, "tls13 ", 6);
    n += 6;
    memcpy(info + n, label, label_len);
    n += label_len;
    info[n++] = 0; /* no context */
    info[n++] = 1; /* the first block */
    if (!HMAC(EVP_sha256(), secret, HASH_BYTES, info, n, block, &block_len))
        return false;
    memcpy(out, block, out_len);
    return true;
}

bool quic_initial_keys(uint32_t version, struct bytes dcid, struct quic_keys keys[2])
{
    static const char *const sides[2] = { "client in", "server in" };
    const uint8_t *salt = salt_of(version);
    bool is_v2 = quic_draft(version) == 100;
    uint8_t initial[HASH_BYTES], secret[HASH_BYTES];
    unsigned len = sizeof initial;

    if (salt == NULL || !HMAC(EVP_sha256(), salt, SALT_BYTES, dcid.data, dcid.len, initial, &len))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        if (!expand_label(initial, sides[i], secret, HASH_BYTES) ||
            !expand_label(secret, is_v2 ? "quicv2 key" : "quic key", keys[i].key, QUIC_KEY_BYTES) ||
            !expand_label(secret, is_v2 ? "quicv2 iv" : "quic iv", keys[i].iv, QUIC_IV_BYTES) ||
            !expand_label(secret, is_v2 ? "quicv2 hp" : "quic hp", keys[i].header_key, QUIC_KEY_BYTES))
            return false;
    }
    return true;
}

bool quic_header_mask(struct quic_ciphers *ciphers, const struct quic_keys *keys, const uint8_t *sample,
                      uint8_t mask[QUIC_SAMPLE_BYTES])
{
    int n = 0;

    return EVP_EncryptInit_ex(ciphers->header, NULL, NULL, keys->header_key, NULL) &&
           EVP_CIPHER_CTX_set_padding(ciphers->header, 0) &&
           EVP_EncryptUpdate(ciphers->header, mask, &n, sample, QUIC_SAMPLE_BYTES) && n == QUIC_SAMPLE_BYTES;
}

bool quic_open(struct quic_ciphers *ciphers, const struct quic_keys *keys, uint64_t packet_number,
               struct bytes header, struct bytes sealed, uint8_t *opened)
{
    uint8_t nonce[QUIC_IV_BYTES], tag[QUIC_TAG_BYTES];
    int n = 0;

    if (sealed.len < QUIC_TAG_BYTES || sealed.len > 1 << 16)
        return false;
    sealed.len -= QUIC_TAG_BYTES;
    memcpy(tag, sealed.data + sealed.len, sizeof tag);
    memcpy(nonce, keys->iv, sizeof nonce);
    for (unsigned i = 0; i < 8; i++)
        nonce[QUIC_IV_BYTES - 1 - i] ^= (uint8_t)(packet_number >> 8 * i);
    return EVP_DecryptInit_ex(ciphers->seal, NULL, NULL, keys->key, nonce) &&
           EVP_DecryptUpdate(ciphers->seal, NULL, &n, header.data, (int)header.len) &&
           EVP_DecryptUpdate(ciphers->seal, opened, &n, sealed.data, (int)sealed.len) &&
           EVP_CIPHER_CTX_ctrl(ciphers->seal, EVP_CTRL_GCM_SET_TAG, QUIC_TAG_BYTES, tag) > 0 &&
           EVP_DecryptFinal_ex(ciphers->seal, opened + n, &n) > 0;
}
