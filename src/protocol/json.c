/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json - RFC 8259: objects and arrays one behind the other; what is none is text lines.
 *
 * Read twice, once to see that a whole object or array is there and once to add its values, for one that
 * breaks off has none. A loop with a stack of its own, no recursion: how deep values may lie is bounded by
 * JSON_LEVELS, and by a count that each kind of nesting adds its share to, after which Wireshark gives up.
 *
 * Strings are shown with their escapes resolved; they are not checked to be UTF-8.
 */
#include "protocol/json.h"

#include "base/utf8.h"
#include "protocol/dissection.h"
#include "protocol/payload_text.h"

enum {
    JSON_ARRAY,
    JSON_OBJECT,
    JSON_MEMBER,
    JSON_KEY,
    JSON_PATH,
    JSON_PATH_WITH_VALUE,
    JSON_MEMBER_WITH_VALUE,
    JSON_VALUE_STRING,
    JSON_VALUE_NUMBER,
    JSON_VALUE_FALSE,
    JSON_VALUE_NULL,
    JSON_VALUE_TRUE,
    JSON_VALUE_NAN,
    JSON_ARRAY_COMPACT,
    JSON_OBJECT_COMPACT,
    JSON_MEMBER_COMPACT,
    JSON_ARRAY_ITEM_COMPACT,
    JSON_BINARY_DATA,
    JSON_IGNORED_LEADING_BYTES,
};

enum {
    JSON_LEVELS = 32,
    JSON_DEPTH = 100,    /* Wireshark's bound, counted in its own steps: */
    DEPTH_OF_MEMBER = 5, /* from an object to its first value */
    DEPTH_OF_ITEM = 4,   /* from an array to its first value */
    DEPTH_OF_LATER = 2,  /* more, for those behind the first */
    DEPTH_OF_BRACES = 3, /* within an empty object or array */
    DEPTH_OF_SCALAR = 4, /* within a string or number */
};

#define JSON_ID(index) FIELD_ID(PROTOCOL_JSON, index)

static const struct field json_fields[] = {
    [JSON_ARRAY] = { "json.array", FIELD_NONE, .title = "Array" },
    [JSON_OBJECT] = { "json.object", FIELD_NONE, .title = "Object" },
    [JSON_MEMBER] = { "json.member", FIELD_STRING, .title = "Member" },
    [JSON_KEY] = { "json.key", FIELD_STRING, .title = "Key" },
    [JSON_PATH] = { "json.path", FIELD_STRING, .title = "Path" },
    [JSON_PATH_WITH_VALUE] = { "json.path_with_value", FIELD_STRING, .title = "Path with value" },
    [JSON_MEMBER_WITH_VALUE] = { "json.member_with_value", FIELD_STRING, .title = "Member with value" },
    [JSON_VALUE_STRING] = { "json.value.string", FIELD_STRING, .title = "String value" },
    [JSON_VALUE_NUMBER] = { "json.value.number", FIELD_STRING, .title = "Number value" },
    [JSON_VALUE_FALSE] = { "json.value.false", FIELD_NONE, .title = "False value" },
    [JSON_VALUE_NULL] = { "json.value.null", FIELD_NONE, .title = "Null value" },
    [JSON_VALUE_TRUE] = { "json.value.true", FIELD_NONE, .title = "True value" },
    [JSON_VALUE_NAN] = { "json.value.nan", FIELD_NONE, .title = "NaN value" },
    [JSON_ARRAY_COMPACT] = { "json.array_compact", FIELD_NONE, .title = "Array compact" },
    [JSON_OBJECT_COMPACT] = { "json.object_compact", FIELD_NONE, .title = "Object compact" },
    [JSON_MEMBER_COMPACT] = { "json.member_compact", FIELD_NONE, .title = "Member compact" },
    [JSON_ARRAY_ITEM_COMPACT] = { "json.array_item_compact", FIELD_NONE, .title = "Array item compact" },
    [JSON_BINARY_DATA] = { "json.binary_data", FIELD_BYTES, .title = "Binary data" },
    [JSON_IGNORED_LEADING_BYTES] = { "json.ignored_leading_bytes", FIELD_STRING,
                                     .title = "Ignored leading bytes" },
};

/* ---- strings ---- */

/* Bytes of the character that begins with lead, by its first bits alone; 0 where none can begin. */
static size_t character_len(uint8_t lead)
{
    return lead < 0x80   ? 1
           : lead < 0xc0 ? 0
           : lead < 0xe0 ? 2
           : lead < 0xf0 ? 3
           : lead < 0xf8 ? 4
           : lead < 0xfc ? 5
           : lead < 0xfe ? 6
                         : 0;
}

