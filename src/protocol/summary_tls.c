/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary_tls - TLS and DTLS alike: the records of a packet in their order, a handshake record by the
 * messages in it, and with what names somebody: server name, PSK identity, connection id.
 */
#include "protocol/summary_sentence.h"

enum {
    CONTENT_TYPE,
    HIDDEN_TYPE, /* of a record whose real type is encrypted */
    RECORD_VERSION,
    HANDSHAKE_TYPE,
    HANDSHAKE_LENGTH,
    FRAGMENT_LENGTH,
    REASSEMBLED_LENGTH,
    SUPPORTED_VERSION,
    SERVER_NAME,
    IDENTITY,
    ALERT_LEVEL,
    ALERT_DESCRIPTION,
    CONNECTION_ID,
    COOKIE,
    RECORD_FIELDS
};

#define RECORD_NAMES(prefix, hidden)                                                                       \
    [CONTENT_TYPE] = prefix ".record.content_type", [HIDDEN_TYPE] = prefix hidden,                         \
    [RECORD_VERSION] = prefix ".record.version", [HANDSHAKE_TYPE] = prefix ".handshake.type",              \
    [HANDSHAKE_LENGTH] = prefix ".handshake.length",                                                       \
    [FRAGMENT_LENGTH] = prefix ".handshake.fragment_length",                                               \
    [REASSEMBLED_LENGTH] = prefix ".reassembled.length",                                                   \
    [SUPPORTED_VERSION] = prefix ".handshake.extensions.supported_version",                                \
    [SERVER_NAME] = prefix ".handshake.extensions_server_name", [IDENTITY] = prefix ".handshake.identity", \
    [ALERT_LEVEL] = prefix ".alert_message.level", [ALERT_DESCRIPTION] = prefix ".alert_message.desc",     \
    [CONNECTION_ID] = prefix ".record.connection_id", [COOKIE] = prefix ".handshake.cookie"

static const char *const tls_field_names[RECORD_FIELDS] = { RECORD_NAMES("tls", ".record.opaque_type") };
static const char *const dtls_field_names[RECORD_FIELDS] = { RECORD_NAMES("dtls", ".record.special_type") };

/* RFC 5246 section 6.2.1 and RFC 9146 section 4: what a record says of itself. */
enum {
    CONTENT_CHANGE_CIPHER_SPEC = 20,
    CONTENT_ALERT,
    CONTENT_HANDSHAKE,
    CONTENT_APPLICATION_DATA,
    CONTENT_HEARTBEAT,
    CONTENT_CID
};

enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, ALERT_FATAL = 2, CLOSE_NOTIFY = 0 };

/* A record that was begun and may still say what is in it. */
struct telling {
    size_t start;            /* of the sentence */
    uint64_t handshake;      /* the last message's type */
    uint64_t message_length; /* its length */
    const char *waiting;     /* what the record is when nothing more is told of it; NULL: told already */
    uint64_t version;        /* of the last record */
    bool is_1_3;
    bool is_client_hello; /* and nothing else, so far */
};

static void put_item(struct sentence *s, const struct telling *telling, const char *name)
{
    if (s->text->len > telling->start)
        sentence_put(s, ", ");
    sentence_put(s, name);
}

static void tell_waiting(struct sentence *s, struct telling *telling)
{
    if (telling->waiting)
        put_item(s, telling, telling->waiting);
    telling->waiting = NULL;
}

static void tell_record(struct sentence *s, struct telling *telling, uint64_t type)
{
    tell_waiting(s, telling);
    switch (type) {
    case CONTENT_HANDSHAKE:
        telling->waiting = "Encrypted Handshake Message";
        break;
    case CONTENT_ALERT:
        telling->waiting = "Encrypted Alert";
        break;
    case CONTENT_CHANGE_CIPHER_SPEC:
        put_item(s, telling, "Change Cipher Spec");
        break;
    case CONTENT_APPLICATION_DATA:
        put_item(s, telling, "Application Data");
        break;
    case CONTENT_HEARTBEAT:
        put_item(s, telling, "Heartbeat");
        break;
    case CONTENT_CID:
        put_item(s, telling, "Connection ID");
        break;
    default:
        put_item(s, telling, "Unknown Record");
        break;
    }
}

