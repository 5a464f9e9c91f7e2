/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_print - a device's account as lines for people, or as JSON. One at a time: nothing is kept.
 */
#pragma once

#include "base/buffer.h"
#include "base/json_writer.h"
#include "device/device_account.h"

void device_print_head(struct buffer *out, bool is_local);
void device_print_text(struct buffer *out, const struct device_account *account, bool is_local);
void device_print_json(struct json_writer *json, const struct device_account *account, bool is_local);

/* "10.1.2.3:40020", "[2001:db8::1]:5684" */
enum { ENDPOINT_BYTES = IP_ADDRESS_TEXT_BYTES + 10 };
const char *endpoint_format(const struct ip_address *address, uint16_t port,
                            char text[static ENDPOINT_BYTES]);
