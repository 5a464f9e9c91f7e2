/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share_request - the body of POST /shares (docs/openapi.json, ShareNew) as a link. What it does not
 * understand it refuses: a bound that was left out for being odd would open more than was asked for.
 */
#pragma once

#include <jansson.h>

#include "web/link_table.h"

/* False with *error (ERROR_USAGE). *link is to be cleared in any case, and is not checked yet (link_check).
 */
bool share_request_read(const json_t *body, const char *created_by, struct link *link, struct error *error);
