/* SPDX-License-Identifier: Apache-2.0 */
/* The same bytes as blocks of a segment, and as the head of an index whose checksum is made right. */
#include "archive/segment_account.h"

#include <stdlib.h>
#include <string.h>

#include "archive/segment_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct segment_recording recording = { 0 };
    struct segment_account account = { 0 };
    char comment[RECORDING_COMMENT_BYTES];
    uint8_t *exact = malloc(size + 1);

    memcpy(exact, data, size);
    recording_take_blocks(&recording, bytes_of(exact, size));
    recording_section_comment(&recording, comment);
    recording_statistics_comment(&recording, comment);
    segment_account_parse(bytes_of(exact, size), 0, &account);
    if (size >= INDEX_SUMMARY_BYTES) { /* what is put is read back */
        struct segment_recording back;
        struct buffer section;

        buffer_init(&section, 4096);
        if (!recording_put(&section, &recording, bytes_of(exact, INDEX_SUMMARY_BYTES)) ||
            !recording_read(buffer_bytes(&section), bytes_of(exact, INDEX_SUMMARY_BYTES), &back) ||
            back.since_ns != recording.since_ns || back.n_kernel != recording.n_kernel)
            abort();
        buffer_clear(&section);
    }
    free(exact);
    return 0;
}
