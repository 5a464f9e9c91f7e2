/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_identity - which file a path leads to, so that two names of one file are known as such, by whatever
 * links they go. Regular files only: a terminal, a pipe or /dev/null may be read and written at once.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct file_identity {
    dev_t device;
    ino_t inode;
};

/* "-" is standard_fd. False when there is no such file, or it is no regular one. */
bool file_identity_of(const char *path, int standard_fd, struct file_identity *identity);

bool file_identity_equal(const struct file_identity *a, const struct file_identity *b);
