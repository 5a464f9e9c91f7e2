/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html - text into a page that the server writes by itself. What strangers sent stands in it as text, never
 * as markup.
 */
#pragma once

#include "base/buffer.h"

#define HTML_CONTENT_TYPE "text/html; charset=utf-8"

/* From the doctype to the title; </head> is the caller's. */
void html_put_head(struct buffer *html, struct bytes title);

/* As text or as an attribute's value within quotes (HTML Living Standard, 13.1.2.3 and 13.1.4). */
void html_put_text(struct buffer *html, struct bytes text);

/* As a part of a path or of a query's value, within quotes (RFC 3986, section 2.1). */
void html_put_address_part(struct buffer *html, struct bytes text);
