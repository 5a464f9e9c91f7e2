/* SPDX-License-Identifier: Apache-2.0 */
#include "live/sharkd_tree.h"

#include <jansson.h>

#include "base/json_writer.h"
#include "live/sharkd.h"

static const char *text_of(json_t *node, const char *member)
{
    const char *text = json_string_value(json_object_get(node, member));

    return text ? text : "";
}

/* "h": where it stands in the packet; bytes of another source ("ds") are not the packet's own. */
static void put_place(struct json_writer *json, json_t *node)
{
    json_t *place = json_object_get(node, "h");
    json_int_t at = json_integer_value(json_array_get(place, 0)),
               len = json_integer_value(json_array_get(place, 1));
    bool is_there = json_array_size(place) == 2 && at >= 0 && len > 0 && !json_object_get(node, "ds");

    json_writer_name(json, "offset");
    if (is_there)
        json_writer_number(json, (uint64_t)at);
    else
        json_writer_null(json);
    json_writer_named_number(json, "length", is_there ? (uint64_t)len : 0);
}

static void put_field(struct json_writer *json, json_t *node, uint64_t layer, unsigned depth);

static void put_children(struct json_writer *json, json_t *node, const char *name, uint64_t layer,
                         unsigned depth)
{
    json_t *child;
    size_t i;

    json_writer_name(json, name);
    json_writer_array(json);
    if (depth < SHARKD_DEPTH_LIMIT)
        json_array_foreach(json_object_get(node, "n"), i, child) put_field(json, child, layer, depth + 1);
    json_writer_end(json);
}

/* "f" is a filter for this very value: coap.code == 69. */
static void put_field(struct json_writer *json, json_t *node, uint64_t layer, unsigned depth)
{
    const char *label = text_of(node, "l"), *filter = text_of(node, "f"), *sign = strstr(filter, " == ");
    size_t name_len = strcspn(filter, " "), label_len = strcspn(label, ":");

    json_writer_object(json);
    json_writer_name(json, "name");
    if (name_len)
        json_writer_text(json, bytes_of((const uint8_t *)filter, name_len));
    else
        json_writer_null(json);
    json_writer_name(json, "label");
    json_writer_text(json, bytes_of((const uint8_t *)label, label_len));
    json_writer_name(json, "text");
    json_writer_string(json, label);
    json_writer_name(json, "value");
    json_writer_string(json, sign ? sign + 4 : NULL);
    put_place(json, node);
    json_writer_named_number(json, "layer", layer);
    json_writer_name(json, "is_generated");
    json_writer_bool(json, json_is_true(json_object_get(node, "g")));
    put_children(json, node, "children", layer, depth);
    json_writer_end(json);
}

static const char *severity_of(json_t *node)
{
    const char *severity = text_of(node, "s");

    return strcmp(severity, "Error") == 0     ? "error"
           : strcmp(severity, "Warning") == 0 ? "warning"
           : strcmp(severity, "Note") == 0    ? "note"
                                              : "ok";
}

static void put_layer(struct json_writer *json, json_t *node, uint64_t layer)
{
    const char *text = text_of(node, "l");

    json_writer_object(json);
    json_writer_name(json, "protocol");
    json_writer_text(json, bytes_of((const uint8_t *)text_of(node, "f"), strcspn(text_of(node, "f"), " ")));
    json_writer_name(json, "title");
    json_writer_text(json, bytes_of((const uint8_t *)text, strcspn(text, ",:")));
    json_writer_name(json, "text");
    json_writer_string(json, text);
    put_place(json, node);
    json_writer_named_number(json, "layer", layer);
    json_writer_name(json, "severity");
    json_writer_string(json, severity_of(node));
    put_children(json, node, "fields", layer, 1);
    json_writer_end(json);
}

bool sharkd_tree_put(struct bytes answer, struct buffer *layers)
{
    json_error_t fault;
    json_t *root = json_loadb((const char *)answer.data, answer.len, 0, &fault), *node;
    json_t *tree = json_object_get(json_object_get(root, "result"), "tree");
    struct json_writer json;
    uint64_t n = 0;
    size_t i;

    if (!json_is_array(tree) || json_array_size(tree) == 0) {
        json_decref(root);
        return false;
    }
    json_writer_init(&json, layers, JSON_WRITER_COMPACT);
    json_writer_array(&json);
    json_array_foreach(tree, i, node)
    {
        if (strcmp(text_of(node, "f"), "frame") !=
            0) /* numbers and times of the small file, not of the capture */
            put_layer(&json, node, n);
        n++;
    }
    json_writer_end(&json);
    json_decref(root);
    return !layers->is_full;
}
