/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame - Wireshark's pseudo protocol of what is known about a packet without looking into it.
 */
#pragma once

#include "protocol/dissection.h"

void frame_begin(struct dissection *d); /* pushes the frame's layer, outermost */
void frame_end(struct dissection *d);   /* adds its values, when all other layers are known */
