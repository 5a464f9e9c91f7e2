/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "base/utf8.h"

enum { SENTENCE_BYTES = 1024, RECORD_BYTES = 4 * SENTENCE_BYTES + 64 };

void log_write(enum level level, const char *format, ...)
{
    static const char *const names[] = {
        [LEVEL_ERROR] = "error: ", [LEVEL_WARNING] = "warning: ", [LEVEL_NOTICE] = ""
    };
    char stamp[TIMESTAMP_TEXT_BYTES], sentence[SENTENCE_BYTES];
    struct buffer record;
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    timestamp_format(timestamp_now(), false, stamp);

    buffer_init(&record, RECORD_BYTES);
    buffer_printf(&record, "%.23sZ %s", stamp, names[level]);
    utf8_put_escaped(&record, bytes_text(sentence)); /* one record stays one line, whatever is quoted in it */
    buffer_put_u8(&record, '\n');
    if (write(STDERR_FILENO, record.data, record.len) < 0) {
        /* nobody listens: there is nowhere left to say so */
    }
    buffer_clear(&record);
}
