/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lwm2mtlv - OMA LwM2M Core 1.1 section 7.4.3: a run of elements, each an object instance, a resource with a
 * value, a resource with several, or one of those:
 *
 *    7   6   5     4  3    2   1   0
 *   +-------+-----+------+-----------+- - - - - - - - - -+- - - - - - - - -+- - - -
 *   | type  | loi | lol  |  length   |  identifier (1-2) |  length (0-3)   | value
 *   +-------+-----+------+-----------+- - - - - - - - - -+- - - - - - - - -+- - - -
 *
 * What a resource is called and what it holds is not in it: that comes from the object, which the path of the
 * CoAP request names. Elements lie in each other; how deep is bounded by TLV_NESTING, though the format needs
 * three levels.
 */
#include "protocol/lwm2mtlv.h"

#include "base/utf8.h"
#include "protocol/lwm2m_objects.h"
#include "protocol/text_value.h"

enum {
    LWM2M_OBJECT_NAME,
    LWM2M_RESOURCE_NAME,
    LWM2M_HEADER,
    LWM2M_TYPE_TYPE,
    LWM2M_TYPE_LOI,
    LWM2M_TYPE_LOL,
    LWM2M_TYPE_LENGTH,
    LWM2M_TYPE_IGNORED,
    LWM2M_IDENTIFIER,
    LWM2M_LENGTH,
    LWM2M_VALUE,
    LWM2M_VALUE_STRING,
    LWM2M_VALUE_INTEGER,
    LWM2M_VALUE_UNSIGNED,
    LWM2M_VALUE_FLOAT,
    LWM2M_VALUE_DOUBLE,
    LWM2M_VALUE_BOOLEAN,
    LWM2M_VALUE_TIMESTAMP,
    LWM2M_OBJECT_INSTANCE,
    LWM2M_RESOURCE_INSTANCE,
    LWM2M_RESOURCE_ARRAY,
    LWM2M_RESOURCE_ELEMENT,
    LWM2M_RESOURCE_FIRST, /* rows of LWM2M_RESOURCES */
};

enum { TLV_OBJECT_INSTANCE, TLV_RESOURCE_INSTANCE, TLV_RESOURCE_ARRAY, TLV_RESOURCE };

enum { TLV_NESTING = 16 };

#define LWM2M_ID(index) FIELD_ID(PROTOCOL_LWM2MTLV, index)

static const struct value_name type_names[] = {
    { TLV_OBJECT_INSTANCE, "Object Instance" },
    { TLV_RESOURCE_INSTANCE, "Resource Instance" },
    { TLV_RESOURCE_ARRAY, "Multiple Resources" },
    { TLV_RESOURCE, "Resource with value" },
    { 0, NULL },
};

static const struct value_name identifier_names[] = {
    { 0, "1 byte identifier" },
    { 1, "2 bytes identifier" },
    { 0, NULL },
};

static const struct value_name length_names[] = {
    { 0, "No length field" },
    { 1, "1 byte length field" },
    { 2, "2 bytes length field" },
    { 3, "3 bytes length field" },
    { 0, NULL },
};

#define FIELD_OF_NONE FIELD_BYTES
#define FIELD_OF_STRING FIELD_STRING
#define FIELD_OF_INTEGER FIELD_INT, .ft_bits = 64
#define FIELD_OF_UNSIGNED FIELD_UINT, .ft_bits = 64
#define FIELD_OF_FLOAT FIELD_DOUBLE, .ft_bits = 32
#define FIELD_OF_BOOLEAN FIELD_BOOL
#define FIELD_OF_TIME FIELD_TIME
#define FIELD_OF_OPAQUE FIELD_BYTES

