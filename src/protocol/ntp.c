/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ntp - RFC 5905, with the control messages of RFC 9327 (mode 6) and the head of xntpd's private ones (mode
 * 7), whose items only the monitor list's are told apart.
 *
 * Requests and responses are not paired: Wireshark tells them only on a second pass over a capture.
 */
#include "base/timestamp.h"
#include "protocol/dissection.h"
#include "protocol/ntp_fields.h"
#include "protocol/text_value.h"

enum { NTP_MODE_CONTROL = 6, NTP_MODE_PRIVATE = 7 };

struct ntp {
    struct dissection *d;
    struct reader *r;
};

static void add_number(const struct ntp *ntp, unsigned field, uint64_t number)
{
    dissection_add_number(ntp->d, NTP_ID(field), number);
}

/* A number of n bytes, also in *number if that is not NULL. */
static bool take_number(struct ntp *ntp, unsigned n, unsigned field, uint32_t *number)
{
    struct bytes bytes;
    uint32_t sum = 0;

    if (!reader_bytes(ntp->r, n, &bytes))
        return false;
    for (unsigned i = 0; i < n; i++)
        sum = sum << 8 | bytes.data[i];
    add_number(ntp, field, sum);
    if (number)
        *number = sum;
    return true;
}

static bool take_bytes(struct ntp *ntp, size_t n, unsigned field)
{
    struct bytes bytes;

    if (!reader_bytes(ntp->r, n, &bytes))
        return false;
    dissection_add_bytes(ntp->d, NTP_ID(field), bytes);
    return true;
}

/*
 * Seconds since 1900, or since 2036 where the first bit is clear (RFC 4330 section 3), and 2^-32 seconds.
 * Zero: there is none.
 */
static bool take_time(struct ntp *ntp, unsigned field)
{
    enum { SECONDS_1900_TO_1970 = 2208988800, SECONDS_1970_TO_2036 = 2085978496 };
    uint32_t seconds, fraction;
    int64_t unix_seconds, ns;

    if (!reader_u32(ntp->r, &seconds) || !reader_u32(ntp->r, &fraction))
        return false;
    ns = (int64_t)((uint64_t)fraction * NS_PER_SECOND >> 32);
    unix_seconds =
        seconds >> 31 ? (int64_t)seconds - SECONDS_1900_TO_1970 : (int64_t)seconds + SECONDS_1970_TO_2036;
    if (seconds == 0 && ns == 0)
        unix_seconds = 0;
    add_number(ntp, field, (uint64_t)(unix_seconds * NS_PER_SECOND + ns));
    return true;
}

/* ---- modes 0 to 5 ---- */

enum { EXTENSION_LEAST_BYTES = 16, MAC_LEAST_BYTES = 20 }; /* RFC 7822 section 3 */

/*
 * How much of what follows the header is extension fields. A MAC looks like one as often as not; what is left
 * when they are taken away is one, and when that is too short, the last field was part of it.
 */
static size_t extensions_len(struct bytes rest)
{
    size_t len = 0, last = 0, left;
    uint16_t type, extension_len;

    while (rest.len - len >= EXTENSION_LEAST_BYTES) {
        struct reader r = reader_over(bytes_of(rest.data + len, rest.len - len));

        if (!reader_u16(&r, &type) || !reader_u16(&r, &extension_len) ||
            extension_len < EXTENSION_LEAST_BYTES || extension_len > rest.len - len)
            break;
        last = extension_len;
        len += last;
    }
    left = rest.len - len;
    if (left == 0 || left >= MAC_LEAST_BYTES)
        return len;
    if (left == 4 && memcmp(rest.data + len, "\0\0\0\0", 4) == 0) /* a NAK */
        return len;
    return len - last;
}

