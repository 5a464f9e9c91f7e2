/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dns_name.h"

#include "protocol/text_value.h"

/* The least a name takes: less is the root (RFC 1035 section 3.1), or a pointer to it. */
enum { DNS_NAME_LEAST_BYTES = 2 };

enum name_step { NAME_ENDS, NAME_GOES_ON, NAME_BROKEN };

struct name_walk {
    struct reader at;   /* where it is read now: behind a pointer elsewhere than where the name stands */
    const uint8_t *end; /* of the name as it stands; NULL before the first pointer */
    uint32_t n_pointers;
    uint16_t mark; /* a pointer met before, held against the next ones: when it comes again, it is a circle */
    uint32_t mark_until; /* pointers, then a later one is marked: Brent's way to find circles */
    bool is_odd;         /* text is a constant that says so */
    struct dns_name *name;
    uint8_t *text; /* room for DNS_NAME_BYTES; NULL when only moving */
    uint32_t len;  /* of the text, were there room */
};

static void say(struct name_walk *walk, const char *text)
{
    walk->is_odd = true;
    if (walk->name) {
        walk->name->text = bytes_text(text);
        walk->name->len = (uint32_t)walk->name->text.len;
    }
}

static void put(struct name_walk *walk, struct bytes bytes)
{
    if (walk->text && bytes.len < DNS_NAME_BYTES && walk->len <= DNS_NAME_BYTES - bytes.len)
        memcpy(walk->text + walk->len, bytes.data, bytes.len);
    walk->len += (uint32_t)bytes.len;
}

static enum name_step follow_pointer(struct name_walk *walk, struct bytes message, uint8_t high)
{
    uint16_t target;
    uint8_t low;

    if (!reader_u8(&walk->at, &low))
        return NAME_BROKEN;
    target = (uint16_t)((high & 0x3f) << 8 | low);
    if (walk->end == NULL)
        walk->end = walk->at.at;
    if ((walk->n_pointers > 0 && target == walk->mark) || ++walk->n_pointers > DNS_NAME_POINTERS) {
        say(walk, "<Name contains a pointer that loops>");
        return NAME_ENDS;
    }
    if (walk->n_pointers >= walk->mark_until) {
        walk->mark = target;
        walk->mark_until = 2 * walk->n_pointers;
    }
    if (target > message.len)
        return NAME_BROKEN;
    walk->at.at = message.data + target;
    return NAME_GOES_ON;
}

static enum name_step walk_on(struct name_walk *walk, struct bytes message)
{
    struct bytes label;
    uint8_t head;

    if (!reader_u8(&walk->at, &head))
        return NAME_BROKEN;
    if (head == 0)
        return NAME_ENDS;
    switch (head >> 6) {
    case 0:
        if (walk->len > 0)
            put(walk, bytes_text("."));
        if (!reader_bytes(&walk->at, head, &label))
            return NAME_BROKEN;
        put(walk, label);
        return NAME_GOES_ON;
    case 1: /* RFC 2673 and its kin, withdrawn by RFC 6891 section 5: where they end is not known */
        say(walk, "<Unknown extended label>");
        return NAME_ENDS;
    case 3:
        return follow_pointer(walk, message, head);
    default:
        return NAME_BROKEN;
    }
}

static uint32_t labels_of(struct bytes text)
{
    uint32_t n = text.len > 1;

    for (size_t i = 0; n && i < text.len; i++)
        n += text.data[i] == '.';
    return n;
}

bool dns_name_read(struct dns_message *message, struct reader *r, bool may_end, struct dns_name *name)
{
    struct name_walk walk = { .at = *r, .name = name, .mark_until = 1 };
    uint32_t scratch_used = message->d->scratch_used;
    enum name_step step = NAME_GOES_ON;
    size_t taken;

    if (name) {
        *name = (struct dns_name) { 0 };
        walk.text = dissection_scratch(message->d, DNS_NAME_BYTES);
    }
    while (step == NAME_GOES_ON) {
        if (may_end && reader_left(&walk.at) == 0)
            break;
        if (message->steps_left == 0)
            return false;
        message->steps_left--;
        step = walk_on(&walk, message->bytes);
    }
    if (step == NAME_BROKEN)
        return false;
    if (walk.end == NULL)
        walk.end = walk.at.at;
    taken = (size_t)(walk.end - r->at);
    r->at = walk.end;
    if (!walk.is_odd && walk.len > DNS_NAME_BYTES)
        say(&walk, "<Name too long>");
    if (!walk.is_odd && walk.len == 0) {
        if (taken > DNS_NAME_LEAST_BYTES)
            return false;
        say(&walk, "<Root>");
    }
    if (name == NULL)
        return true;
    if (walk.is_odd) {
        message->d->scratch_used = scratch_used;
    } else if (walk.text) {
        message->d->scratch_used = scratch_used + walk.len; /* the rest of the room is given back */
        name->len = walk.len;
        name->text = bytes_of(walk.text, walk.len);
    }
    name->n_labels = labels_of(name->text);
    name->text = text_value_escaped(message->d, name->text);
    return true;
}
