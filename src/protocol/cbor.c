/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cbor - RFC 8949: one data item. The first three bits of a byte say what begins there, the other five how
 * large it is, or how that is written behind:
 *
 *    7 6 5   4 .. 0
 *   +-------+--------+- - - - - - - - - - -+- - - - - - - - - - - -
 *   | major | minor  | argument (0 to 8)   | bytes, or items within
 *   +-------+--------+- - - - - - - - - - -+- - - - - - - - - - - -
 *
 * A loop with a stack of its own: items lie in each other as deep as CBOR_NESTING, and strings in pieces as
 * deep as Wireshark follows them.
 */
#include <math.h>

#include "protocol/dissection.h"
#include "protocol/text_value.h"

enum {
    CBOR_MAJOR_TYPE,
    CBOR_SIZE,
    CBOR_LENGTH,
    CBOR_ITEMS,
    CBOR_PAIRS,
    CBOR_FLOAT_SIMPLE_TYPE,
    CBOR_ITEM_UINT, /* in the order of the major types */
    CBOR_ITEM_NINT,
    CBOR_ITEM_BYTES,
    CBOR_ITEM_TEXT,
    CBOR_ITEM_ARRAY,
    CBOR_ITEM_MAP,
    CBOR_ITEM_TAG,
    CBOR_ITEM_FLOAT_OR_SIMPLE,
    CBOR_UINT,
    CBOR_NINT,
    CBOR_BYTES,
    CBOR_BYTES_INDEF,
    CBOR_TEXT,
    CBOR_TEXT_INDEF,
    CBOR_TAG,
    CBOR_SIMPLE,
    CBOR_FLOAT16,
    CBOR_FLOAT32,
    CBOR_FLOAT64,
    CBOR_INVALID_MINOR_TYPE,
    CBOR_INVALID_ELEMENT,
    CBOR_TOO_LONG_LENGTH,
    CBOR_MAX_DEPTH,
};

enum { MAJOR_UINT, MAJOR_NINT, MAJOR_BYTES, MAJOR_TEXT, MAJOR_ARRAY, MAJOR_MAP, MAJOR_TAG, MAJOR_FLOAT };

enum {
    MINOR_INLINE_MAX = 0x17,
    MINOR_ONE = 0x18,
    MINOR_EIGHT = 0x1b,
    MINOR_INDEFINITE = 0x1f,
    BREAK = 0xff,
    CBOR_NESTING = 128,
    CBOR_PIECES_DEPTH = 10,
};

#define CBOR_ID(index) FIELD_ID(PROTOCOL_CBOR, index)

static const struct value_name major_names[] = {
    { 0, "Unsigned Integer" },
    { 1, "Negative Integer" },
    { 2, "Byte String" },
    { 3, "Text String" },
    { 4, "Array" },
    { 5, "Map" },
    { 6, "Tagged" },
    { 7, "Floating-Point or Simple" },
    { 0, NULL },
};

static const struct value_name size_names[] = {
    { 24, "1 byte" },
    { 25, "2 bytes" },
    { 26, "4 bytes" },
    { 27, "8 bytes" },
    { 28, "Reserved for future additions" },
    { 29, "Reserved for future additions" },
    { 30, "Reserved for future additions" },
    { 31, "Indefinite Length" },
    { 31, "No argument value is derived" }, /* of a number */
    { 0, NULL },
};

static const struct value_name float_simple_names[] = {
    { 24, "Simple value" },
    { 25, "IEEE 754 Half-Precision Float" },
    { 26, "IEEE 754 Single-Precision Float" },
    { 27, "IEEE 754 Double-Precision Float" },
    { 28, "Reserved for future additions" },
    { 29, "Reserved for future additions" },
    { 30, "Reserved for future additions" },
    { 31, "Break indefinite length" },
    { 0, NULL },
};

