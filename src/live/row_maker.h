/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row_maker - the row of a dissected packet: its summary, its device and its marks. One a thread.
 */
#pragma once

#include "live/live_devices.h"
#include "live/row.h"
#include "protocol/summary.h"

struct row_maker {
    struct summarizer summarizer;
    struct packet_summary summary;
    char label[DEVICE_LABEL_BYTES];
};

void row_maker_init(struct row_maker *maker);

/* What a dissection must be asked for; to be merged. */
void row_maker_demand(const struct row_maker *maker, struct demand *demand);

/* Borrowed until the next call, and as long as the owner's names. */
void row_make(struct row_maker *maker, const struct dissection *d, const struct packet_owner *owner,
              struct row *row);
