/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dhcp - RFC 2131 and, without options, BOOTP (RFC 951): the header here, the options' contents in
 * dhcp_option. The options are looked at twice: how server name and file name are to be read, what option 43
 * means, and where an option in pieces (RFC 3396) ends is told by others that may stand behind.
 */
#include "protocol/dhcp_fields.h"
#include "protocol/dhcp_option.h"
#include "protocol/text_value.h"

enum {
    DHCP_SERVER_AT = 44,
    DHCP_SERVER_BYTES = 64,
    DHCP_FILE_AT = 108,
    DHCP_FILE_BYTES = 128,
    DHCP_OPTIONS_AT = 236,
    DHCP_VENDOR_BYTES = 64, /* RFC 951 section 3: what stood there before there were options */
    DHCP_HARDWARE_AT = 28,
    DHCP_HARDWARE_BYTES = 16,
};

static const uint8_t dhcp_cookie[4] = { 99, 130, 83, 99 }; /* RFC 2131 section 3 */

static void add_number(struct dhcp_message *message, unsigned field, uint64_t number)
{
    dissection_add_number(message->d, DHCP_FIELD(field), number);
}

static void add_bytes(struct dhcp_message *message, unsigned field, struct bytes bytes)
{
    dissection_add_bytes(message->d, DHCP_FIELD(field), bytes);
}

static bool has_cookie(struct bytes message)
{
    return message.len >= DHCP_OPTIONS_AT + sizeof dhcp_cookie &&
           memcmp(message.data + DHCP_OPTIONS_AT, dhcp_cookie, sizeof dhcp_cookie) == 0;
}

/* ---- the first look ---- */

/* A piece of an option: put behind those before it. Most options come in one, which is borrowed. */
static void gather(struct dhcp_message *message, struct bytes *whole, uint16_t *n, struct bytes piece)
{
    uint8_t *room;

    if ((*n)++ == 0) {
        *whole = piece;
        return;
    }
    room = dissection_scratch(message->d, whole->len + piece.len);
    if (room == NULL)
        return;
    memcpy(room, whole->data, whole->len);
    memcpy(room + whole->len, piece.data, piece.len);
    *whole = bytes_of(room, whole->len + piece.len);
}

/*
 * Where the options end that look_ahead went through, counted from the message's start: behind what was
 * captured when an option says so.
 */
static size_t look_ahead(struct dhcp_message *message, size_t at)
{
    struct reader r = reader_over(message->bytes);
    uint8_t code, len;
    struct bytes option;

    if (!reader_skip(&r, at))
        return at;
    while (reader_u8(&r, &code)) {
        if (code == DHCP_OPTION_END_OF_ALL)
            return SIZE_MAX;
        if (code == DHCP_OPTION_PAD)
            continue;
        if (!reader_u8(&r, &len))
            break;
        if (!reader_bytes(&r, len, &option))
            return (size_t)(r.at - message->bytes.data) + len;
        if (code == DHCP_OPTION_OVERLOADED && len > 0)
            message->overload = option.data[0];
        else if (code == DHCP_OPTION_MESSAGE_TYPE && len > 0)
            message->type = option.data[0];
        else if (code == DHCP_OPTION_VENDOR_CLASS)
            message->vendor_class = option;
        else if (code == DHCP_OPTION_DOMAIN_SEARCH)
            gather(message, &message->domain_search, &message->n_domain_search, option);
        else if (code == DHCP_OPTION_SIP_SERVERS)
            gather(message, &message->sip_servers, &message->n_sip_servers, option);
    }
    return message->bytes.len;
}

/* ---- the second ---- */

static bool read_options(struct dhcp_message *message, struct reader *r, bool is_overload, bool *has_end);

/* RFC 2132 section 9.3: more options, in the places of the server's name and of the file's. */
static bool read_overload(struct dhcp_message *message, struct bytes option)
{
    static const struct {
        uint8_t mask;
        uint16_t at, len;
        unsigned end_missing;
    } places[] = {
        { DHCP_OVERLOADS_SERVER, DHCP_SERVER_AT, DHCP_SERVER_BYTES,
          DHCP_OPTION_OPTION_OVERLOAD_SNAME_END_MISSING },
        { DHCP_OVERLOADS_FILE, DHCP_FILE_AT, DHCP_FILE_BYTES, DHCP_OPTION_OPTION_OVERLOAD_FILE_END_MISSING },
    };
    bool is_first = message->overload >= 1 && message->overload <= 3, has_end;

    if (option.len < 1) {
        add_number(message, DHCP_BAD_LENGTH, 1);
        return true;
    }
    add_number(message, DHCP_OPTION_OPTION_OVERLOAD, option.data[0]);
    if (!is_first) /* or one of those options says so again */
        return true;
    message->overload = 0;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct reader r = reader_over(message->bytes), sub;

        if (!(option.data[0] & places[i].mask))
            continue;
        if (!reader_skip(&r, places[i].at) || !reader_sub(&r, places[i].len, &sub) ||
            !read_options(message, &sub, true, &has_end))
            return false;
        if (!has_end)
            add_number(message, places[i].end_missing, 1);
    }
    return true;
}

