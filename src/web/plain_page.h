/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain_page - the last packets of a source as a table that needs no JavaScript: for a browser without, a
 * text browser, a screen reader that gets on badly with the page. It loads itself anew while it shows the
 * newest.
 */
#pragma once

#include "web/exchange.h"

/* "/plain": the sources, each a link. */
void plain_page_sources(struct exchange *exchange);

/* "/plain/{source}?filter=&device=&before=": a hundred rows, and the way to those before. */
void plain_page_show(struct exchange *exchange);
