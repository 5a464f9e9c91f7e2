/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lwm2mtlv - LwM2M's own format of values, which does not say what object they are of.
 */
#pragma once

#include "protocol/dissection.h"

/* path: of the request that the values answer to or bring, "/3/0/13"; empty when not known. */
enum dissect_result lwm2mtlv_dissect_path(struct dissection *d, struct reader *r, struct bytes path);
