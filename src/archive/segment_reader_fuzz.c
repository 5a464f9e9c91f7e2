/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the codec, and whether the segment is open; the rest is the file. */
#include "archive/segment_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const ends[] = { ".pcapng", ".pcapng.zst", ".pcapng.gz" };
    struct interface_table interfaces = { 0 };
    struct segment_reader *reader;
    const struct packet *packets;
    struct error error;
    volatile uint64_t seen = 0;
    char path[128];
    uint32_t n;
    int fd;

    if (size == 0)
        return 0;
    snprintf(path, sizeof path, "/dev/shm/20240829T100000.000000000Z-fuzz-%d%s%s", (int)getpid(),
             ends[data[0] % 3], data[0] & 4 ? ".open" : "");
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
        abort();
    close(fd);
    reader = segment_reader_open(path, NULL, &interfaces, &error);
    if (reader) {
        enum segment_result result;

        while ((result = segment_reader_next(reader, &packets, &n, &error)) != SEGMENT_END) {
            for (uint32_t i = 0; result == SEGMENT_BLOCK && i < n; i++) {
                for (uint32_t b = 0; b < packets[i].caplen; b += 16)
                    seen += packets[i].data[b];
            }
        }
    }
    segment_reader_close(reader);
    interface_table_clear(&interfaces);
    (void)seen;
    unlink(path);
    return 0;
}
