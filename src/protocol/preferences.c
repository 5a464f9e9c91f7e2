/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preferences - one table of what may be set, one of what tshark lets be set and this program does not, one
 * of who may stand behind a port. A word that would change nothing is refused: who gives it expects a change.
 */
#include "protocol/preferences.h"

#include <stddef.h>
#include <stdlib.h>
#include <strings.h>

#include "base/nearest.h"
#include "protocol/dispatch.h"

/* As tshark 4.0 has them. */
const struct preferences preferences_default = {
    .ip_defragment = true,
    .ipv6_defragment = true,
    .tcp_desegment = true,
    .tcp_analyze = true,
    .tcp_relative = true,
    .tls_desegment_records = true,
    .tls_desegment_app_data = true,
};

enum { VALUE_BYTES = 64 }; /* of NAME or VALUE; the longest known has half of it */

/* ---- -o ---- */

enum setting_kind {
    SETTING_BOOL,  /* bool */
    SETTING_BYTE,  /* uint8_t: 0 .. 255 */
    SETTING_NAMED, /* uint8_t: one of names */
};

struct setting_name {
    const char *name, *title; /* both are taken */
    uint8_t value;
};

static const struct setting_name mqtt_versions[] = {
    { "none", "None", 0 },
    { "v31", "MQTT v3.1", 3 },
    { "v311", "MQTT v3.1.1", 4 },
    { "v50", "MQTT v5.0", 5 },
    { 0 },
};

#define AT(member) offsetof(struct preferences, member)

static const struct setting {
    const char *name;
    enum setting_kind kind;
    size_t offset;
    const struct setting_name *names;
} settings[] = {
    { "ip.defragment", SETTING_BOOL, AT(ip_defragment), NULL },
    { "ipv6.defragment", SETTING_BOOL, AT(ipv6_defragment), NULL },
    { "ip.check_checksum", SETTING_BOOL, AT(ip_check_checksum), NULL },
    { "udp.check_checksum", SETTING_BOOL, AT(udp_check_checksum), NULL },
    { "tcp.check_checksum", SETTING_BOOL, AT(tcp_check_checksum), NULL },
    { "tcp.desegment_tcp_streams", SETTING_BOOL, AT(tcp_desegment), NULL },
    { "tcp.analyze_sequence_numbers", SETTING_BOOL, AT(tcp_analyze), NULL },
    { "tcp.relative_sequence_numbers", SETTING_BOOL, AT(tcp_relative), NULL },
    { "tcp.reassemble_out_of_order", SETTING_BOOL, AT(tcp_out_of_order), NULL },
    { "tls.desegment_ssl_records", SETTING_BOOL, AT(tls_desegment_records), NULL },
    { "tls.desegment_ssl_application_data", SETTING_BOOL, AT(tls_desegment_app_data), NULL },
    { "dtls.client_cid_length", SETTING_BYTE, AT(dtls_client_cid_length), NULL },
    { "dtls.server_cid_length", SETTING_BYTE, AT(dtls_server_cid_length), NULL },
    { "mqtt.default_version", SETTING_NAMED, AT(mqtt_default_version), mqtt_versions },
};

enum { N_SETTINGS = sizeof settings / sizeof settings[0] };

static const char needs_keys[] = "needs keys, and nothing is decrypted here",
                  changes_nothing[] = "only changes how tshark shows packets: there is nothing to set here",
                  is_a_port[] = "is not supported; name the port with -d udp.port==PORT,PROTOCOL";

