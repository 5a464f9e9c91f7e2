/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interface - where packets were seen: pcapng's Interface Description Block (draft-ietf-opsawg-pcapng,
 * section 4.2), and the table that numbers them for one stream of packets. Bounded; only grows; numbers stay
 * valid.
 */
#pragma once

#include "base/error.h"
#include "base/bytes.h"

enum { INTERFACE_TEXT_BYTES = 256, INTERFACE_LIMIT = 65536 };

struct interface {
    uint16_t linktype;
    uint32_t snaplen;                       /* 0: no limit */
    char name[INTERFACE_TEXT_BYTES];        /* if_name: "eth0", "vxlan 10.20.1.10 vni 42"; "" unknown */
    char description[INTERFACE_TEXT_BYTES]; /* if_description; "" unknown */
    char filter[INTERFACE_TEXT_BYTES];      /* if_filter, the BPF expression; "" none */
    char os[INTERFACE_TEXT_BYTES];          /* if_os; "" unknown */
    uint8_t tsresol; /* if_tsresol it had where it came from: 6 micro, 9 nano (pcapng coding) */
};

/* All zero is an empty table. */
struct interface_table {
    struct interface *items;
    uint32_t n;
    uint32_t cap;
    struct interface_slot *slots; /* finds equal ones; interface.c's own */
    uint32_t n_slots;
    uint64_t seed;
};

void interface_table_clear(struct interface_table *table);

/* Appends; answers its number, or UINT32_MAX with *error set at INTERFACE_LIMIT or without memory. */
uint32_t interface_table_add(struct interface_table *table, const struct interface *interface,
                             struct error *error);

/* How many of each entry's equals one file has told of so far. All zero at its start. */
struct interface_twins {
    uint32_t *n_met; /* by number in the table */
    uint32_t cap;
};

void interface_twins_restart(struct interface_twins *twins); /* another file, or section, begins */
void interface_twins_clear(struct interface_twins *twins);

/*
 * The number of the next description in a file: two files that describe the same interfaces share numbers,
 * while twins inside one file stay apart. UINT32_MAX with *error set as above.
 */
uint32_t interface_table_enter(struct interface_table *table, struct interface_twins *twins,
                               const struct interface *interface, struct error *error);

/*
 * The number of the nth (from 0) entry equal in every member, else appends. UINT32_MAX as above.
 */
uint32_t interface_table_map(struct interface_table *table, const struct interface *interface, uint32_t nth,
                             struct error *error);