/* False where a length cannot be, and what follows is not looked at. */
static bool read_extension(struct ntp *ntp)
{
    uint32_t type, len;

    add_number(ntp, NTP_EXT, 1);
    if (!take_number(ntp, 2, NTP_EXT_TYPE, &type) || !take_number(ntp, 2, NTP_EXT_LENGTH, &len))
        return false;
    if (len % 4) {
        add_number(ntp, NTP_EXT_INVALID_LENGTH, 1);
        return false;
    }
    return take_bytes(ntp, len - 4, NTP_EXT_VALUE);
}

static bool read_standard(struct ntp *ntp)
{
    struct reader extensions;
    uint8_t flags;

    if (!reader_u8(ntp->r, &flags))
        return false;
    add_number(ntp, NTP_FLAGS_LI, flags >> 6);
    if (!take_number(ntp, 1, NTP_STRATUM, NULL) || !take_number(ntp, 1, NTP_PPOLL, NULL) ||
        !take_number(ntp, 1, NTP_PRECISION, NULL) || !take_number(ntp, 4, NTP_ROOTDELAY, NULL) ||
        !take_number(ntp, 4, NTP_ROOTDISPERSION, NULL) || !take_bytes(ntp, 4, NTP_REFID) ||
        !take_time(ntp, NTP_REFTIME) || !take_time(ntp, NTP_ORG) || !take_time(ntp, NTP_REC) ||
        !take_time(ntp, NTP_XMT))
        return false;
    if (!reader_sub(ntp->r, extensions_len(reader_rest(ntp->r)), &extensions))
        return false;
    while (reader_left(&extensions) > 0) {
        struct ntp inner = { ntp->d, &extensions };

        if (!read_extension(&inner)) /* nor is there a MAC to be found */
            return true;
    }
    if (reader_left(ntp->r) >= 4 && !take_bytes(ntp, 4, NTP_KEYID))
        return false;
    return reader_left(ntp->r) == 0 || take_bytes(ntp, reader_left(ntp->r), NTP_MAC);
}

/* ---- mode 6: RFC 9327 ---- */

enum control_opcode { /* section 2.1 */
                      CONTROL_READ_STATUS = 1,
                      CONTROL_READ_VARIABLES = 2,
                      CONTROL_WRITE_VARIABLES = 3,
                      CONTROL_READ_CLOCK = 4,
                      CONTROL_WRITE_CLOCK = 5,
                      CONTROL_ASYNCHRONOUS = 7,
                      CONTROL_CONFIGURE = 8,
                      CONTROL_SAVE_CONFIGURATION = 9,
                      CONTROL_READ_MRU = 10,
                      CONTROL_READ_ORDERED_LIST = 11,
                      CONTROL_REQUEST_NONCE = 12,
};

struct status_bits {
    uint8_t field, shift, mask;
};

/* Section 3: what the status word says depends on what was asked, and of whom. */
static const struct status_bits error_status[] = { { NTP_CTRL_ERR_STATUS, 8, 0xff }, { 0 } };
static const struct status_bits clock_status[] = { { NTP_CTRL_CLOCK_STATUS_STATUS, 8, 0xff },
                                                   { NTP_CTRL_CLOCK_STATUS_CODE, 0, 0xff },
                                                   { 0 } };
static const struct status_bits system_status[] = { { NTP_CTRL_SYS_STATUS_LI, 14, 3 },
                                                    { NTP_CTRL_SYS_STATUS_CLKSRC, 8, 0x3f },
                                                    { NTP_CTRL_SYS_STATUS_COUNT, 4, 15 },
                                                    { NTP_CTRL_SYS_STATUS_CODE, 0, 15 },
                                                    { 0 } };
