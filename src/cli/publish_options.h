/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish_options - the options of `serve` that say where the capture is published besides: an AppSync Events
 * API.
 */
#pragma once

#include "base/option.h"
#include "web/appsync_door.h"

struct publish_options {
    const char *url, *key_file, *ca_file, *channel, *filter;
};

#define PUBLISH_OPTIONS(settings, member)                                                        \
    { 0,           "publish-appsync",                                                            \
      OPTION_TEXT, offsetof(settings, member.url),                                               \
      "URL",       "publish packets as events to this AppSync Events API: https://HOST/event" }, \
        { 0,           "key-file",                                                               \
          OPTION_TEXT, offsetof(settings, member.key_file),                                      \
          "FILE",      "its API key: the file's first line" },                                   \
        { 0,           "filter",                                                                 \
          OPTION_TEXT, offsetof(settings, member.filter),                                        \
          "FILTER",    "publish only packets that match" },                                      \
        { 0,           "channel",                                                                \
          OPTION_TEXT, offsetof(settings, member.channel),                                       \
          "CHANNEL",   "the channel there (/packets/capture)" },                                 \
    {                                                                                            \
        0, "publish-ca", OPTION_TEXT, offsetof(settings, member.ca_file), "FILE",                \
            "believe certificates signed by these alone (PEM)"                                   \
    }

/* Starts publishing when a URL was given. False with *error set. */
bool publish_start(const struct publish_options *options, struct appsync_door *door, struct error *error);
