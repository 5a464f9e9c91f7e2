/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_text - one line a packet for people: number, time, source and destination, protocol, length, and
 * what it is about: protocol/summary, in columns.
 */
#include "base/timestamp.h"
#include "base/utf8.h"
#include "cli/output_trade.h"

enum { END_COLUMNS = 21, PROTOCOL_COLUMNS = 8 }; /* "192.168.100.200:40020" */

static void text_prepare(struct output *output)
{
    summarizer_init(&output->summarizer);
    summarizer_demand(&output->summarizer, &output->demand);
}

static void put_padded(struct buffer *text, const char *word, size_t columns)
{
    size_t taken = utf8_columns(bytes_text(word));

    buffer_put_text(text, word);
    for (; taken < columns; taken++)
        buffer_put_u8(text, ' ');
}

/* Microseconds, and nanoseconds where there are any. */
static void put_time(struct buffer *text, int64_t ts_ns, bool is_local)
{
    char stamp[TIMESTAMP_TEXT_BYTES];
    size_t digits = ts_ns % 1000 == 0 ? 26 : 29;

    timestamp_format(ts_ns, is_local, stamp);
    buffer_put(text, stamp, digits);
    buffer_put_text(text, stamp + 29);
}

static bool text_begin(struct output *output)
{
    (void)output;
    return true;
}

static bool text_packet(struct output *output, const struct dissection *d)
{
    struct buffer *text = &output->text;
    struct packet_summary summary;

    summarize(&output->summarizer, d, &summary);
    buffer_printf(text, "%5llu ", (unsigned long long)d->packet->number);
    put_time(text, d->packet->ts_ns, output->is_local);
    buffer_put_u8(text, ' ');
    put_padded(text, summary.source, END_COLUMNS);
    buffer_put_text(text, " → ");
    put_padded(text, summary.destination, END_COLUMNS);
    buffer_put_u8(text, ' ');
    put_padded(text, summary.protocol, PROTOCOL_COLUMNS);
    buffer_printf(text, " %5u ", d->packet->len);
    buffer_put(text, summary.info, summary.info_len);
    return buffer_put_u8(text, '\n');
}

static bool text_end(struct output *output)
{
    (void)output;
    return true;
}

const struct output_trade output_trade_text = {
    .begin = text_begin,
    .packet = text_packet,
    .end = text_end,
    .prepare = text_prepare,
};
