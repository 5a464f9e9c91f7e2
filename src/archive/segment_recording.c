/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/segment_recording.h"

#include <stdio.h>
#include <string.h>

#include "archive/segment_format.h"
#include "base/reader.h"
#include "base/timestamp.h"
#include "packet/pcapng_option.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static const char live_words[] = "recorded since ", imported_words[] = "imported since ",
                  number_words[] = "packets from number ";

enum {
    OPTION_COMMENT = 1,
    STATISTICS_END = 3,
    STATISTICS_RECEIVED = 4,
    SECTION_FIXED_BYTES = 16,    /* of the body, before its options */
    STATISTICS_FIXED_BYTES = 12, /* likewise */
};

/* ---- in words ---- */

const char *recording_section_comment(const struct segment_recording *recording,
                                      char text[static RECORDING_COMMENT_BYTES])
{
    char since[TIMESTAMP_TEXT_BYTES];
    int len = 0;

    text[0] = '\0';
    if (recording->kind != RECORDING_UNTOLD)
        len = snprintf(text, RECORDING_COMMENT_BYTES, "%s%s",
                       recording->kind == RECORDING_LIVE ? live_words : imported_words,
                       timestamp_format(recording->since_ns, false, since));
    if (recording->first_number)
        snprintf(text + len, RECORDING_COMMENT_BYTES - (size_t)len, "%s%s%llu", len ? "; " : "", number_words,
                 (unsigned long long)recording->first_number);
    return text;
}

const char *recording_statistics_comment(const struct segment_recording *recording,
                                         char text[static RECORDING_COMMENT_BYTES])
{
    static const char *const ends[] = {
        [RECORDING_CUT] = "",
        [RECORDING_GOES_ON] = "; recording goes on",
        [RECORDING_STOPPED] = "; recording stopped",
    };

    snprintf(text, RECORDING_COMMENT_BYTES,
             "drops: kernel %llu, queue %llu, disk %llu; truncated by the mirror %llu%s",
             (unsigned long long)recording->n_kernel, (unsigned long long)recording->n_queue,
             (unsigned long long)recording->n_disk, (unsigned long long)recording->n_truncated_mirror,
             ends[recording->end]);
    return text;
}

static bool begins_with(struct bytes text, const char *words)
{
    size_t len = strlen(words);

    return text.len >= len && memcmp(text.data, words, len) == 0;
}

/* The number right behind the words; 0 when there is none. */
static uint64_t count_behind(struct bytes text, const char *words)
{
    const uint8_t *found = memmem(text.data, text.len, words, strlen(words));
    const uint8_t *end = text.data + text.len;
    uint64_t n = 0;

    for (const uint8_t *at = found ? found + strlen(words) : end; at < end && *at >= '0' && *at <= '9';
         at++) {
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(*at - '0'), &n))
            return 0;
    }
    return n;
}

static void take_section_comment(struct segment_recording *recording, struct bytes comment)
{
    bool is_live = begins_with(comment, live_words);
    size_t len = strlen(is_live ? live_words : imported_words), since_len;
    char since[TIMESTAMP_TEXT_BYTES];
    const uint8_t *end = comment.len ? memchr(comment.data, ';', comment.len) : NULL;

    if (begins_with(comment, number_words) || end)
        recording->first_number = count_behind(comment, number_words);
    if (!is_live && !begins_with(comment, imported_words))
        return;
    since_len = (end ? (size_t)(end - comment.data) : comment.len) - len;
    if (since_len >= sizeof since)
        return;
    memcpy(since, comment.data + len, since_len);
    since[since_len] = '\0';
    if (timestamp_parse(since, 0, false, &recording->since_ns))
        recording->kind = is_live ? RECORDING_LIVE : RECORDING_IMPORTED;
}

static void take_statistics_comment(struct segment_recording *recording, struct bytes comment)
{
    if (!begins_with(comment, "drops: "))
        return;
    recording->n_kernel += count_behind(comment, "kernel ");
    recording->n_queue += count_behind(comment, "queue ");
    recording->n_disk += count_behind(comment, "disk ");
    recording->n_truncated_mirror += count_behind(comment, "mirror ");
    if (memmem(comment.data, comment.len, "recording goes on", strlen("recording goes on")))
        recording->end = RECORDING_GOES_ON;
    else if (memmem(comment.data, comment.len, "recording stopped", strlen("recording stopped")))
        recording->end = RECORDING_STOPPED;
}

