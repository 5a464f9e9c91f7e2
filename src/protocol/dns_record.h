/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_record - what follows the header of a DNS message: questions and resource records, RFC 1035
 * sections 4.1.2 and 4.1.3, and the parameters of stateful operations, RFC 8490. The data of records is
 * dns_rdata's.
 */
#pragma once

#include "protocol/dns_name.h"

/* Reads one at *r. False where the message breaks off, or it cannot be. *is_transfer: it asks for a zone. */
bool dns_question_read(struct dns_message *message, struct reader *r, bool is_mdns, bool *is_transfer);
bool dns_record_read(struct dns_message *message, struct reader *r, bool is_mdns);

/* Reads the parameters of a stateful operation, to the end. */
bool dns_operation_read(struct dns_message *message, struct reader *r);
