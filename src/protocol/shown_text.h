/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shown_text - strangers' text as fields hold it: what Wireshark makes of bytes that are no text of the kind
 * expected, so that a comparison with such a field has the same answer. Texts that are right as they stand
 * are borrowed from the packet; only others are put together in the packet's scratch.
 */
#pragma once

#include "protocol/dissection.h"

/* ASCII: each byte above 127 becomes U+FFFD. */
struct bytes shown_ascii(struct dissection *d, struct bytes text);

/* UTF-8: each piece that is not well-formed (Unicode 3.9, maximal subparts) becomes U+FFFD. */
struct bytes shown_utf8(struct dissection *d, struct bytes text);

/* Up to the first NUL, which ends it. */
struct bytes shown_until_nul(struct bytes text);

/* Escaped: what cannot be printed becomes \n, \001 or \u200B. */
struct bytes shown_escaped(struct dissection *d, struct bytes text);