static void tell_alert(struct sentence *s, struct telling *telling, const struct value *level)
{
    const char *name = sentence_name(level);

    telling->waiting = NULL;
    put_item(s, telling, "Alert (Level: ");
    sentence_put(s, name ? name : "unknown");
    sentence_warn(s, level->number == ALERT_FATAL ? SUMMARY_ERROR : SUMMARY_GOOD);
}

static void tell_in_parentheses(struct sentence *s, const char *name, struct bytes text)
{
    sentence_put(s, " (");
    sentence_put(s, name);
    sentence_put_identity(s, text);
    sentence_put(s, ")");
}

static void tell(struct sentence *s, struct telling *telling, unsigned field, const struct value *value)
{
    const char *name = sentence_name(value);

    switch (field) {
    case CONTENT_TYPE:
    case HIDDEN_TYPE:
        telling->is_1_3 = telling->is_1_3 || (field == HIDDEN_TYPE && value->number != CONTENT_CID);
        tell_record(s, telling, value->number);
        break;
    case RECORD_VERSION:
        telling->version = value->number;
        break;
    case HANDSHAKE_TYPE:
        telling->waiting = NULL;
        telling->is_client_hello = value->number == CLIENT_HELLO && s->text->len == telling->start;
        telling->handshake = value->number;
        put_item(s, telling, name ? name : "Unknown Handshake");
        break;
    case HANDSHAKE_LENGTH:
        telling->message_length = value->number;
        break;
    case FRAGMENT_LENGTH:
        if (value->number < telling->message_length)
            sentence_put(s, sentence_has(s, REASSEMBLED_LENGTH) ? " (Reassembled)" : " (Fragment)");
        break;
    case SUPPORTED_VERSION:
        telling->is_1_3 = telling->is_1_3 || (telling->handshake == SERVER_HELLO &&
                                              (value->number == 0x0304 || value->number == 0xfefc));
        break;
    case SERVER_NAME:
        tell_in_parentheses(s, "SNI=", value->bytes);
        break;
    case IDENTITY:
        tell_in_parentheses(s, "identity ", value->bytes);
        break;
    case ALERT_LEVEL:
        tell_alert(s, telling, value);
        break;
    case ALERT_DESCRIPTION:
        if (value->number != CLOSE_NOTIFY)
            sentence_warn(s, SUMMARY_WARNING);
        sentence_printf(s, ", Description: %.60s)", name ? name : "unknown");
        break;
    case CONNECTION_ID:
        sentence_put(s, " (");
        sentence_put_hex(s, value->bytes);
        sentence_put(s, ")");
        break;
    default:
        break;
    }
}

static struct telling tell_records(struct sentence *s)
{
    struct telling telling = { .start = s->text->len };

    for (uint32_t i = 0; i < s->d->n_values && !s->text->is_full; i++) {
        unsigned field = sentence_field_at(s, i, RECORD_FIELDS);

        if (field < RECORD_FIELDS)
            tell(s, &telling, field, &s->d->values[i]);
    }
    tell_waiting(s, &telling);
    return telling;
}

static void put_tls(struct sentence *s)
{
    struct telling telling = tell_records(s);

    if (telling.is_1_3)
        s->label = "TLSv1.3";
    else if (telling.version == 0x0303 && strcmp(s->label, "TLSv1.3") != 0)
        s->label = "TLSv1.2";
    else if (telling.version == 0x0302 || telling.version == 0x0301)
        s->label = telling.version == 0x0302 ? "TLSv1.1" : "TLSv1";
    else if (telling.version == 0x0300)
        s->label = "SSLv3";
}

static void put_dtls(struct sentence *s)
{
    struct telling telling = tell_records(s);

    if (telling.is_client_hello && !sentence_has(s, COOKIE))
        s->label = "DTLS"; /* its record says nothing of what they will agree on */
    else if (telling.is_1_3)
        s->label = "DTLSv1.3";
    else if (telling.version == 0xfefd)
        s->label = "DTLSv1.2";
    else if (telling.version == 0xfeff)
        s->label = "DTLSv1.0";
}

const struct summary_trade summary_tls = {
    .label = "TLS",
    .fields = tls_field_names,
    .n_fields = RECORD_FIELDS,
    .put = put_tls,
};

const struct summary_trade summary_dtls = {
    .label = "DTLS",
    .fields = dtls_field_names,
    .n_fields = RECORD_FIELDS,
    .put = put_dtls,
};