static const struct status_bits peer_status[] = { { NTP_CTRL_PEER_STATUS_CONFIG, 15, 1 },
                                                  { NTP_CTRL_PEER_STATUS_AUTHENABLE, 14, 1 },
                                                  { NTP_CTRL_PEER_STATUS_AUTHENTIC, 13, 1 },
                                                  { NTP_CTRL_PEER_STATUS_REACH, 12, 1 },
                                                  { NTP_CTRL_PEER_STATUS_BCAST, 11, 1 },
                                                  { NTP_CTRL_PEER_STATUS_SELECTION, 8, 7 },
                                                  { NTP_CTRL_PEER_STATUS_COUNT, 4, 15 },
                                                  { NTP_CTRL_PEER_STATUS_CODE, 0, 15 },
                                                  { 0 } };
static const struct status_bits no_status[] = { { 0 } };

static void add_status(const struct ntp *ntp, uint16_t status, const struct status_bits *bits)
{
    add_number(ntp, NTP_CTRL_STATUS, status);
    for (; bits->mask; bits++)
        add_number(ntp, bits->field, status >> bits->shift & bits->mask);
}

static const struct status_bits *status_of(uint8_t flags, uint16_t association)
{
    bool is_response = flags >> 7, is_error = flags >> 6 & 1;

    if (!is_response)
        return no_status;
    if (is_error)
        return error_status;
    switch (flags & 31) {
    case CONTROL_READ_STATUS:
    case CONTROL_READ_VARIABLES:
    case CONTROL_WRITE_VARIABLES:
    case CONTROL_ASYNCHRONOUS:
        return association ? peer_status : system_status;
    case CONTROL_READ_CLOCK:
    case CONTROL_WRITE_CLOCK:
        return clock_status;
    default:
        return no_status;
    }
}

static bool take_text(struct ntp *ntp, size_t len, unsigned field)
{
    struct bytes text;

    if (!reader_bytes(ntp->r, len, &text))
        return false;
    if (dissection_wants(ntp->d, PROTOCOL_NTP, field))
        dissection_add_bytes(ntp->d, NTP_ID(field), text_value_ascii(ntp->d, text));
    return true;
}

/* Associations and the status of each: section 3.2. */
static bool read_associations(struct ntp *ntp, uint16_t len)
{
    uint16_t status;

    for (; len; len = (uint16_t)(len - 4)) {
        add_number(ntp, NTP_CTRL_ITEM, 1);
        if (!take_number(ntp, 2, NTP_CTRL_ASSOCID, NULL) || !reader_u16(ntp->r, &status))
            return false;
        add_status(ntp, status, peer_status);
    }
    return true;
}

/* *has_key: a key may follow even in a response. */
static bool read_control_data(struct ntp *ntp, uint8_t opcode, uint16_t association, uint16_t len,
                              bool *has_key)
{
    static const struct {
        uint8_t opcode, field;
    } texts[] = {
        { CONTROL_CONFIGURE, NTP_CTRL_CONFIGURATION },
        { CONTROL_SAVE_CONFIGURATION, NTP_CTRL_CONFIGURATION },
        { CONTROL_READ_MRU, NTP_CTRL_MRU },
        { CONTROL_READ_ORDERED_LIST, NTP_CTRL_ORDLIST },
        { CONTROL_REQUEST_NONCE, NTP_CTRL_NONCE },
    };

    add_number(ntp, NTP_CTRL_DATA, 1);
    if (opcode == CONTROL_READ_STATUS && association == 0)
        return read_associations(ntp, len);
    if (opcode == CONTROL_ASYNCHRONOUS)
        return take_text(ntp, len, NTP_CTRL_TRAPMSG);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].opcode == opcode) {
            *has_key = true;
            return take_text(ntp, len, texts[i].field);
        }
    return reader_skip(ntp->r, len);
}

/* Behind the data, at a multiple of 8 bytes: a key's number and what was signed by it. */
static bool read_key(struct ntp *ntp, uint32_t at)
{
    enum { KEY_MD5 = 0, KEY_SHA = 1 };
    uint32_t padding = at & 7 ? 8 - (at & 7) : 0;
    size_t left = reader_left(ntp->r);

    if (left <= padding)
        return true;
    if (padding && !take_bytes(ntp, padding, NTP_PADDING))
        return false;
    left -= padding;
    if (left != 20 && left != 24)
        return true;
    add_number(ntp, NTP_KEY_TYPE, left == 20 ? KEY_MD5 : KEY_SHA);
    return take_number(ntp, 4, NTP_KEY_INDEX, NULL) && take_bytes(ntp, left - 4, NTP_KEY_SIGNATURE);
}

