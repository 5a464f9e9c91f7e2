/* SPDX-License-Identifier: Apache-2.0 */
#include "device/device_account.h"

#include <stdlib.h>

#include "base/timestamp.h"

/* Silence after which the same address counts as a new stay, when nothing ties the two together. */
#define STAY_GAP_NS (300 * NS_PER_SECOND)

enum { SIDE_BY_SIDE = 16 }; /* stays that may go on at once and still be told apart */

struct name {
    struct device_name shown;
    uint64_t n_packets;
};

struct device_accountant {
    struct name *names; /* their bytes are owned */
    struct device_name *shown;
    uint32_t n_names, cap_names;
    struct device_stay *stays;
    uint32_t n_stays, cap_stays;
    uint64_t *sessions; /* number << 1 | began with a handshake */
    uint32_t n_sessions, cap_sessions;
    uint64_t n_failed, n_left_out;
    bool is_finished;
    struct device_account account;
};

struct device_accountant *device_accountant_new(void)
{
    return calloc(1, sizeof(struct device_accountant));
}

static void empty(struct device_accountant *accountant)
{
    for (uint32_t i = 0; i < accountant->n_names; i++)
        free((void *)(uintptr_t)accountant->names[i].shown.identity.data);
    accountant->n_names = accountant->n_stays = accountant->n_sessions = 0;
    accountant->n_failed = accountant->n_left_out = 0;
    accountant->is_finished = false;
}

void device_accountant_free(struct device_accountant *accountant)
{
    if (accountant == NULL)
        return;
    empty(accountant);
    free(accountant->names);
    free(accountant->shown);
    free(accountant->stays);
    free(accountant->sessions);
    free(accountant);
}

/* Room for one more; NULL without memory, and the array stays. */
static void *grow(void *array, uint32_t n, uint32_t *cap, size_t item_bytes)
{
    uint32_t wanted = *cap ? *cap * 2 : 8;
    void *grown;

    if (n < *cap)
        return array;
    grown = realloc(array, wanted * item_bytes);
    if (grown)
        *cap = wanted;
    return grown;
}

static bool name_of(struct device_accountant *accountant, const struct binding *binding, uint32_t *name)
{
    struct name *names;
    uint8_t *identity;

    for (*name = 0; *name < accountant->n_names; ++*name) {
        const struct device_name *known = &accountant->names[*name].shown;

        if (known->scheme == binding->scheme && bytes_equal(known->identity, binding->identity))
            return true;
    }
    names = grow(accountant->names, accountant->n_names, &accountant->cap_names, sizeof *names);
    if (names == NULL)
        return false;
    accountant->names = names;
    identity = malloc(binding->identity.len + 1);
    if (identity == NULL)
        return false;
    if (binding->identity.len > 0)
        memcpy(identity, binding->identity.data, binding->identity.len);
    names[accountant->n_names++] = (struct name) {
        .shown = { binding->scheme, bytes_of(identity, binding->identity.len), binding->from_ns,
                   binding->to_ns },
    };
    return true;
}

static bool note_session(struct device_accountant *accountant, const struct binding *binding)
{
    bool has_begun = binding->reason == BINDING_HANDSHAKE || binding->reason == BINDING_RESUMED ||
                     binding->reason == BINDING_CONNECT || binding->reason == BINDING_REGISTRATION;
    uint64_t *sessions;

    if (binding->session == 0)
        return true;
    sessions =
        grow(accountant->sessions, accountant->n_sessions, &accountant->cap_sessions, sizeof *sessions);
    if (sessions == NULL)
        return false;
    accountant->sessions = sessions;
    sessions[accountant->n_sessions++] = binding->session << 1 | has_begun;
    return true;
}

/* ---- stays ---- */

static struct device_stay stay_of(const struct binding *binding, uint32_t name)
{
    bool is_low = binding->is_client_low;

    return (struct device_stay) {
        .address = is_low ? binding->flow.low : binding->flow.high,
        .port = is_low ? binding->flow.port_low : binding->flow.port_high,
        .reason = binding->reason,
        .confidence = binding->confidence,
        .from_ns = binding->from_ns,
        .to_ns = binding->to_ns,
        .n_packets = binding->n_packets,
        .n_bytes = binding->n_bytes,
        .session = binding->session,
        .name = name,
    };
}

static bool is_same_end(const struct device_stay *a, const struct device_stay *b)
{
    return ip_address_equal(&a->address, &b->address) && a->port == b->port;
}

/* b, which began later, is a told again under another name of the session. */
static bool is_told_again(const struct device_stay *a, const struct device_stay *b)
{
    return a->name != b->name && is_same_end(a, b) && a->session == b->session && b->from_ns <= a->to_ns &&
           (a->session != 0 || a->from_ns == b->from_ns);
}

/* b, which began later, is the same stay gone on. */
static bool goes_on(const struct device_stay *a, const struct device_stay *b)
{
    if (a->name != b->name || !is_same_end(a, b) || a->reason != b->reason)
        return false;
    return (a->session != 0 && a->session == b->session) || b->from_ns <= a->to_ns ||
           b->from_ns - a->to_ns <= STAY_GAP_NS;
}

