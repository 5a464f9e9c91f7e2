/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pin_table - what people said about packets, as it lies in share.db: pins on (source, packet number), which
 * outlive filters, reconnects and the packet itself, and the replies to them. Who may see or change one is
 * pins.h's to say.
 *
 * A pin that was taken away can be put back for PIN_UNDO_NS, with its replies; then it is deleted.
 */
#pragma once

#include <jansson.h>

#include "web/access.h"
#include "web/share_database.h"

enum {
    PIN_TEXT_CHARS = 500,
    PINS_LIMIT = 10000,       /* in all */
    PIN_REPLIES_LIMIT = 200,  /* to one */
    PINS_ANSWER_LIMIT = 2000, /* of a source, told at once: the newest */
};

#define PIN_UNDO_NS (60 * INT64_C(1000000000))

struct pin {
    int64_t id;
    const char *source;
    uint64_t number;
    int64_t ts_ns;
    int64_t parent; /* 0: a pin; else a reply to that one */
    const char *text;
    const char *person, *name; /* who wrote it: public name, and what he was called then */
    const char *link;          /* he came by; "": a member */
    int64_t created_ns, edited_ns, resolved_ns, removed_ns; /* 0: not */
    int64_t hold;                                           /* of tapdeck.db; 0: none */
};

/* True when it may be said: 1 to PIN_TEXT_CHARS characters of plain text. Else *error says what is wrong. */
bool pin_text_check(struct bytes text, struct error *error);

/* Opens share.db for pins: what is written survives a kill, and a power cut but for the last moments. */
struct database *pin_table_open(const char *directory, struct error *error);

/* Gives pin->id. ERROR_LIMIT: too many. A reply is refused, ERROR_USAGE, when its pin is not there. */
bool pin_table_add(struct database *database, struct pin *pin, struct error *error);

/* What is to be changed; NULL and -1: stays. */
struct pin_change {
    const char *text;
    int resolved;   /* 0, 1 */
    int removed;    /* 0: put back; 1 */
    const char *by; /* the person's public name */
};

/* False with *error. *was_there: false when there is none (or it was removed for longer than can be undone).
 */
bool pin_table_change(struct database *database, int64_t id, const struct pin_change *change, int64_t now_ns,
                      bool *was_there, struct error *error);

/* The pin or reply of that id, removed ones too; its texts are freed by pin_clear. False with *error; id 0 in
 * *pin: there is none. */
bool pin_table_find(struct database *database, int64_t id, struct pin *pin, struct error *error);
void pin_clear(struct pin *pin);

bool pin_table_set_hold(struct database *database, int64_t id, int64_t hold, struct error *error);

/*
 * A pin with its replies as in openapi.json, "Pin" (a new reference). NULL with *error, or, with kind
 * ERROR_NONE, when it is not there or was removed.
 */
json_t *pin_table_json(struct database *database, int64_t id, struct error *error);

/* The pins of a source by number, each to told (which borrows them); at most PINS_ANSWER_LIMIT. */
bool pin_table_each(struct database *database, const char *source,
                    void (*told)(void *context, const struct pin *pin), void *context, struct error *error);

/* Deletes what was removed for longer than can be undone; the holds they had go to told. */
bool pin_table_forget(struct database *database, int64_t now_ns, void (*told)(void *context, int64_t hold),
                      void *context, struct error *error);
