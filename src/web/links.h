/* SPDX-License-Identifier: Apache-2.0 */
/*
 * links - what a shared link opens. The gate asks here, and nowhere else is a secret of a link looked at.
 */
#pragma once

#include "web/access.h"

struct site;

enum link_credential {
    LINK_SECRET, /* what stands behind the # : "Authorization: Bearer …" */
    LINK_COOKIE, /* the visit that entering gave: cookie "tapdeck-link" */
};

/*
 * Fills *access with the link's kind, role, scope, id, person and expiry (its texts live as long as the site,
 * a revoked link's too). False when there is no such link, the credential is not its own, or it is over: all
 * alike, in the same time.
 */
bool links_access(struct site *site, struct bytes id, enum link_credential credential, struct bytes value,
                  struct access *access);