static void stay_join(struct device_stay *stay, const struct device_stay *next, bool counts)
{
    if (next->to_ns > stay->to_ns)
        stay->to_ns = next->to_ns;
    if (next->confidence > stay->confidence)
        stay->confidence = next->confidence;
    stay->session = next->session;
    if (counts) {
        stay->n_packets += next->n_packets;
        stay->n_bytes += next->n_bytes;
    }
}

/* The stay that it belongs to, among the last few: several sessions may go on side by side. NULL: a new one.
 */
static struct device_stay *stay_to_join(const struct device_accountant *accountant,
                                        const struct device_stay *stay, bool *is_again)
{
    for (uint32_t back = 1; back <= SIDE_BY_SIDE && back <= accountant->n_stays; back++) {
        struct device_stay *earlier = &accountant->stays[accountant->n_stays - back];

        *is_again = is_told_again(earlier, stay);
        if (*is_again || goes_on(earlier, stay))
            return earlier;
    }
    *is_again = false;
    return NULL;
}

static bool stay_add(struct device_accountant *accountant, const struct device_stay *stay)
{
    struct device_stay *stays =
        grow(accountant->stays, accountant->n_stays, &accountant->cap_stays, sizeof *stays);

    if (stays == NULL)
        return false;
    accountant->stays = stays;
    stays[accountant->n_stays++] = *stay;
    return true;
}

bool device_accountant_add(struct device_accountant *accountant, const struct binding *binding)
{
    struct device_stay stay, *joined;
    struct name *known;
    bool is_again;
    uint32_t name;

    if (accountant->is_finished)
        empty(accountant);
    if (binding->scheme == IDENTITY_NONE)
        return true;
    if (accountant->n_stays == ACCOUNT_SPANS_LIMIT || accountant->n_sessions == ACCOUNT_SPANS_LIMIT) {
        accountant->n_left_out++;
        return true;
    }
    if (!name_of(accountant, binding, &name) || !note_session(accountant, binding))
        return false;
    known = &accountant->names[name];
    known->n_packets += binding->n_packets;
    if (binding->to_ns > known->shown.last_ns)
        known->shown.last_ns = binding->to_ns;
    stay = stay_of(binding, name);
    joined = stay_to_join(accountant, &stay, &is_again);
    accountant->n_failed += binding->reason == BINDING_ATTEMPT && !is_again;
    if (joined == NULL)
        return stay_add(accountant, &stay);
    stay_join(joined, &stay, !is_again);
    return true;
}

/* ---- the sum ---- */

static int compare_sessions(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;

    return *a < *b ? -1 : *a > *b;
}

static void count_sessions(struct device_accountant *accountant)
{
    const uint64_t *sessions = accountant->sessions;
    struct device_account *account = &accountant->account;

    if (accountant->n_sessions == 0)
        return;
    qsort(accountant->sessions, accountant->n_sessions, sizeof *accountant->sessions, compare_sessions);
    for (uint32_t i = 0; i < accountant->n_sessions; i++) {
        if (i + 1 < accountant->n_sessions && sessions[i + 1] >> 1 == sessions[i] >> 1)
            continue;
        account->n_sessions++;
        account->n_handshakes += sessions[i] & 1; /* the last of equal numbers: 1 sorts behind 0 */
    }
}

static int compare_names(const void *left, const void *right)
{
    const struct name *a = left, *b = right;

    if (a->n_packets != b->n_packets)
        return a->n_packets > b->n_packets ? -1 : 1;
    if (a->shown.scheme != b->shown.scheme)
        return a->shown.scheme < b->shown.scheme ? -1 : 1;
    return bytes_compare(a->shown.identity, b->shown.identity);
}

const struct device_account *device_accountant_finish(struct device_accountant *accountant)
{
    struct device_account *account = &accountant->account;
    struct device_name *shown =
        realloc(accountant->shown, (accountant->n_names + 1) * sizeof *accountant->shown);

    if (shown == NULL)
        return NULL;
    accountant->shown = shown;
    accountant->is_finished = true;
    *account = (struct device_account) {
        .names = shown,
        .n_names = accountant->n_names,
        .n_failed = accountant->n_failed,
        .n_left_out = accountant->n_left_out,
        .stays = accountant->stays,
        .n_stays = accountant->n_stays,
        .first_ns = accountant->n_stays ? accountant->stays[0].from_ns : 0,
        .last_ns = accountant->n_stays ? accountant->stays[0].to_ns : 0,
    };
    if (accountant->n_names)
        qsort(accountant->names, accountant->n_names, sizeof *accountant->names, compare_names);
    for (uint32_t i = 0; i < accountant->n_names; i++)
        shown[i] = accountant->names[i].shown;
    for (uint32_t i = 0; i < account->n_stays; i++) {
        account->n_packets += account->stays[i].n_packets;
        account->n_bytes += account->stays[i].n_bytes;
        if (account->stays[i].to_ns > account->last_ns)
            account->last_ns = account->stays[i].to_ns;
    }
    count_sessions(accountant);
    return account;
}
