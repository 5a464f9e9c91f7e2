/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_message - the server's messages of docs/live-protocol.md as JSON text. Only their form; when they are
 * sent is live_socket's.
 */
#pragma once

#include <jansson.h>

#include "base/json_writer.h"
#include "live/hub.h"
#include "web/access.h"

struct site;
struct site_source;

enum { LIVE_MESSAGE_LIMIT_BYTES = 256 * 1024 };

/* Members of objects that REST answers have too. */
void live_put_gap(struct json_writer *json, const struct hub_gap *gap);
void live_put_source(struct json_writer *json, const struct site_source *source);

/* Whole messages, appended to out. view 0: none. */
/* you: as people_you() makes it; borrowed. */
void live_put_hello(struct buffer *out, const struct site *site, const struct access *access,
                    const json_t *you);
void live_put_source_message(struct buffer *out, const struct site_source *source);
void live_put_viewing(struct buffer *out, uint32_t view, uint64_t next, const char *warning);
void live_put_filter_error(struct buffer *out, uint32_t view, const struct error *error);
void live_put_gap_message(struct buffer *out, uint32_t view, const struct hub_gap *gap);
void live_put_bars(struct buffer *out, uint32_t view, const struct hub_bar *bars, uint32_t n);
void live_put_pong(struct buffer *out, double t);
void live_put_error(struct buffer *out, const char *code, const char *words);
void live_put_trouble(struct buffer *out, const char *words, int64_t since_ns);
void live_put_ended(struct buffer *out, const char *why, const char *words);

struct live_count { /* of one viewer */
    uint32_t view;
    uint64_t through, n_seen, n_matched, n_sent;
    uint32_t per_second, tail;
    int64_t last_ts_ns;
};
void live_put_count(struct buffer *out, const struct live_count *count);
