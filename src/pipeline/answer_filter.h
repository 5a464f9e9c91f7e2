/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer_filter - for tests: random filters of the whole grammar over all fields, about values that packets
 * of a fleet have.
 *
 * Some of what comes out is refused (a slice of a number, arithmetic with text): a little, or most filters
 * would never be asked.
 */
#pragma once

#include <ctype.h>
#include <inttypes.h>
#include <time.h>

#include "base/buffer.h"
#include "base/ip_address.h"
#include "pipeline/answer_fleet.h"

static bool chance(struct fleet *fleet, unsigned percent)
{
    return below(&fleet->seed, 100) < percent;
}

#define PICK_TEXT(fleet, ...)                       \
    (((const char *const[]) { __VA_ARGS__ })[below( \
        &(fleet)->seed, sizeof((const char *const[]) { __VA_ARGS__ }) / sizeof(const char *))])

/* ---- values ---- */

static void put_hex(struct buffer *text, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buffer_printf(text, "%s%02x", i ? ":" : "", bytes[i]);
}

static void put_quoted(struct buffer *text, const uint8_t *bytes, size_t len)
{
    buffer_put_text(text, "\"");
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '"' && bytes[i] != '\\')
            buffer_printf(text, "%c", bytes[i]);
        else
            buffer_printf(text, "\\x%02x", bytes[i]);
    }
    buffer_put_text(text, "\"");
}

/* As a pattern that finds it: letters and digits for themselves, "." for the others. */
static void put_pattern(struct fleet *fleet, struct buffer *text, const uint8_t *bytes, size_t len)
{
    buffer_put_text(text, chance(fleet, 20) ? "\"^" : "\"");
    for (size_t i = 0; i < len; i++) {
        bool is_plain = (bytes[i] | 32) >= 'a' && (bytes[i] | 32) <= 'z';

        buffer_printf(text, "%c", is_plain || (bytes[i] >= '0' && bytes[i] <= '9') ? bytes[i] : '.');
    }
    buffer_put_text(text, PICK_TEXT(fleet, "\"", "\"", "$\"", ".*\"", "|x\"", "?\""));
}

static void put_seconds(struct buffer *text, int64_t ns)
{
    buffer_printf(text, "%s%lld.%09lld", ns < 0 ? "-" : "", llabs((long long)(ns / 1000000000)),
                  llabs((long long)(ns % 1000000000)));
}

