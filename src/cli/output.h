/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output - packets as text for people and programs: one line each, tshark's fields, tshark's JSON.
 */
#pragma once

#include <stdio.h>

#include "base/buffer.h"
#include "base/option.h"
#include "protocol/dissection.h"

enum output_format { OUTPUT_TEXT, OUTPUT_FIELDS, OUTPUT_JSON, OUTPUT_NONE };

struct output_options {
    enum output_format format;
    const struct text_list *fields; /* -e, in order */
    const struct text_list
        *settings; /* -E header=y separator=, occurrence=f aggregator=; quote=d, as tshark's */
    bool is_local; /* times in the local zone */
    /* Whether another program takes the name for a field, for the error's sake; NULL: nobody is asked. */
    bool (*is_known_elsewhere)(void *context, const char *name);
};

struct output;

/* NULL with *error: an unknown field (with the nearest name) or -E setting. options is borrowed. */
struct output *output_new(const struct output_options *options, FILE *out, struct error *error);

/* What a dissection must be asked for to print; to be merged with the filter's. */
const struct demand *output_demand(const struct output *output);

bool output_begin(struct output *output, struct error *error);
bool output_packet(struct output *output, const struct dissection *d, struct error *error);

struct answer;

/* How complete the answer is, behind the last packet: JSON has room for it, the others go without. */
bool output_answer(struct output *output, const struct answer *answer, struct error *error);
bool output_end(struct output *output, struct error *error); /* also after an interrupt: leaves valid JSON */
void output_free(struct output *output);

/* True once a write failed because whoever reads the stream has gone (| head): reason to stop, not to
 * complain. */
bool output_is_closed(const struct output *output);
