/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_ja3 - fingerprints of hellos: the numbers in them as decimal text, parts by ',' and items by '-', and
 * its MD5. GREASE (RFC 8701) is left out. Reads the hello once more and only when asked for: four fields out
 * of two hundred are not worth a buffer on everybody's road.
 */
#include <openssl/evp.h>
#include <stdio.h>

#include "protocol/tls_handshake.h"

enum { JA3_BYTES = 4096, MD5_BYTES = 16 };

struct text {
    size_t len;
    bool is_cut;
    char data[JA3_BYTES];
};

static bool is_grease(uint16_t number)
{
    return (number & 0x0f0f) == 0x0a0a && number >> 8 == (number & 0xff);
}

static void put(struct text *text, const char *before, uint16_t number)
{
    size_t room = sizeof text->data - text->len;
    int n = snprintf(text->data + text->len, room, "%s%u", before, number);

    if (n < 0 || (size_t)n >= room)
        text->is_cut = true;
    else
        text->len += (size_t)n;
}

static void put_comma(struct text *text)
{
    if (text->len < sizeof text->data)
        text->data[text->len++] = ',';
    else
        text->is_cut = true;
}

/* All numbers of *r, n_bytes each. */
static void put_list(struct text *text, struct reader r, unsigned n_bytes)
{
    bool is_first = true;

    while (reader_left(&r) >= n_bytes) {
        uint16_t number = 0;
        uint8_t byte = 0;

        if (n_bytes == 2 ? !reader_u16(&r, &number) : !reader_u8(&r, &byte))
            return;
        if (n_bytes == 1)
            number = byte;
        if (n_bytes == 2 && is_grease(number))
            continue;
        put(text, is_first ? "" : "-", number);
        is_first = false;
    }
}

struct hello_lists {
    struct reader groups, formats;
    bool has_groups, has_formats;
};

/* The types of extensions; those that are listed too are told. False: their lengths are wrong. */
static bool put_extensions(struct text *text, struct reader *r, struct hello_lists *lists)
{
    struct reader extensions, body;
    uint16_t total, type, length;
    bool is_first = true;
    uint8_t n;

    if (!reader_u16(r, &total) || !reader_sub(r, total, &extensions))
        return false;
    while (reader_left(&extensions) >= 4) {
        if (!reader_u16(&extensions, &type) || !reader_u16(&extensions, &length))
            return false;
        if (!is_grease(type)) {
            put(text, is_first ? "" : "-", type);
            is_first = false;
        }
        if (!reader_sub(&extensions, length, &body))
            return false;
        if (type == 10 && reader_u16(&body, &length) && reader_sub(&body, length, &lists->groups))
            lists->has_groups = true;
        else if (type == 11 && reader_u8(&body, &n) && reader_sub(&body, n, &lists->formats))
            lists->has_formats = true;
    }
    return true;
}

static bool skip_to_suites(struct reader *r, bool has_cookie, uint16_t *version)
{
    enum { RANDOM_BYTES = 32 };
    uint8_t length;

    return reader_u16(r, version) && reader_skip(r, RANDOM_BYTES) && reader_u8(r, &length) &&
           reader_skip(r, length) && (!has_cookie || (reader_u8(r, &length) && reader_skip(r, length)));
}

static bool client_text(struct text *text, struct reader *r, bool is_dtls)
{
    struct hello_lists lists = { 0 };
    struct reader suites;
    uint16_t version, length;
    uint8_t n_methods;

    if (!skip_to_suites(r, is_dtls, &version) || !reader_u16(r, &length) || !reader_sub(r, length, &suites) ||
        !reader_u8(r, &n_methods) || !reader_skip(r, n_methods))
        return false;
    put(text, "", version);
    put_comma(text);
    put_list(text, suites, 2);
    put_comma(text);
    if (reader_left(r) > 0 && !put_extensions(text, r, &lists))
        return true; /* what is behind is not told */
    put_comma(text);
    if (lists.has_groups)
        put_list(text, lists.groups, 2);
    put_comma(text);
    if (lists.has_formats)
        put_list(text, lists.formats, 1);
    return true;
}

static bool server_text(struct text *text, struct reader *r, bool is_old_draft)
{
    struct hello_lists lists = { 0 };
    uint16_t version, suite;
    uint8_t byte;

    if (is_old_draft ? !reader_u16(r, &version) || !reader_skip(r, 32) : !skip_to_suites(r, false, &version))
        return false;
    if (!reader_u16(r, &suite) || (!is_old_draft && !reader_u8(r, &byte)))
        return false;
    put(text, "", version);
    put(text, ",", suite);
    put_comma(text);
    if (reader_left(r) > 0)
        (void)put_extensions(text, r, &lists);
    return true;
}

static void add_digest(struct tls_message *h, const struct text *text, enum tls_shared_field field)
{
    uint8_t digest[MD5_BYTES];
    uint8_t *hex = dissection_scratch(h->d, 2 * sizeof digest);
    unsigned n = sizeof digest;

    if (hex == NULL || !EVP_Digest(text->data, text->len, digest, &n, EVP_md5(), NULL))
        return;
    for (unsigned i = 0; i < sizeof digest; i++) {
        hex[2 * i] = (uint8_t) "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = (uint8_t) "0123456789abcdef"[digest[i] & 15];
    }
    handshake_bytes(h, field, bytes_of(hex, 2 * sizeof digest));
}

void tls_ja3(struct tls_message *h, struct reader r)
{
    bool is_client = h->type == TLS_CLIENT_HELLO;
    enum tls_shared_field full = is_client ? SHARED_JA3_FULL : SHARED_JA3S_FULL;
    enum tls_shared_field hash = is_client ? SHARED_JA3 : SHARED_JA3S;
    struct text text;

    if (!handshake_wants(h, full) && !handshake_wants(h, hash))
        return;
    text.len = 0;
    text.is_cut = false;
    if (is_client ? !client_text(&text, &r, h->is_dtls)
                  : !server_text(&text, &r, tls_session_is_old_draft(h->session)))
        return;
    if (text.is_cut)
        return;
    if (handshake_wants(h, full)) {
        uint8_t *kept = dissection_scratch(h->d, text.len);

        if (kept)
            handshake_bytes(h, full, bytes_of(memcpy(kept, text.data, text.len), text.len));
    }
    if (handshake_wants(h, hash))
        add_digest(h, &text, hash);
}