static bool hex_digits(struct reader *r, uint32_t *code)
{
    *code = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint8_t byte;

        if (!reader_u8(r, &byte))
            return false;
        if (byte >= '0' && byte <= '9')
            *code = *code << 4 | (uint32_t)(byte - '0');
        else if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
            *code = *code << 4 | (uint32_t)((byte | 0x20) - 'a' + 10);
        else
            return false;
    }
    return true;
}

static size_t put_character(uint8_t *text, uint32_t code)
{
    if (code < 0x80) {
        text[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        text[0] = (uint8_t)(0xc0 | code >> 6);
        text[1] = (uint8_t)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        text[0] = (uint8_t)(0xe0 | code >> 12);
        text[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        text[2] = (uint8_t)(0x80 | (code & 0x3f));
        return 3;
    }
    text[0] = (uint8_t)(0xf0 | code >> 18);
    text[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
    text[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
    text[3] = (uint8_t)(0x80 | (code & 0x3f));
    return 4;
}

/* Behind "\u". What is no character becomes U+FFFD; what cannot be shown is left out. */
static size_t put_code_point(struct reader *r, uint8_t *text)
{
    enum { NO_CHARACTER = 0xfffd };
    uint32_t code, trail;

    if (!hex_digits(r, &code))
        return put_character(text, NO_CHARACTER);
    if (code >= 0xd800 && code < 0xdc00) { /* RFC 8259 section 7: twelve characters for one */
        struct reader ahead = *r;
        uint8_t backslash, letter;

        if (!reader_u8(&ahead, &backslash) || backslash != '\\' || !reader_u8(&ahead, &letter) ||
            letter != 'u' || !hex_digits(&ahead, &trail) || trail < 0xdc00 || trail > 0xdfff)
            return put_character(text, NO_CHARACTER);
        *r = ahead;
        code = 0x10000 + ((code & 0x3ff) << 10 | (trail & 0x3ff));
    } else if (code >= 0xdc00 && code <= 0xdfff) {
        return put_character(text, NO_CHARACTER);
    }
    return utf8_is_control(code) ? 0 : put_character(text, code);
}

static size_t put_escaped(struct reader *r, uint8_t *text)
{
    static const char letters[] = "bfnrt", controls[] = "\b\f\n\r\t";
    const char *letter;
    uint8_t byte;

    if (!reader_u8(r, &byte))
        return 0;
    if (byte == 'u')
        return put_code_point(r, text);
    letter = memchr(letters, byte, sizeof letters - 1);
    text[0] = letter ? (uint8_t)controls[letter - letters] : byte;
    return 1;
}

/* A string between its quotes, as it is meant. Escapes are longer than what they stand for. */
static struct bytes unescape(struct dissection *d, struct bytes raw)
{
    struct reader r = reader_over(raw);
    uint8_t *text = NULL;
    size_t len = 0;

    if (raw.len && memchr(raw.data, '\\', raw.len)) {
        text = dissection_scratch(d, raw.len);
        if (text == NULL)
            return (struct bytes) { 0 };
    }
    while (reader_left(&r) > 0) {
        size_t n = character_len(*r.at);

        if (text && *r.at == '\\') {
            if (!reader_skip(&r, 1))
                break;
            len += put_escaped(&r, text + len);
            continue;
        }
        if (n == 0 || *r.at == 0) /* what cannot be shown ends the string */
            break;
        n = n < reader_left(&r) ? n : reader_left(&r);
        if (text)
            memcpy(text + len, r.at, n);
        len += n;
        if (!reader_skip(&r, n))
            break;
    }
    return bytes_of(text ? text : raw.data, len);
}

/* ---- the walk ---- */

struct context { /* of a value: what leads to it */
    struct bytes path;
    struct bytes key;
};

struct level {
    bool is_object;
    bool is_first; /* of its members or items is the one at hand */
    uint8_t depth;
    struct context around; /* of the object or array itself */
    struct context within; /* of the value at hand */
};

struct walk {
    struct dissection *d; /* NULL: looks, but adds nothing */
    struct reader r;
    unsigned n_levels;
    struct level levels[JSON_LEVELS];
};

static bool adds(const struct walk *walk, unsigned field)
{
    return walk->d && dissection_wants(walk->d, PROTOCOL_JSON, field);
}

static void add_none(const struct walk *walk, unsigned field)
{
    if (walk->d)
        dissection_add_number(walk->d, JSON_ID(field), 0);
}

static bool wants_path(const struct walk *walk)
{
    return adds(walk, JSON_PATH) || adds(walk, JSON_PATH_WITH_VALUE);
}

static struct bytes joined(const struct walk *walk, struct bytes a, const char *between, struct bytes b)
{
    const struct bytes parts[] = { a, bytes_text(between), b };

    return payload_text_join(walk->d, parts, 3);
}

static void skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\r' || *r->at == '\n'))
        r->at++;
}

static bool take(struct reader *r, char wanted)
{
    if (r->at == r->end || *r->at != (uint8_t)wanted)
        return false;
    return reader_skip(r, 1);
}

/* *raw: what is between the quotes. */
static bool take_string(struct reader *r, struct bytes *raw)
{
    const uint8_t *begin;
    uint8_t byte;
    uint32_t code;

    if (!take(r, '"'))
        return false;
    begin = r->at;
    while (reader_u8(r, &byte)) {
        if (byte == '"') {
            *raw = bytes_of(begin, (size_t)(r->at - begin) - 1);
            return true;
        }
        if (byte != '\\')
            continue;
        if (!reader_u8(r, &byte))
            return false;
        if (byte == 'u' ? !hex_digits(r, &code) : memchr("\"\\/bfnrt", byte, 8) == NULL)
            return false;
    }
    return false;
}

static size_t take_digits(struct reader *r)
{
    const uint8_t *begin = r->at;

    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return (size_t)(r->at - begin);
}

static bool take_number(struct reader *r)
{
    struct reader ahead;

    take(r, '-');
    if (!take(r, '0') && take_digits(r) == 0)
        return false;
    ahead = *r;
    if (take(&ahead, '.') && take_digits(&ahead) > 0)
        *r = ahead;
    ahead = *r;
    if (take(&ahead, 'e') || take(&ahead, 'E')) {
        if (!take(&ahead, '+'))
            take(&ahead, '-');
        if (take_digits(&ahead) > 0)
            *r = ahead;
    }
    return true;
}

static void add_scalar(const struct walk *walk, const struct context *context, unsigned field,
                       struct bytes text)
{
    if (adds(walk, JSON_PATH_WITH_VALUE))
        dissection_add_bytes(walk->d, JSON_ID(JSON_PATH_WITH_VALUE), joined(walk, context->path, ":", text));
    if (adds(walk, JSON_MEMBER_WITH_VALUE))
        dissection_add_bytes(walk->d, JSON_ID(JSON_MEMBER_WITH_VALUE), joined(walk, context->key, ":", text));
    if (walk->d == NULL)
        return;
    if (field == JSON_VALUE_STRING || field == JSON_VALUE_NUMBER)
        dissection_add_bytes(walk->d, JSON_ID(field), text);
    else
        dissection_add_number(walk->d, JSON_ID(field), 0);
}

static bool take_scalar(struct walk *walk, const struct context *context, unsigned depth)
{
    static const struct {
        const char *text;
        unsigned field;
    } literals[] = { { "false", JSON_VALUE_FALSE },
                     { "null", JSON_VALUE_NULL },
                     { "true", JSON_VALUE_TRUE },
                     { "NaN", JSON_VALUE_NAN } };
    const uint8_t *begin = walk->r.at;
    struct bytes raw;

    for (unsigned i = 0; i < sizeof literals / sizeof literals[0]; i++) {
        size_t len = strlen(literals[i].text);

        if (reader_left(&walk->r) < len || memcmp(begin, literals[i].text, len) != 0)
            continue;
        walk->r.at += len;
        add_scalar(walk, context, literals[i].field, bytes_of(begin, len));
        return true;
    }
    if (depth + DEPTH_OF_SCALAR > JSON_DEPTH)
        return false;
    if (take_string(&walk->r, &raw)) {
        add_scalar(walk, context, JSON_VALUE_STRING, walk->d ? unescape(walk->d, raw) : raw);
        return true;
    }
    walk->r.at = begin;
    if (!take_number(&walk->r))
        return false;
    add_scalar(walk, context, JSON_VALUE_NUMBER, bytes_of(begin, (size_t)(walk->r.at - begin)));
    return true;
}

/* "key": or nothing in front of a value; its depth in *depth. */
static bool begin_element(struct walk *walk, unsigned *depth)
{
    struct level *level = &walk->levels[walk->n_levels - 1];
    struct bytes raw;

    *depth = level->depth + (level->is_object ? (unsigned)DEPTH_OF_MEMBER : (unsigned)DEPTH_OF_ITEM) +
             (level->is_first ? 0u : (unsigned)DEPTH_OF_LATER);
    if (!level->is_object)
        return true;
    if (*depth + DEPTH_OF_SCALAR - 1 > JSON_DEPTH || !take_string(&walk->r, &raw))
        return false;
    skip_space(&walk->r);
    if (!take(&walk->r, ':'))
        return false;
    skip_space(&walk->r);
    if (walk->d) {
        level->within.key = unescape(walk->d, raw);
        dissection_add_bytes(walk->d, JSON_ID(JSON_MEMBER), level->within.key);
        if (wants_path(walk))
            level->within.path = joined(walk, level->around.path, "/", level->within.key);
    }
    return true;
}

static void end_element(const struct walk *walk, const struct level *level)
{
    if (walk->d == NULL || !level->is_object)
        return;
    dissection_add_bytes(walk->d, JSON_ID(JSON_KEY), level->within.key);
    dissection_add_bytes(walk->d, JSON_ID(JSON_PATH), level->within.path);
}

/* Behind "{" or "[". */
static bool begin_level(struct walk *walk, bool is_object, const struct context *around, unsigned depth)
{
    struct level *level = &walk->levels[walk->n_levels];

    if (walk->n_levels == JSON_LEVELS || depth + DEPTH_OF_BRACES > JSON_DEPTH)
        return false;
    walk->n_levels++;
    *level = (struct level) { .is_object = is_object,
                              .is_first = true,
                              .depth = (uint8_t)depth,
                              .around = *around,
                              .within = *around };
    add_none(walk, is_object ? JSON_OBJECT : JSON_ARRAY);
    if (!is_object && walk->d) {
        level->within.key = bytes_text("[]");
        if (wants_path(walk))
            level->within.path = joined(walk, around->path, "/", level->within.key);
    }
    return true;
}

/*
 * Behind a value: closes what ends here, up to the next element, whose depth is in *depth. *is_done: there is
 * none, the outermost one was closed.
 */
static bool end_value(struct walk *walk, unsigned *depth, bool *is_done)
{
    for (;;) {
        struct level *level;

        skip_space(&walk->r);
        *is_done = walk->n_levels == 0;
        if (*is_done)
            return true;
        level = &walk->levels[walk->n_levels - 1];
        end_element(walk, level);
        if (take(&walk->r, ',')) {
            level->is_first = false;
            skip_space(&walk->r);
            return begin_element(walk, depth);
        }
        if (!take(&walk->r, level->is_object ? '}' : ']'))
            return false;
        walk->n_levels--;
    }
}

/* One object or array, and the space behind it. False: that is not what begins here. */
static bool walk_text(struct walk *walk)
{
    struct context context = { 0 };
    unsigned depth = 1;
    bool is_done = false;

    walk->n_levels = 0;
    skip_space(&walk->r);
    while (!is_done) {
        bool is_object = take(&walk->r, '{');

        if (is_object || take(&walk->r, '[')) {
            if (!begin_level(walk, is_object, &context, depth))
                return false;
            skip_space(&walk->r);
            if (take(&walk->r, is_object ? '}' : ']')) {
                walk->n_levels--;
                if (!end_value(walk, &depth, &is_done))
                    return false;
            } else if (!begin_element(walk, &depth)) {
                return false;
            }
        } else if (walk->n_levels == 0 || !take_scalar(walk, &context, depth) ||
                   !end_value(walk, &depth, &is_done)) {
            return false;
        }
        if (!is_done)
            context = walk->levels[walk->n_levels - 1].within;
    }
    return true;
}

/* How many bytes are objects and arrays; *n is how many they are. */
static size_t valid_len(struct bytes bytes, unsigned *n)
{
    struct walk walk;
    size_t len = 0;

    walk.d = NULL;
    walk.r = reader_over(bytes);
    for (*n = 0; walk_text(&walk); ++*n)
        len = (size_t)(walk.r.at - bytes.data);
    return len;
}

bool json_is_likely(struct bytes payload)
{
    unsigned n;

    return payload.len > 0 && valid_len(payload, &n) == payload.len && n > 0;
}

static enum dissect_result json_dissect(struct dissection *d, struct reader *r)
{
    struct bytes bytes = reader_rest(r);
    uint32_t wire_len = d->left_wire;
    unsigned n;
    size_t len = valid_len(bytes, &n);

    if (dissection_push(d, PROTOCOL_JSON, r, (uint32_t)len) == NULL)
        return DISSECT_OK;
    if (n > 0) {
        struct walk walk;

        walk.d = d;
        walk.r = reader_over(bytes_of(bytes.data, len));
        for (unsigned i = 0; i < n; i++)
            if (!walk_text(&walk))
                break;
    }
    if (!reader_skip(r, len))
        return DISSECT_OK;
    if (wire_len > len)
        dissection_next(d, r, PROTOCOL_TEXT_LINES, wire_len - (uint32_t)len);
    return DISSECT_OK;
}

const struct protocol protocol_json = {
    .name = "json",
    .title = "JavaScript Object Notation",
    .fields = json_fields,
    .n_fields = sizeof json_fields / sizeof json_fields[0],
    .may_carry = PROTOCOL_BIT(PROTOCOL_TEXT_LINES),
    .dissect = json_dissect,
};
