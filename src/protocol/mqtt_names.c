/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_names - what the numbers of MQTT are called, in Wireshark's words: filters may ask by them
 * (mqtt.msgtype == "Publish Message").
 */
#include "protocol/mqtt.h"

/* MQTT 5.0 section 2.1.2 */
const struct value_name mqtt_type_names[] = {
    { 0, "Reserved" },
    { 1, "Connect Command" },
    { 2, "Connect Ack" },
    { 3, "Publish Message" },
    { 4, "Publish Ack" },
    { 5, "Publish Received" },
    { 6, "Publish Release" },
    { 7, "Publish Complete" },
    { 8, "Subscribe Request" },
    { 9, "Subscribe Ack" },
    { 10, "Unsubscribe Request" },
    { 11, "Unsubscribe Ack" },
    { 12, "Ping Request" },
    { 13, "Ping Response" },
    { 14, "Disconnect Req" },
    { 15, "Authentication Exchange" },
    { 16, "Reserved" },
    { 0, NULL },
};

/* MQTT 3.1.1 section 4.3 */
const struct value_name mqtt_qos_names[] = {
    { 0, "At most once delivery (Fire and Forget)" },
    { 1, "At least once delivery (Acknowledged deliver)" },
    { 2, "Exactly once delivery (Assured Delivery)" },
    { 3, "Reserved" },
    { 0, NULL },
};

/* MQTT 3.1.1 section 3.9.3 */
const struct value_name mqtt_suback_qos_names[] = {
    { 0, "At most once delivery (Fire and Forget)" },
    { 1, "At least once delivery (Acknowledged deliver)" },
    { 2, "Exactly once delivery (Assured Delivery)" },
    { 3, "Reserved" },
    { 0x80, "Failure" },
    { 0, NULL },
};

const struct value_name mqtt_version_names[] = {
    { 3, "MQTT v3.1" },
    { 4, "MQTT v3.1.1" },
    { 5, "MQTT v5.0" },
    { 0, NULL },
};

/* MQTT 3.1.1 section 3.2.2.3 */
const struct value_name mqtt_return_names[] = {
    { 0, "Connection Accepted" },
    { 1, "Connection Refused: unacceptable protocol version" },
    { 2, "Connection Refused: identifier rejected" },
    { 3, "Connection Refused: server unavailable" },
    { 4, "Connection Refused: bad user name or password" },
    { 5, "Connection Refused: not authorized" },
    { 0, NULL },
};

/* MQTT 5.0 section 3.2.2.2 */
const struct value_name mqtt_connack_names[] = {
    { 0, "Success" },
    { 0x80, "Unspecified error" },
    { 0x81, "Malformed Packet" },
    { 0x82, "Protocol Error" },
    { 0x83, "Implementation specific error" },
    { 0x84, "Unsupported Protocol Version" },
    { 0x85, "Client Identifier not valid" },
    { 0x86, "Bad User Name or Password" },
    { 0x87, "Not authorized" },
    { 0x88, "Server unavailable" },
    { 0x89, "Server busy" },
    { 0x8a, "Banned" },
    { 0x8c, "Bad authentication method" },
    { 0x90, "Topic Name invalid" },
    { 0x95, "Packet too large" },
    { 0x97, "Quota exceeded" },
    { 0x9a, "Retain not supported" },
    { 0x9b, "QoS not supported" },
    { 0x9c, "Use another server" },
    { 0x9d, "Server moved" },
    { 0x9f, "Connection rate exceeded" },
    { 0, NULL },
};

/* section 3.4.2.1, and 3.5.2.1 for PUBREC */
const struct value_name mqtt_puback_names[] = {
    { 0, "Success" },
    { 0x10, "No matching subscribers" },
    { 0x80, "Unspecified error" },
    { 0x83, "Implementation specific error" },
    { 0x87, "Not authorized" },
    { 0x90, "Topic Name invalid" },
    { 0x91, "Packet Identifier in use" },
    { 0x97, "Quota exceeded" },
    { 0x99, "Payload format invalid" },
    { 0, NULL },
};

/* section 3.6.2.1, and 3.7.2.1 for PUBCOMP */
const struct value_name mqtt_pubrel_names[] = {
    { 0, "Success" },
    { 0x92, "Packet Identifier not found" },
    { 0, NULL },
};

