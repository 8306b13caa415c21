/* SPDX-License-Identifier: MIT */
/* The compressed digits set as bytes of the library. The path is from the repository's root, which is in
 * the include path. */
    .section .rodata
    .hidden snn_digits_gz
    .global snn_digits_gz
    .type snn_digits_gz, %object
    .p2align 4
snn_digits_gz:
    .incbin "core/data/digits.csv.gz"
.Lend:
    .size snn_digits_gz, .Lend - snn_digits_gz

    .hidden snn_digits_gz_size
    .global snn_digits_gz_size
    .type snn_digits_gz_size, %object
    .p2align 3
snn_digits_gz_size:
    .quad .Lend - snn_digits_gz
    .size snn_digits_gz_size, 8

    .section .note.GNU-stack, "", %progbits
