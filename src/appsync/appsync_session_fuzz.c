/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a client sends, line by line: two sessions of one broker, one of which may do everything. */
#include "appsync/appsync_session.h"

#include <stdlib.h>

static bool may(void *context, enum appsync_right right, struct bytes key,
                const struct appsync_channel *channel)
{
    (void)right;
    (void)channel;
    return context == NULL || key.len == 1;
}

static void take(void *context, struct bytes text)
{
    (void)context;
    if (text.len == 0 || text.data[0] != '{' || text.data[text.len - 1] != '}')
        abort();
}

static bool take_event(void *context, struct bytes text)
{
    take(context, text);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct appsync_broker *broker = appsync_broker_new();
    struct appsync_session_options free_options = {
        .broker = broker, .may = may, .send = take, .deliver = take_event
    };
    struct appsync_session_options bound_options = free_options;
    struct appsync_session *sessions[2];
    struct buffer key, answer;
    size_t at = 0;

    bound_options.context = &bound_options;
    buffer_init(&key, 1 << 12);
    buffer_init(&answer, 1 << 16);
    sessions[0] = appsync_session_new(&free_options, (struct bytes) { 0 });
    sessions[1] = appsync_session_new(&bound_options, bytes_text("k"));
    for (unsigned i = 0; at < size && i < 64; i++) {
        size_t end = at;
        struct bytes line;

        while (end < size && data[end] != '\n')
            end++;
        line = bytes_of(data + at, end - at);
        appsync_session_message(sessions[i % 2], line, (int64_t)i * 10000000);
        appsync_handshake_key(line, &key);
        buffer_empty(&answer);
        appsync_post(broker, &bound_options, bytes_text("k"), line, &answer);
        at = end + 1;
    }
    appsync_session_free(sessions[0]);
    appsync_session_free(sessions[1]);
    appsync_broker_free(broker);
    buffer_clear(&key);
    buffer_clear(&answer);
    return 0;
}
