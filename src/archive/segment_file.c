/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/segment_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/timestamp.h"

static const char *const codec_suffixes[] = {
    [CODEC_NONE] = ".pcapng",
    [CODEC_ZSTD] = ".pcapng.zst",
    [CODEC_GZIP] = ".pcapng.gz",
};

enum { N_CODECS = sizeof codec_suffixes / sizeof codec_suffixes[0] };

static const char open_suffix[] = ".open";

bool segment_node_is_valid(const char *node)
{
    size_t len = strlen(node);

    if (len == 0 || len >= SEGMENT_NODE_BYTES)
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)node[i];

        if (c >= 0x80 || (!isalnum(c) && c != '-' && c != '_' && c != '.'))
            return false;
    }
    return strstr(node, ".pcapng") == NULL; /* that is where a stem ends */
}

void segment_name_format(const struct segment_name *name, char text[static SEGMENT_NAME_BYTES])
{
    int64_t seconds = name->ts_ns / NS_PER_SECOND;
    int64_t rest = name->ts_ns % NS_PER_SECOND;
    time_t t;
    struct tm tm;
    char date[32];

    if (rest < 0) {
        rest += NS_PER_SECOND;
        seconds--;
    }
    t = (time_t)seconds;
    gmtime_r(&t, &tm);
    strftime(date, sizeof date, "%Y%m%dT%H%M%S", &tm);
    snprintf(text, SEGMENT_NAME_BYTES, "%s.%09dZ-%s-%u%s%s", date, (int)rest, name->node, name->serial,
             codec_suffixes[name->codec], name->is_open ? open_suffix : "");
}

static bool parse_digits(const char **at, unsigned n, int *value)
{
    *value = 0;
    for (; n; n--, ++*at) {
        if (**at < '0' || **at > '9')
            return false;
        *value = *value * 10 + (**at - '0');
    }
    return true;
}

static bool parse_time(const char **at, int64_t *ts_ns)
{
    struct tm tm = { 0 };
    int ns;

    if (!parse_digits(at, 4, &tm.tm_year) || !parse_digits(at, 2, &tm.tm_mon) ||
        !parse_digits(at, 2, &tm.tm_mday) || *(*at)++ != 'T' || !parse_digits(at, 2, &tm.tm_hour) ||
        !parse_digits(at, 2, &tm.tm_min) || !parse_digits(at, 2, &tm.tm_sec) || *(*at)++ != '.' ||
        !parse_digits(at, 9, &ns) || *(*at)++ != 'Z')
        return false;
    if (tm.tm_year < 1678 || tm.tm_year > 2261) /* what 64 bits of nanoseconds hold */
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *ts_ns = (int64_t)timegm(&tm) * NS_PER_SECOND + ns;
    return true;
}

static bool ends_with(const char *text, size_t len, const char *end)
{
    size_t end_len = strlen(end);

    return len >= end_len && memcmp(text + len - end_len, end, end_len) == 0;
}

bool segment_name_parse(const char *name, struct segment_name *parsed)
{
    struct segment_name result = { 0 };
    size_t len = strlen(name);
    const char *at = name, *dash;
    char *digits_end;
    unsigned long serial;
    int codec;

    if (len >= SEGMENT_NAME_BYTES)
        return false;
    if (ends_with(name, len, open_suffix)) {
        result.is_open = true;
        len -= sizeof open_suffix - 1;
    }
    for (codec = N_CODECS - 1; codec >= 0 && !ends_with(name, len, codec_suffixes[codec]); codec--)
        ;
    if (codec < 0)
        return false;
    result.codec = (enum codec)codec;
    result.stem_len = len - strlen(codec_suffixes[codec]);

    if (!parse_time(&at, &result.ts_ns) || *at++ != '-')
        return false;
    dash = memrchr(name, '-', result.stem_len);
    if (dash == NULL || dash <= at || (size_t)(dash - at) >= sizeof result.node || !isdigit(dash[1]))
        return false;
    memcpy(result.node, at, (size_t)(dash - at));
    errno = 0;
    serial = strtoul(dash + 1, &digits_end, 10);
    if (digits_end != name + result.stem_len || errno || serial > UINT32_MAX ||
        !segment_node_is_valid(result.node))
        return false;
    result.serial = (uint32_t)serial;
    *parsed = result;
    return true;
}

bool segment_path_sibling(const char *segment_path, const char *suffix, char path[static SEGMENT_PATH_BYTES])
{
    const char *slash = strrchr(segment_path, '/');
    const char *name = slash ? slash + 1 : segment_path;
    const char *end = strstr(name, ".pcapng");
    size_t len = end ? (size_t)(end - segment_path) : strlen(segment_path);

    if (len + strlen(suffix) >= SEGMENT_PATH_BYTES)
        return false;
    memcpy(path, segment_path, len);
    strcpy(path + len, suffix);
    return true;
}

bool segment_file_append(int fd, const char *path, uint64_t offset, struct bytes content, struct error *error)
{
    size_t done = 0;

    while (done < content.len) {
        ssize_t n = pwrite(fd, content.data + done, content.len - done, (off_t)(offset + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0)
                errno = EIO;
            error_system(error, "%s: %zu bytes cannot be written at offset %llu", path, content.len,
                         (unsigned long long)offset);
            if (ftruncate(fd, (off_t)offset) < 0) {
                struct error second;

                error_system(&second, "and what was written of them cannot be taken back");
                error_context(error, "%s", second.text);
            }
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

bool segment_file_store(const char *path, struct bytes content, struct error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    bool ok;

    if (fd < 0)
        return error_system(error, "%s: cannot be created", path);
    ok = segment_file_append(fd, path, 0, content, error);
    if (ok && fsync(fd) < 0)
        ok = error_system(error, "%s: cannot be synced", path);
    if (close(fd) < 0 && ok)
        ok = error_system(error, "%s: cannot be closed", path);
    if (!ok)
        unlink(path);
    return ok;
}

ptrdiff_t segment_file_read(int fd, const char *path, uint64_t offset, void *data, size_t len,
                            struct error *error)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(fd, (uint8_t *)data + done, len - done, (off_t)(offset + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            error_system(error, "%s: cannot be read at offset %llu", path,
                         (unsigned long long)(offset + done));
            return -1;
        }
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ptrdiff_t)done;
}

bool segment_directory_sync_of(const char *path, struct error *error)
{
    char directory[SEGMENT_PATH_BYTES];
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return segment_directory_sync(".", error);
    if ((size_t)(slash - path) >= sizeof directory)
        return error_set(error, ERROR_USAGE, "%s: the path is too long", path);
    memcpy(directory, path, (size_t)(slash - path));
    directory[slash - path] = '\0';
    return segment_directory_sync(slash == path ? "/" : directory, error);
}

bool segment_directory_sync(const char *directory, struct error *error)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;

    if (!ok)
        error_system(error, "%s: cannot be synced", directory);
    if (fd >= 0)
        close(fd);
    return ok;
}
