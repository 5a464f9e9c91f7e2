/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operand_read - the lists that computing begins with: a field's or a protocol's values in the packet, of the
 * layers that "#" picks, and constants.
 */
#pragma once

#include "filter/operand_list.h"

/* Each fills the list on top, which is empty. */
void operand_read_field(struct operands *operands, const struct node *node);
void operand_read_protocol(struct operands *operands, const struct node *node);
void operand_read_constant(struct operands *operands, const struct node *node);