/* Of tshark, for the protocols that are known here. */
static const struct refused {
    const char *name, *why;
} refused[] = {
    { "dtls.psk", needs_keys },
    { "dtls.keys_list", needs_keys },
    { "tls.psk", needs_keys },
    { "tls.keylog_file", needs_keys },
    { "tls.keys_list", needs_keys },
    { "esp.enable_encryption_decode", needs_keys },
    { "ip.summary_in_tree", changes_nothing },
    { "ipv6.summary_in_tree", changes_nothing },
    { "udp.summary_in_tree", changes_nothing },
    { "tcp.summary_in_tree", changes_nothing },
    { "vlan.summary_in_tree", changes_nothing },
    { "ip.use_geoip", changes_nothing },
    { "ipv6.use_geoip", changes_nothing },
    { "dtls.debug_file", changes_nothing },
    { "tls.debug_file", changes_nothing },
    { "coap.udp.port", is_a_port },
    { "coap.tcp.port", is_a_port },
    { "mqtt.tcp.port", is_a_port },
    { "mqttsn.udp.port", is_a_port },
    { "dtls.udp.port", is_a_port },
    { "tls.tcp.port", is_a_port },
    { "http.tcp.port", is_a_port },
    { "http.tls.port", is_a_port },
    { "vxlan.udp.port", is_a_port },
    { "geneve.udp.port", is_a_port },
    { "tzsp.udp.port", is_a_port },
    { "dns.udp.port", is_a_port },
    { "dns.tcp.port", is_a_port },
};

/* The word from text up to end, without the spaces around it; false when it does not fit. */
static bool copy_word(const char *text, const char *end, char word[VALUE_BYTES])
{
    size_t len;

    while (text < end && (*text == ' ' || *text == '\t'))
        text++;
    while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    len = (size_t)(end - text);
    if (len >= VALUE_BYTES)
        return false;
    memcpy(word, text, len);
    word[len] = 0;
    return true;
}

static bool unknown_setting(const char *name, struct error *error)
{
    struct nearest nearest;

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (strcasecmp(refused[i].name, name) == 0)
            return error_set(error, ERROR_USAGE, "-o %s %s", refused[i].name, refused[i].why);
    }
    nearest_init(&nearest, name, strlen(name));
    for (size_t i = 0; i < N_SETTINGS; i++)
        nearest_offer(&nearest, settings[i].name);
    if (nearest_name(&nearest))
        return error_set(error, ERROR_USAGE, "-o %s is not known here; did you mean %s?", name,
                         nearest_name(&nearest));
    return error_set(
        error, ERROR_USAGE,
        "-o %s is not known here; known are ip.defragment, ipv6.defragment, *.check_checksum, "
        "tcp.desegment_tcp_streams, tcp.analyze_sequence_numbers, tcp.relative_sequence_numbers, "
        "tcp.reassemble_out_of_order, tls.desegment_ssl_records, "
        "tls.desegment_ssl_application_data, dtls.client_cid_length, dtls.server_cid_length and "
        "mqtt.default_version",
        name);
}

/* All of text as a number up to limit; base as strtoul. */
static bool parse_number(const char *text, int base, unsigned long limit, unsigned long *number)
{
    char *end;

    if (*text < '0' || *text > '9') /* strtoul takes signs */
        return false;
    *number = strtoul(text, &end, base);
    return *end == 0 && *number <= limit;
}

static bool set_bool(bool *setting, const char *name, const char *value, struct error *error)
{
    if (strcasecmp(value, "true") != 0 && strcasecmp(value, "false") != 0)
        return error_set(error, ERROR_USAGE, "-o %s is TRUE or FALSE, not \"%s\"", name, value);
    *setting = strcasecmp(value, "true") == 0;
    return true;
}

static bool set_named(uint8_t *setting, const struct setting *known, const char *value, struct error *error)
{
    char list[256] = "";

    for (const struct setting_name *name = known->names; name->name; name++) {
        if (strcasecmp(value, name->name) == 0 || strcasecmp(value, name->title) == 0) {
            *setting = name->value;
            return true;
        }
        if (name > known->names)
            strncat(list, ", ", sizeof list - strlen(list) - 1);
        strncat(list, name->title, sizeof list - strlen(list) - 1);
    }
    return error_set(error, ERROR_USAGE, "-o %s is one of %s, not \"%s\"", known->name, list, value);
}