#define RESOURCE_FIELD(object, resource, name_text, field, type) \
    { "lwm2mtlv.resource." field, FIELD_OF_##type, .title = (name_text) },

static const struct field lwm2mtlv_fields[] = {
    [LWM2M_OBJECT_NAME] = { "lwm2mtlv.object_name", FIELD_STRING, .title = "Object Name" },
    [LWM2M_RESOURCE_NAME] = { "lwm2mtlv.resource_name", FIELD_STRING, .title = "Resource Name" },
    [LWM2M_HEADER] = { "lwm2mtlv.header", FIELD_NONE, .title = "TLV header" },
    [LWM2M_TYPE_TYPE] = { "lwm2mtlv.type.type", FIELD_UINT, .title = "Type of Identifier", .ft_bits = 8,
                          .names = type_names },
    [LWM2M_TYPE_LOI] = { "lwm2mtlv.type.loi", FIELD_UINT, .title = "Length of Identifier", .ft_bits = 8,
                         .names = identifier_names },
    [LWM2M_TYPE_LOL] = { "lwm2mtlv.type.lol", FIELD_UINT, .title = "Length of Length", .ft_bits = 8,
                         .names = length_names },
    [LWM2M_TYPE_LENGTH] = { "lwm2mtlv.type.length", FIELD_UINT, .title = "Length", .ft_bits = 8 },
    [LWM2M_TYPE_IGNORED] = { "lwm2mtlv.type.ignored", FIELD_UINT, .title = "Ignored", .ft_bits = 8 },
    [LWM2M_IDENTIFIER] = { "lwm2mtlv.identifier", FIELD_UINT, .title = "Identifier", .ft_bits = 16 },
    [LWM2M_LENGTH] = { "lwm2mtlv.length", FIELD_UINT, .title = "Length", .ft_bits = 32 },
    [LWM2M_VALUE] = { "lwm2mtlv.value", FIELD_BYTES, .title = "Value" },
    [LWM2M_VALUE_STRING] = { "lwm2mtlv.value.string", FIELD_STRING, .title = "As String" },
    [LWM2M_VALUE_INTEGER] = { "lwm2mtlv.value.integer", FIELD_INT, .title = "As Integer", .ft_bits = 64 },
    [LWM2M_VALUE_UNSIGNED] = { "lwm2mtlv.value.unsigned_integer", FIELD_UINT, .title = "As Unsigned Integer",
                               .ft_bits = 64 },
    [LWM2M_VALUE_FLOAT] = { "lwm2mtlv.value.float", FIELD_DOUBLE, .title = "As Float", .ft_bits = 32 },
    [LWM2M_VALUE_DOUBLE] = { "lwm2mtlv.value.double", FIELD_DOUBLE, .title = "As Double", .ft_bits = 64 },
    [LWM2M_VALUE_BOOLEAN] = { "lwm2mtlv.value.boolean", FIELD_BOOL, .title = "As Boolean" },
    [LWM2M_VALUE_TIMESTAMP] = { "lwm2mtlv.value.timestamp", FIELD_TIME, .title = "As Timestamp" },
    [LWM2M_OBJECT_INSTANCE] = { "lwm2mtlv.object_instance", FIELD_NONE, .title = "Object Instance" },
    [LWM2M_RESOURCE_INSTANCE] = { "lwm2mtlv.resource_instance", FIELD_NONE, .title = "Resource Instance" },
    [LWM2M_RESOURCE_ARRAY] = { "lwm2mtlv.resource_array", FIELD_NONE, .title = "Resource Array" },
    [LWM2M_RESOURCE_ELEMENT] = { "lwm2mtlv.resource", FIELD_NONE, .title = "Resource" },
    LWM2M_RESOURCES(RESOURCE_FIELD)
};

/* Where in the tree of objects we are; UINT32_MAX: nobody said. */
struct place {
    uint32_t object, resource;
};

enum { PLACE_UNKNOWN = UINT32_MAX };

/* "/3/0/13": object 3, instance 0, resource 13. What is no number names no object. */
static struct place place_of(struct bytes path)
{
    struct place place = { PLACE_UNKNOWN, PLACE_UNKNOWN };
    struct reader r = reader_over(path);
    uint32_t ids[4] = { PLACE_UNKNOWN, PLACE_UNKNOWN, PLACE_UNKNOWN, PLACE_UNKNOWN };
    unsigned n = 0;
    uint8_t byte;

    while (reader_u8(&r, &byte)) {
        if (byte == '/') {
            if (++n > 4)
                break;
            ids[n - 1] = PLACE_UNKNOWN;
        } else if (n == 0 || byte < '0' || byte > '9' ||
                   (ids[n - 1] != PLACE_UNKNOWN && ids[n - 1] > 65535)) {
            return place;
        } else {
            ids[n - 1] = (ids[n - 1] == PLACE_UNKNOWN ? 0 : 10 * ids[n - 1]) + (byte - '0');
        }
    }
    place.object = ids[0];
    place.resource = ids[2];
    return place;
}

struct element {
    uint8_t flags;
    uint32_t identifier;
    uint32_t len;
    unsigned n_length_bytes;
    bool is_cut; /* longer than what it lies in */
    struct bytes value;
};

/* False when not even its header is there. */
static bool read_element(struct reader *r, struct element *element)
{
    uint8_t one;
    uint16_t two;

    if (!reader_u8(r, &element->flags))
        return false;
    if (element->flags & 0x20) {
        if (!reader_u16(r, &two))
            return false;
        element->identifier = two;
    } else {
        if (!reader_u8(r, &one))
            return false;
        element->identifier = one;
    }
    element->n_length_bytes = element->flags >> 3 & 3;
    switch (element->n_length_bytes) {
    case 0:
        element->len = element->flags & 7;
        break;
    case 1:
        if (!reader_u8(r, &one))
            return false;
        element->len = one;
        break;
    case 2:
        if (!reader_u16(r, &two))
            return false;
        element->len = two;
        break;
    default:
        if (!reader_u24(r, &element->len))
            return false;
    }
    element->is_cut = element->len > reader_left(r);
    return reader_bytes(r, element->is_cut ? reader_left(r) : element->len, &element->value);
}

static void add_header(struct dissection *d, const struct element *element)
{
    static const uint8_t kinds[] = { LWM2M_OBJECT_INSTANCE, LWM2M_RESOURCE_INSTANCE, LWM2M_RESOURCE_ARRAY,
                                     LWM2M_RESOURCE_ELEMENT };

    dissection_add_number(d, LWM2M_ID(kinds[element->flags >> 6]), 0);
    dissection_add_number(d, LWM2M_ID(LWM2M_HEADER), 0);
    dissection_add_number(d, LWM2M_ID(LWM2M_TYPE_TYPE), element->flags >> 6);
    dissection_add_number(d, LWM2M_ID(LWM2M_TYPE_LOI), element->flags >> 5 & 1);
    dissection_add_number(d, LWM2M_ID(LWM2M_TYPE_LOL), element->n_length_bytes);
    dissection_add_number(d, LWM2M_ID(element->n_length_bytes ? LWM2M_TYPE_IGNORED : LWM2M_TYPE_LENGTH),
                          element->flags & 7);
    dissection_add_number(d, LWM2M_ID(LWM2M_IDENTIFIER), element->identifier);
    if (element->n_length_bytes)
        dissection_add_number(d, LWM2M_ID(LWM2M_LENGTH), element->len);
}

static uint64_t big_endian(struct bytes value)
{
    uint64_t number = 0;

    for (size_t i = 0; i < value.len && i < 8; i++)
        number = number << 8 | value.data[i];
    return number;
}

static int64_t big_endian_signed(struct bytes value)
{
    uint64_t number = big_endian(value);

    if (value.len > 0 && value.len < 8 && value.data[0] >> 7)
        number |= UINT64_MAX << 8 * value.len;
    return (int64_t)number;
}

static double as_float(struct bytes value)
{
    uint32_t bits = (uint32_t)big_endian(value);
    float real;

    memcpy(&real, &bits, sizeof real);
    return (double)real;
}

static double as_double(struct bytes value)
{
    uint64_t bits = big_endian(value);
    double real;

    memcpy(&real, &bits, sizeof real);
    return real;
}

/* ns of a time in seconds; times that ns cannot hold stay at the last one they can. */
static uint64_t as_time(int64_t seconds)
{
    const int64_t most = INT64_MAX / 1000000000;

    seconds = seconds > most ? most : seconds < -most ? -most : seconds;
    return (uint64_t)(seconds * 1000000000);
}

static void add_known(struct dissection *d, const struct lwm2m_resource *resource, struct bytes value)
{
    uint16_t id = LWM2M_ID(LWM2M_RESOURCE_FIRST + resource->row);

    if (!dissection_wants(d, PROTOCOL_LWM2MTLV, LWM2M_RESOURCE_FIRST + resource->row))
        return;
    switch ((enum lwm2m_type)resource->type) {
    case LWM2M_STRING:
        dissection_add_bytes(d, id, text_value_utf8(d, text_value_until_nul(value)));
        break;
    case LWM2M_INTEGER:
        dissection_add_number(d, id, (uint64_t)big_endian_signed(value));
        break;
    case LWM2M_UNSIGNED:
        dissection_add_number(d, id, big_endian(value));
        break;
    case LWM2M_FLOAT:
        if (value.len == 4)
            dissection_add_real(d, id, as_float(value));
        else if (value.len == 8)
            dissection_add_real(d, id, as_double(value));
        break;
    case LWM2M_BOOLEAN:
        dissection_add_number(d, id, big_endian(value) != 0);
        break;
    case LWM2M_TIME:
        dissection_add_number(d, id, as_time(big_endian_signed(value)));
        break;
    case LWM2M_OPAQUE:
    case LWM2M_NONE:
        dissection_add_bytes(d, id, value);
        break;
    }
}

/* What the value would be as anything of that length. */
static void add_guesses(struct dissection *d, struct bytes value)
{
    if (dissection_wants(d, PROTOCOL_LWM2MTLV, LWM2M_VALUE_STRING)) {
        struct bytes text = text_value_utf8(d, text_value_until_nul(value));
        struct bytes looked_at = bytes_of(text.data, text.len < value.len ? text.len : value.len);

        if (text.len >= value.len && utf8_is_printable(looked_at))
            dissection_add_bytes(d, LWM2M_ID(LWM2M_VALUE_STRING), text);
    }
    if (value.len != 1 && value.len != 2 && value.len != 4 && value.len != 8)
        return;
    dissection_add_number(d, LWM2M_ID(LWM2M_VALUE_INTEGER), (uint64_t)big_endian_signed(value));
    dissection_add_number(d, LWM2M_ID(LWM2M_VALUE_UNSIGNED), big_endian(value));
    if (value.len == 1 && value.data[0] < 2)
        dissection_add_number(d, LWM2M_ID(LWM2M_VALUE_BOOLEAN), value.data[0]);
    if (value.len == 4)
        dissection_add_real(d, LWM2M_ID(LWM2M_VALUE_FLOAT), as_float(value));
    if (value.len == 8)
        dissection_add_real(d, LWM2M_ID(LWM2M_VALUE_DOUBLE), as_double(value));
    if (value.len >= 4) /* Unix time of 32 bits, the last of them where there are more: as Wireshark */
        dissection_add_number(d, LWM2M_ID(LWM2M_VALUE_TIMESTAMP),
                              as_time((int64_t)(big_endian(value) & UINT32_MAX)));
}

static void add_value(struct dissection *d, const struct element *element,
                      const struct lwm2m_resource *resource)
{
    dissection_add_bytes(d, LWM2M_ID(LWM2M_VALUE), element->value);
    if (element->len == 0)
        return;
    if (resource && resource->type != LWM2M_NONE)
        add_known(d, resource, element->value);
    else
        add_guesses(d, element->value);
}

enum dissect_result lwm2mtlv_dissect_path(struct dissection *d, struct reader *r, struct bytes path)
{
    enum dissect_result cut = reader_left(r) < d->left_wire ? DISSECT_TRUNCATED : DISSECT_MALFORMED;
    struct place place = place_of(path);
    struct {
        struct reader r;
        uint32_t resource;
        bool is_cut;
    } levels[TLV_NESTING];
    unsigned depth = 0;
    const char *name;

    if (dissection_push(d, PROTOCOL_LWM2MTLV, r, (uint32_t)reader_left(r)) == NULL)
        return DISSECT_OK;
    name = lwm2m_object_name(place.object);
    if (name)
        dissection_add_bytes(d, LWM2M_ID(LWM2M_OBJECT_NAME), bytes_text(name));
    levels[0].r = *r;
    levels[0].resource = place.resource;
    levels[0].is_cut = cut == DISSECT_TRUNCATED;
    for (;;) {
        const struct lwm2m_resource *resource;
        struct element element;
        unsigned type;

        while (reader_left(&levels[depth].r) == 0) {
            if (levels[depth].is_cut)
                return cut;
            if (depth == 0)
                return DISSECT_OK;
            depth--;
        }
        if (!read_element(&levels[depth].r, &element))
            return cut;
        type = element.flags >> 6;
        if (type == TLV_RESOURCE || type == TLV_RESOURCE_ARRAY)
            levels[depth].resource = element.identifier;
        resource =
            place.object == PLACE_UNKNOWN ? NULL : lwm2m_resource_find(place.object, levels[depth].resource);
        add_header(d, &element);
        if (resource && (type == TLV_RESOURCE || type == TLV_RESOURCE_ARRAY))
            dissection_add_bytes(d, LWM2M_ID(LWM2M_RESOURCE_NAME), bytes_text(resource->name));
        if (type == TLV_RESOURCE || type == TLV_RESOURCE_INSTANCE) {
            if (element.is_cut)
                return cut;
            add_value(d, &element, resource);
            continue;
        }
        if (depth + 1 == TLV_NESTING)
            return DISSECT_MALFORMED;
        levels[depth + 1].r = reader_over(element.value);
        levels[depth + 1].resource = levels[depth].resource;
        levels[depth + 1].is_cut = element.is_cut;
        depth++;
    }
}

static enum dissect_result lwm2mtlv_dissect(struct dissection *d, struct reader *r)
{
    return lwm2mtlv_dissect_path(d, r, (struct bytes) { 0 });
}

const struct protocol protocol_lwm2mtlv = {
    .name = "lwm2mtlv",
    .title = "Lightweight M2M TLV",
    .fields = lwm2mtlv_fields,
    .n_fields = sizeof lwm2mtlv_fields / sizeof lwm2mtlv_fields[0],
    .dissect = lwm2mtlv_dissect,
};
