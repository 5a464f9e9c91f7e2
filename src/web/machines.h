/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machines - what balancers and monitors ask for.
 */
#pragma once

#include "web/exchange.h"

/* GET /healthz: 200 {"status":"ok"} while the loop turns. Says nothing of what is captured: anybody may ask.
 */
void machines_health(struct exchange *exchange);
