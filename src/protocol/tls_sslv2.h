/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_sslv2 - the ClientHello of SSL 2.0, which clients for all versions sent (RFC 5246 appendix E.2):
 *
 *    0      1     2      3    4    5    6    7    8    9    10
 *   +-----------+------+---------+---------+---------+---------+- - -
 *   | 0x80 | len|  1   | version | suites  | session | challenge lengths
 *   +-----------+------+---------+---------+---------+---------+- - -
 *
 * What a server of SSL 2.0 answers is not read: RFC 6176 forbids it.
 */
#pragma once

#include "protocol/tls_turn.h"

bool tls_is_sslv2_hello(const struct reader *r);

/* Adds it, and moves *r behind it, or to the end where it goes on. */
enum dissect_result tls_sslv2_hello(struct tls_turn *turn, struct reader *r);
