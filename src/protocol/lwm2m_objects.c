/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/lwm2m_objects.h"

#define ROW(object, resource, name, field, type) ROW_##object##_##resource,
enum { LWM2M_RESOURCES(ROW) };
#undef ROW

static const struct value_name object_names[] = {
    { 0, "LwM2M Security" },
    { 1, "LwM2M Server" },
    { 2, "Access Control" },
    { 3, "Device" },
    { 4, "Connectivity Monitoring" },
    { 5, "Firmware Update" },
    { 6, "Location" },
    { 7, "Connectivity Statistics" },
    { 21, "OSCORE" },
    { 0, NULL },
};

static const struct lwm2m_resource resources[] = {
#define ROW(object, resource, name, field, type) \
    { object, resource, ROW_##object##_##resource, LWM2M_##type, name },
    LWM2M_RESOURCES(ROW)
#undef ROW
    /* a name that another object has, too */
    { 1, 0, ROW_0_10, LWM2M_INTEGER, "Short Server ID" },
};

const struct lwm2m_resource *lwm2m_resource_find(uint32_t object, uint32_t resource)
{
    for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++)
        if (resources[i].object == object && resources[i].resource == resource)
            return &resources[i];
    return NULL;
}

const char *lwm2m_object_name(uint32_t object)
{
    for (const struct value_name *row = object_names; row->name; row++)
        if (row->value == object)
            return row->name;
    return NULL;
}
