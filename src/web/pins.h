/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins - who may say what about which packet: the rules above pin_table, the holds that keep pinned packets
 * past retention, and what is told to those who look when something changed. Runs in a worker, on its own
 * connection to share.db; whether a scope covers a packet is asked of the caller, who has the archive at
 * hand.
 *
 * - A pin is made with the role comment, on a packet that the author's scope covers. It is changed by its
 * author (the same person: the same visit or login) or with the role control; replies likewise.
 * - Who may not see the packet does not learn that there is a pin: PINS_NOT_HERE, whatever he asks.
 * - Each pin holds its packet's moment in the archive: the segments with packets of that instant. The hold
 * bears the pin's number, lasts PIN_HOLD_NS and has a quota; it goes with the pin. When there is no room for
 * another hold, the pin stands without, and says so by hold 0.
 */
#pragma once

#include "web/pin_table.h"

enum { PIN_HOLDS_LIMIT = 192 /* of the HOLDS_LIMIT of an archive: the rest is for people's own */ };

#define PIN_HOLD_NS (365 * 86400 * INT64_C(1000000000))
#define PIN_HOLD_QUOTA_BYTES UINT64_C(4000000000) /* segments may be of some GB */

enum pins_result {
    PINS_DONE,
    PINS_NOT_HERE,  /* no such pin or packet, or outside of the scope */
    PINS_FORBIDDEN, /* the role is too little, or it is somebody else's */
    PINS_REFUSED,   /* *error: the words are wrong, or there is no room */
    PINS_FAULT,     /* *error */
};

/* Who does it. Texts borrowed. */
struct pins_author {
    enum access_role role;
    const char *person, *name, *link;
};

/* Says whether the asker's scope covers that packet, and when it was: *ts_ns is its time when that is known
 * already (a pin outlives its packet), else PIN_TIME_UNKNOWN. False with kind ERROR_NONE: no. */
#define PIN_TIME_UNKNOWN INT64_MIN
struct pins_cover {
    bool (*covers)(void *context, const char *source, uint64_t number, int64_t *ts_ns, struct error *error);
    void *context;
};

/* *id: the new pin's, or the reply's. */
enum pins_result pins_add(const char *directory, const struct pins_author *author,
                          const struct pins_cover *cover, const char *source, uint64_t number,
                          struct bytes text, int64_t now_ns, int64_t *id, struct error *error);
enum pins_result pins_reply(const char *directory, const struct pins_author *author,
                            const struct pins_cover *cover, const char *source, int64_t pin,
                            struct bytes text, int64_t now_ns, int64_t *id, struct error *error);

/* id: a pin's or a reply's. change->by is filled in here. *pin_id: the pin it belongs to. */
enum pins_result pins_change(const char *directory, const struct pins_author *author,
                             const struct pins_cover *cover, const char *source, int64_t id,
                             struct pin_change *change, int64_t now_ns, int64_t *pin_id, struct error *error);

/* All of a source that cover covers, as an array of Pin (a new reference). NULL with *error. */
json_t *pins_list(const char *directory, const struct pins_cover *cover, const char *source,
                  struct error *error);

/* Deletes what was taken away for longer than can be undone, and its holds. */
bool pins_forget(const char *directory, int64_t now_ns, struct error *error);
