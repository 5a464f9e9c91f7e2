/* SPDX-License-Identifier: Apache-2.0 */
#include "appsync/appsync_session.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    HANDSHAKE_HEADER_LIMIT_BYTES = 4096,
};

struct appsync_session {
    struct appsync_session_options options;
    char *key;
    size_t key_len;
    struct appsync_subscription *subscriptions[APPSYNC_SUBSCRIPTIONS_LIMIT];
    uint32_t n;
    bool may_connect;
    int64_t second_began_ns;
    uint32_t n_published; /* in that second */
};

/* What went wrong, in the service's words. */
struct fault {
    const char *type, *message;
    int code;
};

static const struct fault not_authorized = { "UnauthorizedException",
                                             "You are not authorized to make this call.", 401 };
static const struct fault bad_channel = { "BadRequestException", "Invalid Channel Format", 400 };
static const struct fault bad_request = { "BadRequestException", "Invalid request", 400 };
static const struct fault bad_id = { "BadRequestException", "Invalid operation id", 400 };
static const struct fault no_events = { "BadRequestException", "Provide one to five events, each a JSON text",
                                        400 };
static const struct fault same_id = { "DuplicatedOperationError", "The operation id is in use", 400 };
static const struct fault unknown_id = { "UnknownOperationError", "Unknown operation id", 404 };
static const struct fault unsupported = { "UnsupportedOperation", "Operation not supported", 400 };
static const struct fault too_many = { "LimitExceededError", "Too many subscriptions of one connection",
                                       429 };
static const struct fault too_fast = { "LimitExceededError", "Rate limit exceeded", 429 };
static const struct fault no_memory = { "InternalFailure", "Out of memory", 500 };

struct appsync_session *appsync_session_new(const struct appsync_session_options *options, struct bytes key)
{
    struct appsync_session *session = calloc(1, sizeof *session);

    if (session == NULL)
        return NULL;
    session->options = *options;
    session->key = malloc(key.len + 1);
    if (session->key == NULL) {
        free(session);
        return NULL;
    }
    if (key.len > 0)
        memcpy(session->key, key.data, key.len);
    session->key_len = key.len;
    session->may_connect = options->may(options->context, APPSYNC_CONNECT, key, NULL);
    return session;
}

void appsync_session_free(struct appsync_session *session)
{
    if (session == NULL)
        return;
    while (session->n > 0)
        appsync_unsubscribe(session->options.broker, session->subscriptions[--session->n]);
    free(session->key);
    free(session);
}

uint32_t appsync_session_subscriptions(const struct appsync_session *session)
{
    return session->n;
}

struct bytes appsync_keep_alive(void)
{
    return bytes_text("{\"type\":\"ka\"}");
}

/* ---- JSON ---- */

static struct bytes text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_string(value) ? bytes_of(json_string_value(value), json_string_length(value))
                                 : (struct bytes) { 0 };
}

