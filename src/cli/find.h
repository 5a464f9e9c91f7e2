/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find - what the files of `tapdeck find` share: the question, and all that answering it takes. The road is
 * cmd_find (the loop), find_question (what is asked), find_input (where it is looked for), find_explain (what
 * is said about it).
 */
#pragma once

#include "archive/archive_source.h"
#include "base/option.h"
#include "base/progress.h"
#include "base/time_range.h"
#include "cli/answer.h"
#include "cli/capture_files.h"
#include "cli/held_packets.h"
#include "cli/output.h"
#include "device/device_match.h"
#include "filter/sieve.h"
#include "packet/pcap_writer.h"
#include "pipeline/archive_coverage.h"
#include "pipeline/device_search.h"
#include "pipeline/handover.h"
#include "protocol/state.h"

struct find_settings {
    const char *archive, *filter, *device, *from, *to, *write, *format;
    struct text_list files, fields, settings, preferences, decode_as;
    uint64_t limit, n_threads;
    bool wants_count, wants_explanation, is_local, is_alone;
};

struct find {
    const struct find_settings *settings;
    struct time_range range;
    struct preferences preferences;
    uint64_t hash_seed;
    struct interface_table interfaces;
    struct filter *filter;
    struct external_answers *answers; /* tshark's, to the filter's external tests */
    struct handover_counters handed;
    struct sieve *sieve; /* says which packets need not be dissected; NULL: all are */
    bool is_sieving;     /* here; else the source does it, or nobody */
    bool is_glancing;    /* device_match_may_be says which packets are looked at */
    struct output *output;
    struct pcap_writer *writer;
    struct device_match *match;
    struct device_search *search;
    struct held_packets *held; /* fragments of which it is not known yet whose they are */
    struct catalog catalog;
    struct capture_files *files;
    struct source *source;
    struct hint *hint; /* what an archive may pass over */
    struct hint *past; /* but for what came before; NULL: nothing depends on that */
    struct demand demand;
    struct dissect_state *state;
    struct dissection *dissection;
    struct progress progress;
    struct archive_coverage coverage; /* of an archive */
    uint64_t n_read, n_found, n_found_cut;
    const char *fault; /* what ended the reading of capture files; NULL: their end */
};

/* The question's texts become filter, range, device and output. */
bool find_prepare(struct find *find, struct error *error);

/* Whether tshark is asked about some of the filter's tests. */
bool find_is_handed_over(const struct find *find);

/* Opens what is read, having looked up where the device was, and has tshark judge what it must. */
bool find_open_input(struct find *find, struct error *error);

/* Opens -w, which must not be what is read. */
bool find_open_writer(struct find *find, struct error *error);

/* How far the reading is, for people, now and then. */
void find_show_progress(void *context, uint64_t n_packets);

/* --explain: before the loop, and behind it. */
void find_explain_question(const struct find *find);
void find_explain_work(const struct find *find);

/* How complete the answer is, as far as is known by now. */
struct answer find_answer(const struct find *find);
