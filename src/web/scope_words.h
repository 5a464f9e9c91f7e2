/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scope_words - a scope as a sentence for people: "packets of device urn:x since 2026-11-22 14:00:00 UTC,
 * addresses and summary". What stands in the share dialog, in lists of links and above a guest's screen.
 */
#pragma once

#include "base/buffer.h"
#include "live/scope.h"

/* Appends it. Strangers' words in it are escaped (utf8_put_escaped). */
void scope_put_words(struct buffer *out, const struct scope *scope, bool is_local);
