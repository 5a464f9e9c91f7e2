/* SPDX-License-Identifier: Apache-2.0 */
#include "web/certificate.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, DAY_SECONDS = 86400 };

/* Under another name first: no half of it is ever read. */
static bool write_file(const char *directory, const char *path, const char *const *names, size_t n_names,
                       int64_t now_s)
{
    char other[PATH_BYTES + 32];
    struct error ignored;
    bool is_written;
    int fd;

    snprintf(other, sizeof other, "%s/.serve.pem.%d", directory, (int)getpid());
    fd = open(other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    is_written = tls_write_self_signed(fd, names, n_names, now_s, &ignored) && fsync(fd) == 0;
    is_written = close(fd) == 0 && is_written && rename(other, path) == 0;
    if (!is_written)
        unlink(other);
    return is_written;
}

struct tls *certificate_open(const char *directory, const char *const *names, size_t n_names, int64_t now_s,
                             bool *is_kept, struct error *error)
{
    char path[PATH_BYTES];
    struct stat status;
    struct tls *tls;

    snprintf(path, sizeof path, "%s/serve.pem", directory);
    *is_kept = true;
    if (lstat(path, &status) == 0 && S_ISREG(status.st_mode)) {
        if (status.st_mode & (S_IRWXG | S_IRWXO)) {
            error_set(
                error, ERROR_USAGE,
                "others may read %s, which has the key of the certificate: remove it, and a new one is made",
                path);
            return NULL;
        }
        tls = tls_open(path, path, error);
        if (tls == NULL || tls_is_good_for(tls, now_s, (int64_t)CERTIFICATE_RENEW_DAYS * DAY_SECONDS))
            return tls;
        tls_close(tls);
    }
    if (write_file(directory, path, names, n_names, now_s))
        return tls_open(path, path, error);
    *is_kept = false;
    return tls_open_self_signed(names, n_names, now_s, error);
}
