/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_value - strings as Wireshark holds them, so that filters compare and count alike: a string ends at its
 * first NUL, and each part of it that is no text stands there as U+FFFD.
 *
 * What needs no change, nearly everything, is borrowed from the packet; the rest is written anew into the
 * packet's scratch room.
 */
#pragma once

#include "protocol/dissection.h"

/* What is no UTF-8 is replaced as Unicode advises (chapter 3.9): one U+FFFD for each longest part that began
 * well. */
void text_add_utf8_slow(struct dissection *d, uint16_t field_id, struct bytes bytes);

/* Each byte above 0x7f is replaced. */
void text_add_ascii_slow(struct dissection *d, uint16_t field_id, struct bytes bytes);

/* Add a string to the top layer, if it is in demand. */
static inline void text_add_utf8(struct dissection *d, uint16_t field_id, struct bytes bytes)
{
    if (dissection_wants(d, FIELD_PROTOCOL(field_id), FIELD_INDEX(field_id)))
        text_add_utf8_slow(d, field_id, bytes);
}

static inline void text_add_ascii(struct dissection *d, uint16_t field_id, struct bytes bytes)
{
    if (dissection_wants(d, FIELD_PROTOCOL(field_id), FIELD_INDEX(field_id)))
        text_add_ascii_slow(d, field_id, bytes);
}