static bool read_control(struct ntp *ntp)
{
    uint8_t flags, flags2;
    uint16_t sequence, status, association, offset, count;
    bool has_key;

    if (!reader_u8(ntp->r, &flags))
        return false;
    add_number(ntp, NTP_FLAGS_LI, flags >> 6);
    if (!reader_u8(ntp->r, &flags2))
        return false;
    add_number(ntp, NTP_CTRL_FLAGS2, flags2);
    add_number(ntp, NTP_CTRL_FLAGS2_R, flags2 >> 7);
    add_number(ntp, NTP_CTRL_FLAGS2_ERROR, flags2 >> 6 & 1);
    add_number(ntp, NTP_CTRL_FLAGS2_MORE, flags2 >> 5 & 1);
    add_number(ntp, NTP_CTRL_FLAGS2_OPCODE, flags2 & 31);
    if (!reader_u16(ntp->r, &sequence))
        return false;
    add_number(ntp, NTP_CTRL_SEQUENCE, sequence);
    if (!reader_u16(ntp->r, &status) || !reader_u16(ntp->r, &association))
        return false;
    add_status(ntp, status, status_of(flags2, association));
    add_number(ntp, NTP_CTRL_ASSOCID, association);
    if (!reader_u16(ntp->r, &offset))
        return false;
    add_number(ntp, NTP_CTRL_OFFSET, offset);
    if (!reader_u16(ntp->r, &count))
        return false;
    add_number(ntp, NTP_CTRL_COUNT, count);
    has_key = flags2 >> 7 == 0;
    if (count && !read_control_data(ntp, flags2 & 31, association, count, &has_key))
        return false;
    return !has_key || read_key(ntp, 12u + count);
}

/* ---- mode 7: xntpd's own ---- */

enum { PRIVATE_XNTPD = 3, PRIVATE_MONITOR_LIST = 20, PRIVATE_MONITOR_LIST_1 = 42 };
enum { PRIVATE_KEY_AT = 184 }; /* where a request that is signed has the time of that */

static bool read_monitor_item(struct ntp *ntp, bool is_list_1)
{
    uint32_t is_ipv6;

    if (!take_number(ntp, 4, NTP_PRIV_MONLIST_AVGINT, NULL) ||
        !take_number(ntp, 4, NTP_PRIV_MONLIST_LSINT, NULL) ||
        !take_number(ntp, 4, NTP_PRIV_MONLIST_RESTR, NULL) ||
        !take_number(ntp, 4, NTP_PRIV_MONLIST_COUNT, NULL) ||
        !take_bytes(ntp, 4, NTP_PRIV_MONLIST_REMOTE_ADDRESS))
        return false;
    if (is_list_1 && (!take_bytes(ntp, 4, NTP_PRIV_MONLIST_LOCAL_ADDRESS) ||
                      !take_number(ntp, 4, NTP_PRIV_MONLIST_FLAGS, NULL)))
        return false;
    if (!take_number(ntp, 2, NTP_PRIV_MONLIST_PORT, NULL) ||
        !take_number(ntp, 1, NTP_PRIV_MONLIST_MODE, NULL) ||
        !take_number(ntp, 1, NTP_PRIV_MONLIST_VERSION, NULL) ||
        !take_number(ntp, 4, NTP_PRIV_MONLIST_IPV6, &is_ipv6) ||
        !take_number(ntp, 4, NTP_PRIV_MONLIST_UNUSED, NULL))
        return false;
    return !is_ipv6 || (take_bytes(ntp, 16, NTP_PRIV_MONLIST_ADDR6) &&
                        (!is_list_1 || take_bytes(ntp, 16, NTP_PRIV_MONLIST_DADDR6)));
}

