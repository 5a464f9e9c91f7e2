/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/publish_options.h"

#include <stdio.h>
#include <string.h>

enum { KEY_BYTES = 512 };

static bool read_key(const char *path, char key[static KEY_BYTES], struct error *error)
{
    FILE *file = fopen(path, "re");
    bool is_read;

    if (file == NULL)
        return error_system(error, "--key-file %s", path);
    is_read = fgets(key, KEY_BYTES, file) != NULL;
    fclose(file);
    if (is_read)
        key[strcspn(key, "\r\n")] = '\0';
    if (!is_read || key[0] == '\0')
        return error_set(error, ERROR_USAGE, "--key-file %s: its first line should be the API key", path);
    return true;
}

bool publish_start(const struct publish_options *options, struct appsync_door *door, struct error *error)
{
    char key[KEY_BYTES];
    const struct appsync_target target = {
        .url = options->url,
        .key = key,
        .ca_file = options->ca_file,
        .channel = options->channel,
        .filter = options->filter,
    };

    if (options->url == NULL) {
        if (options->key_file || options->filter || options->channel || options->ca_file)
            return error_set(error, ERROR_USAGE,
                             "--key-file, --filter, --channel and --publish-ca are of --publish-appsync");
        return true;
    }
    if (options->key_file == NULL)
        return error_set(error, ERROR_USAGE, "--publish-appsync needs --key-file FILE, with the API key");
    if (!read_key(options->key_file, key, error))
        return false;
    if (!appsync_door_publish(door, &target, error)) {
        error_context(error, "--publish-appsync");
        return false;
    }
    return true;
}
