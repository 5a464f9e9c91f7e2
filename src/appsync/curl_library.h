/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curl_library - libcurl, taken into the process when somebody needs it, not when the program starts.
 *
 * Debian's libcurl brings thirty libraries along (LDAP, Kerberos, SSH, GnuTLS): half of the time that every
 * tapdeck command took to start, for the one that publishes to AppSync. Linking them was rejected for that.
 */
#pragma once

#include <curl/curl.h>

#include "base/error.h"

/* The functions that are used, under their names without "curl_". */
struct curl_library {
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_cleanup) *easy_cleanup;
    __typeof__(curl_easy_setopt) *easy_setopt;
    __typeof__(curl_easy_perform) *easy_perform;
    __typeof__(curl_easy_getinfo) *easy_getinfo;
    __typeof__(curl_easy_strerror) *easy_strerror;
    __typeof__(curl_slist_append) *slist_append;
    __typeof__(curl_slist_free_all) *slist_free_all;
};

/* False with *error set when there is no libcurl of version 4 here, or one that lacks a function. The library
 * stays in the process. */
bool curl_library_load(struct curl_library *library, struct error *error);
