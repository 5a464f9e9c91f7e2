/* SPDX-License-Identifier: Apache-2.0 */
/*
 * payload_text - strings from packets as a filter sees them: well-formed UTF-8, up to the first NUL, with
 * U+FFFD for what is no text. Borrowed where nothing has to be replaced, which is nearly always.
 */
#pragma once

#include "protocol/dissection.h"

/* Bytes from 128 on are no ASCII: U+FFFD each. NULL data when the packet's scratch is used up. */
struct bytes payload_text_ascii(struct dissection *d, struct bytes bytes);

/* What is no well-formed UTF-8 is replaced, the longest beginning of a character by one U+FFFD. Likewise. */
struct bytes payload_text_utf8(struct dissection *d, struct bytes bytes);

/* Puts them together in the packet's scratch: as many parts as there are. Likewise. */
struct bytes payload_text_join(struct dissection *d, const struct bytes *parts, unsigned n_parts);
