/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes - every address that the server answers, one row each: docs/openapi.json says what they take and
 * give. Rows are looked at from the top.
 */
#include "appsync/appsync_session.h"
#include "web/api_archive.h"
#include "web/api_pins.h"
#include "web/api_shares.h"
#include "web/appsync_door.h"
#include "web/gate.h"
#include "web/live_socket.h"
#include "web/live_stream.h"
#include "web/machines.h"
#include "web/metrics.h"
#include "web/page.h"
#include "web/plain_page.h"
#include "web/router.h"

const struct route web_routes[] = {
    /* ---- for machines ---- */
    { HTTP_GET, "/metrics", metrics_show, ROLE_CONTROL, ROUTE_MEMBERS },
    { HTTP_GET, "/healthz", machines_health, ROLE_VIEW, ROUTE_ANY_ORIGIN },

    { HTTP_POST, "/event", appsync_door_post, ROLE_VIEW, ROUTE_ANY_ORIGIN, APPSYNC_PUBLISH_LIMIT_BYTES },
    { HTTP_OPTIONS, "/event", appsync_door_preflight, ROLE_VIEW, ROUTE_ANY_ORIGIN },
    { HTTP_GET, "/event/realtime", appsync_door_open, ROLE_VIEW, ROUTE_ANY_ORIGIN },

    /* ---- logging in ---- */
    { HTTP_POST, "/api/v1/login", gate_login, ROLE_VIEW, ROUTE_ANYBODY | ROUTE_BEARS_SECRET | ROUTE_MEMBERS },
    { HTTP_POST, "/api/v1/logout", gate_logout, ROLE_VIEW, ROUTE_MEMBERS },

    /* ---- live ---- */
    { HTTP_GET, "/api/v1/live", live_socket_open, ROLE_VIEW, ROUTE_UPGRADES },
    { HTTP_GET, "/api/v1/sources/{source}/stream", live_stream_open, ROLE_VIEW, 0 },
    /* ---- the archive, and the filter language ---- */
    { HTTP_GET, "/openapi.json", api_description, ROLE_VIEW, ROUTE_ANYBODY | ROUTE_ANY_ORIGIN },
    { HTTP_GET, "/api/v1/openapi.json", api_description, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/api/v1/me", api_me, ROLE_VIEW },
    { HTTP_GET, "/api/v1/status", api_status, ROLE_VIEW },
    { HTTP_GET, "/api/v1/sources", api_sources, ROLE_VIEW },
    { HTTP_GET, "/api/v1/sources/{source}/rows", api_rows, ROLE_VIEW },
    { HTTP_GET, "/api/v1/sources/{source}/filter/values", api_filter_values, ROLE_VIEW },
    { HTTP_GET, "/api/v1/sources/{source}/timeline", api_timeline, ROLE_VIEW },
    { HTTP_GET, "/api/v1/sources/{source}/packets/{number}", api_packet, ROLE_VIEW },
    { HTTP_GET, "/api/v1/sources/{source}/packets/{number}/bytes", api_packet_bytes, ROLE_VIEW },
    { HTTP_GET, "/api/v1/sources/{source}/devices", api_devices, ROLE_VIEW },
    { HTTP_GET, "/api/v1/sources/{source}/devices/{device}", api_device, ROLE_VIEW },
    { HTTP_GET, "/api/v1/sources/{source}/sessions/{session}", api_session, ROLE_VIEW },
    { HTTP_GET, "/api/v1/sources/{source}/find", api_find, ROLE_VIEW },
    { HTTP_GET, "/api/v1/sources/{source}/count", api_count, ROLE_VIEW },
    { HTTP_GET, "/api/v1/filter/check", api_filter_check, ROLE_VIEW },
    { HTTP_GET, "/api/v1/fields", api_fields, ROLE_VIEW },

    /* ---- pins ---- */
    { HTTP_GET, "/api/v1/sources/{source}/pins", api_pins, ROLE_VIEW },
    { HTTP_POST, "/api/v1/sources/{source}/pins", api_pin_add, ROLE_COMMENT },
    { HTTP_PATCH, "/api/v1/sources/{source}/pins/{pin}", api_pin_change, ROLE_COMMENT },
    { HTTP_DELETE, "/api/v1/sources/{source}/pins/{pin}", api_pin_remove, ROLE_COMMENT },
    { HTTP_POST, "/api/v1/sources/{source}/pins/{pin}/replies", api_pin_reply, ROLE_COMMENT },

    /* ---- links ---- */
    { HTTP_POST, "/s/{link}/enter", api_link_enter, ROLE_VIEW, ROUTE_ANYBODY | ROUTE_BEARS_SECRET },
    { HTTP_GET, "/api/v1/shares", api_shares, ROLE_CONTROL, ROUTE_MEMBERS },
    { HTTP_POST, "/api/v1/shares", api_share_add, ROLE_CONTROL, ROUTE_MEMBERS },
    { HTTP_GET, "/api/v1/shares/{share}", api_share, ROLE_CONTROL, ROUTE_MEMBERS },
    { HTTP_DELETE, "/api/v1/shares/{share}", api_share_revoke, ROLE_CONTROL, ROUTE_MEMBERS },
    { HTTP_GET, "/api/v1/audit", api_audit, ROLE_CONTROL, ROUTE_MEMBERS },

    /* ---- the page: its files, and the addresses of its screens ---- */
    { HTTP_GET, "/", page_show, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/assets/{rest...}", page_asset, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/live/{source}", page_show, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/a/{source}", page_show, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/d/{source}", page_show, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/d/{source}/{device}", page_show, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/x/{source}/{session}", page_show, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/c/{source}/p/{number}", page_show, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/s/{link}", page_show, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/s/{link}/live/{source}", page_show, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/s/{link}/a/{source}", page_show, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/s/{link}/d/{source}", page_show, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/s/{link}/d/{source}/{device}", page_show, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/s/{link}/x/{source}/{session}", page_show, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/s/{link}/c/{source}/p/{number}", page_show, ROLE_VIEW, ROUTE_ANYBODY },
    { HTTP_GET, "/plain", plain_page_sources, ROLE_VIEW },
    { HTTP_GET, "/plain/{source}", plain_page_show, ROLE_VIEW },
    { HTTP_GET, "/{file}", page_asset, ROLE_VIEW, ROUTE_ANYBODY },
};
const size_t n_web_routes = sizeof web_routes / sizeof *web_routes;
