/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oscore - a message within a CoAP payload, protected by RFC 8613.
 */
#pragma once

#include "protocol/dissection.h"

/* has_piv: the message, or the request it answers to, has a Partial IV: without, there is no nonce. */
enum dissect_result oscore_dissect_message(struct dissection *d, struct reader *r, bool has_piv);
