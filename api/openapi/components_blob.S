/* SPDX-License-Identifier: MIT */
/* The schemas of answers as text of the program. The path is from the repository's root, which is in
 * the include path. */
    .section .rodata
    .hidden api_openapi_components
    .global api_openapi_components
    .type api_openapi_components, %object
api_openapi_components:
    .incbin "api/openapi/components.json"
    .byte 0
.Lend:
    .size api_openapi_components, .Lend - api_openapi_components

    .section .note.GNU-stack, "", %progbits
