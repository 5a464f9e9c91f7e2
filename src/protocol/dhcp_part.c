/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dhcp_part.h"

#include "protocol/dhcp_fields.h"
#include "protocol/dns_name.h"
#include "protocol/text_value.h"

void dhcp_add_number(struct dhcp_message *message, unsigned field, uint64_t number)
{
    dissection_add_number(message->d, DHCP_FIELD(field), number);
}

void dhcp_add_bytes(struct dhcp_message *message, unsigned field, struct bytes bytes)
{
    dissection_add_bytes(message->d, DHCP_FIELD(field), bytes);
}

void dhcp_add_text(struct dhcp_message *message, unsigned field, struct bytes text)
{
    if (dissection_wants(message->d, PROTOCOL_DHCP, field))
        dhcp_add_bytes(message, field, text_value_ascii(message->d, text_value_until_nul(text)));
}

bool dhcp_bad_length(struct dhcp_message *message)
{
    dhcp_add_number(message, DHCP_BAD_LENGTH, 1);
    return true;
}

bool dhcp_take_number(struct dhcp_message *message, struct reader *r, unsigned n, unsigned field,
                      uint64_t *number)
{
    struct bytes bytes;
    uint64_t sum = 0;

    if (!reader_bytes(r, n, &bytes))
        return false;
    for (unsigned i = 0; i < n; i++)
        sum = sum << 8 | bytes.data[i];
    dhcp_add_number(message, field, field_of(DHCP_FIELD(field))->type == FIELD_BOOL ? sum != 0 : sum);
    if (number)
        *number = sum;
    return true;
}

bool dhcp_take_bytes(struct dhcp_message *message, struct reader *r, size_t n, unsigned field)
{
    struct bytes bytes;

    if (!reader_bytes(r, n, &bytes))
        return false;
    dhcp_add_bytes(message, field, bytes);
    return true;
}

bool dhcp_take_text(struct dhcp_message *message, struct reader *r, size_t n, unsigned field)
{
    struct bytes text;

    if (!reader_bytes(r, n, &text))
        return false;
    dhcp_add_text(message, field, text);
    return true;
}

bool dhcp_take_each(struct dhcp_message *message, struct reader *r, unsigned n, unsigned field)
{
    while (reader_left(r) >= n)
        if (!(n == 4 ? dhcp_take_bytes(message, r, n, field) : dhcp_take_number(message, r, n, field, NULL)))
            return false;
    return reader_left(r) == 0 || dhcp_bad_length(message);
}

bool dhcp_read_typed(struct dhcp_message *message, const struct dhcp_option_type *type, struct bytes option)
{
    struct reader r = reader_over(option);
    unsigned n = type->kind == DHCP_KIND_U8 ? 1 : type->kind == DHCP_KIND_U16 ? 2 : 4;

    switch ((enum dhcp_option_kind)type->kind) {
    case DHCP_KIND_OTHER:
        return true;
    case DHCP_KIND_BYTES:
        dhcp_add_bytes(message, type->field, option);
        return true;
    case DHCP_KIND_TEXT:
        dhcp_add_text(message, type->field, option);
        return true;
    case DHCP_KIND_IPV4S:
        return dhcp_take_each(message, &r, 4, type->field);
    case DHCP_KIND_U16S:
        return dhcp_take_each(message, &r, 2, type->field);
    case DHCP_KIND_IPV4:
        return option.len == 4 ? dhcp_take_bytes(message, &r, 4, type->field) : dhcp_bad_length(message);
    case DHCP_KIND_S32: {
        uint32_t number;

        if (option.len != 4 || !reader_u32(&r, &number))
            return dhcp_bad_length(message);
        dhcp_add_number(message, type->field, (uint64_t)(int64_t)(int32_t)number);
        return true;
    }
    case DHCP_KIND_U8:
    case DHCP_KIND_U16:
    case DHCP_KIND_U32:
        return option.len == n ? dhcp_take_number(message, &r, n, type->field, NULL)
                               : dhcp_bad_length(message);
    }
    return false;
}

bool dhcp_take_name(struct dhcp_message *message, struct bytes names, struct reader *r, unsigned field)
{
    struct dns_message dns = { .d = message->d, .bytes = names, .steps_left = DNS_NAME_STEPS };
    struct dns_name name;

    if (!dns_name_read(&dns, r, true, &name))
        return false;
    dhcp_add_bytes(message, field, name.text);
    return true;
}