static bool read_option(struct dhcp_message *message, struct reader *r, uint8_t code)
{
    struct bytes option;
    uint8_t len;

    if (!reader_u8(r, &len))
        return false;
    add_number(message, DHCP_OPTION_TYPE, code);
    add_number(message, DHCP_OPTION_LENGTH, len);
    if (!reader_bytes(r, len, &option))
        return false;
    add_bytes(message, DHCP_OPTION_VALUE, option);
    if (code == DHCP_OPTION_OVERLOADED)
        return read_overload(message, option);
    return dhcp_option_read(message, code, option);
}

/* is_overload: in a place of the header, where no options can be that say there are more. */
static bool read_options(struct dhcp_message *message, struct reader *r, bool is_overload, bool *has_end)
{
    uint8_t code;

    *has_end = false;
    while (!*has_end && reader_left(r) > 0) {
        const uint8_t *start = r->at;

        if (!reader_u8(r, &code))
            return false;
        if (code == DHCP_OPTION_PAD) {
            while (reader_left(r) > 0 && *r->at == 0)
                r->at++;
            add_number(message, DHCP_OPTION_TYPE, 0);
            add_bytes(message, DHCP_OPTION_PADDING, bytes_of(start, (size_t)(r->at - start)));
        } else if (code == DHCP_OPTION_END_OF_ALL) {
            add_number(message, DHCP_OPTION_TYPE, 0); /* as Wireshark has it */
            add_number(message, DHCP_OPTION_END, code);
            *has_end = true;
        } else if (is_overload && code == DHCP_OPTION_OVERLOADED) {
            uint8_t len;

            if (!reader_u8(r, &len) || !reader_skip(r, len))
                return false;
        } else if (!read_option(message, r, code)) {
            return false;
        }
    }
    return true;
}

/* ---- the header ---- */

/* Windows writes the seconds with the low byte first. */
static void add_seconds(struct dhcp_message *message, struct bytes header)
{
    uint8_t first = header.data[8], second = header.data[9];

    if (first > 0 && second == 0) {
        add_number(message, DHCP_SECS, first);
        add_number(message, DHCP_SECS_LE, 1);
    } else {
        add_number(message, DHCP_SECS, (uint64_t)first << 8 | second);
    }
}

static void add_hardware(struct dhcp_message *message, struct bytes header)
{
    const uint8_t *address = header.data + DHCP_HARDWARE_AT;
    uint8_t type = header.data[1], len = header.data[2];

    if (len == 0 || len > DHCP_HARDWARE_BYTES) {
        add_number(message, DHCP_CLIENT_ADDRESS_NOT_GIVEN, 1);
        return;
    }
    if ((type == 1 || type == 6) && len == 6)
        add_bytes(message, DHCP_HW_MAC_ADDR, bytes_of(address, 6));
    else
        add_bytes(message, DHCP_HW_ADDR, bytes_of(address, DHCP_HARDWARE_BYTES));
    if (len < DHCP_HARDWARE_BYTES)
        add_bytes(message, DHCP_HW_ADDR_PADDING, bytes_of(address + len, DHCP_HARDWARE_BYTES - (size_t)len));
}

static void add_place(struct dhcp_message *message, struct bytes place, unsigned field, bool is_overloaded,
                      unsigned overloaded)
{
    if (is_overloaded)
        add_number(message, overloaded, 1);
    else if (dissection_wants(message->d, PROTOCOL_DHCP, field))
        add_bytes(message, field, text_value_ascii(message->d, text_value_until_nul(place)));
}

