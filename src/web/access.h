/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access - who asks, and what that lets him see and do. Made once a request, by `gate`, from cookies, tokens
 * and the address; handlers are given one and can make none.
 */
#pragma once

#include "live/scope.h"

enum access_kind {
    ACCESS_NOBODY, /* may load the page, log in, enter a link */
    ACCESS_MEMBER,
    ACCESS_LINK,
};

enum access_role { ROLE_VIEW, ROLE_COMMENT, ROLE_CONTROL }; /* each may what the ones before may */

enum { ACCESS_ID_BYTES = 24, ACCESS_NAME_BYTES = 64 };

struct access {
    enum access_kind kind;
    enum access_role role;
    struct scope scope;           /* of a member: everything */
    char link[ACCESS_ID_BYTES];   /* id of the link; "" for members */
    char person[ACCESS_ID_BYTES]; /* of the login or of the visit: the same over reconnects and reloads */
    int64_t expires_ns;           /* since 1970; INT64_MAX: not */
    struct ip_address *source;    /* of the connection, for the audit log */
};
