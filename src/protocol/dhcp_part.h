/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dhcp_part - what options of DHCP are made of: numbers, texts, addresses, names, taken from a reader and
 * added as values. Knows no option; dhcp_option and dhcp_vendor say which parts one has.
 *
 * What answers bool says false where the option ends too early.
 */
#pragma once

#include "protocol/dhcp_option.h"
#include "protocol/dhcp_option_types.h"

void dhcp_add_number(struct dhcp_message *message, unsigned field, uint64_t number);
void dhcp_add_bytes(struct dhcp_message *message, unsigned field, struct bytes bytes);
void dhcp_add_text(struct dhcp_message *message, unsigned field, struct bytes text); /* up to its first NUL */

/* Notes that an option has not the length of its kind. True: the rest of the message is read all the same. */
bool dhcp_bad_length(struct dhcp_message *message);

/* n: bytes of it. number: what it is, NULL when nobody asks. */
bool dhcp_take_number(struct dhcp_message *message, struct reader *r, unsigned n, unsigned field,
                      uint64_t *number);
bool dhcp_take_bytes(struct dhcp_message *message, struct reader *r, size_t n, unsigned field);
bool dhcp_take_text(struct dhcp_message *message, struct reader *r, size_t n, unsigned field);

/* Values of n bytes up to the end; a rest that is too short for one is a bad length. */
bool dhcp_take_each(struct dhcp_message *message, struct reader *r, unsigned n, unsigned field);

/* A name; pointers in it count from the start of names. At its end it may lack the root. */
bool dhcp_take_name(struct dhcp_message *message, struct bytes names, struct reader *r, unsigned field);

/* An option that is one value, or a list of one kind. */
bool dhcp_read_typed(struct dhcp_message *message, const struct dhcp_option_type *type, struct bytes option);
