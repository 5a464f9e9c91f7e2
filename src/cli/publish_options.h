/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish_options - the options of `serve` that say where the capture is published besides: an AppSync Events
 * API.
 */
#pragma once

#include "base/error.h"
#include "web/appsync_door.h"

struct publish_options {
    const char *url, *key_file, *ca_file, *channel, *filter;
};

/* Starts publishing when a URL was given. False with *error set. */
bool publish_start(const struct publish_options *options, struct appsync_door *door, struct error *error);
