/* SPDX-License-Identifier: Apache-2.0 */
/* summary_fuzz - the row of any packet: no longer than its room, text that a terminal and a page may be
 * given. */
#include <assert.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "protocol/state.h"
#include "protocol/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const struct summarizer *summarizer, const struct dissection *d)
{
    struct packet_summary summary;

    summarize(summarizer, d, &summary);
    assert(strlen(summary.info) == summary.info_len);
    assert(summary.info_len == 0 || utf8_is_printable(bytes_of(summary.info, summary.info_len)));
    assert(strlen(summary.source) < SUMMARY_END_BYTES && strlen(summary.destination) < SUMMARY_END_BYTES);
    assert(summary.protocol && summary.protocol[0]);
}

static void prepare(struct summarizer *summarizer, struct demand *demand)
{
    summarizer_init(summarizer);
    demand_init(demand);
    summarizer_demand(summarizer, demand);
    demand_settle(demand);
}

/* Two bytes of link type; then packets, each behind two bytes of its length, of one conversation's state. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct summarizer summarizer;
    static struct demand demand;
    static struct dissection d;
    struct reader r = reader_over(bytes_of(data, len));
    struct dissect_state *state = dissect_state_new(1);
    struct packet packet = { .ts_ns = 1 };
    struct bytes bytes;
    uint16_t packet_len;

    if (state == NULL)
        return 0;
    if (summarizer.ids[0] == FIELD_ID_NONE)
        prepare(&summarizer, &demand);
    dissection_init(&d, &demand, state, NULL);
    if (!reader_u16(&r, &packet.linktype)) {
        dissect_state_free(state);
        return 0;
    }
    packet.linktype &= 0x1ff;
    while (reader_u16(&r, &packet_len) &&
           reader_bytes(&r, packet_len < reader_left(&r) ? packet_len : reader_left(&r), &bytes)) {
        packet.data = bytes.data;
        packet.caplen = (uint32_t)bytes.len;
        packet.len = packet_len > bytes.len ? packet_len : (uint32_t)bytes.len;
        packet.number++;
        packet.ts_ns += 1000000;
        dissect(&d, &packet);
        check(&summarizer, &d);
        if (reader_left(&r) == 0)
            break;
    }
    dissect_state_free(state);
    return 0;
}
