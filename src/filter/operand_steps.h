/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operand_steps - works out what is computed: arithmetic, slices and functions, over lists of values.
 */
#pragma once

#include "filter/operand_list.h"

/* Runs the steps of one operand; its list is then on top of the stack. */
void operand_steps_run(struct operands *operands, const struct steps *steps);
