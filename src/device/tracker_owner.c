/* SPDX-License-Identifier: Apache-2.0 */
/* tracker_owner - whose a conversation is at this moment, for who shows packets as they come. */
#include "device/handshake_table.h"
#include "device/tracker_private.h"

static bool have_device(const struct names *names)
{
    struct identity_name name;

    for (size_t at = 0; names_next(names, &at, &name);)
        if (identity_scheme_class(name.scheme) == IDENTITY_OF_DEVICE)
            return true;
    return false;
}

/* Names spelt in a handshake under way count more than those of the session before it. */
static bool owner_of_flow(struct tracker *tracker, const struct flow *flow, struct tracker_owner *owner)
{
    const struct handshake *handshake = handshake_of(tracker, flow);
    const struct session *session = flow->is_weak ? NULL : session_of(tracker, flow);

    if (handshake && handshake->names.n > 0)
        *owner = (struct tracker_owner) { &handshake->names, handshake->is_client_low };
    else if (session && session->names.n > 0)
        *owner = (struct tracker_owner) { &session->names, flow->is_client_low };
    else
        return false;
    return true;
}

bool tracker_owner(struct tracker *tracker, const struct flow_key *key, uint64_t hash,
                   struct tracker_owner *owner)
{
    const struct ip_address *ends[] = { &key->low, &key->high };
    const struct flow *flow = flow_table_find(tracker->flows, key, hash);
    bool is_known = flow && owner_of_flow(tracker, flow, owner);

    if (!tracker->has_leases || (is_known && have_device(owner->names)))
        return is_known;
    for (unsigned i = 0; i < 2; i++) {
        const struct flow *address = lease_flow(tracker, ends[i]);
        const struct session *session = address ? session_of(tracker, address) : NULL;

        if (session && session->names.n > 0) {
            *owner = (struct tracker_owner) { &session->names, i == 0 };
            return true;
        }
    }
    return is_known;
}
