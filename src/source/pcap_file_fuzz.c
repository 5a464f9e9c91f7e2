/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mman.h>
#include <unistd.h>
#include <stdio.h>

#include "source/openers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The whole source, over a file in memory. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct interface_table interfaces = { 0 };
    int fd = memfd_create("capture", MFD_CLOEXEC);
    struct source *source = NULL;
    struct batch batch;
    struct error error;
    char path[64];

    if (fd >= 0 && write(fd, data, size) == (ssize_t)size && batch_init(&batch, 0)) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        source = pcap_file_open(path, &interfaces, &error);
        for (int calls = 0; source && calls < 100 && source_next(source, &batch, 0, &error) == SOURCE_PACKETS;
             calls++) {
            for (uint32_t i = 0; i < batch.n; i++)
                if (batch.packets[i].caplen > 0)
                    (void)*(const volatile uint8_t *)&batch.packets[i].data[batch.packets[i].caplen - 1];
        }
        batch_clear(&batch);
    }
    source_close(source);
    interface_table_clear(&interfaces);
    if (fd >= 0)
        close(fd);
    return 0;
}
