// 1-bit products of rows of 129 to 256 bits with BN, PReLU and shortcut in int16, scheduled by hand for the
// Cortex-A53.
//
//   kwsd_a53_project_T   T = 1..8 steps, lane = step
//
// T steps stay in v16-v31, two registers each; one weight row after another runs against them. Per output:
//
//   pair of steps   EOR, CNT, ADD of the two registers of a row: bytes of at most 16
//   level 1..3      ADDP: two bytes a step, at most 128 each;  UADDLP: popcount, u16, lane = step
//   u = K * 2^shift - popcount * 2^(shift + 1)                DUP, MLS
//   v = u * mult + bias;  p = max(v, v * slope);  x += p      SQRDMULH, SQADD, SQRDMULH, SMAX, SQADD
//
// v0, v1     weights of the output              v12       constants of a channel, later p or x
// v2         popcounts, bias                    v13       h[0] = 2^(shift + 1), h[1] = K * 2^shift
// v3         level 1 of pair 0, level 2         v14       level 1 of pair 2, level 2
// v4-v7      E: pairs 0 and 2                   v15       u, v, p, x
// v8-v11     F: pairs 1 and 3                   v16-v31   activations
// x8-x11     the next weights
//
// Schedule: three outputs at once. While the tree of output n runs, the tree of n - 1 ends and its BN runs, and
// PReLU and shortcut of n - 2 end; a tail finishes the last two. Weights come through general registers: LDR X
// costs nothing beside a 128-bit operation, and two INS pair, so a weight register takes one cycle instead of
// the two of LDR Q.

        .arch   armv8-a
        .text

.macro pairs d, a, b
        addp    v\d\().16b, v\a\().16b, v\b\().16b
.endm

.macro eor2 e0, e1, a0, a1
        eor     v\e0\().16b, v\a0\().16b, v0.16b
        eor     v\e1\().16b, v\a1\().16b, v1.16b
.endm

.macro cnt2 e0, e1
        cnt     v\e0\().16b, v\e0\().16b
        cnt     v\e1\().16b, v\e1\().16b
.endm

.macro sum2 e0, e1
        add     v\e0\().16b, v\e0\().16b, v\e1\().16b
.endm

// The parts of one output. PRELU and SHORTCUT belong to output n - 2, BN to n - 1.

.macro prelu_end
        smax    v15.8h, v15.8h, v12.8h
.endm

.macro bn_start
        dup     v15.8h, v13.h[1]
        ldr     d12, [x1]
.endm

// One output for T steps; the weights of the next are in v0, v1 at the end.
.macro output T
        // pair 0, in E
        eor2    4, 5, 16, 17
.if \T > 1
        eor2    6, 7, 18, 19
.endif
.if \T == 8 || \T == 4
        pairs   8, 8, 10                        // level 1 of the last pair of n - 1
.elseif \T == 7 || \T == 3
        pairs   8, 8, 8
.endif
        prelu_end
        cnt2    4, 5
.if \T > 1
        cnt2    6, 7
.endif
.if \T > 6
        pairs   14, 14, 8                       // level 2
.elseif \T > 4
        pairs   14, 14, 14
.elseif \T > 2
        pairs   3, 3, 8
.else
        pairs   3, 3, 3
.endif
        ldr     q12, [x7]
        sum2    4, 5
.if \T > 1
        sum2    6, 7
.endif
        // pair 1, in F
.if \T > 2
        eor2    8, 9, 20, 21
.endif
.if \T > 3
        eor2    10, 11, 22, 23
.endif
.if \T > 4
        pairs   2, 3, 14                        // level 3
.else
        pairs   2, 3, 3
.endif
.if \T > 1
        pairs   3, 4, 6                         // level 1 of pair 0
.else
        pairs   3, 4, 4
.endif
        sqadd   v15.8h, v15.8h, v12.8h          // shortcut
.if \T > 2
        cnt2    8, 9
.endif
.if \T > 3
        cnt2    10, 11
.endif
        uaddlp  v2.8h, v2.16b
        str     q15, [x7]
        bn_start
.if \T > 2
        sum2    8, 9
.endif
.if \T > 3
        sum2    10, 11
.endif
        // pair 2, in E
.if \T > 4
        eor2    4, 5, 24, 25
.endif
.if \T > 5
        eor2    6, 7, 26, 27
.endif
.if \T > 4
        pairs   8, 8, 10                        // level 1 of pair 1
.endif
        mls     v15.8h, v2.8h, v13.h[0]
        mov     x7, x12                         // of n - 1
        mov     x12, x13
        add     x13, x13, x5
.if \T > 4
        cnt2    4, 5
.endif
.if \T > 5
        cnt2    6, 7
.endif
.if \T > 4
        pairs   3, 3, 8                         // level 2
.endif
        sqrdmulh v15.8h, v15.8h, v12.h[0]
        dup     v2.8h, v12.h[1]
