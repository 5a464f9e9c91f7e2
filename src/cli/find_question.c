/* SPDX-License-Identifier: Apache-2.0 */
/* Everything a person may have mistyped is told before the first file is opened. */
#include "cli/find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"

static bool parse_format(const struct find_settings *settings, enum output_format *format,
                         struct error *error)
{
    static const struct {
        const char *name;
        enum output_format format;
    } names[] = { { "text", OUTPUT_TEXT }, { "fields", OUTPUT_FIELDS }, { "json", OUTPUT_JSON } };

    *format = settings->fields.n ? OUTPUT_FIELDS : OUTPUT_TEXT;
    if (settings->format == NULL) {
        if (settings->wants_count || settings->write)
            *format = OUTPUT_NONE;
        return true;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].name, settings->format) == 0) {
            *format = names[i].format;
            return true;
        }
    }
    return error_set(error, ERROR_USAGE, "-T %s is not a format; there are text, fields and json",
                     settings->format);
}

static bool parse_preferences(struct find *find, struct error *error)
{
    const struct find_settings *settings = find->settings;

    find->preferences = preferences_default;
    for (uint32_t i = 0; i < settings->preferences.n; i++)
        if (!preferences_set(&find->preferences, settings->preferences.items[i], error))
            return false;
    for (uint32_t i = 0; i < settings->decode_as.n; i++)
        if (!preferences_decode_as(&find->preferences, settings->decode_as.items[i], error))
            return false;
    return true;
}

static void warn(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "tapdeck find: warning: %s\n", text);
}

static bool compile_filter(struct find *find, struct error *error)
{
    bool has_tshark = tshark_is_installed();
    struct filter_outside outside = { .knows =
                                          has_tshark && !find->settings->is_alone ? tshark_knows : NULL };

    find->filter = filter_compile_with(find->settings->filter, &outside, error);
    if (find->filter == NULL && outside.has_unknown && !has_tshark)
        error_append(error, "tshark is not installed; if it were, it would be asked about fields that only "
                            "Wireshark knows");
    if (find->filter)
        filter_suspects(find->filter, warn, NULL);
    return find->filter != NULL;
}

bool find_is_handed_over(const struct find *find)
{
    uint32_t n = 0;

    if (find->filter)
        filter_external_tests(find->filter, &n);
    return n > 0;
}

bool find_prepare(struct find *find, struct error *error)
{
    const struct find_settings *settings = find->settings;
    struct output_options output = { .fields = &settings->fields,
                                     .settings = &settings->settings,
                                     .is_local = settings->is_local };

    if (!settings->is_alone && tshark_is_installed())
        output.is_known_elsewhere = tshark_knows;
    if (!time_range_parse(settings->from, settings->to, timestamp_now(), settings->is_local, &find->range,
                          error))
        return false;
    if (!parse_preferences(find, error) || !parse_format(settings, &output.format, error))
        return false;
    if (settings->write && strcmp(settings->write, "-") == 0 && output.format != OUTPUT_NONE)
        return error_set(error, ERROR_USAGE, "-w - and -T both want standard output; give one of them");
    if (settings->filter && !compile_filter(find, error))
        return false;
    if ((find->output = output_new(&output, stdout, error)) == NULL)
        return false;
    if (settings->device) {
        find->match = device_match_new(find->hash_seed);
        find->held = held_packets_new();
        if (!find->match || !find->held)
            return error_set(error, ERROR_SYSTEM, "no memory for the device's flows");
        find->search =
            device_search_new(settings->device, find->match, &find->preferences, find->hash_seed, error);
        if (find->search == NULL)
            return false;
    }
    demand_init(&find->demand);
    if (find->filter)
        demand_merge(&find->demand, filter_demand(find->filter));
    if (find->match)
        device_match_demand(&find->demand);
    demand_merge(&find->demand, output_demand(find->output));
    demand_settle(&find->demand);
    if (find->match && !find->filter) {
        struct demand devices;

        demand_init(&devices);
        device_match_demand(&devices);
        demand_settle(&devices);
        find->is_glancing = demand_equals(&devices, &find->demand) && settings->preferences.n == 0 &&
                            settings->decode_as.n == 0;
    }
    if (find->filter && !find->match)
        find->sieve = sieve_new(find->filter, &find->demand, &find->preferences);
    return true;
}
