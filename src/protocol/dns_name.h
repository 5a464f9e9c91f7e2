/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_name - domain names in messages: labels, and pointers to where the rest stands (RFC 1035
 * section 4.1.4).
 *
 * Strangers' pointers may lead in circles or through all of the message again and again. So a circle is
 * looked for while the name is followed, a text has DNS_NAME_BYTES at most, and all names of a message
 * together may take DNS_NAME_STEPS labels and pointers, several times what an honest one of 64 KiB holds.
 */
#pragma once

#include "protocol/dissection.h"

enum {
    DNS_NAME_BYTES = 1024,    /* of a name's text; RFC 1035 allows 255 */
    DNS_NAME_POINTERS = 1024, /* in a name */
    DNS_NAME_STEPS = 1 << 17, /* labels and pointers in all names of a message */
};

struct dns_message {
    struct dissection *d;
    struct bytes bytes;  /* from the header on: what pointers count from; as far as captured */
    uint32_t steps_left; /* DNS_NAME_STEPS at first */
};

struct dns_name {
    struct bytes
        text; /* as it is shown; lies in the packet's scratch, or is a constant; empty when that is full */
    uint32_t len; /* of the text before it was escaped */
    uint32_t n_labels;
};

/*
 * Reads the name at *r, which runs over the message, and moves behind it. name may be NULL: only moves.
 * may_end: the name may end where *r does, without the root's label. False where there is no name, or the
 * message ends in it.
 */
bool dns_name_read(struct dns_message *message, struct reader *r, bool may_end, struct dns_name *name);
