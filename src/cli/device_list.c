/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/device_list.h"

#include <stdlib.h>

#include "base/timestamp.h"

/* Silence after which the same address counts as a new stay, when nothing ties the two together. */
#define STAY_GAP_NS (300 * NS_PER_SECOND)

struct record { /* one stay, and whose it is */
    enum identity_scheme scheme;
    struct bytes identity; /* owned: malloc'ed by add */
    struct device_stay stay;
};

struct device_list {
    struct record *records;
    uint32_t n_records, cap;
    struct device_stay *stays;
    struct device_entry *entries;
    uint64_t n_left_out;
};

struct device_list *device_list_new(void)
{
    return calloc(1, sizeof(struct device_list));
}

void device_list_free(struct device_list *list)
{
    if (list == NULL)
        return;
    for (uint32_t i = 0; i < list->n_records; i++)
        free((void *)list->records[i].identity.data);
    free(list->records);
    free(list->stays);
    free(list->entries);
    free(list);
}

static bool records_grow(struct device_list *list)
{
    uint32_t cap = list->cap ? list->cap * 2 : 64;
    struct record *records = realloc(list->records, cap * sizeof *records);

    if (records == NULL)
        return false;
    list->records = records;
    list->cap = cap;
    return true;
}

bool device_list_add(struct device_list *list, const struct binding *binding)
{
    bool is_low = binding->is_client_low;
    struct record *record;
    uint8_t *identity;

    if (binding->scheme == IDENTITY_NONE)
        return true;
    if (list->n_records == DEVICE_STAYS) {
        list->n_left_out++;
        return true;
    }
    if (list->n_records == list->cap && !records_grow(list))
        return false;
    identity = malloc(binding->identity.len + 1); /* an empty identity has its own address too */
    if (identity == NULL)
        return false;
    if (binding->identity.len > 0)
        memcpy(identity, binding->identity.data, binding->identity.len);
    record = &list->records[list->n_records++];
    record->scheme = binding->scheme;
    record->identity = bytes_of(identity, binding->identity.len);
    record->stay = (struct device_stay) {
        .address = is_low ? binding->flow.low : binding->flow.high,
        .port = is_low ? binding->flow.port_low : binding->flow.port_high,
        .reason = binding->reason,
        .from_ns = binding->from_ns,
        .to_ns = binding->to_ns,
        .n_packets = binding->n_packets,
        .n_bytes = binding->n_bytes,
        .session = binding->session,
    };
    return true;
}

static int compare_identities(const struct record *a, const struct record *b)
{
    if (a->scheme != b->scheme)
        return a->scheme < b->scheme ? -1 : 1;
    return bytes_compare(a->identity, b->identity);
}

static int compare_records(const void *left, const void *right)
{
    const struct record *a = left, *b = right;
    int order = compare_identities(a, b);

    if (order != 0)
        return order;
    if (a->stay.from_ns != b->stay.from_ns)
        return a->stay.from_ns < b->stay.from_ns ? -1 : 1;
    return a->stay.to_ns < b->stay.to_ns ? -1 : a->stay.to_ns > b->stay.to_ns;
}

/* True when b, which began later, is the same stay gone on. */
static bool goes_on(const struct device_stay *a, const struct device_stay *b)
{
    bool is_same_end = ip_address_equal(&a->address, &b->address) && a->port == b->port;

    if (!is_same_end || a->reason != b->reason)
        return false;
    return (a->session != 0 && a->session == b->session) || b->from_ns <= a->to_ns ||
           b->from_ns - a->to_ns <= STAY_GAP_NS;
}

static void stay_join(struct device_stay *stay, const struct device_stay *next)
{
    if (next->to_ns > stay->to_ns)
        stay->to_ns = next->to_ns;
    stay->n_packets += next->n_packets;
    stay->n_bytes += next->n_bytes;
}

const struct device_entry *device_list_finish(struct device_list *list, uint32_t *n)
{
    struct device_entry *entry = NULL;
    uint32_t n_stays = 0;

    *n = 0;
    if (list->n_records == 0)
        return NULL;
    list->stays = calloc(list->n_records, sizeof *list->stays);
    list->entries = calloc(list->n_records, sizeof *list->entries);
    if (list->stays == NULL || list->entries == NULL)
        return NULL;
    qsort(list->records, list->n_records, sizeof *list->records, compare_records);
    for (uint32_t i = 0; i < list->n_records; i++) {
        const struct record *record = &list->records[i];
        const struct device_stay *stay = &record->stay;

        if (i == 0 || compare_identities(record - 1, record) != 0) {
            entry = &list->entries[(*n)++];
            *entry = (struct device_entry) { .scheme = record->scheme,
                                             .identity = record->identity,
                                             .first_ns = stay->from_ns,
                                             .last_ns = stay->to_ns,
                                             .stays = &list->stays[n_stays] };
        }
        if (stay->to_ns > entry->last_ns)
            entry->last_ns = stay->to_ns;
        entry->n_packets += stay->n_packets;
        entry->n_bytes += stay->n_bytes;
        if (entry->n_stays > 0 && goes_on(&list->stays[n_stays - 1], stay)) {
            stay_join(&list->stays[n_stays - 1], stay);
        } else {
            list->stays[n_stays++] = *stay;
            entry->n_stays++;
        }
    }
    return list->entries;
}

uint64_t device_list_left_out(const struct device_list *list)
{
    return list->n_left_out;
}
