/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcap_resume - where, behind damage, records of a classic pcap file begin again. The format has no mark to
 * look for, so it is a guess: the first place from which several records in a row make sense, as times near
 * those before the damage and lengths that lead from one to the next. Two chance records in a row are rarer
 * than one in 2^80 bytes of noise.
 *
 * Knows bytes only; who brings them, and counts what is passed over, is source/pcap_file.
 */
#pragma once

#include "packet/pcap_read.h"

enum {
    PCAP_RESUME_RECORDS = 3,     /* in a row that make sense */
    PCAP_RESUME_BYTES = 1 << 20, /* that so many records fit into */
};

/*
 * Do records begin right at the start of bytes? seconds: since 1970, of the newest sound record before; 0
 * none. is_end: the file ends with the bytes.
 */
bool pcap_records_begin(const struct pcap_header *header, uint32_t seconds, struct bytes bytes, bool is_end);

/* Can a record of that time follow one of the other, or is it worth a closer look? Both since 1970. */
bool pcap_is_near(uint32_t seconds, uint32_t other_seconds);

/*
 * Tries the places from `from` on. True: records begin at *at. False: none do before *at, from where to try
 * on when there are more bytes. seconds: since 1970, of the newest sound record; 0 none. is_end: no more
 * bytes will come; else wants PCAP_RESUME_BYTES beyond from.
 */
bool pcap_resume(const struct pcap_header *header, uint32_t seconds, struct bytes bytes, bool is_end,
                 size_t from, size_t *at);
