/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openapi - docs/openapi.json as it was when the program was built.
 */
#pragma once

#include "base/bytes.h"

struct bytes openapi_description(void);
