/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assets - the built page, inside the program: files of ui/, packed by gzip, by the path they are asked for.
 */
#pragma once

#include "base/bytes.h"

struct asset {
    const char *path;         /* "/index.html", "/assets/index-4f2a91c0.js" */
    const char *content_type; /* "text/javascript; charset=utf-8" */
    const char *etag;         /* with its quotes */
    struct bytes gzip;        /* the file, packed */
    size_t plain_len;         /* and how long it is unpacked */
    bool is_hashed;           /* its name changes with its content: it may be kept for ever */
};

/* NULL when there is none. */
const struct asset *asset_find(struct bytes path);

/* Unpacks for a client that does not take gzip. plain has room for plain_len bytes; false: without memory. */
bool asset_unpack(const struct asset *asset, uint8_t *plain);