static void put_time(struct fleet *fleet, struct buffer *text, int64_t ns)
{
    time_t seconds = (time_t)(ns / 1000000000);
    char date[64];
    struct tm parts;

    if (ns < 0 || chance(fleet, 60) || gmtime_r(&seconds, &parts) == NULL) {
        put_seconds(text, ns);
        return;
    }
    strftime(date, sizeof date, chance(fleet, 50) ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%dT%H:%M:%S", &parts);
    buffer_printf(text, "\"%s.%09lldZ\"", date, (long long)(ns % 1000000000));
}

static void put_number(struct fleet *fleet, struct buffer *text, const struct known *known)
{
    const char *name = field_value_name(field_of(known->field), known->number);
    uint64_t number = known->number;

    if (name && strpbrk(name, "\"\\") == NULL && chance(fleet, 25)) {
        buffer_printf(text, "\"%s\"", name);
        return;
    }
    if (chance(fleet, 15) && number > 0 && number < UINT8_MAX)
        number += below(&fleet->seed, 3) - 1;
    switch (below(&fleet->seed, 6)) {
    case 0:
        buffer_printf(text, "0x%" PRIx64, number);
        break;
    case 1:
        buffer_printf(text, "0%" PRIo64, number);
        break;
    default:
        buffer_printf(text, "%" PRIu64, number);
    }
}

static void put_value(struct fleet *fleet, struct buffer *text, const struct known *known)
{
    char address[IP_ADDRESS_TEXT_BYTES];
    struct ip_address ip;

    switch ((enum field_type)known->type) {
    case FIELD_IPV4:
    case FIELD_IPV6:
        ip = ip_address_of(bytes_of(known->bytes, known->len));
        buffer_put_text(text, ip_address_format(&ip, address));
        break;
    case FIELD_ETHER:
    case FIELD_BYTES:
        put_hex(text, known->bytes, known->len);
        break;
    case FIELD_STRING:
        put_quoted(text, known->bytes, known->len);
        break;
    case FIELD_TIME:
        put_time(fleet, text, (int64_t)known->number);
        break;
    case FIELD_DURATION:
        put_seconds(text, (int64_t)known->number);
        break;
    case FIELD_DOUBLE:
        buffer_printf(text, "%.17g", known->real);
        break;
    case FIELD_INT:
        buffer_printf(text, "%" PRId64, (int64_t)known->number);
        break;
    default:
        put_number(fleet, text, known);
    }
}

static const struct known *pick_any(struct fleet *fleet)
{
    return &fleet->pool[below(&fleet->seed, fleet->n_pool)];
}

static const struct known *pick_of(struct fleet *fleet, uint16_t field)
{
    const struct known *known = pick_any(fleet);

    for (unsigned tries = 0; tries < 2000 && known->field != field; tries++)
        known = pick_any(fleet);
    return known->field == field ? known : NULL;
}

static const struct known *pick_named(struct fleet *fleet, const char *name)
{
    return pick_of(fleet, field_find(name, strlen(name)));
}

/* Another field, of the same type. */
static const struct known *pick_alike(struct fleet *fleet, const struct known *known)
{
    const struct known *other = pick_any(fleet);

    for (unsigned tries = 0; tries < 500 && other->type != known->type; tries++)
        other = pick_any(fleet);
    return other->type == known->type ? other : known;
}

/* What most people ask for comes often; each other field as it comes. */
static const struct known *pick(struct fleet *fleet)
{
    static const char *const common[] = {
        "ip.addr",
        "ip.src",
        "dtls.handshake.identity",
        "icmp.type",
        "ipv6.addr",
        "udp.port",
        "udp.dstport",
        "tcp.port",
        "tcp.srcport",
        "frame.time_epoch",
        "frame.time",
        "ip.proto",
        "frame.protocols",
        "frame.interface_name",
        "mqtt.clientid",
        "mqtt.topic",
        "frame.number",
        "dtls.handshake.identity",
        "coap.code",
        "dns.qry.name",
        "tls.handshake.extensions_server_name",
    };
    /* Told from earlier packets: what most rules about them go wrong with. */
    static const char *const remembered[] = {
        "coap.response_to",
        "coap.opt.uri_path_recon",
        "dns.response_to",
        "ip.reassembled.length",
        "mqtt.conack.flags.sp",
        "icmp.resp_to",
        "http.response_for.uri",
        "tcp.stream",
        "udp.stream",
        "frame.time_delta",
        "frame.time_relative",
        "tcp.analysis.acks_frame",
        "dns.time",
        "tcp.time_delta",
        "tls.handshake.certificate",
    };
    const struct known *known = NULL;

    if (chance(fleet, 17))
        known = pick_named(fleet, remembered[below(&fleet->seed, sizeof remembered / sizeof *remembered)]);
    else if (chance(fleet, 40))
        known = pick_named(fleet, common[below(&fleet->seed, sizeof common / sizeof *common)]);
    return known ? known : pick_any(fleet);
}

static const struct known *pick_bytes(struct fleet *fleet)
{
    const struct known *known = pick(fleet);

    for (unsigned tries = 0; tries < 200 && (known->len < 2 || known->type == FIELD_IPV4); tries++)
        known = pick_any(fleet);
    return known;
}

static const struct known *pick_number(struct fleet *fleet)
{
    const struct known *known = pick(fleet);

    for (unsigned tries = 0; tries < 200 && known->type != FIELD_UINT && known->type != FIELD_INT; tries++)
        known = pick_any(fleet);
    return known;
}

static bool has_bytes(const struct known *known)
{
    return known->type == FIELD_STRING || known->type == FIELD_BYTES;
}

/* ---- operands: one draw a statement, or each compiler would draw in an order of its own ---- */

/* Some with a layer. */
static void put_field(struct fleet *fleet, struct buffer *text, const struct known *known)
{
    buffer_put_text(text, field_of(known->field)->name);
    if (chance(fleet, 8))
        buffer_put_text(text, PICK_TEXT(fleet, "#1", "#1", "#2", "#[-1]", "#[1-2]", "#[2:]", "#[1,3]"));
}

static const char *relation(struct fleet *fleet)
{
    return PICK_TEXT(fleet, "==", "==", "==", "==", "!=", ">", ">=", "<", "<=", "~=", "===", "!==", "eq",
                     "ne", "gt", "ge", "lt", "le", "any_eq", "all_ne", "all_eq", "any_ne");
}

/* ---- tests ---- */

static void put_comparison(struct fleet *fleet, struct buffer *text)
{
    const struct known *known = pick(fleet);

    if (known->type == FIELD_TIME && chance(fleet, 30)) /* alone among tests it has an opposite */
        buffer_put_text(text, "not ");
    put_field(fleet, text, known);
    if (known->type == FIELD_NONE)
        return;
    buffer_printf(text, " %s ", relation(fleet));
    put_value(fleet, text, known);
    if (known->type == FIELD_IPV4 && chance(fleet, 25))
        buffer_printf(text, "/%u", (unsigned)below(&fleet->seed, 33));
    else if (known->type == FIELD_IPV6 && chance(fleet, 25))
        buffer_printf(text, "/%u", (unsigned)below(&fleet->seed, 129));
}

static void put_presence(struct fleet *fleet, struct buffer *text)
{
    const struct known *known = pick(fleet);

    if (chance(fleet, 30))
        buffer_put_text(text, protocols[FIELD_PROTOCOL(known->field)]->name);
    else
        put_field(fleet, text, known);
}

static void put_set(struct fleet *fleet, struct buffer *text)
{
    const struct known *known = pick(fleet);

    put_field(fleet, text, known);
    if (known->type == FIELD_NONE)
        return;
    buffer_printf(text, " %s {", PICK_TEXT(fleet, "in", "in", "in", "not in"));
    for (unsigned i = 0, n = 1 + (unsigned)below(&fleet->seed, 4); i < n; i++) {
        const struct known *one = pick_of(fleet, known->field), *other = pick_of(fleet, known->field);

        buffer_put_text(text, i ? ", " : "");
        put_value(fleet, text, one ? one : known);
        if (!has_bytes(known) && chance(fleet, 35)) {
            buffer_put_text(text, " .. ");
            put_value(fleet, text, other ? other : known);
        }
    }
    buffer_put_text(text, "}");
}

static void put_search(struct fleet *fleet, struct buffer *text)
{
    struct known part = *pick_bytes(fleet);
    uint16_t from;

    if (!has_bytes(&part) || part.len < 2) {
        put_comparison(fleet, text);
        return;
    }
    from = (uint16_t)below(&fleet->seed, part.len);
    part.len = (uint16_t)(1 + below(&fleet->seed, part.len - from));
    memmove(part.bytes, part.bytes + from, part.len);
    if (part.type == FIELD_STRING && chance(fleet, 20)) {
        const char *which = PICK_TEXT(fleet, "lower", "upper");

        for (uint16_t i = 0; i < part.len; i++)
            part.bytes[i] = (uint8_t)(which[0] == 'l' ? tolower(part.bytes[i]) : toupper(part.bytes[i]));
        buffer_printf(text, "%s(%s) %s ", which, field_of(part.field)->name,
                      PICK_TEXT(fleet, "contains", "contains", "=="));
        put_quoted(text, part.bytes, part.len);
        return;
    }
    if (chance(fleet, 15)) /* a protocol's own bytes */
        buffer_put_text(text, protocols[FIELD_PROTOCOL(part.field)]->name);
    else
        put_field(fleet, text, &part);
    if (chance(fleet, 40)) {
        buffer_printf(text, " %s ", PICK_TEXT(fleet, "matches", "~"));
        put_pattern(fleet, text, part.bytes, part.len);
    } else {
        buffer_put_text(text, " contains ");
        if (chance(fleet, 50))
            put_quoted(text, part.bytes, part.len);
        else
            put_hex(text, part.bytes, part.len);
    }
}

static void put_slice(struct fleet *fleet, struct buffer *text)
{
    const struct known *known = pick_bytes(fleet);
    unsigned from, len;

    if (known->len < 2) {
        put_presence(fleet, text);
        return;
    }
    from = (unsigned)below(&fleet->seed, known->len);
    len = 1 + (unsigned)below(&fleet->seed, known->len - from);
    put_field(fleet, text, known);
    if (chance(fleet, 40))
        buffer_printf(text, "[%u:%u]", from, len);
    else if (len > 1 && chance(fleet, 50))
        buffer_printf(text, "[%u-%u]", from, from + len - 1);
    else if (chance(fleet, 50))
        buffer_printf(text, "[-%u:%u]", known->len - from, len);
    else
        buffer_printf(text, "[:%u,%u]", len,
                      from); /* as long as both together: never equal to what follows */
    buffer_printf(text, " %s ", relation(fleet));
    if (known->type == FIELD_STRING)
        put_quoted(text, known->bytes + from, len);
    else
        put_hex(text, known->bytes + from, len);
}

static void put_function(struct fleet *fleet, struct buffer *text)
{
    const struct known *known = chance(fleet, 50) ? pick_bytes(fleet) : pick_number(fleet), *other;
    const char *name = field_of(known->field)->name, *compared;
    unsigned n;

    if (known->type == FIELD_STRING && chance(fleet, 60)) {
        compared = relation(fleet);
        buffer_printf(text, "%s(%s) %s ", PICK_TEXT(fleet, "lower", "upper"), name, compared);
        put_value(fleet, text, known);
    } else if (has_bytes(known) && chance(fleet, 60)) {
        buffer_printf(text, "len(%s) %s %u", name, relation(fleet), known->len);
    } else if (known->type == FIELD_UINT && chance(fleet, 60)) {
        other = pick_alike(fleet, known);
        compared = relation(fleet);
        buffer_printf(text, "%s(%s, %s) %s ", PICK_TEXT(fleet, "max", "min"), name,
                      field_of(other->field)->name, compared);
        put_number(fleet, text, known);
    } else if (known->type == FIELD_UINT) {
        buffer_printf(text, "string(%s) %s \"%" PRIu64 "\"", name,
                      PICK_TEXT(fleet, "==", "contains", "matches", "!="), known->number);
    } else if (known->type == FIELD_INT) {
        n = (unsigned)below(&fleet->seed, 40);
        buffer_printf(text, "abs(%s) %s %u", name, relation(fleet), n);
    } else {
        n = (unsigned)below(&fleet->seed, 4);
        buffer_printf(text, "count(%s) %s %u", name, relation(fleet), n);
    }
}

static void put_arithmetic(struct fleet *fleet, struct buffer *text)
{
    const struct known *known = pick_number(fleet), *other = pick_alike(fleet, known);
    const char *name = field_of(known->field)->name, *compared, *step;
    unsigned n = 1 + (unsigned)below(&fleet->seed, 255);

    switch (below(&fleet->seed, 4)) {
    case 0:
        buffer_printf(text, "%s %s %u", name, PICK_TEXT(fleet, "&", "bitwise_and"), n);
        if (chance(fleet, 60))
            buffer_printf(text, " %s %" PRIu64, relation(fleet), known->number & n);
        break;
    case 1:
        compared = relation(fleet);
        buffer_printf(text, "{%s %s %u} %s ", name, PICK_TEXT(fleet, "+", "-", "*", "/", "%"), n, compared);
        put_number(fleet, text, known);
        break;
    case 2:
        step = PICK_TEXT(fleet, "1", "8", "20");
        compared = PICK_TEXT(fleet, "+", "-", "*");
        buffer_printf(text, "%s %s %s %s %s", name, relation(fleet), field_of(other->field)->name, compared,
                      step);
        break;
    default:
        buffer_printf(text, "-%s %s -%" PRIu64, name, relation(fleet), known->number);
    }
}

static void put_fields(struct fleet *fleet, struct buffer *text)
{
    const struct known *known = pick(fleet), *other = pick_alike(fleet, known);

    put_field(fleet, text, known);
    buffer_printf(text, " %s ", relation(fleet));
    put_field(fleet, text, other);
    if (known->type == FIELD_UINT && chance(fleet, 20)) { /* a < b < c is a < b and b < c */
        buffer_printf(text, " %s ", relation(fleet));
        put_number(fleet, text, known);
    }
}

static void put_test(struct fleet *fleet, struct buffer *text)
{
    static void (*const kinds[])(struct fleet *, struct buffer *) = {
        put_comparison, put_comparison, put_comparison, put_comparison, put_comparison,
        put_presence,   put_presence,   put_set,        put_set,        put_search,
        put_search,     put_slice,      put_function,   put_arithmetic, put_fields,
    };
    size_t kind = below(&fleet->seed, sizeof kinds / sizeof *kinds);

    if (kinds[kind] != put_presence && chance(fleet, 8))
        buffer_put_text(text, PICK_TEXT(fleet, "any ", "all "));
    kinds[kind](fleet, text);
}

static void put_filter(struct fleet *fleet, struct buffer *text, unsigned depth)
{
    if (depth == 0 || below(&fleet->seed, 3) == 0) {
        put_test(fleet, text);
        return;
    }
    if (below(&fleet->seed, 5) == 0) {
        buffer_put_text(text, PICK_TEXT(fleet, "not (", "not (", "!(", "not not ("));
        put_filter(fleet, text, depth - 1);
        buffer_put_text(text, ")");
        return;
    }
    buffer_put_text(text, "(");
    put_filter(fleet, text, depth - 1);
    buffer_put_text(
        text, PICK_TEXT(fleet, ") and (", ") and (", ") or (", ") && (", ") || (", ") xor (", ") ^^ ("));
    put_filter(fleet, text, depth - 1);
    buffer_put_text(text, ")");
}

/* What the index knows by itself: who is named in a handshake. Nothing else of the filter covers its
 * mistakes.
 */
static void put_name_test(struct fleet *fleet, struct buffer *text)
{
    const struct known *found = pick_named(fleet, "dtls.handshake.identity");
    struct known known;

    if (found == NULL || found->len < 2) {
        put_test(fleet, text);
        return;
    }
    known = *found;
    buffer_put_text(text, "dtls.handshake.identity ");
    switch (below(&fleet->seed, 4)) {
    case 0:
        buffer_put_text(text, "matches ");
        put_pattern(fleet, text, known.bytes, known.len);
        break;
    case 1:
        known.len = (uint16_t)(1 + below(&fleet->seed, known.len));
        buffer_put_text(text, "contains ");
        put_value(fleet, text, &known);
        break;
    default:
        buffer_printf(text, "%s ", relation(fleet));
        put_value(fleet, text, &known);
    }
}
