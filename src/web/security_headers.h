/* SPDX-License-Identifier: Apache-2.0 */
/*
 * security_headers - what every answer says to a browser, whatever it is an answer to: nothing is loaded from
 * elsewhere, nothing is guessed, nobody frames it, no address leaks, no robot keeps it.
 */
#pragma once

#include "net/http_response.h"

void security_headers_put(struct http_response *response);