/* As far as it was captured. */
static bool read_header(struct dhcp_message *message)
{
    static const struct {
        uint16_t field;
        uint8_t n_bytes;
    } numbers[] = {
        { DHCP_TYPE, 1 }, { DHCP_HW_TYPE, 1 }, { DHCP_HW_LEN, 1 }, { DHCP_HOPS, 1 }, { DHCP_ID, 4 }
    };
    static const uint16_t addresses[] = { DHCP_IP_CLIENT, DHCP_IP_YOUR, DHCP_IP_SERVER, DHCP_IP_RELAY };
    struct bytes header = message->bytes, address;
    struct reader r = reader_over(header);
    uint16_t flags;

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        uint32_t number;
        uint8_t byte;

        if (numbers[i].n_bytes == 4 ? !reader_u32(&r, &number) : !reader_u8(&r, &byte))
            return false;
        add_number(message, numbers[i].field, numbers[i].n_bytes == 4 ? number : byte);
    }
    if (!reader_skip(&r, 2))
        return false;
    add_seconds(message, header);
    if (!reader_u16(&r, &flags))
        return false;
    add_number(message, DHCP_FLAGS, flags);
    add_number(message, DHCP_FLAGS_BC, flags >> 15);
    add_number(message, DHCP_FLAGS_RESERVED, flags & 0x7fff);
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        if (!reader_bytes(&r, 4, &address))
            return false;
        add_bytes(message, addresses[i], address);
    }
    if (!reader_skip(&r, DHCP_HARDWARE_BYTES))
        return false;
    add_hardware(message, header);
    if (!reader_skip(&r, DHCP_SERVER_BYTES))
        return false;
    add_place(message, bytes_of(header.data + DHCP_SERVER_AT, DHCP_SERVER_BYTES), DHCP_SERVER,
              message->overload & DHCP_OVERLOADS_SERVER, DHCP_SERVER_NAME_OVERLOADED_BY_DHCP);
    if (!reader_skip(&r, DHCP_FILE_BYTES))
        return false;
    add_place(message, bytes_of(header.data + DHCP_FILE_AT, DHCP_FILE_BYTES), DHCP_FILE,
              message->overload & DHCP_OVERLOADS_FILE, DHCP_BOOT_FILENAME_OVERLOADED_BY_DHCP);
    return true;
}

/*
 * Of a message whose options the capture cut, nothing is shown, as Wireshark has it: what its header means
 * may be said by an option that is not there.
 */
static bool is_told(struct dhcp_message *message, size_t options_at, size_t wire_len)
{
    size_t end = look_ahead(message, options_at);

    return message->bytes.len >= wire_len || end >= wire_len;
}

static bool read_message(struct dhcp_message *message, struct reader *r, size_t wire_len)
{
    bool is_dhcp = has_cookie(message->bytes), has_end = false;
    size_t options_at = DHCP_OPTIONS_AT + (is_dhcp ? sizeof dhcp_cookie : DHCP_VENDOR_BYTES);
    struct bytes field;

    if (!is_told(message, options_at, wire_len) || !read_header(message) || !reader_skip(r, DHCP_OPTIONS_AT))
        return false;
    if (message->type == 0)
        add_number(message, DHCP_BOOTP, 1);
    if (!reader_bytes(r, is_dhcp ? sizeof dhcp_cookie : DHCP_VENDOR_BYTES, &field))
        return false;
    add_bytes(message, is_dhcp ? DHCP_COOKIE : DHCP_VENDOR_SPECIFIC_OPTIONS, field);
    if (!read_options(message, r, false, &has_end))
        return false;
    if (message->type != 0 && !has_end)
        add_number(message, DHCP_END_OPTION_MISSING, 1);
    if (reader_left(r) > 0)
        add_bytes(message, DHCP_OPTION_PADDING, reader_rest(r));
    return true;
}

/* As much as there must be of a message for it to be one: in a request, up to who asks. */
static bool has_least(struct bytes bytes)
{
    enum { BOOT_REQUEST = 1 };

    return bytes.len >= 3 &&
           (bytes.data[0] != BOOT_REQUEST || bytes.len >= (size_t)DHCP_HARDWARE_AT + bytes.data[2]);
}

enum { PROXY_DHCP_PORT = 4011 };

/* Preboot's second server has a port where other things may be: the cookie must be there. */
static bool is_proxy(const struct dissection *d)
{
    struct reader r = reader_over(bytes_of(d->top->data, d->top->header_len));
    uint16_t source, destination;

    return d->top->protocol == PROTOCOL_UDP && reader_u16(&r, &source) && reader_u16(&r, &destination) &&
           (source == PROXY_DHCP_PORT || destination == PROXY_DHCP_PORT);
}

static enum dissect_result dhcp_dissect(struct dissection *d, struct reader *r)
{
    struct dhcp_message message = { .d = d, .bytes = reader_rest(r) };
    uint32_t wire_len = d->left_wire;
    bool is_cut = reader_left(r) < wire_len;

    if (is_proxy(d) && !has_cookie(message.bytes)) {
        dissection_next(d, r, PROTOCOL_DATA, d->left_wire);
        return DISSECT_OK;
    }
    if (!has_least(message.bytes))
        return is_cut ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
    if (!dissection_push(d, PROTOCOL_DHCP, r, d->left_wire))
        return DISSECT_OK;
    if (read_message(&message, r, wire_len))
        return DISSECT_OK;
    return is_cut ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
}

const struct protocol protocol_dhcp = {
    .name = "dhcp",
    .title = "Dynamic Host Configuration Protocol",
    .fields = dhcp_fields,
    .n_fields = DHCP_FIELDS,
    .may_carry = PROTOCOL_BIT(PROTOCOL_DATA),
    .dissect = dhcp_dissect,
};
