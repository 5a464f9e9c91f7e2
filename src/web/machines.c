/* SPDX-License-Identifier: Apache-2.0 */
#include "web/machines.h"

void machines_health(struct exchange *exchange)
{
    exchange_answer_bytes(exchange, 200, "application/json", bytes_text("{\"status\":\"ok\"}\n"));
}
