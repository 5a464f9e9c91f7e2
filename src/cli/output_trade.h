/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_trade - what output.c and its formats share; nobody else includes it. A format appends to
 * output->text, which output.c hands to the stream.
 */
#pragma once

#include "cli/output.h"
#include "protocol/summary.h"

struct output_column { /* one -e */
    const char *name;  /* as it was written */
    uint16_t field;    /* FIELD_ID_NONE: a protocol's name was given */
    enum protocol_id protocol;
};

enum output_occurrence { OCCURRENCE_ALL, OCCURRENCE_FIRST, OCCURRENCE_LAST };

struct output_style { /* -E */
    bool has_header, has_bom;
    char separator, aggregator;
    char quote; /* 0: none */
    enum output_occurrence occurrence;
};

struct output_trade {
    bool (*begin)(struct output *output);
    bool (*packet)(struct output *output, const struct dissection *d);
    bool (*end)(struct output *output);
    bool (*answer)(struct output *output, const struct answer *answer); /* NULL: no room for it */
    void (*prepare)(struct output *output); /* what to demand without columns; NULL: nothing */
};

struct output {
    const struct output_trade *trade; /* NULL: OUTPUT_NONE */
    FILE *out;
    struct demand demand;
    struct buffer text;  /* of what is being printed */
    struct buffer value; /* of one value, where it must be escaped before it is printed */
    struct output_column *columns;
    uint32_t n_columns;
    struct output_style style;
    struct summarizer summarizer; /* of output_text */
    bool is_local;
    bool is_terminal;   /* the stream is one: nothing may speak to it */
    bool is_closed;     /* the reader went away */
    uint64_t n_packets; /* printed */
    bool has_answer;    /* behind them */
};

extern const struct output_trade output_trade_text;
extern const struct output_trade output_trade_fields;
extern const struct output_trade output_trade_json;

/*
 * The nth layer's value of a field, the first if there are several; false when it has none. For fields at a
 * fixed place and added ones; not for those that stand for several.
 */
bool output_layer_value(const struct dissection *d, uint32_t layer, uint16_t field, struct value *value);
