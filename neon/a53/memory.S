// The int16 memory filter of eight steps with BN, PReLU, shortcut and signs, scheduled by hand for the Cortex-A53.
//
// Lane = step. Four channels go together, operation by operation, so that no result is waited for; channels run from
// the last to the first, because SLI pushes the signs of one after the other into bits:
//
//   sum = taps . (x two and one step ago, now, in one and two steps)    EXT, SQRDMULH by lane, SQADD
//   v = sum * 2^shift + bias;  p = max(v, v * slope);  x += p           SQSHL, DUP, SQADD, SQRDMULH, SMAX, SQADD
//   bit = x >= at_least                                                 DUP, CMGE, SLI
//
// v0-v3      taps of even quads              x0   taps of the next quad        x9-x12   upper halves of the next x
// v4-v7      taps of odd quads               x1   constants of the quad        x13-x16  upper halves of the next taps
// v8-v11     mult, bias, slope, at_least     x2   quads left                   x17      bytes to the next quad
// v12        shift                           x3   x of the next quad
// v13        zero                            x4   bits     x5  bytes of a row of bits
// v14        signs so far                    x7   x of the quad
// v16-v19    x of even quads, v20-v23 of odd ones
// v24-v27    sums, v28-v31 products
//
// A register of the next quad is filled by LDR D and INS, which pair: one cycle; LDR X goes beside a vector operation.

        .arch   armv8-a
        .text