bool preferences_set(struct preferences *preferences, const char *text, struct error *error)
{
    const char *colon = strchr(text, ':');
    char name[VALUE_BYTES], value[VALUE_BYTES];
    unsigned long number;
    size_t len;

    if (colon == NULL)
        return error_set(error, ERROR_USAGE, "-o %s has no value; write -o NAME:VALUE", text);
    if (!copy_word(text, colon, name))
        return error_set(error, ERROR_USAGE, "-o %.80s... is not known here", text);
    if (!copy_word(colon + 1, colon + strlen(colon), value)) {
        value[0] = 0;
        memcpy(value, "(too long)", sizeof "(too long)");
    }
    len = strlen(value);
    if (len >= 2 && value[0] == '"' && value[len - 1] == '"') {
        memmove(value, value + 1, len - 2);
        value[len - 2] = 0;
    }
    for (size_t i = 0; i < N_SETTINGS; i++) {
        const struct setting *known = &settings[i];
        char *setting = (char *)preferences + known->offset;

        if (strcasecmp(known->name, name) != 0)
            continue;
        switch (known->kind) {
        case SETTING_BOOL:
            return set_bool((bool *)setting, known->name, value, error);
        case SETTING_BYTE:
            if (!parse_number(value, 10, UINT8_MAX, &number))
                return error_set(error, ERROR_USAGE, "-o %s is a number from 0 to 255, not \"%s\"",
                                 known->name, value);
            *(uint8_t *)setting = (uint8_t)number;
            return true;
        case SETTING_NAMED:
            return set_named((uint8_t *)setting, known, value, error);
        }
    }
    return unknown_setting(name, error);
}

/* ---- -d ---- */

#define IN(table) (1u << PORT_TABLE_##table)

static const struct {
    const char *name;
    enum port_table table;
} tables[] = {
    { "udp.port", PORT_TABLE_UDP },
    { "tcp.port", PORT_TABLE_TCP },
    { "dtls.port", PORT_TABLE_DTLS },
    { "tls.port", PORT_TABLE_TLS },
};

enum { N_TABLES = sizeof tables / sizeof tables[0] };

/* Who may stand in which table: as in tshark, and what it names otherwise. */
static const struct decodable {
    const char *name;
    enum protocol_id protocol;
    unsigned tables;
} decodables[] = {
    { "data", PROTOCOL_DATA, IN(UDP) | IN(TCP) | IN(DTLS) | IN(TLS) },
    { "coap", PROTOCOL_COAP, IN(UDP) | IN(TCP) | IN(DTLS) | IN(TLS) },
    { "dns", PROTOCOL_DNS, IN(UDP) | IN(TCP) | IN(DTLS) | IN(TLS) },
    { "mdns", PROTOCOL_MDNS, IN(UDP) },
    { "dhcp", PROTOCOL_DHCP, IN(UDP) },
    { "bootp", PROTOCOL_DHCP, IN(UDP) },
    { "ntp", PROTOCOL_NTP, IN(UDP) | IN(TCP) },
    { "mqtt", PROTOCOL_MQTT, IN(TCP) | IN(TLS) },
    { "mqttsn", PROTOCOL_MQTTSN, IN(UDP) },
    { "http", PROTOCOL_HTTP, IN(TCP) | IN(TLS) },
    { "tls", PROTOCOL_TLS, IN(TCP) },
    { "ssl", PROTOCOL_TLS, IN(TCP) },
    { "dtls", PROTOCOL_DTLS, IN(UDP) },
    { "quic", PROTOCOL_QUIC, IN(UDP) },
    { "json", PROTOCOL_JSON, IN(UDP) | IN(TCP) },
    { "eth", PROTOCOL_ETHERNET, IN(UDP) },
    { "llc", PROTOCOL_LLC, IN(UDP) },
    { "ip", PROTOCOL_IPV4, IN(UDP) },
    { "ipv6", PROTOCOL_IPV6, IN(UDP) },
    { "gre", PROTOCOL_GRE, IN(UDP) },
    { "vxlan", PROTOCOL_VXLAN, IN(UDP) },
    { "geneve", PROTOCOL_GENEVE, IN(UDP) },
    { "tzsp", PROTOCOL_TZSP, IN(UDP) },
};

enum { N_DECODABLES = sizeof decodables / sizeof decodables[0] };

static bool find_table(const char *name, enum port_table *table, struct error *error)
{
    for (size_t i = 0; i < N_TABLES; i++) {
        if (strcmp(tables[i].name, name) == 0) {
            *table = tables[i].table;
            return true;
        }
    }
    return error_set(error, ERROR_USAGE,
                     "-d %s==...: there are rules for udp.port, tcp.port, dtls.port and tls.port", name);
}