/* CBOR Tags (IANA) */
static const struct value_name tag_names[] = {
    { 0, "Standard date/time string" },
    { 1, "Epoch-based date/time" },
    { 2, "Positive bignum" },
    { 3, "Negative bignum" },
    { 4, "Decimal fraction" },
    { 5, "Bigfloat" },
    { 21, "Expected conversion to base64url encoding" },
    { 22, "Expected conversion to base64 encoding" },
    { 23, "Expected conversion to base16 encoding" },
    { 24, "Encoded CBOR data item" },
    { 25, "reference the nth previously seen string" },
    { 26, "Serialised Perl object with classname and constructor arguments" },
    { 27, "Serialised language-independent object with type name and constructor arguments" },
    { 28, "mark value as (potentially) shared" },
    { 29, "reference nth marked value" },
    { 30, "Rational number" },
    { 32, "URI" },
    { 33, "base64url" },
    { 34, "base64" },
    { 35, "Regular expression" },
    { 36, "MIME message" },
    { 37, "Binary UUID" },
    { 38, "Language-tagged string" },
    { 39, "Identifier" },
    { 256, "mark value as having string references" },
    { 257, "Binary MIME message" },
    { 264, "Decimal fraction with arbitrary exponent" },
    { 265, "Bigfloat with arbitrary exponent" },
    { 22098, "hint that indicates an additional level of indirection" },
    { 55799, "Self-describe CBOR" },
    { 0, NULL },
};

static const struct value_name simple_names[] = {
    { 20, "False" }, { 21, "True" }, { 22, "Null" }, { 23, "Undefined" }, { 0, NULL },
};

#define CBOR_NONE(name_text, title_text)             \
    {                                                \
        name_text, FIELD_NONE, .title = (title_text) \
    }

static const struct field cbor_fields[] = {
    [CBOR_MAJOR_TYPE] = { "cbor.item.major_type", FIELD_UINT, .title = "Major Type", .ft_bits = 8,
                          .names = major_names },
    [CBOR_SIZE] = { "cbor.item.size", FIELD_UINT, .title = "Size", .ft_bits = 8, .names = size_names },
    [CBOR_LENGTH] = { "cbor.item.length", FIELD_UINT, .title = "Length", .ft_bits = 64 },
    [CBOR_ITEMS] = { "cbor.item.items", FIELD_UINT, .title = "Items", .ft_bits = 8 },
    [CBOR_PAIRS] = { "cbor.item.pairs", FIELD_UINT, .title = "Pairs", .ft_bits = 64 },
    [CBOR_FLOAT_SIMPLE_TYPE] = { "cbor.item.float_simple_type", FIELD_UINT, .title = "Type", .ft_bits = 8,
                                 .names = float_simple_names },
    [CBOR_ITEM_UINT] = CBOR_NONE("cbor.item.unsigned_integer", "Unsigned Integer"),
    [CBOR_ITEM_NINT] = CBOR_NONE("cbor.item.negative_integer", "Negative Integer"),
    [CBOR_ITEM_BYTES] = CBOR_NONE("cbor.item.bytestring", "Byte String"),
    [CBOR_ITEM_TEXT] = CBOR_NONE("cbor.item.textstring", "Text String"),
    [CBOR_ITEM_ARRAY] = CBOR_NONE("cbor.item.array", "Array"),
    [CBOR_ITEM_MAP] = CBOR_NONE("cbor.item.map", "Map"),
    [CBOR_ITEM_TAG] = CBOR_NONE("cbor.item.tag", "Tag"),
    [CBOR_ITEM_FLOAT_OR_SIMPLE] = CBOR_NONE("cbor.item.float_or_simple", "Floating-point or Simple"),
    [CBOR_UINT] = { "cbor.type.uint", FIELD_UINT, .title = "Unsigned Integer", .ft_bits = 64 },
    [CBOR_NINT] = { "cbor.type.nint", FIELD_INT, .title = "Negative Integer", .ft_bits = 64 },
    [CBOR_BYTES] = { "cbor.type.bytestring", FIELD_BYTES, .title = "Byte String" },
    [CBOR_BYTES_INDEF] = CBOR_NONE("cbor.type.bytestring.indef", "Byte String (indefinite length)"),
    [CBOR_TEXT] = { "cbor.type.textstring", FIELD_STRING, .title = "Text String" },
    [CBOR_TEXT_INDEF] = CBOR_NONE("cbor.type.textstring.indef", "Text String (indefinite length)"),
    [CBOR_TAG] = { "cbor.type.tag", FIELD_UINT, .title = "Tag", .ft_bits = 64, .names = tag_names },
    [CBOR_SIMPLE] = { "cbor.type.simple_data", FIELD_UINT, .title = "Simple data", .ft_bits = 8,
                      .names = simple_names },
    [CBOR_FLOAT16] = { "cbor.type.float16", FIELD_DOUBLE, .title = "Float 16 Bit", .ft_bits = 32 },
    [CBOR_FLOAT32] = { "cbor.type.float32", FIELD_DOUBLE, .title = "Float 32 Bit", .ft_bits = 32 },
    [CBOR_FLOAT64] = { "cbor.type.float64", FIELD_DOUBLE, .title = "Float 64 Bit", .ft_bits = 64 },
    [CBOR_INVALID_MINOR_TYPE] = CBOR_NONE("cbor.invalid_minor_type", "Invalid minor type"),
    [CBOR_INVALID_ELEMENT] = CBOR_NONE("cbor.invalid_element", "Invalid element"),
    [CBOR_TOO_LONG_LENGTH] = CBOR_NONE("cbor.too_long_length", "Too long length"),
    [CBOR_MAX_DEPTH] = CBOR_NONE("cbor.max_recursion_depth_reached",
                                 "Maximum allowed recursion depth reached. Dissection stopped."),
};