// One quad: x in v\n0 .. v\n3, taps in v\w0 .. v\w3; the next in v\m0 .. v\m3, v\u0 .. v\u3.
.macro quad n0, n1, n2, n3, w0, w1, w2, w3, m0, m1, m2, m3, u0, u1, u2, u3
        ext     v24.16b, v13.16b, v\n0\().16b, #12
        sub     x2, x2, #1
        ext     v25.16b, v13.16b, v\n1\().16b, #12
        cmp     x2, #0
        ext     v26.16b, v13.16b, v\n2\().16b, #12
        csel    x17, x17, xzr, ne               // the last quad loads itself again
        ext     v27.16b, v13.16b, v\n3\().16b, #12
        sub     x3, x3, x17
        ext     v28.16b, v13.16b, v\n0\().16b, #14
        sub     x0, x0, x17
        ext     v29.16b, v13.16b, v\n1\().16b, #14
        ldr     x9, [x3, #8]
        ext     v30.16b, v13.16b, v\n2\().16b, #14
        ldr     x10, [x3, #24]
        ext     v31.16b, v13.16b, v\n3\().16b, #14
        ldr     x11, [x3, #40]
        sqrdmulh v24.8h, v24.8h, v\w0\().h[0]
        ldr     x12, [x3, #56]
        sqrdmulh v25.8h, v25.8h, v\w1\().h[0]
        ldr     x13, [x0, #8]
        sqrdmulh v26.8h, v26.8h, v\w2\().h[0]
        ldr     x14, [x0, #24]
        sqrdmulh v27.8h, v27.8h, v\w3\().h[0]
        ldr     x15, [x0, #40]
        sqrdmulh v28.8h, v28.8h, v\w0\().h[1]
        ldr     x16, [x0, #56]
        sqrdmulh v29.8h, v29.8h, v\w1\().h[1]
        sqrdmulh v30.8h, v30.8h, v\w2\().h[1]
        sqrdmulh v31.8h, v31.8h, v\w3\().h[1]
        sqadd   v24.8h, v24.8h, v28.8h
        sqadd   v25.8h, v25.8h, v29.8h
        sqadd   v26.8h, v26.8h, v30.8h
        sqadd   v27.8h, v27.8h, v31.8h
        sqrdmulh v28.8h, v\n0\().8h, v\w0\().h[2]
        sqrdmulh v29.8h, v\n1\().8h, v\w1\().h[2]
        sqrdmulh v30.8h, v\n2\().8h, v\w2\().h[2]
        sqrdmulh v31.8h, v\n3\().8h, v\w3\().h[2]
        sqadd   v24.8h, v24.8h, v28.8h
        sqadd   v25.8h, v25.8h, v29.8h
        sqadd   v26.8h, v26.8h, v30.8h
        sqadd   v27.8h, v27.8h, v31.8h
        ext     v28.16b, v\n0\().16b, v13.16b, #2
        ext     v29.16b, v\n1\().16b, v13.16b, #2
        ext     v30.16b, v\n2\().16b, v13.16b, #2
        ext     v31.16b, v\n3\().16b, v13.16b, #2
        sqrdmulh v28.8h, v28.8h, v\w0\().h[3]
        sqrdmulh v29.8h, v29.8h, v\w1\().h[3]
        sqrdmulh v30.8h, v30.8h, v\w2\().h[3]
        sqrdmulh v31.8h, v31.8h, v\w3\().h[3]
        sqadd   v24.8h, v24.8h, v28.8h
        sqadd   v25.8h, v25.8h, v29.8h
        sqadd   v26.8h, v26.8h, v30.8h
        sqadd   v27.8h, v27.8h, v31.8h
        ext     v28.16b, v\n0\().16b, v13.16b, #4
        ext     v29.16b, v\n1\().16b, v13.16b, #4
        ext     v30.16b, v\n2\().16b, v13.16b, #4
        ext     v31.16b, v\n3\().16b, v13.16b, #4
        sqrdmulh v28.8h, v28.8h, v\w0\().h[4]
        sqrdmulh v29.8h, v29.8h, v\w1\().h[4]
        sqrdmulh v30.8h, v30.8h, v\w2\().h[4]
        sqrdmulh v31.8h, v31.8h, v\w3\().h[4]
        sqadd   v24.8h, v24.8h, v28.8h
        sqadd   v25.8h, v25.8h, v29.8h
        sqadd   v26.8h, v26.8h, v30.8h
        sqadd   v27.8h, v27.8h, v31.8h
        sqshl   v24.8h, v24.8h, v12.8h
        sqshl   v25.8h, v25.8h, v12.8h
        sqshl   v26.8h, v26.8h, v12.8h
        sqshl   v27.8h, v27.8h, v12.8h
        ldr     d8, [x1]
        ldr     d9, [x1, #8]
        ldr     d10, [x1, #16]
        ldr     d11, [x1, #24]
        ldr     d\m0, [x3]
        ldr     d\m1, [x3, #16]
        dup     v28.8h, v8.h[1]
        dup     v29.8h, v9.h[1]
        dup     v30.8h, v10.h[1]
        dup     v31.8h, v11.h[1]
        sqadd   v24.8h, v24.8h, v28.8h
        sqadd   v25.8h, v25.8h, v29.8h
        sqadd   v26.8h, v26.8h, v30.8h
        sqadd   v27.8h, v27.8h, v31.8h
        ldr     d\m2, [x3, #32]
        ins     v\m0\().d[1], x9
        sqrdmulh v28.8h, v24.8h, v8.h[2]
        sqrdmulh v29.8h, v25.8h, v9.h[2]
        sqrdmulh v30.8h, v26.8h, v10.h[2]
        sqrdmulh v31.8h, v27.8h, v11.h[2]
        ldr     d\m3, [x3, #48]
        ins     v\m1\().d[1], x10
        smax    v24.8h, v24.8h, v28.8h
        smax    v25.8h, v25.8h, v29.8h
        smax    v26.8h, v26.8h, v30.8h
        smax    v27.8h, v27.8h, v31.8h
        sqadd   v24.8h, v24.8h, v\n0\().8h
        sqadd   v25.8h, v25.8h, v\n1\().8h
        sqadd   v26.8h, v26.8h, v\n2\().8h
        sqadd   v27.8h, v27.8h, v\n3\().8h
        dup     v28.8h, v8.h[3]
        sub     x1, x1, #32
        dup     v29.8h, v9.h[3]
        dup     v30.8h, v10.h[3]
        dup     v31.8h, v11.h[3]
        cmge    v28.8h, v24.8h, v28.8h
        cmge    v29.8h, v25.8h, v29.8h
        cmge    v30.8h, v26.8h, v30.8h
        cmge    v31.8h, v27.8h, v31.8h
        str     q24, [x7]
        sli     v28.8h, v29.8h, #1
        str     q25, [x7, #16]
        sli     v30.8h, v31.8h, #1
        str     q26, [x7, #32]
        ldr     d\u0, [x0]
        ins     v\m2\().d[1], x11
        sli     v28.8h, v30.8h, #2
        str     q27, [x7, #48]
        ldr     d\u1, [x0, #16]
        ins     v\m3\().d[1], x12
        sli     v28.8h, v14.8h, #4
        mov     x7, x3
        ldr     d\u2, [x0, #32]
        ins     v\u0\().d[1], x13
        ldr     d\u3, [x0, #48]
        ins     v\u1\().d[1], x14
        mov     v14.16b, v28.16b
        ins     v\u2\().d[1], x15
        ins     v\u3\().d[1], x16
.endm

// void kwsd_a53_memory_8(x0 taps [channels][8], x1 ChannelAffine [channels], x2 channels (a multiple of 16, at least 16),
//                        x3 residual [channels][8], x4 bits, x5 bytes of a row of bits, w6 shift)
        .p2align 4
        .global kwsd_a53_memory_8
        .hidden kwsd_a53_memory_8
        .type   kwsd_a53_memory_8, %function
kwsd_a53_memory_8:
        stp     d8, d9, [sp, #-64]!
        stp     d10, d11, [sp, #16]
        stp     d12, d13, [sp, #32]
        str     d14, [sp, #48]
        dup     v12.8h, w6
        movi    v13.16b, #0
        add     x4, x4, x2, lsr #3              // the bits of the last 16 channels
        sub     x4, x4, #2
        sub     x2, x2, #4
        add     x0, x0, x2, lsl #4
        add     x1, x1, x2, lsl #3
        add     x3, x3, x2, lsl #4
        lsr     x2, x2, #2
        add     x2, x2, #1
        mov     x17, #64
        mov     x7, x3
        ldp     q16, q17, [x3]
        ldp     q18, q19, [x3, #32]
        ldp     q0, q1, [x0]
        ldp     q2, q3, [x0, #32]
1:
        quad    16, 17, 18, 19, 0, 1, 2, 3, 20, 21, 22, 23, 4, 5, 6, 7
        quad    20, 21, 22, 23, 4, 5, 6, 7, 16, 17, 18, 19, 0, 1, 2, 3
        quad    16, 17, 18, 19, 0, 1, 2, 3, 20, 21, 22, 23, 4, 5, 6, 7
        quad    20, 21, 22, 23, 4, 5, 6, 7, 16, 17, 18, 19, 0, 1, 2, 3
        mov     x6, x4
        st1     {v14.h}[0], [x6], x5
        st1     {v14.h}[1], [x6], x5
        st1     {v14.h}[2], [x6], x5
        st1     {v14.h}[3], [x6], x5
        st1     {v14.h}[4], [x6], x5
        st1     {v14.h}[5], [x6], x5
        st1     {v14.h}[6], [x6], x5
        st1     {v14.h}[7], [x6]
        sub     x4, x4, #2
        cbnz    x2, 1b
        ldp     d10, d11, [sp, #16]
        ldp     d12, d13, [sp, #32]
        ldr     d14, [sp, #48]
        ldp     d8, d9, [sp], #64
        ret
        .size   kwsd_a53_memory_8, . - kwsd_a53_memory_8

        .section .note.GNU-stack, "", %progbits
