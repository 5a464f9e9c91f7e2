/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_status - what the status codes of HTTP are called (RFC 9110 section 15; 429 and 431: RFC 6585).
 */
#pragma once

#include <stdbool.h>

/* "Not Found"; "" for one that is not in the table. */
const char *http_status_reason(unsigned status);

/* A response with it has no body, and no length is told: 1xx, 204, 304 (RFC 9112 section 6.3). */
bool http_status_is_bodiless(unsigned status);
