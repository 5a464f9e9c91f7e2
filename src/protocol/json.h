/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json - whether a payload that nothing else claims is JSON.
 */
#pragma once

#include "base/bytes.h"

/* Objects and arrays throughout, and at least one. */
bool json_is_likely(struct bytes payload);
