/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file_identity.h"

#include <string.h>
#include <sys/stat.h>

bool file_identity_of(const char *path, int standard_fd, struct file_identity *identity)
{
    struct stat status;
    int result = strcmp(path, "-") == 0 ? fstat(standard_fd, &status) : stat(path, &status);

    if (result != 0 || !S_ISREG(status.st_mode))
        return false;
    *identity = (struct file_identity) { status.st_dev, status.st_ino };
    return true;
}

bool file_identity_equal(const struct file_identity *a, const struct file_identity *b)
{
    return a->device == b->device && a->inode == b->inode;
}
