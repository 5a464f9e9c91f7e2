/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which fields a level may ask for is told by their protocol and type, not by a list of names: a field that
 * comes to a protocol later falls on the right side by itself. Texts and runs of bytes of a layer, and what
 * is reckoned over everything that follows (checksums), say something of what the layer carries.
 */
#include "live/scope.h"

#include <string.h>

#include "filter/fault.h"
#include "filter/filter.h"

#define PROTOCOLS_BELOW_PAYLOAD                                                                        \
    (PROTOCOL_BIT(PROTOCOL_FRAME) | PROTOCOL_BIT(PROTOCOL_ETHERNET) | PROTOCOL_BIT(PROTOCOL_VLAN) |    \
     PROTOCOL_BIT(PROTOCOL_IEEE8021AD) | PROTOCOL_BIT(PROTOCOL_LLC) | PROTOCOL_BIT(PROTOCOL_SLL) |     \
     PROTOCOL_BIT(PROTOCOL_NULL_LOOPBACK) | PROTOCOL_BIT(PROTOCOL_RAW) | PROTOCOL_BIT(PROTOCOL_IPV4) | \
     PROTOCOL_BIT(PROTOCOL_IPV6) | PROTOCOL_BIT(PROTOCOL_UDP) | PROTOCOL_BIT(PROTOCOL_TCP))

static bool is_of_headers(uint16_t id)
{
    const struct field *field = field_of(id);

    if (!(PROTOCOLS_BELOW_PAYLOAD & PROTOCOL_BIT(FIELD_PROTOCOL(id))))
        return false;
    if (FIELD_PROTOCOL(id) != PROTOCOL_FRAME && (field->type == FIELD_BYTES || field->type == FIELD_STRING))
        return false;
    return strstr(field->name, "checksum") == NULL && strstr(field->name, "fcs") == NULL;
}

struct look {
    struct bytes text;
    struct error *error;
    bool is_refused;
};

static void look_at(void *context, const struct filter_mention *mention)
{
    struct look *look = context;

    if (look->is_refused ||
        (mention->field == FIELD_ID_NONE ? mention->is_presence : is_of_headers(mention->field)))
        return;
    look->is_refused = true;
    look->error->kind = ERROR_NONE;
    fault_set(look->error, look->text, (struct span) { mention->at, mention->len },
              "addresses, ports, lengths, times and the names of protocols are",
              "%.*s is not to be asked for through this link, which shows no bytes of packets",
              mention->len < 60 ? (int)mention->len : 60, (const char *)look->text.data + mention->at);
}

bool scope_allows(enum bytes_level level, const struct filter *filter, const char *text, struct error *error)
{
    struct look look = { .text = bytes_text(text), .error = error };

    if (level == BYTES_FULL)
        return true;
    filter_mentions(filter, look_at, &look);
    return !look.is_refused;
}

bool scope_has_source(const struct scope *scope, const char *source)
{
    return scope->source == NULL || strcmp(scope->source, source) == 0;
}

bool scope_is_of_numbers_and_times(const struct scope *scope)
{
    return scope->filter == NULL && scope->device == NULL;
}

bool scope_has_number_and_time(const struct scope *scope, uint64_t number, int64_t ts_ns)
{
    return ts_ns >= scope->range.from_ns && ts_ns <= scope->range.to_ns &&
           number_ranges_has(&scope->numbers, number);
}

bool scope_is_of_packets(const struct scope *scope)
{
    return scope->filter != NULL || scope->numbers.n > 0;
}

bool scope_is_all(const struct scope *scope)
{
    return scope_is_of_numbers_and_times(scope) && scope->numbers.n == 0 &&
           scope->range.from_ns == INT64_MIN && scope->range.to_ns == INT64_MAX;
}

static const char *const level_names[] = {
    [BYTES_NONE] = "none", [BYTES_HEADERS] = "headers", [BYTES_FULL] = "full"
};

const char *bytes_level_name(enum bytes_level level)
{
    return level_names[level];
}

bool bytes_level_parse(struct bytes text, enum bytes_level *level)
{
    for (unsigned i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (bytes_equal(text, bytes_text(level_names[i]))) {
            *level = (enum bytes_level)i;
            return true;
        }
    }
    return false;
}
