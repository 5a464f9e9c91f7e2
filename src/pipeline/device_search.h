/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_search - where and when was a device? Gathers the spans of one identity: from the device table and
 * the indexes of an archive, and by a pass of the tracker over what has none (capture files, the open
 * segment).
 */
#pragma once

#include <stdatomic.h>

#include "archive/catalog.h"
#include "device/binding.h"
#include "device/device_match.h"
#include "protocol/preferences.h"
#include "source/source.h"

struct device_search;

/* device: what the user typed (identity_is_named); match takes the spans. Both, and preferences, are
 * borrowed. */
struct device_search *device_search_new(const char *device, struct device_match *match,
                                        const struct preferences *preferences, uint64_t hash_seed,
                                        struct error *error);
void device_search_free(struct device_search *search);

/* All spans that a catalog's segments tell of. A segment that cannot be read is told by
 * device_search_trouble. counts_nameless: device_search_anonymous is to know of all segments. */
bool device_search_catalog(struct device_search *search, const struct catalog *catalog, bool counts_nameless,
                           struct error *error);

/*
 * All spans in a source's packets, read to its end; the source stays the caller's to close. stop: raised by a
 * signal. counts_nameless: device_search_anonymous is to know; it costs following everybody. seen: called now
 * and then for progress; may be NULL.
 */
bool device_search_source(struct device_search *search, struct source *source,
                          const struct interface_table *interfaces, bool counts_nameless,
                          const atomic_bool *stop, void (*seen)(void *context, uint64_t n_packets),
                          void *context, struct error *error);

/* How many bindings named the device, and how many of these were left out: none but attempts are taken that
 * are less than probable. */
uint64_t device_search_bindings(const struct device_search *search);
uint64_t device_search_left_out(const struct device_search *search);

/* How many sessions nobody named, of those that were scanned at least. */
uint64_t device_search_anonymous(const struct device_search *search);

/* How many bindings were taken for that reason, that sure. */
uint64_t device_search_taken(const struct device_search *search, enum binding_reason reason,
                             enum binding_confidence confidence);

/* What hides spans: the first segment that could not be read; NULL for none. */
const struct error *device_search_trouble(const struct device_search *search);

/* Why the archive's device table could not be asked (the indexes were instead); NULL for nothing. */
const struct error *device_search_table_trouble(const struct device_search *search);