static json_t *object_of(struct bytes text)
{
    json_t *object = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);

    if (!json_is_object(object)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *errors_of(const struct fault *fault, const char *code_name)
{
    return json_pack("[{s:s, s:s*, s:i}]", "errorType", fault->type, "message", fault->message, code_name,
                     fault->code);
}

/* Takes the reference; NULL (no memory) sends nothing. */
static void send_json(struct appsync_session *session, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    if (text)
        session->options.send(session->options.context, bytes_text(text));
    free(text);
    json_decref(json);
}

static void send_fault(struct appsync_session *session, const char *type, struct bytes id,
                       const struct fault *fault)
{
    json_t *json = json_pack("{s:s, s:o}", "type", type, "errors", errors_of(fault, "errorCode"));

    if (json && id.len > 0)
        json_object_set_new(json, "id", json_stringn((const char *)id.data, id.len));
    send_json(session, json);
}

static void send_success(struct appsync_session *session, const char *type, struct bytes id)
{
    send_json(session, json_pack("{s:s, s:s%}", "type", type, "id", (const char *)id.data, id.len));
}

/* Each operation may bring its own key: {"authorization":{"x-api-key":…}}; without it that of the handshake.
 */
static struct bytes key_of(const struct appsync_session *session, const json_t *message)
{
    struct bytes key = text_of(json_object_get(message, "authorization"), "x-api-key");

    return key.len > 0 ? key : bytes_of(session->key, session->key_len);
}

/* ---- publishing ---- */

/* A random UUID, RFC 9562 section 5.4, which the service names each event by. */
static void uuid_text(char text[static 37])
{
    uint8_t b[16] = { 0 };

    if (RAND_bytes(b, sizeof b) != 1)
        b[0] = 0xff;
    b[6] = (uint8_t)(0x40 | (b[6] & 0x0f));
    b[8] = (uint8_t)(0x80 | (b[8] & 0x3f));
    snprintf(text, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

/* NULL: fine. */
static const char *event_fault(const json_t *event, const char **message)
{
    json_t *parsed;

    if (!json_is_string(event)) {
        *message = "An event is a JSON text in a string";
        return "BadRequestException";
    }
    if (json_string_length(event) > APPSYNC_EVENT_LIMIT_BYTES) {
        *message = "Event is larger than 240 KB";
        return "EventTooLargeException";
    }
    parsed = json_loadb(json_string_value(event), json_string_length(event), JSON_DECODE_ANY, NULL);
    if (parsed == NULL) {
        *message = "Event is not valid JSON";
        return "BadRequestException";
    }
    json_decref(parsed);
    return NULL;
}

static void publish_event(struct appsync_broker *broker, const struct appsync_channel *channel,
                          const json_t *event, size_t index, json_t *successful, json_t *failed)
{
    const char *message = NULL, *code = event_fault(event, &message);
    char identifier[37];

    uuid_text(identifier);
    if (code) {
        json_array_append_new(failed, json_pack("{s:s, s:I, s:s, s:s}", "identifier", identifier, "index",
                                                (json_int_t)index, "code", code, "message", message));
        return;
    }
    appsync_publish(broker, channel, bytes_of(json_string_value(event), json_string_length(event)));
    json_array_append_new(successful,
                          json_pack("{s:s, s:I}", "identifier", identifier, "index", (json_int_t)index));
}

/* NULL: published, as *successful and *failed tell (the caller's references). */
static const struct fault *publish_all(struct appsync_broker *broker,
                                       const struct appsync_session_options *options, struct bytes key,
                                       const json_t *message, json_t **successful, json_t **failed)
{
    const json_t *events = json_object_get(message, "events");
    struct appsync_channel channel;
    size_t n = json_array_size(events);

    if (!options->may(options->context, APPSYNC_CONNECT, key, NULL))
        return &not_authorized;
    if (!appsync_channel_parse(text_of(message, "channel"), false, &channel))
        return &bad_channel;
    if (!options->may(options->context, APPSYNC_PUBLISH, key, &channel))
        return &not_authorized;
    if (n < 1 || n > APPSYNC_EVENTS_LIMIT)
        return &no_events;
    *successful = json_array();
    *failed = json_array();
    for (size_t i = 0; i < n; i++)
        publish_event(broker, &channel, json_array_get(events, i), i, *successful, *failed);
    return NULL;
}

static bool is_too_fast(struct appsync_session *session, int64_t now_ns)
{
    if (now_ns - session->second_began_ns >= 1000000000) {
        session->second_began_ns = now_ns;
        session->n_published = 0;
    }
    return ++session->n_published > APPSYNC_PUBLISHES_A_SECOND;
}

static void publish(struct appsync_session *session, const json_t *message, struct bytes id, int64_t now_ns)
{
    json_t *successful = NULL, *failed = NULL;
    const struct fault *fault = is_too_fast(session, now_ns)
                                    ? &too_fast
                                    : publish_all(session->options.broker, &session->options,
                                                  key_of(session, message), message, &successful, &failed);

    if (fault)
        send_fault(session, "publish_error", id, fault);
    else
        send_json(session,
                  json_pack("{s:s, s:s%, s:o, s:o}", "type", "publish_success", "id", (const char *)id.data,
                            id.len, "successful", successful, "failed", failed));
}

unsigned appsync_post(struct appsync_broker *broker, const struct appsync_session_options *options,
                      struct bytes key, struct bytes body, struct buffer *answer)
{
    json_t *message = object_of(body), *successful = NULL, *failed = NULL, *json;
    const struct fault *fault =
        message ? publish_all(broker, options, key, message, &successful, &failed) : &bad_request;
    char *text;

    json = fault ? json_pack("{s:o}", "errors", errors_of(fault, "errorCode"))
                 : json_pack("{s:o, s:o}", "failed", failed, "successful", successful);
    text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    buffer_put_text(answer, text ? text : "{}");
    free(text);
    json_decref(json);
    json_decref(message);
    return fault ? (unsigned)fault->code : text ? 200 : 500;
}

/* ---- subscribing ---- */

static uint32_t place_of(const struct appsync_session *session, struct bytes id)
{
    uint32_t i = 0;

    while (i < session->n && !bytes_equal(appsync_subscription_id(session->subscriptions[i]), id))
        i++;
    return i;
}

static const struct fault *subscribe(struct appsync_session *session, const json_t *message, struct bytes id)
{
    const struct appsync_session_options *options = &session->options;
    struct appsync_subscription *subscription;
    struct appsync_channel channel;

    if (!appsync_channel_parse(text_of(message, "channel"), true, &channel))
        return &bad_channel;
    if (!options->may(options->context, APPSYNC_SUBSCRIBE, key_of(session, message), &channel))
        return &not_authorized;
    if (place_of(session, id) < session->n)
        return &same_id;
    if (session->n == APPSYNC_SUBSCRIPTIONS_LIMIT)
        return &too_many;
    subscription = appsync_subscribe(options->broker, &channel, id, options->deliver, options->context);
    if (subscription == NULL)
        return &no_memory;
    session->subscriptions[session->n++] = subscription;
    return NULL;
}

static const struct fault *unsubscribe(struct appsync_session *session, struct bytes id)
{
    uint32_t i = place_of(session, id);

    if (i == session->n)
        return &unknown_id;
    appsync_unsubscribe(session->options.broker, session->subscriptions[i]);
    session->subscriptions[i] = session->subscriptions[--session->n];
    return NULL;
}

static void operate(struct appsync_session *session, const json_t *message, struct bytes type, int64_t now_ns)
{
    struct bytes id = text_of(message, "id");

    if (bytes_equal(type, bytes_text("connection_init"))) {
        send_json(session, json_pack("{s:s, s:i}", "type", "connection_ack", "connectionTimeoutMs",
                                     (int)APPSYNC_CONNECTION_TIMEOUT_MS));
    } else if (bytes_equal(type, bytes_text("subscribe"))) {
        const struct fault *fault = appsync_id_is_valid(id) ? subscribe(session, message, id) : &bad_id;

        if (fault)
            send_fault(session, "subscribe_error", id, fault);
        else
            send_success(session, "subscribe_success", id);
    } else if (bytes_equal(type, bytes_text("unsubscribe"))) {
        const struct fault *fault = unsubscribe(session, id);

        if (fault)
            send_fault(session, "unsubscribe_error", id, fault);
        else
            send_success(session, "unsubscribe_success", id);
    } else if (bytes_equal(type, bytes_text("publish"))) {
        if (appsync_id_is_valid(id))
            publish(session, message, id, now_ns);
        else
            send_fault(session, "publish_error", id, &bad_id);
    } else {
        send_fault(session, "error", id, &unsupported);
    }
}

bool appsync_session_message(struct appsync_session *session, struct bytes text, int64_t now_ns)
{
    json_t *message;

    if (!session->may_connect) {
        send_fault(session, "connection_error", (struct bytes) { 0 }, &not_authorized);
        return false;
    }
    message = object_of(text);
    if (message)
        operate(session, message, text_of(message, "type"), now_ns);
    else
        send_fault(session, "error", (struct bytes) { 0 }, &bad_request);
    json_decref(message);
    return true;
}

/* ---- the handshake ---- */

/* RFC 4648 section 5, with or without padding. */
static int base64url_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' || c == '+' ? 62 : c == '_' || c == '/' ? 63 : -1;
}

static bool base64url_decode(struct bytes text, struct buffer *out)
{
    uint32_t bits = 0;
    unsigned n_bits = 0;

    while (text.len > 0 && text.data[text.len - 1] == '=')
        text.len--;
    for (size_t i = 0; i < text.len; i++) {
        int value = base64url_value(text.data[i]);

        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            if (!buffer_put_u8(out, (uint8_t)(bits >> n_bits)))
                return false;
        }
    }
    return n_bits < 6;
}

bool appsync_handshake_key(struct bytes subprotocol, struct buffer *key)
{
    static const char prefix[] = "header-";
    const size_t prefix_len = sizeof prefix - 1;
    struct buffer json;
    json_t *header = NULL;
    struct bytes found = { 0 };
    bool is_found = false;

    if (subprotocol.len <= prefix_len || memcmp(subprotocol.data, prefix, prefix_len) != 0)
        return false;
    buffer_init(&json, HANDSHAKE_HEADER_LIMIT_BYTES);
    if (base64url_decode(bytes_of(subprotocol.data + prefix_len, subprotocol.len - prefix_len), &json) &&
        (header = object_of(buffer_bytes(&json))) != NULL) {
        found = text_of(header, "x-api-key");
        is_found = found.len > 0 && buffer_put(key, found.data, found.len);
    }
    json_decref(header);
    buffer_clear(&json);
    return is_found;
}
