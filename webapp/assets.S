/* The page and its charts, as bytes of this program. Built from the repository's top, where
 * the names in assets.def begin. */
#define ASSET(id, path, type, file) \
    .hidden asset_##id##_start ; \
    .global asset_##id##_start ; \
    .hidden asset_##id##_end ; \
    .global asset_##id##_end ; \
    asset_##id##_start: .incbin file ; \
    asset_##id##_end: .byte 0 ;

    .section .rodata
#include "assets.def"

    .section .note.GNU-stack, "", %progbits
