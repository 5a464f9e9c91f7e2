/* SPDX-License-Identifier: Apache-2.0 */
/* sharkd_tree - sharkd's tree of a frame (its "frame" answer) as openapi.json's layers. */
#pragma once

#include "base/buffer.h"

/* False when it is no such answer. */
bool sharkd_tree_put(struct bytes answer, struct buffer *layers);