/* section 3.9.3 */
const struct value_name mqtt_suback_names[] = {
    { 0, "Granted QoS 0" },
    { 1, "Granted QoS 1" },
    { 2, "Granted QoS 2" },
    { 0x80, "Unspecified error" },
    { 0x83, "Implementation specific error" },
    { 0x87, "Not authorized" },
    { 0x8f, "Topic Filter invalid" },
    { 0x91, "Packet Identifier in use" },
    { 0x97, "Quota exceeded" },
    { 0x9e, "Shared Subscription not supported" },
    { 0xa1, "Subscription Identifiers not supported" },
    { 0xa2, "Wildcard Subscription not supported" },
    { 0, NULL },
};

/* section 3.11.3 */
const struct value_name mqtt_unsuback_names[] = {
    { 0, "Success" },
    { 0x11, "No subscription existed" },
    { 0x83, "Implementation specific error" },
    { 0x87, "Not authorized" },
    { 0x8f, "Topic Filter invalid" },
    { 0x91, "Packet Identifier in use" },
    { 0, NULL },
};

/* section 3.14.2.1 */
const struct value_name mqtt_disconnect_names[] = {
    { 0, "Normal disconnection" },
    { 4, "Disconnect with Will Message" },
    { 0x80, "Unspecified error" },
    { 0x81, "Malformed Packet" },
    { 0x82, "Protocol Error" },
    { 0x83, "Implementation specific error" },
    { 0x87, "Not authorized" },
    { 0x89, "Server busy" },
    { 0x8b, "Server shutting down" },
    { 0x8c, "Bad authentication method" },
    { 0x8d, "Keep Alive timeout" },
    { 0x8e, "Session taken over" },
    { 0x8f, "Topic Filter invalid" },
    { 0x90, "Topic Name invalid" },
    { 0x93, "Receive Maximum exceeded" },
    { 0x94, "Topic Alias invalid" },
    { 0x95, "Packet too large" },
    { 0x96, "Message rate too high" },
    { 0x97, "Quota exceeded" },
    { 0x98, "Administrative action" },
    { 0x99, "Payload format invalid" },
    { 0x9a, "Retain not supported" },
    { 0x9b, "QoS not supported" },
    { 0x9c, "Use another server" },
    { 0x9d, "Server moved" },
    { 0x9e, "Shared Subscription not supported" },
    { 0x9f, "Connection rate exceeded" },
    { 0xa0, "Maximum connect time" },
    { 0xa1, "Subscription Identifiers not supported" },
    { 0xa2, "Wildcard Subscription not supported" },
    { 0, NULL },
};

/* section 3.15.2.1 */
const struct value_name mqtt_auth_names[] = {
    { 0, "Success" },
    { 0x18, "Continue authentication" },
    { 0x19, "Re-authenticate" },
    { 0, NULL },
};

/* section 3.8.3.1 */
const struct value_name mqtt_retain_handling_names[] = {
    { 0, "Send msgs at subscription time" },
    { 1, "Send msgs if subscription does not exist" },
    { 2, "Do not send msgs at subscription time" },
    { 3, "Reserved" },
    { 0, NULL },
};

/* section 2.2.2.2 */
const struct value_name mqtt_property_names[] = {
    { 0x1, "Payload Format Indicator" },
    { 0x2, "Publication Expiry Interval" },
    { 0x3, "Content Type" },
    { 0x8, "Response Topic" },
    { 0x9, "Correlation Data" },
    { 0xb, "Subscription Identifier" },
    { 0x11, "Session Expiry Interval" },
    { 0x12, "Assigned Client Identifier" },
    { 0x13, "Server Keep Alive" },
    { 0x15, "Authentication Method" },
    { 0x16, "Authentication Data" },
    { 0x17, "Request Problem Information" },
    { 0x18, "Will Delay Interval" },
    { 0x19, "Request Response Information" },
    { 0x1a, "Response Information" },
    { 0x1c, "Server Reference" },
    { 0x1f, "Reason String" },
    { 0x21, "Receive Maximum" },
    { 0x22, "Topic Alias Maximum" },
    { 0x23, "Topic Alias" },
    { 0x24, "Maximum QoS" },
    { 0x25, "Retain Available" },
    { 0x26, "User Property" },
    { 0x27, "Maximum Packet Size" },
    { 0x28, "Wildcard Subscription Available" },
    { 0x29, "Subscription Identifier Available" },
    { 0x2a, "Shared Subscription Available" },
    { 0, NULL },
};
