/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recorder_options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/timestamp.h"

#define ROTATE_BYTES_DEFAULT (UINT64_C(256) * 1000 * 1000)
#define ROTATE_DEFAULT_NS (3600 * NS_PER_SECOND)

void recorder_settings_init(struct recorder_settings *settings)
{
    settings->rotate_bytes = ROTATE_BYTES_DEFAULT;
    settings->rotate_ns = ROTATE_DEFAULT_NS;
}

static bool parse_codec(const char *text, struct segment_options *segment, struct error *error)
{
    segment->codec = CODEC_ZSTD;
    if (text == NULL || strcmp(text, "zstd") == 0)
        return true;
    if (strcmp(text, "gzip") == 0) {
        segment->codec = CODEC_GZIP;
        return true;
    }
    if (strcmp(text, "none") == 0) {
        segment->codec = CODEC_NONE;
        return true;
    }
    if (strncmp(text, "zstd:", 5) == 0) {
        char *end;
        long level = strtol(text + 5, &end, 10);

        if (end != text + 5 && *end == '\0' && level >= -7 && level <= 19 && level != 0) {
            segment->level = (int)level;
            return true;
        }
        return error_set(error, ERROR_USAGE, "--compress %s: the level is a number from -7 to 19, not 0",
                         text);
    }
    return error_set(error, ERROR_USAGE,
                     "--compress %s is not known; there are zstd, zstd:LEVEL, gzip and none", text);
}

static bool parse_min_free(const char *text, struct retention *retention, struct error *error)
{
    size_t len = text ? strlen(text) : 0;

    if (len == 0)
        return true;
    if (text[len - 1] == '%') {
        char *end;
        unsigned long percent = strtoul(text, &end, 10);

        if (isdigit((unsigned char)text[0]) && *end == '%' && end == text + len - 1 && percent < 100) {
            retention->min_free_percent = (unsigned)percent;
            return true;
        }
    } else if (size_parse(text, &retention->min_free_bytes)) {
        return true;
    }
    return error_set(error, ERROR_USAGE, "--min-free %s: give a size as 10G, or a share of the disk as 5%%",
                     text);
}

void recorder_node_name(const char *given, char text[static RECORDER_NODE_BYTES])
{
    if (given)
        snprintf(text, RECORDER_NODE_BYTES, "%s", given);
    else if (gethostname(text, RECORDER_NODE_BYTES) != 0)
        snprintf(text, RECORDER_NODE_BYTES, "tapdeck");
    text[RECORDER_NODE_BYTES - 1] = '\0';
    for (char *c = text; *c; c++) {
        if (!isalnum((unsigned char)*c) && *c != '_' && *c != '.' && *c != '-')
            *c = '-';
    }
    if (text[0] == '\0' || text[0] == '.')
        snprintf(text, RECORDER_NODE_BYTES, "tapdeck");
}

bool recorder_settings_apply(const struct recorder_settings *settings, struct recorder_options *options,
                             char node_text[static RECORDER_NODE_BYTES], struct error *error)
{
    if (settings->directory == NULL)
        return error_set(error, ERROR_USAGE, "where to? give -w DIR, the archive directory");
    recorder_node_name(settings->node, node_text);
    options->segment.directory = settings->directory;
    options->segment.node = node_text;
    if (!parse_codec(settings->compress, &options->segment, error) ||
        !parse_min_free(settings->min_free, &options->retention, error))
        return false;
    options->retention.keep_bytes = settings->keep_bytes;
    options->retention.keep_age_ns = settings->keep_age_ns;
    options->rotate_bytes = settings->rotate_bytes;
    options->rotate_ns = settings->rotate_ns;
    options->wants_decap = settings->wants_decap;
    options->flush_ns = NS_PER_SECOND;
    if (mkdir(settings->directory, 0750) != 0 && errno != EEXIST)
        return error_system(error, "cannot make the archive directory %s", settings->directory);
    return true;
}