enum item_result {
    ITEM_READ,
    ITEM_INVALID, /* a field says why; the rest cannot be read */
    ITEM_CUT,     /* the bytes end within */
};

struct level {
    uint8_t major;      /* of what the items lie in */
    bool is_indefinite; /* up to a break */
    uint64_t left;      /* items still to come, when it is not; else those that have come */
};

struct decoding {
    struct dissection *d;
    struct reader *r;
    unsigned depth; /* levels in use */
    struct level levels[CBOR_NESTING];
};

static void add_none(const struct decoding *decoding, unsigned field)
{
    dissection_add_number(decoding->d, CBOR_ID(field), 0);
}

static enum item_result invalid(const struct decoding *decoding, unsigned field)
{
    add_none(decoding, field);
    return ITEM_INVALID;
}

/* Of 1, 2, 4 or 8 bytes, as the minor type says. */
static bool read_argument(struct reader *r, uint8_t minor, uint64_t *argument)
{
    struct bytes bytes;

    *argument = minor;
    if (minor <= MINOR_INLINE_MAX || minor > MINOR_EIGHT)
        return true;
    if (!reader_bytes(r, (size_t)1 << (minor - MINOR_ONE), &bytes))
        return false;
    *argument = 0;
    for (size_t i = 0; i < bytes.len; i++)
        *argument = *argument << 8 | bytes.data[i];
    return true;
}

/* RFC 8949 appendix D. What is no number is shown as zero, as Wireshark does it. */
static double half_float(uint16_t half)
{
    int exponent = half >> 10 & 0x1f, mantissa = half & 0x3ff;
    double number = exponent == 0    ? ldexp(mantissa, -24)
                    : exponent != 31 ? ldexp(mantissa + 1024, exponent - 25)
                                     : 0;

    return half >> 15 && exponent != 31 ? -number : number;
}

static enum item_result read_float_or_simple(const struct decoding *decoding, uint8_t minor)
{
    struct dissection *d = decoding->d;
    uint64_t argument;
    uint32_t bits;
    double real;
    float single;

