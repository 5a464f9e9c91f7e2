/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mapped_file - a file's bytes in memory, that stay readable when another program cuts the file short.
 *
 * The kernel answers a touch of a page that is no longer in its file by SIGBUS. A handler puts zeroes there
 * instead, for files mapped here and no other address, and the loss is then told by mapped_file_is_whole. So
 * a capture ring that another program overwrites while it is read is a fault and not the program's end.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

enum { MAPPED_FILE_LIMIT = 1024 }; /* mapped at once; callers read() what comes after */

struct mapped_file;

/* fd is borrowed for the map's life. NULL: it cannot be mapped, or too many are; no fault, read it instead.
 */
struct mapped_file *mapped_file_open(int fd, uint64_t size_bytes);
void mapped_file_close(struct mapped_file *map);

struct bytes mapped_file_bytes(const struct mapped_file *map);

/* False with *error when the file has become shorter than it was at open. */
bool mapped_file_is_whole(const struct mapped_file *map, struct error *error);