static bool find_decodable(const char *name, enum port_table table, enum protocol_id *protocol,
                           struct error *error)
{
    char list[256] = "";
    struct nearest nearest;

    nearest_init(&nearest, name, strlen(name));
    for (size_t i = 0; i < N_DECODABLES; i++) {
        const struct decodable *known = &decodables[i];

        if (!(known->tables >> table & 1))
            continue;
        if (strcmp(known->name, name) == 0) {
            *protocol = known->protocol;
            return true;
        }
        nearest_offer(&nearest, known->name);
        if (list[0])
            strncat(list, " ", sizeof list - strlen(list) - 1);
        strncat(list, known->name, sizeof list - strlen(list) - 1);
    }
    if (nearest_name(&nearest))
        return error_set(error, ERROR_USAGE, "-d: \"%s\" cannot stand behind %s; did you mean %s?", name,
                         tables[table].name, nearest_name(&nearest));
    return error_set(error, ERROR_USAGE, "-d: \"%s\" cannot stand behind %s; these can: %s", name,
                     tables[table].name, list);
}

/* "5000", "5000-5009", "5000:10"; numbers also in hex and octal, as tshark takes them. */
static bool parse_ports(char *text, struct decode_rule *rule)
{
    char *between = strpbrk(text, "-:");
    bool is_count = between && *between == ':';
    unsigned long low, high;

    if (between)
        *between++ = 0;
    if (!parse_number(text, 0, UINT16_MAX, &low))
        return false;
    if (between == NULL)
        high = low;
    else if (!parse_number(between, 0, UINT16_MAX, &high))
        return false;
    if (is_count) {
        if (high == 0 || low + high - 1 > UINT16_MAX)
            return false;
        high = low + high - 1;
    }
    if (high < low)
        return false;
    rule->low = (uint16_t)low;
    rule->high = (uint16_t)high;
    return true;
}

bool preferences_decode_as(struct preferences *preferences, const char *text, struct error *error)
{
    const char *equal = strstr(text, "=="), *comma = equal ? strchr(equal, ',') : NULL;
    char table[VALUE_BYTES], ports[VALUE_BYTES], protocol[VALUE_BYTES];
    struct decode_rule rule = { 0 };

    if (comma == NULL || !copy_word(text, equal, table) || !copy_word(equal + 2, comma, ports) ||
        !copy_word(comma + 1, comma + strlen(comma), protocol))
        return error_set(error, ERROR_USAGE, "-d %.200s is no rule; write it as udp.port==5000-5009,coap",
                         text);
    if (!find_table(table, &rule.table, error))
        return false;
    if (!parse_ports(ports, &rule))
        return error_set(error, ERROR_USAGE,
                         "-d %.200s: ports are from 0 to 65535, as 5000, 5000-5009 or 5000:10", text);
    if (!find_decodable(protocol, rule.table, &rule.protocol, error))
        return false;
    if (preferences->n_rules == DECODE_RULES)
        return error_set(error, ERROR_LIMIT, "-d: more than %d rules", DECODE_RULES);
    preferences->rules[preferences->n_rules++] = rule;
    return true;
}

enum protocol_id preferences_decoded(const struct preferences *preferences, enum port_table table,
                                     uint16_t port)
{
    for (uint16_t i = preferences->n_rules; i-- > 0;) {
        const struct decode_rule *rule = &preferences->rules[i];

        if (rule->table == table && rule->low <= port && port <= rule->high)
            return rule->protocol;
    }
    return PROTOCOL_NONE;
}

bool preferences_agree_with_index(const struct preferences *preferences)
{
    /* Without reassembly the first fragment shows what the index has at the last one. */
    if (!preferences->ip_defragment || !preferences->ipv6_defragment)
        return false;
    for (uint16_t i = 0; i < preferences->n_rules; i++) {
        /* NOLINTNEXTLINE(misc-redundant-expression): the sets overlap */
        if ((DISPATCH_WRAPPING_MASK | PROTOCOLS_INDEXED) >> preferences->rules[i].protocol & 1)
            return false;
    }
    return true;
}
