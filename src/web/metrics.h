/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics - GET /metrics: what recorders, hubs, viewers and the server count, as Prometheus reads it (text
 * format 0.0.4). One table says each metric's name, kind and meaning.
 */
#pragma once

#include "web/exchange.h"

/* For members: a monitor sends "Authorization: Bearer TOKEN". */
void metrics_show(struct exchange *exchange);
