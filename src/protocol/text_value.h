/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_value - strangers' text as Wireshark holds it, so that filters compare and count alike: which part of
 * it is no text of the kind expected stands there as U+FFFD, and most strings end at their first NUL.
 *
 * What needs no change, nearly everything, is borrowed from the packet; the rest is written anew into the
 * packet's scratch room, and is NULL data when that is used up.
 */
#pragma once

#include "protocol/dissection.h"

/* Up to the first NUL. */
struct bytes text_value_until_nul(struct bytes bytes);

/* What is no UTF-8 is replaced as Unicode advises (chapter 3.9): one U+FFFD for each longest part that began
 * well. */
struct bytes text_value_utf8(struct dissection *d, struct bytes bytes);

/* Each byte above 0x7f is replaced. */
struct bytes text_value_ascii(struct dissection *d, struct bytes bytes);

/* UTF-8 of which what cannot be printed becomes \n, \001 or \u200B. */
struct bytes text_value_escaped(struct dissection *d, struct bytes text);

/* Puts n parts together in the scratch room. */
struct bytes text_value_join(struct dissection *d, const struct bytes *parts, unsigned n_parts);

void text_add_utf8_slow(struct dissection *d, uint16_t field_id, struct bytes bytes);
void text_add_ascii_slow(struct dissection *d, uint16_t field_id, struct bytes bytes);

/* Add a string, up to its first NUL, to the top layer, if it is in demand. */
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