.if \T > 4
        sum2    4, 5
.endif
.if \T > 5
        sum2    6, 7
.endif
        // pair 3, in F
.if \T > 6
        eor2    8, 9, 28, 29
.endif
.if \T > 7
        eor2    10, 11, 30, 31
.endif
.if \T > 5
        pairs   14, 4, 6                        // level 1 of pair 2
.elseif \T > 4
        pairs   14, 4, 4
.endif
        sqadd   v15.8h, v15.8h, v2.8h
        ldr     x8, [x0, #32]
.if \T > 6
        cnt     v8.16b, v8.16b
        ldr     x9, [x0, #40]
        cnt     v9.16b, v9.16b
        ldr     x10, [x0, #48]
.else
        ldr     x9, [x0, #40]
        ldr     x10, [x0, #48]
.endif
.if \T > 7
        cnt     v10.16b, v10.16b
        ldr     x11, [x0, #56]
        cnt     v11.16b, v11.16b
.else
        ldr     x11, [x0, #56]
.endif
        add     x0, x0, #32
        subs    w2, w2, #1
        mov     x1, x14
        sqrdmulh v12.8h, v15.8h, v12.h[2]
        add     x14, x14, #8
        ins     v0.d[0], x8
        ins     v1.d[0], x10
        ins     v0.d[1], x9
        ins     v1.d[1], x11
.if \T > 6
        sum2    8, 9
.endif
.if \T > 7
        sum2    10, 11
.endif
.endm

// What is left after the last output: the tree and BN of it, the shortcut of it and of the one before.
.macro tail T
.if \T == 8 || \T == 4
        pairs   8, 8, 10
.elseif \T == 7 || \T == 3
        pairs   8, 8, 8
.endif
        prelu_end
        ldr     q12, [x7]
.if \T > 6
        pairs   14, 14, 8
.elseif \T > 4
        pairs   14, 14, 14
.elseif \T > 2
        pairs   3, 3, 8
.else
        pairs   3, 3, 3
.endif
        sqadd   v15.8h, v15.8h, v12.8h
.if \T > 4
        pairs   2, 3, 14
.else
        pairs   2, 3, 3
.endif
        str     q15, [x7]
        uaddlp  v2.8h, v2.16b
        bn_start
        mls     v15.8h, v2.8h, v13.h[0]
        dup     v2.8h, v12.h[1]
        sqrdmulh v15.8h, v15.8h, v12.h[0]
        sqadd   v15.8h, v15.8h, v2.8h
        sqrdmulh v12.8h, v15.8h, v12.h[2]
        prelu_end
        ldr     q12, [x12]
        sqadd   v15.8h, v15.8h, v12.8h
        str     q15, [x12]
.endm

// void kwsd_a53_project_T(x0 weights [outputs][32] and one row more that is read and not used,
//                         x1 channels [outputs] ChannelAffine, w2 outputs >= 1, x3 activations [T][32],
//                         x4 residual, x5 bytes of a row of residual, w6 2^(shift + 1) | K * 2^shift << 16)
// All eight lanes of the residual rows are written.
.macro define_project T
        .p2align 4
        .global kwsd_a53_project_\T
        .hidden kwsd_a53_project_\T
        .type   kwsd_a53_project_\T, %function
kwsd_a53_project_\T\():
        stp     d8, d9, [sp, #-96]!
        stp     d10, d11, [sp, #16]
        stp     d12, d13, [sp, #32]
        stp     d14, d15, [sp, #48]
        fmov    s13, w6
        ldp     q0, q1, [x0]
        ldp     q16, q17, [x3]
.if \T > 1
        ldp     q18, q19, [x3, #32]
.endif
.if \T > 2
        ldp     q20, q21, [x3, #64]
.endif
.if \T > 3
        ldp     q22, q23, [x3, #96]
.endif
.if \T > 4
        ldp     q24, q25, [x3, #128]
.endif
.if \T > 5
        ldp     q26, q27, [x3, #160]
.endif
.if \T > 6
        ldp     q28, q29, [x3, #192]
.endif
.if \T > 7
        ldp     q30, q31, [x3, #224]
.endif
        add     x7, sp, #64                     // outputs -2 and -1 go to the stack
        mov     x12, x7
        mov     x13, x4
        mov     x14, x1
1:
        output  \T
        b.ne    1b
        tail    \T
        ldp     d10, d11, [sp, #16]
        ldp     d12, d13, [sp, #32]
        ldp     d14, d15, [sp, #48]
        ldp     d8, d9, [sp], #96
        ret
        .size   kwsd_a53_project_\T, . - kwsd_a53_project_\T
.endm

.irp t, 1, 2, 3, 4, 5, 6, 7, 8
        define_project \t
.endr

        .section .note.GNU-stack, "", %progbits
