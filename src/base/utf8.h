/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf8 - strangers' text made fit to be shown: told apart from bytes that are no text, and without the
 * control characters that would let a packet speak to the terminal it is printed on.
 */
#pragma once

#include "base/buffer.h"

/*
 * Length of the character at the start of bytes (1 to 4), and the character in *character; 0 when no
 * well-formed one (RFC 3629: no overlong forms, no surrogates) begins there, or bytes is empty.
 */
size_t utf8_first(struct bytes bytes, uint32_t *character);

/* C0, C1 and DEL: what a terminal may act upon; and U+2028/2029, which some take for a new line. */
bool utf8_is_control(uint32_t character);

/* Well-formed UTF-8 throughout, without control characters, and not empty. */
bool utf8_is_printable(struct bytes bytes);

/*
 * Appends bytes as text: \n \r \t \b \f \v as those two characters, other controls and bytes that are no
 * UTF-8 as \x1b.
 */
bool utf8_put_escaped(struct buffer *buffer, struct bytes bytes);

/* The same of a text into room, ended by a zero and cut between characters where room ends; returns room. */
const char *utf8_show(const char *text, char *room, size_t room_bytes);

/* Columns it takes on a terminal, counting each character as one; what is no UTF-8 as one a byte. */
size_t utf8_columns(struct bytes bytes);
