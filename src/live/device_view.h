/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_view - the devices of an archive, and one of them: its names, where and when it was, its sessions;
 * within a scope. From bindings alone: no packet is read.
 *
 * A scope with a filter or with packet numbers shows no devices at all: what its packets are can be told of
 * packets only. One with a device shows that one; one with a time what of each stay lies in it, and of the
 * packets of a stay that goes beyond as many as fall into that part if they came evenly.
 */
#pragma once

#include "base/json_writer.h"
#include "live/archive_rows.h"

enum { DEVICES_LISTED_LIMIT = 500, DEVICE_STAYS_LIMIT = 5000 };

enum view_result { VIEW_FOUND, VIEW_NOT_HERE, VIEW_FAULT };

struct devices_question {
    struct scope scope;
    struct device_question device; /* like, kind, times, address, order */
    uint64_t offset, n;
};

/* Writes the answer, as openapi.json's Devices. */
enum view_result devices_view_put(struct archive_devices *devices, const struct devices_question *question,
                                  struct json_writer *json, struct error *error);

/* As openapi.json's Device. range: of the asker, within the scope's. */
enum view_result device_view_put(struct archive_devices *devices, const struct scope *scope,
                                 const char *device, uint32_t n, struct json_writer *json,
                                 struct error *error);
