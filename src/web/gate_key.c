/* SPDX-License-Identifier: Apache-2.0 */
#include "web/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/rand.h>

enum { PATH_BYTES = 4096 };

static const char file_name[] = "serve.key";

static bool read_key(int fd, const char *path, uint8_t key[static GATE_KEY_BYTES], struct error *error)
{
    struct stat status;
    ssize_t len = read(fd, key, GATE_KEY_BYTES);

    if (len < 0 || fstat(fd, &status) != 0)
        return error_system(error, "cannot read %s", path);
    if (status.st_mode & (S_IRWXG | S_IRWXO))
        return error_set(
            error, ERROR_USAGE,
            "others may read %s, which logins are signed with: remove it, and everybody logs in anew", path);
    if (len != GATE_KEY_BYTES || status.st_size != GATE_KEY_BYTES)
        return error_set(error, ERROR_DAMAGED, "%s is damaged: remove it, and everybody logs in anew", path);
    return true;
}

/* Under another name first: no half of it is ever read. Who comes second takes that of the first. */
static bool write_key(const char *directory, const char *path, const uint8_t key[static GATE_KEY_BYTES])
{
    char other[PATH_BYTES + 32];
    bool is_written;
    int fd;

    snprintf(other, sizeof other, "%s/.%s.%d", directory, file_name, (int)getpid());
    fd = open(other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    is_written = write(fd, key, GATE_KEY_BYTES) == GATE_KEY_BYTES && fsync(fd) == 0;
    is_written = close(fd) == 0 && is_written && link(other, path) == 0;
    unlink(other);
    return is_written;
}

bool gate_key_load(const char *directory, uint8_t key[static GATE_KEY_BYTES], bool *is_kept,
                   struct error *error)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "%s/%s", directory, file_name);
    for (int i = 0; i < 2; i++) {
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        *is_kept = true;
        if (fd >= 0) {
            bool is_read = read_key(fd, path, key, error);

            close(fd);
            return is_read;
        }
        if (errno != ENOENT)
            return error_system(error, "cannot read %s", path);
        if (RAND_bytes(key, GATE_KEY_BYTES) != 1)
            return error_set(error, ERROR_SYSTEM, "no randomness to sign logins with");
        if (write_key(directory, path, key))
            return true;
    }
    *is_kept = false;
    return true;
}