    add_none(decoding, CBOR_ITEM_FLOAT_OR_SIMPLE);
    dissection_add_number(d, CBOR_ID(CBOR_MAJOR_TYPE), MAJOR_FLOAT);
    if (minor <= MINOR_INLINE_MAX) {
        dissection_add_number(d, CBOR_ID(CBOR_SIMPLE), minor);
        return ITEM_READ;
    }
    dissection_add_number(d, CBOR_ID(CBOR_FLOAT_SIMPLE_TYPE), minor);
    if (minor == MINOR_INDEFINITE) /* a break */
        return ITEM_READ;
    if (minor > MINOR_EIGHT)
        return invalid(decoding, CBOR_INVALID_MINOR_TYPE);
    if (!read_argument(decoding->r, minor, &argument))
        return ITEM_CUT;
    switch (minor) {
    case MINOR_ONE:
        dissection_add_number(d, CBOR_ID(CBOR_SIMPLE), argument);
        break;
    case MINOR_ONE + 1:
        dissection_add_real(d, CBOR_ID(CBOR_FLOAT16), half_float((uint16_t)argument));
        break;
    case MINOR_ONE + 2:
        bits = (uint32_t)argument;
        memcpy(&single, &bits, sizeof single);
        dissection_add_real(d, CBOR_ID(CBOR_FLOAT32), (double)single);
        break;
    default:
        memcpy(&real, &argument, sizeof real);
        dissection_add_real(d, CBOR_ID(CBOR_FLOAT64), real);
    }
    return ITEM_READ;
}

static enum item_result read_integer(const struct decoding *decoding, uint8_t major, uint8_t minor,
                                     uint64_t argument)
{
    if (minor > MINOR_EIGHT)
        return invalid(decoding, CBOR_INVALID_MINOR_TYPE);
    if (major == MAJOR_UINT) {
        dissection_add_number(decoding->d, CBOR_ID(CBOR_UINT), argument);
        return ITEM_READ;
    }
    if (argument > INT64_MAX) /* no int64_t holds it */
        add_none(decoding, CBOR_TOO_LONG_LENGTH);
    /* -1 - argument; but one within the first byte is compared as those five bits, as Wireshark has it */
    dissection_add_number(decoding->d, CBOR_ID(CBOR_NINT), minor <= MINOR_INLINE_MAX ? argument : ~argument);
    return ITEM_READ;
}

static enum item_result read_string(const struct decoding *decoding, uint8_t major, uint64_t len)
{
    struct bytes bytes;

    if (len > INT32_MAX)
        return invalid(decoding, CBOR_TOO_LONG_LENGTH);
    if (!reader_bytes(decoding->r, (size_t)len, &bytes))
        return ITEM_CUT;
    if (major == MAJOR_BYTES)
        dissection_add_bytes(decoding->d, CBOR_ID(CBOR_BYTES), bytes);
    else if (dissection_wants(decoding->d, PROTOCOL_CBOR, CBOR_TEXT))
        dissection_add_bytes(decoding->d, CBOR_ID(CBOR_TEXT),
                             text_value_utf8(decoding->d, text_value_until_nul(bytes)));
    return ITEM_READ;
}

static bool push_level(struct decoding *decoding, uint8_t major, bool is_indefinite, uint64_t left)
{
    if (decoding->depth == CBOR_NESTING)
        return false;
    decoding->levels[decoding->depth++] =
        (struct level) { .major = major, .is_indefinite = is_indefinite, .left = is_indefinite ? 0 : left };
    return true;
}

/* The number of things in a string, array or map: which field it is in depends on how it is written. */
static void add_count(const struct decoding *decoding, uint8_t major, uint8_t minor, uint64_t count)
{
    bool is_inline = minor <= MINOR_INLINE_MAX;

    if (!is_inline && minor > MINOR_EIGHT)
        return;
    if (major == MAJOR_MAP)
        dissection_add_number(decoding->d, CBOR_ID(CBOR_PAIRS), count);
    else if (major == MAJOR_ARRAY && is_inline)
        dissection_add_number(decoding->d, CBOR_ID(CBOR_ITEMS), count);
    else
        dissection_add_number(decoding->d, CBOR_ID(CBOR_LENGTH), count);
}

/* What begins at the cursor, without the items within, for which a level is left. */
static enum item_result read_item(struct decoding *decoding)
{
    uint8_t first, major, minor;
    uint64_t argument;

