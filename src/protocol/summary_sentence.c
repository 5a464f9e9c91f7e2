/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/summary_sentence.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/ip_address.h"

/* ---- what the layer has ---- */

bool sentence_value_of(const struct sentence *s, uint32_t layer, unsigned field, struct value *value)
{
    const struct dissection *d = s->d;
    uint16_t id = s->ids[field];

    if (id == FIELD_ID_NONE || layer >= d->n_layers)
        return false;
    if (field_of(id)->n_bits > 0)
        return d->layers[layer].protocol == FIELD_PROTOCOL(id) && layer_value(&d->layers[layer], id, value);
    for (uint32_t i = 0; i < d->n_values; i++)
        if (d->values[i].field == id && d->values[i].layer == layer) {
            *value = d->values[i];
            return true;
        }
    return false;
}

bool sentence_value(const struct sentence *s, unsigned field, struct value *value)
{
    return sentence_value_of(s, s->layer, field, value);
}

bool sentence_number(const struct sentence *s, unsigned field, uint64_t *number)
{
    struct value value;

    if (!sentence_value(s, field, &value))
        return false;
    *number = value.number;
    return true;
}

bool sentence_has(const struct sentence *s, unsigned field)
{
    struct value value;

    return sentence_value(s, field, &value);
}

unsigned sentence_field_at(const struct sentence *s, uint32_t i, unsigned n)
{
    const struct value *value = &s->d->values[i];
    unsigned field;

    if (value->layer != s->layer)
        return n;
    for (field = 0; field < n; field++)
        if (s->ids[field] == value->field)
            break;
    return field;
}

const char *sentence_name(const struct value *value)
{
    return field_value_name(field_of(value->field), value->number);
}

/* ---- what is put ---- */

void sentence_put(struct sentence *s, const char *text)
{
    if (!s->text->is_full)
        buffer_put_text(s->text, text);
}

void sentence_printf(struct sentence *s, const char *format, ...)
{
    char room[128];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(room, sizeof room, format, arguments);
    va_end(arguments);
    sentence_put(s, room);
}

void sentence_put_decimal(struct sentence *s, uint64_t number)
{
    char room[24], *at = room + sizeof room - 1;

    *at = '\0';
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    sentence_put(s, at);
}

void sentence_put_hex(struct sentence *s, struct bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    char room[SENTENCE_TEXT_BYTES + 1];
    size_t n = bytes.len < SENTENCE_TEXT_BYTES / 2 ? bytes.len : SENTENCE_TEXT_BYTES / 2;

    for (size_t i = 0; i < n; i++) {
        room[2 * i] = digits[bytes.data[i] >> 4];
        room[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    room[2 * n] = '\0';
    sentence_put(s, room);
    if (n < bytes.len)
        sentence_put(s, "…");
}

/* The longest beginning of at most limit bytes that does not end within a character. */
static struct bytes text_cut(struct bytes text, size_t limit)
{
    size_t len = limit;

    if (text.len <= limit)
        return text;
    while (len > limit - 4 && (text.data[len] & 0xc0) == 0x80)
        len--;
    return bytes_of(text.data, len);
}

void sentence_put_text(struct sentence *s, struct bytes text)
{
    struct bytes shown = text_cut(text, SENTENCE_TEXT_BYTES);

    if (s->text->is_full)
        return;
    utf8_put_escaped(s->text, shown);
    if (shown.len < text.len)
        sentence_put(s, "…");
}

void sentence_put_identity(struct sentence *s, struct bytes identity)
{
    if (utf8_is_printable(identity))
        sentence_put_text(s, identity);
    else
        sentence_put_hex(s, identity);
}

static void put_ether(struct sentence *s, struct bytes address)
{
    if (address.len == 6)
        sentence_printf(s, "%02x:%02x:%02x:%02x:%02x:%02x", address.data[0], address.data[1], address.data[2],
                        address.data[3], address.data[4], address.data[5]);
    else
        sentence_put_hex(s, address);
}

void sentence_put_value(struct sentence *s, const struct value *value)
{
    struct ip_address address;
    char spelt[IP_ADDRESS_TEXT_BYTES];

    switch ((enum field_type)value->type) {
    case FIELD_IPV4:
    case FIELD_IPV6:
        address = ip_address_of(value->bytes);
        sentence_put(s, ip_address_format(&address, spelt));
        return;
    case FIELD_ETHER:
        put_ether(s, value->bytes);
        return;
    case FIELD_STRING:
        sentence_put_text(s, value->bytes);
        return;
    case FIELD_BYTES:
        sentence_put_hex(s, value->bytes);
        return;
    default:
        sentence_put_decimal(s, value->number);
        return;
    }
}

void sentence_put_field(struct sentence *s, unsigned field)
{
    struct value value;

    if (sentence_value(s, field, &value))
        sentence_put_value(s, &value);
    else
        sentence_put(s, "?");
}

void sentence_put_named(struct sentence *s, unsigned field, const char *otherwise)
{
    struct value value;
    const char *name;

    if (!sentence_value(s, field, &value)) {
        sentence_put(s, otherwise);
        return;
    }
    name = sentence_name(&value);
    if (name)
        sentence_put(s, name);
    else
        sentence_printf(s, "%s %llu", otherwise, (unsigned long long)value.number);
}
