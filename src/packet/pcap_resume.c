/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/pcap_resume.h"

#include <assert.h>

#include "base/reader.h"

enum { NEAR_DAYS = 400, CHAIN_BYTES = PCAP_RESUME_RECORDS * (24 + PCAP_PACKET_LIMIT_BYTES) };

static_assert((int)CHAIN_BYTES < (int)PCAP_RESUME_BYTES, "a whole chain can be seen");

struct record {
    uint32_t seconds, fraction, caplen, len;
};

static bool read_record(struct reader *r, const struct pcap_header *header, struct record *record)
{
    if (header->is_big_endian)
        return reader_u32(r, &record->seconds) && reader_u32(r, &record->fraction) &&
               reader_u32(r, &record->caplen) && reader_u32(r, &record->len) &&
               reader_skip(r, header->record_header_bytes - 16);
    return reader_u32le(r, &record->seconds) && reader_u32le(r, &record->fraction) &&
           reader_u32le(r, &record->caplen) && reader_u32le(r, &record->len) &&
           reader_skip(r, header->record_header_bytes - 16);
}

bool pcap_is_near(uint32_t seconds, uint32_t other_seconds)
{
    uint32_t apart = seconds > other_seconds ? seconds - other_seconds : other_seconds - seconds;

    return apart <= UINT32_C(86400) * NEAR_DAYS;
}

static bool is_sound(const struct pcap_header *header, uint32_t seconds, const struct record *record)
{
    if (seconds && !pcap_is_near(record->seconds, seconds))
        return false;
    return record->fraction < 1000000000 / header->fraction_ns && record->len != 0 &&
           record->len <= SNAPLEN_MAX && record->caplen <= record->len &&
           record->caplen <= header->packet_limit_bytes;
}

/* At the very end of a file fewer records will do, when they end with it. */
static bool begins_here(const struct pcap_header *header, uint32_t seconds, struct reader r, bool is_end)
{
    for (unsigned n = 0; n < PCAP_RESUME_RECORDS; n++) {
        struct record record = { 0 };

        if (is_end && reader_left(&r) == 0)
            return n > 0;
        if (!read_record(&r, header, &record))
            return n > 1; /* the last one was cut */
        if (!is_sound(header, seconds, &record))
            return false;
        seconds = record.seconds; /* where there was none to go by, those that follow go by each other */
        if (!reader_skip(&r, record.caplen))
            return n > 0;
    }
    return true;
}

bool pcap_records_begin(const struct pcap_header *header, uint32_t seconds, struct bytes bytes, bool is_end)
{
    return begins_here(header, seconds, reader_over(bytes), is_end);
}

bool pcap_resume(const struct pcap_header *header, uint32_t seconds, struct bytes bytes, bool is_end,
                 size_t from, size_t *at)
{
    size_t limit = bytes.len;

    if (!is_end)
        limit = bytes.len > CHAIN_BYTES ? bytes.len - CHAIN_BYTES : 0;
    for (*at = from; *at < limit; ++*at) {
        struct reader r = reader_over(bytes);

        if (!reader_skip(&r, *at))
            return false;
        if (begins_here(header, seconds, r, is_end))
            return true;
    }
    return false;
}
