/* SPDX-License-Identifier: Apache-2.0 */
/*
 * word - how far a word goes in a filter's text.
 *
 * Names, numbers, addresses, bytes and dates are all words; which one it is, the check says. The longest
 * reading counts: 10.0.0.0/8 is one word, for an address may have a prefix, but 10/8 is a division; ip.src-1
 * is a name, for names may have a "-" in them.
 */
#pragma once

#include "base/bytes.h"

/* The length in bytes of the word that text begins with; 0 when it begins with none. */
size_t word_length(struct bytes text);