static void take_statistics(struct segment_recording *recording, struct reader *options)
{
    struct option_view option;

    recording->has_statistics = true;
    while (next_option(options, false, &option) == OPTION_NEXT) {
        struct reader value = reader_over(option.value);
        uint32_t high, low;
        uint64_t number;

        if (option.code == OPTION_COMMENT)
            take_statistics_comment(recording, option.value);
        else if (option.code == STATISTICS_END && reader_u32le(&value, &high) && reader_u32le(&value, &low))
            recording->until_ns = (int64_t)((uint64_t)high << 32 | low);
        else if (option.code == STATISTICS_RECEIVED && reader_u64le(&value, &number))
            recording->n_received += number;
    }
}

void recording_take_blocks(struct segment_recording *recording, struct bytes blocks)
{
    struct reader r = reader_over(blocks), body;
    struct option_view option;
    uint32_t type, length;

    while (reader_left(&r) >= PCAPNG_BLOCK_LEAST_BYTES && reader_u32le(&r, &type) &&
           reader_u32le(&r, &length) && length >= PCAPNG_BLOCK_LEAST_BYTES &&
           reader_sub(&r, length - PCAPNG_BLOCK_LEAST_BYTES, &body) && reader_skip(&r, 4)) {
        if (type == PCAPNG_SECTION && reader_skip(&body, SECTION_FIXED_BYTES)) {
            while (next_option(&body, false, &option) == OPTION_NEXT)
                if (option.code == OPTION_COMMENT)
                    take_section_comment(recording, option.value);
        } else if (type == PCAPNG_STATISTICS && reader_skip(&body, STATISTICS_FIXED_BYTES)) {
            take_statistics(recording, &body);
        }
    }
}

/* ---- in numbers ---- */

static uint64_t checksum(struct bytes summary, const uint8_t *section, size_t section_bytes)
{
    XXH3_state_t state;

    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, summary.data, summary.len);
    XXH3_64bits_update(&state, section, section_bytes - 8);
    return XXH3_64bits_digest(&state);
}

bool recording_put(struct buffer *file, const struct segment_recording *recording, struct bytes summary)
{
    size_t start = file->len;
    uint8_t kept[INDEX_SUMMARY_BYTES];
    uint64_t sum;

    assert(summary.len == sizeof kept);
    memcpy(kept, summary.data, sizeof kept); /* it may lie in the file, which moves as it grows */
    buffer_put_u8(file, (uint8_t)recording->kind);
    buffer_put_u8(file, (uint8_t)recording->end);
    buffer_put_u8(file, recording->has_statistics);
    for (unsigned i = 0; i < 5; i++)
        buffer_put_u8(file, 0);
    buffer_put_u64le(file, (uint64_t)recording->since_ns);
    buffer_put_u64le(file, (uint64_t)recording->until_ns);
    buffer_put_u64le(file, recording->n_received);
    buffer_put_u64le(file, recording->n_kernel);
    buffer_put_u64le(file, recording->n_queue);
    buffer_put_u64le(file, recording->n_disk);
    buffer_put_u64le(file, recording->n_truncated_mirror);
    buffer_put_u64le(file, recording->n_cut);
    if (!buffer_put_u64le(file, recording->first_number))
        return false;
    sum = checksum(bytes_of(kept, sizeof kept), file->data + start, INDEX_RECORDING_BYTES);
    return buffer_put_u64le(file, sum);
}

bool recording_read(struct bytes section, struct bytes summary, struct segment_recording *recording)
{
    struct reader r = reader_over(section);
    struct segment_recording read = { 0 };
    uint64_t since, until, sum;
    uint8_t kind, end, has_statistics;

    if ((section.len != INDEX_RECORDING_BYTES && section.len != INDEX_RECORDING_UNNUMBERED_BYTES) ||
        !reader_u8(&r, &kind) || !reader_u8(&r, &end) || !reader_u8(&r, &has_statistics) ||
        !reader_skip(&r, 5) || !reader_u64le(&r, &since) || !reader_u64le(&r, &until) ||
        !reader_u64le(&r, &read.n_received) || !reader_u64le(&r, &read.n_kernel) ||
        !reader_u64le(&r, &read.n_queue) || !reader_u64le(&r, &read.n_disk) ||
        !reader_u64le(&r, &read.n_truncated_mirror) || !reader_u64le(&r, &read.n_cut) ||
        (section.len == INDEX_RECORDING_BYTES && !reader_u64le(&r, &read.first_number)) ||
        !reader_u64le(&r, &sum) || sum != checksum(summary, section.data, section.len) ||
        kind > RECORDING_IMPORTED || end > RECORDING_STOPPED)
        return false;
    read.kind = (enum recording_kind)kind;
    read.end = (enum recording_end)end;
    read.has_statistics = has_statistics != 0;
    read.since_ns = (int64_t)since;
    read.until_ns = (int64_t)until;
    *recording = read;
    return true;
}
