/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_reader_walk - what recovery and check must know besides the packets while they read a segment in
 * file order. Internal to this folder.
 */
#pragma once

#include "archive/segment_reader.h"

struct segment_walk {
    struct segment_block row; /* of the block that the last call of segment_reader_next was about */
    bool is_whole;            /* finished; else raw is all there is of it */
    struct bytes raw;         /* its whole pcapng blocks; borrowed until the next call */
};

void segment_reader_walk(const struct segment_reader *reader, struct segment_walk *walk);
