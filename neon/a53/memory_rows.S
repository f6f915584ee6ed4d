// The causal int16 memory filter of the new steps of a stream with BN, PReLU, shortcut and signs, scheduled by hand for
// the Cortex-A53.
//
//   kwsd_a53_memory_rows_T   T = 1, 2 steps
//
// Lane = channel; 16 channels go together: two registers, low and high, of each row and of each sum.
//
//   sum = taps . (x four steps ago .. now)                     SQRDMULH, SQADD
//   v = sum * 2^shift + bias;  p = max(v, v * slope);  x += p  SQSHL, SQADD, SQRDMULH, SMAX, SQADD
//   bit = x >= at_least                                        CMGE, UZP1, AND, ADDP three times
//
// v0-v11     rows, oldest first: low, high       v20-v23    products
// v12-v15    two constants: low, low, high, high v24-v27    two more of them
// v16-v19    sums: low, high of each step        v28        shift          v29        bit of a lane
// x0   constants         x2-x7, x9, x10   rows in, rows out     x11, x12   bits
//
// A load of two Q registers takes the vector unit for four cycles: they stand where results would be waited for.

        .arch   armv8-a
        .text

// \op of all sums with \a, \b for the low and high registers of each: products or sums.
.macro each_step T, op, d0, d1, d2, d3, a0, a1, a2, a3, b0, b1, b2, b3
        \op     v\d0\().8h, v\a0\().8h, v\b0\().8h
        \op     v\d1\().8h, v\a1\().8h, v\b1\().8h
.if \T == 2
        \op     v\d2\().8h, v\a2\().8h, v\b2\().8h
        \op     v\d3\().8h, v\a3\().8h, v\b3\().8h
.endif
.endm

// sums = or products = rows \x0, \x1 (step 0), \x2, \x3 (step 1) times constants \lo, \hi.
.macro times T, d0, d1, d2, d3, x0, x1, x2, x3, lo, hi
        each_step \T, sqrdmulh, \d0, \d1, \d2, \d3, \x0, \x1, \x2, \x3, \lo, \hi, \lo, \hi
.endm
.macro add_products T
        each_step \T, sqadd, 16, 17, 18, 19, 16, 17, 18, 19, 20, 21, 22, 23
.endm
.macro with_constant T, op, lo, hi
        each_step \T, \op, 16, 17, 18, 19, 16, 17, 18, 19, \lo, \hi, \lo, \hi
.endm

.macro sixteen_channels T
        ldp     q12, q13, [x0]                  // taps 0, 1 low
        ldp     q14, q15, [x0, #128]            // high
        ldp     q0, q1, [x2], #32
        ldp     q2, q3, [x3], #32
        times   \T, 16, 17, 18, 19, 0, 1, 2, 3, 12, 14
        ldp     q24, q25, [x0, #32]             // taps 2, 3
        ldp     q4, q5, [x4], #32
        times   \T, 20, 21, 22, 23, 2, 3, 4, 5, 13, 15
        ldp     q26, q27, [x0, #160]
        add_products \T
        ldp     q6, q7, [x5], #32
        times   \T, 20, 21, 22, 23, 4, 5, 6, 7, 24, 26
        ldp     q12, q13, [x0, #64]             // tap 4, bias
        add_products \T
        ldp     q8, q9, [x6], #32
        times   \T, 20, 21, 22, 23, 6, 7, 8, 9, 25, 27
        ldp     q14, q15, [x0, #192]
        add_products \T
.if \T == 2
        ldp     q10, q11, [x7], #32
.endif
        times   \T, 20, 21, 22, 23, 8, 9, 10, 11, 12, 14
        ldp     q24, q25, [x0, #96]             // slope, at_least
        add_products \T
        ldp     q26, q27, [x0, #224]
        with_constant \T, sqshl, 28, 28
        add     x0, x0, #256
        sub     x1, x1, #1
        with_constant \T, sqadd, 13, 15
        times   \T, 20, 21, 22, 23, 16, 17, 18, 19, 24, 26
        each_step \T, smax, 16, 17, 18, 19, 16, 17, 18, 19, 20, 21, 22, 23
        each_step \T, sqadd, 16, 17, 18, 19, 16, 17, 18, 19, 8, 9, 10, 11
        each_step \T, cmge, 20, 21, 22, 23, 16, 17, 18, 19, 25, 27, 25, 27
        stp     q16, q17, [x9], #32
        uzp1    v20.16b, v20.16b, v21.16b
.if \T == 2
        stp     q18, q19, [x10], #32
        uzp1    v22.16b, v22.16b, v23.16b
.endif
        and     v20.16b, v20.16b, v29.16b
.if \T == 2
        and     v22.16b, v22.16b, v29.16b
        addp    v20.16b, v20.16b, v22.16b       // step 0, step 1
.else
        addp    v20.16b, v20.16b, v20.16b
.endif
        addp    v20.16b, v20.16b, v20.16b
        addp    v20.16b, v20.16b, v20.16b
        st1     {v20.h}[0], [x11], #2
.if \T == 2
        st1     {v20.h}[1], [x12], #2
.endif
.endm

// void kwsd_a53_memory_rows_T(x0 constants [2 * groups][8][8] (RowFilter), x1 groups of 16 channels >= 1,
//                             x2 rows in [T + 4], x3 rows out [T], x4 bits, x5 bytes of a row of bits, w6 shift)
.macro define_memory_rows T
        .p2align 4
        .global kwsd_a53_memory_rows_\T
        .hidden kwsd_a53_memory_rows_\T
        .type   kwsd_a53_memory_rows_\T, %function
kwsd_a53_memory_rows_\T\():
        stp     d8, d9, [sp, #-64]!
        stp     d10, d11, [sp, #16]
        stp     d12, d13, [sp, #32]
        stp     d14, d15, [sp, #48]
        dup     v28.8h, w6
        movz    x8, #0x0201                     // 1, 2, 4 .. 128
        movk    x8, #0x0804, lsl #16
        movk    x8, #0x2010, lsl #32
        movk    x8, #0x8040, lsl #48
        dup     v29.2d, x8
        mov     x11, x4
        add     x12, x4, x5
        mov     x8, x2
.if \T == 2
        ldp     x9, x10, [x3]
        ldp     x2, x3, [x8]
        ldp     x4, x5, [x8, #16]
        ldp     x6, x7, [x8, #32]
.else
        ldr     x9, [x3]
        ldp     x2, x3, [x8]
        ldp     x4, x5, [x8, #16]
        ldr     x6, [x8, #32]
.endif
1:
        sixteen_channels \T
        cbnz    x1, 1b
        ldp     d10, d11, [sp, #16]
        ldp     d12, d13, [sp, #32]
        ldp     d14, d15, [sp, #48]
        ldp     d8, d9, [sp], #64
        ret
        .size   kwsd_a53_memory_rows_\T, . - kwsd_a53_memory_rows_\T
.endm

.irp t, 1, 2
        define_memory_rows \t
.endr

        .section .note.GNU-stack, "", %progbits
