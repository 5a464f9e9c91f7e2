/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_option - the options of EDNS, RFC 6891 section 6.1.2: the data of an OPT record.
 */
#pragma once

#include "protocol/dns_rdata.h"

bool dns_options(struct rdata *data);
