/* SPDX-License-Identifier: Apache-2.0 */
/*
 * size_text - amounts written for people: "1.2 GB", "4 310 223", "3m 20s". Decimal units, as disks are sold;
 * option.h reads them back (size_parse).
 */
#pragma once

#include <stdint.h>

enum { SIZE_TEXT_BYTES = 32 };

/* "0 B", "999 B", "1.23 GB", "45.6 MB", "789 kB": three figures that count. */
const char *size_format(uint64_t size_bytes, char text[static SIZE_TEXT_BYTES]);

/* "4,310,223" whatever the locale. */
const char *count_format(uint64_t count, char text[static SIZE_TEXT_BYTES]);

/* The two largest units: "12d 4h", "3m 20s", "7.5s", "12ms", "0s". */
const char *duration_format(int64_t duration_ns, char text[static SIZE_TEXT_BYTES]);
