/* SPDX-License-Identifier: Apache-2.0 */
#include "web/security_headers.h"

static const struct {
    const char *name, *value;
} headers[] = {
    /* The page sets no inline style or script; icons in its style sheet are data: images. connect-src 'self'
     * covers the WebSocket (CSP 3, section 6.7.2.8). */
    { "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
      "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'" },
    { "X-Content-Type-Options", "nosniff" },
    { "Referrer-Policy", "no-referrer" }, /* an address may name a device */
    { "X-Robots-Tag", "noindex, nofollow, noarchive" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
    /* No HSTS: behind a certificate signed by itself it would leave people no way back. */
    { "Permissions-Policy", "camera=(), microphone=(), geolocation=(), interest-cohort=()" },
};

void security_headers_put(struct http_response *response)
{
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        http_response_header(response, headers[i].name, bytes_text(headers[i].value));
}
