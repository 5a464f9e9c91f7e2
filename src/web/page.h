/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page - answers with what is in assets: files by their path, and the page itself for the address of any
 * screen.
 */
#pragma once

#include "web/exchange.h"

/* "/", and screens: also takes ?token=, for which it gives a cookie and sends on to the address without. */
void page_show(struct exchange *exchange);

/* "/assets/{rest...}" and files beside the page. */
void page_asset(struct exchange *exchange);
