/* The page and its charts, as bytes of this program: as they are, and as the Makefile has compressed them, which is
 * found under gz/ by the same name. Built from the repository's top, where the names in assets.def begin. */
    .section .rodata

    .macro bytes label, file
    .hidden \label\()_start
    .global \label\()_start
    .hidden \label\()_end
    .global \label\()_end
\label\()_start:
    .incbin "\file"
\label\()_end:
    .byte 0
    .endm

    .macro asset id, file
    bytes asset_\id, "\file"
    bytes asset_gz_\id, "gz/\file\().gz"
    .endm

#define ASSET(id, path, type, file) asset id, file ;
#include "assets.def"

    .section .note.GNU-stack, "", %progbits
