/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assets - the built page, inside the binary: each file packed by gzip, which nearly every client takes as it
 * is, so that serving one is handing out constant bytes. Made from ui/ by ui/embed.py. Of requests, caching
 * and which path is the page's own it knows nothing.
 */
#pragma once

#include "base/bytes.h"

struct asset {
    const char *path; /* as it is asked for: "/assets/index-DyQEmHCF.js", "/index.html" */
    const char *content_type;
    const char *etag;  /* of the plain content, with its quotation marks */
    struct bytes gzip; /* constant */
    size_t plain_len;  /* bytes after unpacking */
    bool is_hashed;    /* the name holds a hash of the content: it may be kept for ever */
};

extern const struct asset asset_table[]; /* sorted by path, bytewise */
extern const size_t asset_count;

/* The file of that path (decoded, without query), or NULL. */
const struct asset *asset_find(struct bytes path);

/* Unpacks for a client that does not take gzip. plain has room for plain_len bytes; false: without memory. */
bool asset_unpack(const struct asset *asset, uint8_t *plain);
