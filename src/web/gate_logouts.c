/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_logouts - who logged out before his cookie's time, so that the cookie opens nothing any more, also
 * after a restart: lines "PERSON EXPIRES" (seconds since 1970) in serve.logouts beside the archive. Written
 * at each logout, by appending; what is over is left out when it is read.
 */
#include "web/gate_parts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/timestamp.h"

enum { PATH_BYTES = 4096, LINE_BYTES = 64 };

static const char file_name[] = "serve.logouts";

static bool is_person(const char *text)
{
    size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    return n > 0 && n < ACCESS_ID_BYTES && text[n] == '\0';
}

static void remember(struct gate *gate, const char *person, int64_t expires_ns)
{
    char key[ACCESS_ID_BYTES] = { 0 };
    int64_t *until_ns;

    memcpy(key, person, strnlen(person, sizeof key - 1));
    until_ns = lru_table_put(gate->logouts, key, NULL);
    if (until_ns)
        *until_ns = expires_ns;
}

/* The file again, without what is over. It stays as it was when that fails. */
static void write_again(const char *directory, const char *path, const struct buffer *kept)
{
    char other[PATH_BYTES + 32];
    bool is_written;
    int fd;

    snprintf(other, sizeof other, "%s/.%s.%d", directory, file_name, (int)getpid());
    fd = open(other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    is_written = write(fd, kept->data, kept->len) == (ssize_t)kept->len && fsync(fd) == 0;
    is_written = close(fd) == 0 && is_written && rename(other, path) == 0;
    if (!is_written)
        unlink(other);
}

void gate_logouts_load(struct gate *gate)
{
    char path[PATH_BYTES], line[LINE_BYTES];
    struct buffer kept;
    bool has_old = false;
    FILE *file;

    if (gate->directory == NULL)
        return;
    snprintf(path, sizeof path, "%s/%s", gate->directory, file_name);
    file = fopen(path, "re");
    if (file == NULL)
        return;
    buffer_init(&kept, (size_t)GATE_LOGOUTS_LIMIT * LINE_BYTES);
    while (fgets(line, sizeof line, file)) {
        char *space = strchr(line, ' ');
        long long expires_s = space ? strtoll(space + 1, NULL, 10) : 0;

        if (space)
            *space = '\0';
        if (space == NULL || !is_person(line) || expires_s > INT64_MAX / NS_PER_SECOND ||
            expires_s * NS_PER_SECOND <= timestamp_now()) {
            has_old = true;
            continue;
        }
        remember(gate, line, expires_s * NS_PER_SECOND);
        buffer_printf(&kept, "%s %lld\n", line, expires_s);
    }
    fclose(file);
    if (has_old && !kept.is_full)
        write_again(gate->directory, path, &kept);
    buffer_clear(&kept);
}

void gate_logouts_add(struct gate *gate, const char *person, int64_t expires_ns)
{
    char path[PATH_BYTES], line[LINE_BYTES];
    size_t len;
    bool is_kept;
    int fd;

    remember(gate, person, expires_ns);
    if (gate->directory == NULL)
        return;
    snprintf(path, sizeof path, "%s/%s", gate->directory, file_name);
    len = (size_t)snprintf(line, sizeof line, "%s %lld\n", person, (long long)(expires_ns / NS_PER_SECOND));
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    is_kept = fd >= 0 && write(fd, line, len) == (ssize_t)len;
    if (fd >= 0)
        close(fd);
    if (!is_kept)
        log_write(LEVEL_WARNING, "%s cannot be written: who logged out is forgotten at a restart", path);
}
