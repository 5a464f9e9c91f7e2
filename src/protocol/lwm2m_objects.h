/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lwm2m_objects - the objects that LwM2M 1.1 itself defines (OMA LwM2M Core, appendix E), and what their
 * resources are called and hold. Others are known by their numbers only.
 *
 * A row: object, resource, name, the same as a field name has it, type. Resource 12 of object 5 is here what
 * is resource 12 of object 4 in the specification: Wireshark has it so, and a filter is to find the same.
 */
#pragma once

#include "protocol/protocol.h"

enum lwm2m_type {
    LWM2M_NONE, /* to be executed: no value */
    LWM2M_STRING,
    LWM2M_INTEGER,
    LWM2M_UNSIGNED,
    LWM2M_FLOAT,
    LWM2M_BOOLEAN,
    LWM2M_TIME,
    LWM2M_OPAQUE, /* and links to objects */
};

/* clang-format off */
#define LWM2M_RESOURCES(X) \
    X(0, 0, "LwM2M Server URI", "lwm2m_server_uri", STRING)                                                             \
    X(0, 1, "Bootstrap-Server", "bootstrap-server", BOOLEAN)                                                            \
    X(0, 2, "Security Mode", "security_mode", INTEGER)                                                                  \
    X(0, 3, "Public Key or Identity", "public_key_or_identity", OPAQUE)                                                 \
    X(0, 4, "Server Public Key", "server_public_key", OPAQUE)                                                           \
    X(0, 5, "Secret Key", "secret_key", OPAQUE)                                                                         \
    X(0, 6, "SMS Security Mode", "sms_security_mode", INTEGER)                                                          \
    X(0, 7, "SMS Binding Key Parameters", "sms_binding_key_parameters", OPAQUE)                                         \
    X(0, 8, "SMS Binding Secret Keys", "sms_binding_secret_keys", OPAQUE)                                               \
    X(0, 9, "LwM2M Server SMS Number", "lwm2m_server_sms_number", STRING)                                               \
    X(0, 10, "Short Server ID", "short_server_id", INTEGER)                                                             \
    X(0, 11, "Client Hold Off Time", "client_hold_off_time", INTEGER)                                                   \
    X(0, 12, "Bootstrap-Server Account Timeout", "bootstrap-server_account_timeout", INTEGER)                           \
    X(0, 13, "Matching Type", "matching_type", UNSIGNED)                                                                \
    X(0, 14, "SNI", "sni", STRING)                                                                                      \
    X(0, 15, "Certificate Usage", "certificate_usage", UNSIGNED)                                                        \
    X(0, 16, "TLS DTLS Ciphersuite", "tls_dtls_ciphersuite", UNSIGNED)                                                  \
    X(0, 17, "OSCORE Security Mode", "oscore_security_mode", OPAQUE)                                                    \
    X(1, 1, "Lifetime", "lifetime", INTEGER)                                                                            \
    X(1, 2, "Default Minimum Period", "default_minimum_period", INTEGER)                                                \
    X(1, 3, "Default Maximum Period", "default_maximum_period", INTEGER)                                                \
    X(1, 4, "Disable", "disable", NONE)                                                                                 \
    X(1, 5, "Disable Timeout", "disable_timeout", INTEGER)                                                              \
    X(1, 6, "Notification Storing When Disabled or Offline", "notification_storing_when_disabled_or_offline", BOOLEAN)  \
    X(1, 7, "Binding", "binding", STRING)                                                                               \
    X(1, 8, "Registration Update Trigger", "registration_update_trigger", NONE)                                         \
    X(1, 9, "Bootstrap Request Trigger", "bootstrap_request_trigger", NONE)                                             \
    X(1, 10, "APN Link", "apn_link", OPAQUE)                                                                            \
    X(1, 11, "TLS DTLS Alert Code", "tls_dtls_alert_code", UNSIGNED)                                                    \
    X(1, 12, "Last Bootstrapped", "last_bootstrapped", TIME)                                                            \
    X(1, 13, "Registration Priority Order", "registration_priority_order", UNSIGNED)                                    \
    X(1, 14, "Initial Registration Delay Timer", "initial_registration_delay_timer", UNSIGNED)                          \
    X(1, 15, "Registration Failure Block", "registration_failure_block", BOOLEAN)                                       \
    X(1, 16, "Bootstrap on Registration Failure", "bootstrap_on_registration_failure", BOOLEAN)                         \
    X(1, 17, "Communication Retry Count", "communication_retry_count", UNSIGNED)                                        \
    X(1, 18, "Communication Retry Timer", "communication_retry_timer", UNSIGNED)                                        \
    X(1, 19, "Communication Sequence Delay Timer", "communication_sequence_delay_timer", UNSIGNED)                      \
    X(1, 20, "Communication Sequence Retry Count", "communication_sequence_retry_count", UNSIGNED)                      \
    X(1, 21, "Trigger", "trigger", BOOLEAN)                                                                             \
    X(1, 22, "Preferred Transport", "preferred_transport", STRING)                                                      \
    X(1, 23, "Mute Send", "mute_send", BOOLEAN)                                                                         \
    X(2, 0, "Object ID", "object_id", INTEGER)                                                                          \
    X(2, 1, "Object Instance ID", "object_instance_id", INTEGER)                                                        \
    X(2, 2, "ACL", "acl", INTEGER)                                                                                      \
    X(2, 3, "Access Control Owner", "access_control_owner", INTEGER)                                                    \
    X(3, 0, "Manufacturer", "manufacturer", STRING)                                                                     \
    X(3, 1, "Model Number", "model_number", STRING)                                                                     \
    X(3, 2, "Serial Number", "serial_number", STRING)                                                                   \
    X(3, 3, "Firmware Version", "firmware_version", STRING)                                                             \
    X(3, 4, "Reboot", "reboot", NONE)                                                                                   \
    X(3, 5, "Factory Reset", "factory_reset", NONE)                                                                     \
    X(3, 6, "Available Power Sources", "available_power_sources", INTEGER)                                              \
    X(3, 7, "Power Source Voltage", "power_source_voltage", INTEGER)                                                    \
    X(3, 8, "Power Source Current", "power_source_current", INTEGER)                                                    \
    X(3, 9, "Battery Level", "battery_level", INTEGER)                                                                  \
    X(3, 10, "Memory Free", "memory_free", INTEGER)                                                                     \
    X(3, 11, "Error Code", "error_code", INTEGER)                                                                       \
    X(3, 12, "Reset Error Code", "reset_error_code", NONE)                                                              \
    X(3, 13, "Current Time", "current_time", TIME)                                                                      \
    X(3, 14, "UTC Offset", "utc_offset", STRING)                                                                        \
    X(3, 15, "Timezone", "timezone", STRING)                                                                            \
    X(3, 16, "Supported Binding and Modes", "supported_binding_and_modes", STRING)                                      \
    X(3, 17, "Device Type", "device_type", STRING)                                                                      \
    X(3, 18, "Hardware Version", "hardware_version", STRING)                                                            \
    X(3, 19, "Software Version", "software_version", STRING)                                                            \
    X(3, 20, "Battery Status", "battery_status", INTEGER)                                                               \
    X(3, 21, "Memory Total", "memory_total", INTEGER)                                                                   \
    X(3, 22, "ExtDevInfo", "extdevinfo", OPAQUE)                                                                        \
    X(4, 0, "Network Bearer", "network_bearer", INTEGER)                                                                \
    X(4, 1, "Available Network Bearer", "available_network_bearer", INTEGER)                                            \
    X(4, 2, "Radio Signal Strength", "radio_signal_strength", INTEGER)                                                  \
    X(4, 3, "Link Quality", "link_quality", INTEGER)                                                                    \
    X(4, 4, "IP Addresses", "ip_addresses", STRING)                                                                     \
    X(4, 5, "Router IP Addresses", "router_ip_addresses", STRING)                                                       \
    X(4, 6, "Link Utilization", "link_utilization", INTEGER)                                                            \
    X(4, 7, "APN", "apn", STRING)                                                                                       \
    X(4, 8, "Cell ID", "cell_id", INTEGER)                                                                              \
    X(4, 9, "SMNC", "smnc", INTEGER)                                                                                    \
    X(4, 10, "SMCC", "smcc", INTEGER)                                                                                   \
    X(4, 11, "SignalSNR", "signalsnr", INTEGER)                                                                         \
    X(5, 12, "LAC", "lac", INTEGER)                                                                                     \
    X(5, 0, "Package", "package", OPAQUE)                                                                               \
    X(5, 1, "Package URI", "package_uri", STRING)                                                                       \
    X(5, 2, "Update", "update", NONE)                                                                                   \
    X(5, 3, "State", "state", INTEGER)                                                                                  \
    X(5, 5, "Update Result", "update_result", INTEGER)                                                                  \
    X(5, 6, "PkgName", "pkgname", STRING)                                                                               \
    X(5, 7, "PkgVersion", "pkgversion", STRING)                                                                         \
    X(5, 8, "Firmware Update Protocol Support", "firmware_update_protocol_support", INTEGER)                            \
    X(5, 9, "Firmware Update Delivery Method", "firmware_update_delivery_method", INTEGER)                              \
    X(6, 0, "Latitude", "latitude", FLOAT)                                                                              \
    X(6, 1, "Longitude", "longitude", FLOAT)                                                                            \
    X(6, 2, "Altitude", "altitude", FLOAT)                                                                              \
    X(6, 3, "Radius", "radius", FLOAT)                                                                                  \
    X(6, 4, "Velocity", "velocity", OPAQUE)                                                                             \
    X(6, 5, "Timestamp", "timestamp", TIME)                                                                             \
    X(6, 6, "Speed", "speed", FLOAT)                                                                                    \
    X(7, 0, "SMS Tx Counter", "sms_tx_counter", INTEGER)                                                                \
    X(7, 1, "SMS Rx Counter", "sms_rx_counter", INTEGER)                                                                \
    X(7, 2, "Tx Data", "tx_data", INTEGER)                                                                              \
    X(7, 3, "Rx Data", "rx_data", INTEGER)                                                                              \
    X(7, 4, "Max Message Size", "max_message_size", INTEGER)                                                            \
    X(7, 5, "Average Message Size", "average_message_size", INTEGER)                                                    \
    X(7, 6, "Start", "start", NONE)                                                                                     \
    X(7, 7, "Stop", "stop", NONE)                                                                                       \
    X(7, 8, "Collection Period", "collection_period", INTEGER)                                                          \
    X(21, 0, "Master Secret", "master_secret", STRING)                                                                  \
    X(21, 1, "Sender ID", "sender_id", STRING)                                                                          \
    X(21, 2, "Recipient ID", "recipient_id", STRING)                                                                    \
    X(21, 3, "AEAD Algorithm", "aead_algorithm", INTEGER)                                                               \
    X(21, 4, "HMAC Algorithm", "hmac_algorithm", INTEGER)                                                               \
    X(21, 5, "Master Salt", "master_salt", STRING)
/* clang-format on */

struct lwm2m_resource {
    uint16_t object, resource;
    uint8_t row;  /* in LWM2M_RESOURCES */
    uint8_t type; /* enum lwm2m_type */
    const char *name;
};

/* NULL when it is not known. */
const struct lwm2m_resource *lwm2m_resource_find(uint32_t object, uint32_t resource);
const char *lwm2m_object_name(uint32_t object);
