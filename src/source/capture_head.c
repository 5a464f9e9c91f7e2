/* SPDX-License-Identifier: Apache-2.0 */
#include "source/capture_head.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "packet/pcap_read.h"
#include "source/openers.h"
#include "source/unpack.h"

enum { MAGIC_BYTES = 4 };

static enum unpack_result read_descriptor(void *context, uint8_t *data, size_t cap, size_t *len,
                                          struct error *error)
{
    const int *fd = context;
    ssize_t n;

    do {
        n = read(*fd, data, cap);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        error_system(error, "cannot be read");
        return UNPACK_FAULT;
    }
    *len = (size_t)n;
    return n ? UNPACK_BYTES : UNPACK_END;
}

/* Of one that could not be opened as a capture: can it be that it is none? */
static bool is_foreign(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct error error;
    struct unpack *unpack = fd < 0 ? NULL : unpack_new(read_descriptor, &fd, &error);
    uint8_t bytes[MAGIC_BYTES];
    size_t n = 0, len = 0;
    enum unpack_result result = UNPACK_FAULT;

    while (unpack && n < sizeof bytes &&
           (result = unpack_read(unpack, bytes + n, sizeof bytes - n, &len, &error)) == UNPACK_BYTES)
        n += len;
    unpack_free(unpack);
    if (fd >= 0)
        close(fd);
    if (result == UNPACK_FAULT)
        return false;
    return n < sizeof bytes || !(pcap_is_magic(bytes_of(bytes, n)) || pcapng_is_magic(bytes_of(bytes, n)));
}

enum capture_kind capture_head_read(const char *path, void (*take)(void *context, const struct packet *first),
                                    void *context, struct error *error)
{
    struct interface_table interfaces = { 0 };
    struct source *source = pcap_file_open(path, &interfaces, error);
    enum capture_kind kind = CAPTURE_UNREADABLE;
    enum source_result result = SOURCE_FAULT;
    struct batch batch = { 0 };

    if (source == NULL)
        return error->kind != ERROR_SYSTEM && is_foreign(path) ? CAPTURE_FOREIGN : CAPTURE_UNREADABLE;
    if (!batch_init(&batch, 0))
        error_set(error, ERROR_SYSTEM, "no memory for packets");
    else
        while ((result = source_next(source, &batch, -1, error)) == SOURCE_IDLE)
            ;
    if (result == SOURCE_PACKETS) {
        take(context, &batch.packets[0]);
        kind = CAPTURE_PACKETS;
    } else if (result == SOURCE_END) {
        kind = CAPTURE_EMPTY;
    }
    source_close(source);
    batch_clear(&batch);
    interface_table_clear(&interfaces);
    return kind;
}
