/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture_list - the files that a command line means: those named, and those in the directories named, with
 * all directories below them. Looks at names and at what stat says, never into a file: what one holds is told
 * by its content (capture_head).
 *
 * Left out, and counted: hidden names (they begin with a dot) inside directories, what is neither file nor
 * directory, links to directories (they may lead round in circles), and the directory `except`, which is
 * where the packets go to.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "base/option.h"

struct listed_file {
    char *path;
    bool is_named;  /* on the command line, by itself */
    bool is_stream; /* standard input ("-"), a pipe: it can be read once and has no size */
    bool is_absent; /* error says why it cannot be looked at */
    dev_t device;
    ino_t inode;
    uint64_t size_bytes;
    int64_t mtime_ns;
};

struct capture_list {
    struct listed_file *files; /* a directory's in the order of their names */
    uint32_t n, cap;
    uint32_t n_directories, n_hidden, n_special, n_links;
    bool has_met_except;
};

/* Adds what the path means. False with *error: it is not there, or there is no memory. except: may be NULL.
 */
bool capture_list_add(struct capture_list *list, const char *path, const char *except, struct error *error);
void capture_list_clear(struct capture_list *list);
