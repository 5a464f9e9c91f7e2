/* SPDX-License-Identifier: Apache-2.0 */
#include "appsync/appsync_broker.h"

#include <stdlib.h>

struct appsync_subscription {
    struct appsync_subscription *next, *previous;
    struct appsync_channel channel;
    uint8_t id_len;
    char id[APPSYNC_ID_BYTES];
    appsync_deliver *deliver;
    void *context;
};

struct appsync_broker {
    struct appsync_subscription *first;
    struct buffer escaped; /* the event as a JSON string, once for all */
    struct buffer frame;
    struct appsync_broker_statistics statistics;
};

struct appsync_broker *appsync_broker_new(void)
{
    struct appsync_broker *broker = calloc(1, sizeof *broker);

    if (broker == NULL)
        return NULL;
    buffer_init(&broker->escaped, (size_t)6 * APPSYNC_EVENT_LIMIT_BYTES + 2);
    buffer_init(&broker->frame, (size_t)6 * APPSYNC_EVENT_LIMIT_BYTES + 256);
    return broker;
}

void appsync_broker_free(struct appsync_broker *broker)
{
    if (broker == NULL)
        return;
    while (broker->first)
        appsync_unsubscribe(broker, broker->first);
    buffer_clear(&broker->escaped);
    buffer_clear(&broker->frame);
    free(broker);
}

bool appsync_id_is_valid(struct bytes id)
{
    for (size_t i = 0; i < id.len; i++) {
        uint8_t c = id.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
              c == '_' || c == '+'))
            return false;
    }
    return id.len > 0 && id.len <= APPSYNC_ID_BYTES;
}

struct appsync_subscription *appsync_subscribe(struct appsync_broker *broker,
                                               const struct appsync_channel *channel, struct bytes id,
                                               appsync_deliver *deliver, void *context)
{
    struct appsync_subscription *subscription = calloc(1, sizeof *subscription);

    if (subscription == NULL)
        return NULL;
    subscription->channel = *channel;
    subscription->id_len = (uint8_t)id.len;
    memcpy(subscription->id, id.data, id.len);
    subscription->deliver = deliver;
    subscription->context = context;
    subscription->next = broker->first;
    if (broker->first)
        broker->first->previous = subscription;
    broker->first = subscription;
    broker->statistics.n_subscriptions++;
    return subscription;
}

void appsync_unsubscribe(struct appsync_broker *broker, struct appsync_subscription *subscription)
{
    if (subscription->next)
        subscription->next->previous = subscription->previous;
    if (subscription->previous)
        subscription->previous->next = subscription->next;
    else
        broker->first = subscription->next;
    broker->statistics.n_subscriptions--;
    free(subscription);
}

struct bytes appsync_subscription_id(const struct appsync_subscription *subscription)
{
    return bytes_of(subscription->id, subscription->id_len);
}

bool appsync_is_heard(const struct appsync_broker *broker, const struct appsync_channel *channel)
{
    for (const struct appsync_subscription *s = broker->first; s; s = s->next)
        if (appsync_channel_matches(&s->channel, channel))
            return true;
    return false;
}

bool appsync_is_heard_below(const struct appsync_broker *broker, const struct appsync_channel *prefix)
{
    for (const struct appsync_subscription *s = broker->first; s; s = s->next)
        if (appsync_channel_covers(prefix, &s->channel) || appsync_channel_covers(&s->channel, prefix))
            return true;
    return false;
}

/* RFC 8259 section 7: what must be escaped, and no more. */
static void put_json_string(struct buffer *out, struct bytes text)
{
    size_t begun = 0;

    buffer_put_u8(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buffer_put(out, text.data + begun, i - begun);
        begun = i + 1;
        if (c == '"' || c == '\\') {
            buffer_put_u8(out, '\\');
            buffer_put_u8(out, c);
        } else {
            buffer_printf(out, "\\u%04x", c);
        }
    }
    buffer_put(out, text.data + begun, text.len - begun);
    buffer_put_u8(out, '"');
}

uint32_t appsync_publish(struct appsync_broker *broker, const struct appsync_channel *channel,
                         struct bytes event)
{
    uint32_t n = 0;

    broker->statistics.n_published++;
    buffer_empty(&broker->escaped);
    broker->escaped.is_full = false;
    for (struct appsync_subscription *s = broker->first; s; s = s->next) {
        if (!appsync_channel_matches(&s->channel, channel))
            continue;
        if (broker->escaped.len == 0)
            put_json_string(&broker->escaped, event);
        buffer_empty(&broker->frame);
        broker->frame.is_full = false;
        buffer_printf(&broker->frame, "{\"id\":\"%.*s\",\"type\":\"data\",\"event\":", (int)s->id_len, s->id);
        buffer_put(&broker->frame, broker->escaped.data, broker->escaped.len);
        buffer_put_u8(&broker->frame, '}');
        if (broker->frame.is_full || broker->escaped.is_full) {
            broker->statistics.n_failed++;
            continue;
        }
        n += s->deliver(s->context, buffer_bytes(&broker->frame));
    }
    broker->statistics.n_delivered += n;
    return n;
}

const struct appsync_broker_statistics *appsync_broker_statistics(const struct appsync_broker *broker)
{
    return &broker->statistics;
}
