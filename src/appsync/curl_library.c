/* SPDX-License-Identifier: Apache-2.0 */
#include "appsync/curl_library.h"

#include <dlfcn.h>
#include <string.h>

/* A function's address through memory: a cast from an object's pointer is none of C's. */
static bool find_function(void *handle, const char *name, void *function, struct error *error)
{
    void *found = dlsym(handle, name);

    memcpy(function, &found, sizeof found);
    if (found == NULL)
        error_set(error, ERROR_SYSTEM, "this machine's libcurl.so.4 has no %s: install Debian's libcurl4",
                  name);
    return found != NULL;
}

bool curl_library_load(struct curl_library *library, struct error *error)
{
    void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    if (handle == NULL) {
        error_set(error, ERROR_SYSTEM, "publishing needs libcurl (Debian: apt install libcurl4): %s",
                  dlerror());
        return false;
    }
    return find_function(handle, "curl_easy_init", &library->easy_init, error) &&
           find_function(handle, "curl_easy_cleanup", &library->easy_cleanup, error) &&
           find_function(handle, "curl_easy_setopt", &library->easy_setopt, error) &&
           find_function(handle, "curl_easy_perform", &library->easy_perform, error) &&
           find_function(handle, "curl_easy_getinfo", &library->easy_getinfo, error) &&
           find_function(handle, "curl_easy_strerror", &library->easy_strerror, error) &&
           find_function(handle, "curl_slist_append", &library->slist_append, error) &&
           find_function(handle, "curl_slist_free_all", &library->slist_free_all, error);
}
