/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_socket - the live socket of docs/live-protocol.md: one viewer, his view, his credit.
 *
 * Each viewer takes part in a group of the hub. At most VIEWER_CREDIT_BYTES of frames are under way that his
 * page has not painted; what comes meanwhile he is not given, and told so, by number, in one gap. So a page
 * that hangs costs nobody anything and is at the live edge as soon as it is back.
 */
#pragma once

#include "web/exchange.h"

/* GET /api/v1/live */
void live_socket_open(struct exchange *exchange);

/* What is known of a source has changed: told to all who may see it. */
struct site;
struct site_source;
void live_source_changed(struct site *site, const struct site_source *source);

/* Recording stopped, the disk is full … (words empty: over). */
void live_trouble(struct site *site, const struct site_source *source);
