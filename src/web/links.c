/* SPDX-License-Identifier: Apache-2.0 */
#include "web/links.h"

bool links_access(struct site *site, struct bytes id, enum link_credential credential, struct bytes value,
                  struct access *access)
{
    (void)site;
    (void)id;
    (void)credential;
    (void)value;
    (void)access;
    return false; /* no link was ever made */
}
