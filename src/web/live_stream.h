/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_stream - the live stream as JSON lines over plain HTTP: for curl and scripts. An object a row, and
 * between them {"gap": …} and {"count": …}.
 */
#pragma once

#include "web/exchange.h"

/* At most so much waits for a client; what comes meanwhile is told as a gap with cause "viewer". */
enum { LIVE_STREAM_AHEAD_BYTES = 512 * 1024 };

/* GET /api/v1/sources/{source}/stream?filter=&device= */
void live_stream_open(struct exchange *exchange);