    if (!reader_u8(decoding->r, &first))
        return ITEM_CUT;
    major = first >> 5;
    minor = first & 0x1f;
    if (major == MAJOR_FLOAT)
        return read_float_or_simple(decoding, minor);
    add_none(decoding, CBOR_ITEM_UINT + major);
    dissection_add_number(decoding->d, CBOR_ID(CBOR_MAJOR_TYPE), major);
    if (minor > MINOR_INLINE_MAX)
        dissection_add_number(decoding->d, CBOR_ID(CBOR_SIZE), minor);
    if (!read_argument(decoding->r, minor, &argument))
        return ITEM_CUT;
    if (major == MAJOR_UINT || major == MAJOR_NINT)
        return read_integer(decoding, major, minor, argument);
    if (minor > MINOR_EIGHT && (minor != MINOR_INDEFINITE || major == MAJOR_TAG))
        return invalid(decoding, CBOR_INVALID_MINOR_TYPE);
    if (major == MAJOR_TAG) {
        dissection_add_number(decoding->d, CBOR_ID(CBOR_TAG), argument);
        return push_level(decoding, major, false, 1) ? ITEM_READ : ITEM_CUT;
    }
    add_count(decoding, major, minor, argument);
    if (major == MAJOR_BYTES || major == MAJOR_TEXT) {
        if (minor != MINOR_INDEFINITE)
            return read_string(decoding, major, argument);
        add_none(decoding, major == MAJOR_BYTES ? CBOR_BYTES_INDEF : CBOR_TEXT_INDEF);
    }
    if (major == MAJOR_MAP && minor != MINOR_INDEFINITE)
        argument = argument > UINT64_MAX / 2 ? UINT64_MAX : 2 * argument;
    return push_level(decoding, major, minor == MINOR_INDEFINITE, argument) ? ITEM_READ : ITEM_CUT;
}

/* A piece of a string, or the break behind the last one: section 3.2.3. */
static enum item_result check_piece(struct decoding *decoding, const struct level *level, uint8_t first)
{
    if (first >> 5 != level->major)
        return invalid(decoding, CBOR_INVALID_ELEMENT);
    /* the string itself, and what it and its pieces lie in */
    if (decoding->depth + 1 >= CBOR_PIECES_DEPTH)
        return invalid(decoding, CBOR_MAX_DEPTH);
    return ITEM_READ;
}

/* Closes the levels that end here. *is_open: one is left, and an item of it follows. */
static enum item_result end_items(struct decoding *decoding, bool *is_open)
{
    while (decoding->depth > 0) {
        struct level *level = &decoding->levels[decoding->depth - 1];
        bool is_string = level->major == MAJOR_BYTES || level->major == MAJOR_TEXT;
        struct reader ahead = *decoding->r;
        uint8_t first;

        *is_open = true;
        if (!level->is_indefinite) {
            if (level->left-- > 0)
                return ITEM_READ;
            decoding->depth--;
            continue;
        }
        if (level->major == MAJOR_MAP && level->left++ % 2 == 1) /* a value belongs to its key */
            return ITEM_READ;
        if (!reader_u8(&ahead, &first))
            return ITEM_CUT;
        if (first != BREAK)
            return is_string ? check_piece(decoding, level, first) : ITEM_READ;
        *decoding->r = ahead;
        read_float_or_simple(decoding, MINOR_INDEFINITE);
        decoding->depth--;
    }
    *is_open = false;
    return ITEM_READ;
}

static enum dissect_result cbor_dissect(struct dissection *d, struct reader *r)
{
    enum dissect_result cut = reader_left(r) < d->left_wire ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
    struct layer *layer = dissection_push(d, PROTOCOL_CBOR, r, (uint32_t)reader_left(r));
    struct decoding decoding;
    enum item_result result;
    bool is_open = true;

    if (layer == NULL)
        return DISSECT_OK;
    decoding.d = d;
    decoding.r = r;
    decoding.depth = 0;
    while (is_open) {
        result = read_item(&decoding);
        if (result == ITEM_READ)
            result = end_items(&decoding, &is_open);
        if (result == ITEM_CUT)
            return cut;
        if (result == ITEM_INVALID)
            break;
    }
    layer->header_len = (uint32_t)(r->at - layer->data);
    return DISSECT_OK;
}

const struct protocol protocol_cbor = {
    .name = "cbor",
    .title = "Concise Binary Object Representation",
    .fields = cbor_fields,
    .n_fields = sizeof cbor_fields / sizeof cbor_fields[0],
    .dissect = cbor_dissect,
};
