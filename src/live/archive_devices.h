/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_devices - who was where, up to now, for everybody who asks at once: the archive's device table,
 * what the indexes say of segments that it does not contain yet, and what a tracker found in the segment that
 * is being written, which a thread of its own follows block by block while anybody asks.
 *
 * Rejected: a pass of the tracker over the open segment for each question (pipeline/archive_bindings does so,
 * for commands that run once): a page that scrolls asks every second.
 *
 * All functions: any thread; each takes the lock for as long as a lookup takes.
 */
#pragma once

#include "archive/device_query.h"
#include "device/device_match.h"

struct archive_devices;

/* The thread reads nothing until somebody asks. NULL with *error set. */
struct archive_devices *archive_devices_new(const char *directory, struct error *error);
void archive_devices_free(struct archive_devices *devices);

/* Somebody asks: the thread looks for what is new. Waits until it has looked once, for timeout_ms at most.
 * True: it has, and everything that can be read is known (is_complete of answers). */
bool archive_devices_refresh(struct archive_devices *devices, uint32_t timeout_ms);

/* Gives the spans of the device that the words name to match (to be settled by the caller), as find --device
 * does. *n_spans: 0: nobody of that name. */
bool archive_devices_match(struct archive_devices *devices, const char *device, struct device_match *match,
                           uint64_t *n_spans, struct error *error);

/* Every binding of the device, of all its names, by time. */
bool archive_devices_bindings(struct archive_devices *devices, const char *device, binding_function *function,
                              void *context, struct error *error);

/* Bindings whose client was at that end; the newest first. */
bool archive_devices_at(struct archive_devices *devices, const struct ip_address *address, uint16_t port,
                        binding_function *function, void *context, struct error *error);

/*
 * Devices that fit, offset left out, n at most: for each its bindings, then ended. *total: all that fit.
 */
bool archive_devices_list(struct archive_devices *devices, const struct device_question *question,
                          uint64_t offset, uint64_t n, binding_function *function,
                          void (*ended)(void *context), void *context, uint64_t *total, struct error *error);
