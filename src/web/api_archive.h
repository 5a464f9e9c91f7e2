/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_archive - the handlers of what is answered from the archive and the filter language: docs/openapi.json
 * has what each takes and gives. One small file a noun.
 */
#pragma once

#include "web/exchange.h"

/* api_rows.c */
void api_rows(struct exchange *exchange);

/* api_timeline.c */
void api_timeline(struct exchange *exchange);
void api_count(struct exchange *exchange);

/* api_packet.c */
void api_packet(struct exchange *exchange);
void api_packet_bytes(struct exchange *exchange);

/* api_find.c */
void api_find(struct exchange *exchange);

/* api_devices.c */
void api_devices(struct exchange *exchange);
void api_device(struct exchange *exchange);
void api_session(struct exchange *exchange);

/* api_filter.c */
void api_filter_check(struct exchange *exchange);
void api_fields(struct exchange *exchange);
void api_filter_values(struct exchange *exchange);

/* api_status.c */
void api_me(struct exchange *exchange);
void api_status(struct exchange *exchange);
void api_sources(struct exchange *exchange);
void api_description(struct exchange *exchange); /* openapi.json */
