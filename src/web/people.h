/* SPDX-License-Identifier: Apache-2.0 */
/*
 * people - who is here and looks where: presence, follow and bring (ui.md R11, R12), and what is told to all
 * whom it concerns, such as pins. Makes the JSON of these messages (docs/live-protocol.md); the socket that
 * bears them is its owner's, who has a seat here.
 *
 * Who sees whom: members see everybody; guests see members, and those who came by the same link. Guests of
 * different links never learn of each other.
 *
 * Where somebody is, is told in full to members and to guests of his own link. Other guests are told what
 * their link may know: nothing outside of its source and time ("outside"), else screen, packet and time,
 * never the filter or a device's name. The packet's number opens nothing: what it names is asked for through
 * the link.
 *
 * A frame is made once for all guests of a link, and once for all members. The loop's thread.
 */
#pragma once

#include <jansson.h>

#include "net/loop.h"
#include "net/shared_bytes.h"
#include "web/links.h"

enum {
    PEOPLE_TOLD_LIMIT = 100,    /* in one message: those who moved last; the rest is a number */
    PEOPLE_PLACE_BYTES = 2048,  /* of a place as JSON */
    PEOPLE_NAME_CHARS = 40,     /* longer ones are cut */
    PEOPLE_NAMES_KEPT = 4096,   /* of those who left: what pins call their authors */
    PEOPLE_TELL_MS = 1000,      /* `people` at most so often */
    PEOPLE_LEAD_MS = 100,       /* `lead` at most so often */
    PEOPLE_AWAY_MS = 60 * 1000, /* without a sign of life */
    PEOPLE_BRING_MS = 5000,     /* one invitation of a person in this time */
};

struct people;
struct person;

struct people_seat { /* one live socket: inside its owner */
    /* A whole WebSocket text frame, borrowed. Must not call people_... */
    void (*send)(void *context, struct shared_bytes *frame);
    void *context;

    struct people_seat *next, *previous; /* of all */
    struct people_seat *next_of_person;
    struct person *person; /* NULL: not seated */
    struct access access;  /* a copy */
    struct link_watch watch;
    char follows[ACCESS_ID_BYTES]; /* person; "": nobody */
};

/* links: to count viewers with; may be NULL. NULL with *error set. */
struct people *people_new(struct loop *loop, struct links *links, uint64_t hash_seed, struct error *error);
void people_free(struct people *people); /* all seats must have been left */

/*
 * Takes a seat for who said hello (NULL: without a word). LINK_IS_GOOD, or why his link has no place for him.
 * send and context are set before. `people` follows within PEOPLE_TELL_MS.
 */
enum link_answer people_sit(struct people *people, struct people_seat *seat, const struct access *access,
                            const json_t *hello);
void people_leave(struct people *people, struct people_seat *seat); /* fine when not seated */

/* "you" of the server's hello (a new reference). */
json_t *people_you(const struct people_seat *seat);

/* A second hello: another name. */
void people_rename(struct people *people, struct people_seat *seat, const json_t *hello);

/*
 * A message of type place, follow or bring. False: refused, *code and *words for `error`. Any other message
 * is a sign of life: people_stir (not ping and painted, which the page sends by itself).
 */
bool people_message(struct people *people, struct people_seat *seat, const json_t *message, const char **code,
                    const char **words);
void people_stir(struct people *people, struct people_seat *seat);

/* What he calls, or called, himself; NULL: never met. people may be NULL. */
const char *people_name(const struct people *people, const char *person);

/* ---- pins ---- */

/* Tells all whose access covers that packet. pin: as in the REST side; NULL: removed is the id of one that is
 * gone. covered: says it of links with a filter or a device; asked once a link. */
void people_tell_pin(struct people *people, const char *source, uint64_t number, int64_t ts_ns, json_t *pin,
                     const char *removed, bool (*covered)(void *context, const char *link), void *context);

/* Links of guests who are here, once each: whose scopes pins are to be held against. */
void people_each_link(const struct people *people, void (*told)(void *context, const struct access *access),
                      void *context);

struct people_statistics {
    uint32_t n_seats, n_people;
    uint64_t n_told, n_refused;
};
void people_statistics(const struct people *people, struct people_statistics *statistics);
