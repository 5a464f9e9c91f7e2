/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_pins - pins over HTTP (docs/openapi.json, "pins"). The packet is looked up, and held against the scopes
 * of those who are here, in a worker; what changed is then told to whom it concerns.
 */
#pragma once

#include "web/exchange.h"

void api_pins(struct exchange *exchange);
void api_pin_add(struct exchange *exchange);
void api_pin_change(struct exchange *exchange);
void api_pin_remove(struct exchange *exchange);
void api_pin_reply(struct exchange *exchange);
