/* SPDX-License-Identifier: Apache-2.0 */
#include "base/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/size_text.h"
#include "base/timestamp.h"

#define REDRAW_NS (NS_PER_SECOND / 5)
#define FIRST_DRAW_NS (NS_PER_SECOND / 2) /* what is done by then needs no line */

enum { LINE_BYTES = 256 };

void progress_init(struct progress *progress, const char *what, int64_t now_ns)
{
    *progress = (struct progress) { .what = what,
                                    .started_ns = now_ns,
                                    .drawn_ns = now_ns + FIRST_DRAW_NS - REDRAW_NS,
                                    .is_terminal = isatty(STDERR_FILENO) == 1 };
}

bool progress_format(struct buffer *line, const char *what, uint64_t done_bytes, uint64_t size_bytes,
                     uint64_t n_packets, int64_t elapsed_ns)
{
    char text[SIZE_TEXT_BYTES];
    double seconds = (double)elapsed_ns / (double)NS_PER_SECOND;
    double rate = seconds > 0 ? (double)done_bytes / seconds : 0;

    buffer_put_text(line, what);
    if (size_bytes > 0 && done_bytes <= size_bytes)
        buffer_printf(line, " %.0f %%", 100.0 * (double)done_bytes / (double)size_bytes);
    buffer_printf(line, " %s", size_format(done_bytes, text));
    if (size_bytes > 0)
        buffer_printf(line, " of %s", size_format(size_bytes, text));
    buffer_printf(line, ", %s/s", size_format((uint64_t)rate, text));
    buffer_printf(line, ", %s packets", count_format(n_packets, text));
    if (size_bytes > done_bytes && rate > 0) {
        double left_ns = (double)(size_bytes - done_bytes) / rate * (double)NS_PER_SECOND;

        if (left_ns < 1e18)
            buffer_printf(line, ", %s left", duration_format((int64_t)left_ns, text));
    }
    return !line->is_full;
}

void progress_show(struct progress *progress, uint64_t done_bytes, uint64_t size_bytes, uint64_t n_packets,
                   int64_t now_ns)
{
    struct buffer line;

    if (!progress->is_terminal || now_ns - progress->drawn_ns < REDRAW_NS)
        return;
    progress->drawn_ns = now_ns;
    progress->is_drawn = true;
    buffer_init(&line, LINE_BYTES);
    progress_format(&line, progress->what, done_bytes, size_bytes, n_packets, now_ns - progress->started_ns);
    fprintf(stderr, "\r%.*s\033[K", (int)line.len, (const char *)line.data);
    fflush(stderr);
    buffer_clear(&line);
}

void progress_clear(struct progress *progress)
{
    if (!progress->is_drawn)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->is_drawn = false;
}
