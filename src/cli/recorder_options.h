/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder_options - the options that record and import share: where the archive is, how it rotates and what
 * it keeps.
 */
#pragma once

#include "base/option.h"
#include "pipeline/recorder.h"

struct recorder_settings {
    const char *directory, *compress, *node, *min_free;
    uint64_t rotate_bytes, keep_bytes;
    int64_t rotate_ns, keep_age_ns;
    bool wants_decap;
};

/* Laid out by hand: inside a macro the rows would be torn apart. */
/* clang-format off */
/* NOLINTBEGIN(bugprone-macro-parentheses): struct tags and members cannot stand in parentheses */
/* Rows of an option table; `settings` is the command's struct, `member` its struct recorder_settings. */
#define RECORDER_OPTIONS(settings, member) \
    { 'w', "write", OPTION_TEXT, offsetof(struct settings, member.directory), "DIR", \
      "the archive directory; made if it is not there" }, \
    { 'C', NULL, OPTION_SIZE, offsetof(struct settings, member.rotate_bytes), "SIZE", \
      "begin a new segment after SIZE compressed bytes (256M)" }, \
    { 'G', NULL, OPTION_DURATION, offsetof(struct settings, member.rotate_ns), "SECONDS", \
      "begin a new segment at whole multiples of SECONDS, by the clock (3600; also 15m, 1h;\n" \
      "0 never)" }, \
    { 0, "keep-bytes", OPTION_SIZE, offsetof(struct settings, member.keep_bytes), "SIZE", \
      "delete the oldest segments when the archive is larger" }, \
    { 0, "keep-age", OPTION_DURATION, offsetof(struct settings, member.keep_age_ns), "TIME", \
      "delete segments older than TIME: 7d, 36h" }, \
    { 0, "min-free", OPTION_TEXT, offsetof(struct settings, member.min_free), "SIZE|%", \
      "delete the oldest segments when the disk has less room than this: 10G, 5%" }, \
    { 0, "compress", OPTION_TEXT, offsetof(struct settings, member.compress), "CODEC", \
      "zstd (default), zstd:LEVEL, gzip (opened in place by every Wireshark), none" }, \
    { 0, "node", OPTION_TEXT, offsetof(struct settings, member.node), "NAME", \
      "the recorder's name in file names (the host's name)" }, \
    { 0, "decap", OPTION_FLAG, offsetof(struct settings, member.wants_decap), NULL, \
      "take VXLAN off packets of files and interfaces; the interface then names the mirror" }
/* NOLINTEND(bugprone-macro-parentheses) */
/* clang-format on */

void recorder_settings_init(struct recorder_settings *settings); /* the defaults */

enum { RECORDER_NODE_BYTES = 64 };

/* What the recorder is called: as given, or (NULL) the host's name. File names are made of it: what has no
 * place there becomes '-'. */
void recorder_node_name(const char *given, char text[static RECORDER_NODE_BYTES]);

/* Checks, makes the directory. *options borrows from *settings and from node_text. */
bool recorder_settings_apply(const struct recorder_settings *settings, struct recorder_options *options,
                             char node_text[static RECORDER_NODE_BYTES], struct error *error);
