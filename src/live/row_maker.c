/* SPDX-License-Identifier: Apache-2.0 */
#include "live/row_maker.h"

void row_maker_init(struct row_maker *maker)
{
    summarizer_init(&maker->summarizer);
}

void row_maker_demand(const struct row_maker *maker, struct demand *demand)
{
    summarizer_demand(&maker->summarizer, demand);
}

static uint8_t marks_of(const struct packet_summary *summary, const struct packet *packet,
                        const struct packet_owner *owner)
{
    unsigned marks = summary->severity == SUMMARY_ERROR     ? ROW_ERROR
                     : summary->severity == SUMMARY_WARNING ? ROW_WARNING
                                                            : 0;

    if (packet->caplen < packet->len)
        marks |= ROW_CUT;
    if (owner->names)
        marks |= owner->is_sender ? ROW_FROM_DEVICE : ROW_TO_DEVICE;
    return (uint8_t)marks;
}

void row_make(struct row_maker *maker, const struct dissection *d, const struct packet_owner *owner,
              struct row *row)
{
    const struct packet *packet = d->packet;
    struct packet_summary *summary = &maker->summary;

    summarize(&maker->summarizer, d, summary);
    *row = (struct row) {
        .number = packet->packet_id ? packet->packet_id : packet->number,
        .ts_ns = packet->ts_ns,
        .len = packet->len,
        .marks = marks_of(summary, packet, owner),
        .source = bytes_text(summary->source),
        .destination = bytes_text(summary->destination),
        .device = packet_owner_label(owner, maker->label),
        .protocol = bytes_text(summary->protocol),
        .info = bytes_of(summary->info, summary->info_len),
    };
    if (row->device.len == 0)
        row->marks = (uint8_t)(row->marks & ~(ROW_FROM_DEVICE | ROW_TO_DEVICE));
}
