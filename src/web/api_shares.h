/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_shares - links over HTTP: entering one, and what members do with them (docs/openapi.json, "shares"),
 * and the audit log. Roads to links.h and audit.h, nothing more.
 */
#pragma once

#include "web/exchange.h"

/* POST /s/{link}/enter {"secret": ...} */
void api_link_enter(struct exchange *exchange);

/* /api/v1/shares, for members */
void api_shares(struct exchange *exchange);
void api_share(struct exchange *exchange);
void api_share_add(struct exchange *exchange);
void api_share_revoke(struct exchange *exchange);

/* GET /api/v1/audit?before=&n= */
void api_audit(struct exchange *exchange);

/* A scope as in openapi.json, "Scope" (a new reference): for `hello` and /me, too. */
json_t *scope_json(const struct scope *scope);
