/* SPDX-License-Identifier: Apache-2.0 */
#include "web/html.h"

#include <stdio.h>
#include <string.h>

void html_put_head(struct buffer *html, struct bytes title)
{
    buffer_put_text(html, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                          "<meta name=\"viewport\" content=\"width=device-width\">"
                          "<meta name=\"color-scheme\" content=\"light dark\"><title>");
    html_put_text(html, title);
    buffer_put_text(html, " – tapdeck</title>");
}

void html_put_text(struct buffer *html, struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        switch (text.data[i]) {
        case '&':
            buffer_put_text(html, "&amp;");
            break;
        case '<':
            buffer_put_text(html, "&lt;");
            break;
        case '>':
            buffer_put_text(html, "&gt;");
            break;
        case '"':
            buffer_put_text(html, "&quot;");
            break;
        case '\'':
            buffer_put_text(html, "&#39;");
            break;
        case '\0':
            buffer_put_text(html, "\xEF\xBF\xBD");
            break;
        default:
            buffer_put_u8(html, text.data[i]);
        }
    }
}

void html_put_address_part(struct buffer *html, struct bytes text)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    char escaped[4];

    for (size_t i = 0; i < text.len; i++) {
        if (memchr(unreserved, text.data[i], sizeof unreserved - 1)) {
            buffer_put_u8(html, text.data[i]);
            continue;
        }
        snprintf(escaped, sizeof escaped, "%%%02X", text.data[i]);
        buffer_put_text(html, escaped);
    }
}
