/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_pack_table - the packed spans and keys as tables that SQL can ask, row by row. Internal to this
 * folder.
 *
 * span (the overlay's: span_overlay): identity, client, server, from_ns, lasted_ns, packets, bytes, session,
 * reason, confidence. session_key: hash, identity, session, seen_s, cid_to_client. Read-only; WHERE identity
 * = and WHERE hash = go straight to the right blob, anything else reads them all. They exist in connections
 * of device_table alone.
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>

/* Once a connection, before anything is asked. */
bool device_pack_table_register(sqlite3 *handle);