static bool read_private_items(struct ntp *ntp, uint8_t request)
{
    struct reader whole = *ntp->r;
    uint16_t n, size;

    if (!reader_u16(&whole, &n))
        return false;
    add_number(ntp, NTP_PRIV_ERR, n >> 12);
    n &= 0xfff;
    add_number(ntp, NTP_PRIV_NUMITEMS, n);
    if (!reader_u16(&whole, &size))
        return false;
    add_number(ntp, NTP_PRIV_RESERVED, size >> 12);
    size &= 0xfff;
    add_number(ntp, NTP_PRIV_ITEMSIZE, size);
    for (unsigned i = 0; i < n; i++) {
        struct reader item = whole;
        struct ntp inner = { ntp->d, &item };

        if (!reader_skip(&item, (size_t)i * size) || reader_left(&item) < size)
            return false;
        dissection_add_bytes(ntp->d, NTP_ID(NTP_PRIV_MODE7_ITEM), bytes_text(""));
        if ((request == PRIVATE_MONITOR_LIST || request == PRIVATE_MONITOR_LIST_1) &&
            !read_monitor_item(&inner, request == PRIVATE_MONITOR_LIST_1))
            return false;
    }
    return true;
}

static bool read_private(struct ntp *ntp)
{
    struct reader key = *ntp->r;
    struct ntp behind = { ntp->d, &key };
    uint8_t flags, sequence, implementation, request;

    if (!reader_u8(ntp->r, &flags))
        return false;
    add_number(ntp, NTP_PRIV_FLAGS_R, flags >> 7);
    add_number(ntp, NTP_PRIV_FLAGS_MORE, flags >> 6 & 1);
    if (!reader_u8(ntp->r, &sequence))
        return false;
    add_number(ntp, NTP_PRIV_AUTH_SEQ, sequence);
    add_number(ntp, NTP_PRIV_AUTH, sequence >> 7);
    add_number(ntp, NTP_PRIV_SEQ, sequence & 0x7f);
    if (!reader_u8(ntp->r, &implementation))
        return false;
    add_number(ntp, NTP_PRIV_IMPL, implementation);
    if (!reader_u8(ntp->r, &request))
        return false;
    add_number(ntp, NTP_PRIV_REQCODE, request);
    if (implementation == PRIVATE_XNTPD && !read_private_items(ntp, request))
        return false;
    if (flags >> 7 || !(sequence >> 7))
        return true;
    return reader_skip(&key, PRIVATE_KEY_AT) && take_time(&behind, NTP_PRIV_TSTAMP) &&
           take_bytes(&behind, 4, NTP_KEYID) &&
           (reader_left(&key) == 0 || take_bytes(&behind, reader_left(&key), NTP_MAC));
}

static enum dissect_result ntp_dissect(struct dissection *d, struct reader *r)
{
    bool is_cut = reader_left(r) < d->left_wire, is_read;
    struct ntp ntp = { d, r };
    struct reader peek = *r;
    uint8_t flags;

    if (!reader_u8(&peek, &flags))
        return is_cut ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
    if (!dissection_push(d, PROTOCOL_NTP, r, d->left_wire))
        return DISSECT_OK;
    if ((flags & 7) == NTP_MODE_CONTROL)
        is_read = read_control(&ntp);
    else if ((flags & 7) == NTP_MODE_PRIVATE)
        is_read = read_private(&ntp);
    else
        is_read = read_standard(&ntp);
    return is_read ? DISSECT_OK : is_cut ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
}

const struct protocol protocol_ntp = {
    .name = "ntp",
    .title = "Network Time Protocol",
    .fields = ntp_fields,
    .n_fields = NTP_FIELDS,
    .dissect = ntp_dissect,
};
