#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/openapi.json as C: openapi_embed.py IN.json OUT.c. Without spaces, which nobody reads on the way."""

import json
import sys

text = json.dumps(json.load(open(sys.argv[1], encoding='utf-8')), ensure_ascii=False, separators=(',', ':')).encode()
with open(sys.argv[2], 'w') as out:
    out.write('#include "web/openapi.h"\n\nstatic const uint8_t text[] = {\n')
    for at in range(0, len(text), 24):
        out.write('    ' + ', '.join(str(byte) for byte in text[at:at + 24]) + ',\n')
    out.write('};\n\nstruct bytes openapi_description(void)\n{\n    return bytes_of(text, sizeof text);\n}\n')
