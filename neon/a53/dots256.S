// 1-bit products of rows of 129 to 256 bits with int16 results, scheduled by hand for the Cortex-A53.
//
//   kwsd_a53_dots256_T   T = 1..4 steps
//
// A tile is 4 outputs x T steps. Per step: EOR, CNT and ADD of the two registers of each row, ADDP twice over the
// four rows (4 bytes an output, at most 64 each), ADDP with the next step, UADDLP: popcounts of
// [4 outputs of step t, 4 outputs of step t + 1].
//
// v0-v7      activations, two registers a step   v26, v27   level 2 of even, odd steps
// v8-v15     weights, two registers an output    v28        popcounts, results
// v16-v19    E: first two outputs                v29        K
// v20-v23    F: last two outputs                 v24, v25   level 1 of E, F
// x6-x9      the results of steps 0 to 3         x10-x17    upper halves of the next weights
//                                                x4, x5     lower halves of the last two of them

        .arch   armv8-a
        .text

.macro pairs d, a, b
        addp    v\d\().16b, v\a\().16b, v\b\().16b
.endm

.macro eor4 e0, e1, e2, e3, a0, a1, w0, w1, w2, w3
        eor     v\e0\().16b, v\a0\().16b, v\w0\().16b
        eor     v\e1\().16b, v\a1\().16b, v\w1\().16b
        eor     v\e2\().16b, v\a0\().16b, v\w2\().16b
        eor     v\e3\().16b, v\a1\().16b, v\w3\().16b
.endm

.macro cnt4 e0, e1, e2, e3
        cnt     v\e0\().16b, v\e0\().16b
        cnt     v\e1\().16b, v\e1\().16b
        cnt     v\e2\().16b, v\e2\().16b
        cnt     v\e3\().16b, v\e3\().16b
.endm

.macro sum2 e0, e1, e2, e3
        add     v\e0\().16b, v\e0\().16b, v\e1\().16b
        add     v\e2\().16b, v\e2\().16b, v\e3\().16b
.endm

// The upper half of weight register \w of the next tile, beside the operation before it, in the last step only.
.macro upper_half w, last
.if \last
        ldr     x\w, [x0, #(128 + 16 * (\w - 10) + 8)]
.endif
.endm

// Step t with activations a0, a1; `before` holds level 2 of step t - 1.
.macro step t, a0, a1, before, last
        eor4    16, 17, 18, 19, \a0, \a1, 8, 9, 10, 11
.if \t > 0
        pairs   25, 20, 22
.endif
        cnt4    16, 17, 18, 19
.if \t > 0
        pairs   \before, 24, 25
.endif
        sum2    16, 17, 18, 19
        upper_half 10, \last
        eor     v20.16b, v\a0\().16b, v12.16b
        upper_half 11, \last
        eor     v21.16b, v\a1\().16b, v13.16b
        upper_half 12, \last
        eor     v22.16b, v\a0\().16b, v14.16b
        upper_half 13, \last
        eor     v23.16b, v\a1\().16b, v15.16b
        upper_half 14, \last
        pairs   24, 16, 18
        upper_half 15, \last
.if \t == 2
        pairs   28, 26, 27                      // steps 0 and 1
.endif
        cnt     v20.16b, v20.16b
        upper_half 16, \last
        cnt     v21.16b, v21.16b
        upper_half 17, \last
        cnt     v22.16b, v22.16b
.if \last
        ldr     x4, [x0, #224]                  // lower halves of the last two
.endif
        cnt     v23.16b, v23.16b
.if \t == 2
        uaddlp  v28.8h, v28.16b
.endif
        add     v20.16b, v20.16b, v21.16b
.if \last
        ldr     x5, [x0, #240]
.endif
        add     v22.16b, v22.16b, v23.16b
.if \t == 2
        shl     v28.8h, v28.8h, #1
.endif
.endm

// The end of the last step, with the next weights.
.macro last_tree T
        ldr     d8, [x0, #128]
        ins     v14.d[0], x4
        pairs   25, 20, 22
.if \T > 2
        sub     v30.8h, v29.8h, v28.8h          // steps 0 and 1
.endif
        ldr     d9, [x0, #144]
        ins     v15.d[0], x5
.if \T & 1
        pairs   26, 24, 25
.else
        pairs   27, 24, 25
.endif
        ldr     d10, [x0, #160]
        ins     v8.d[1], x10
        ldr     d11, [x0, #176]
        ins     v9.d[1], x11
.if \T & 1
        pairs   28, 26, 26
.else
        pairs   28, 26, 27
.endif
        ldr     d12, [x0, #192]
        ins     v10.d[1], x12
        ldr     d13, [x0, #208]
        ins     v11.d[1], x13
        uaddlp  v28.8h, v28.16b
        add     x0, x0, #128
        ins     v12.d[1], x14
        ins     v13.d[1], x15
        ins     v14.d[1], x16
        ins     v15.d[1], x17
        shl     v28.8h, v28.8h, #1
        subs    w2, w2, #1
.if \T > 2
        str     d30, [x6], #8
.endif
        sub     v28.8h, v29.8h, v28.8h
.if \T > 2
        st1     {v30.d}[1], [x7], #8
        str     d28, [x8], #8
.else
        str     d28, [x6], #8
.endif
.if \T == 4
        st1     {v28.d}[1], [x9], #8
.elseif \T == 2
        st1     {v28.d}[1], [x7], #8
.endif
.endm

// void kwsd_a53_dots256_T(x0 weights [tiles][4 outputs][32] and one tile more that is read and not used, w1 K,
//                         w2 tiles >= 1, x3 activations [T][32], x4 dot, x5 bytes of a row of dot)
.macro define_dots T
        .p2align 4
        .global kwsd_a53_dots256_\T
        .hidden kwsd_a53_dots256_\T
        .type   kwsd_a53_dots256_\T, %function
kwsd_a53_dots256_\T\():
        stp     d8, d9, [sp, #-64]!
        stp     d10, d11, [sp, #16]
        stp     d12, d13, [sp, #32]
        stp     d14, d15, [sp, #48]
        ldp     q8, q9, [x0]
        ldp     q10, q11, [x0, #32]
        ldp     q12, q13, [x0, #64]
        ldp     q14, q15, [x0, #96]
        ldp     q0, q1, [x3]
.if \T > 1
        ldp     q2, q3, [x3, #32]
.endif
.if \T > 2
        ldp     q4, q5, [x3, #64]
.endif
.if \T > 3
        ldp     q6, q7, [x3, #96]
.endif
        dup     v29.8h, w1
        mov     x6, x4
        add     x7, x6, x5
        add     x8, x7, x5
        add     x9, x8, x5
1:
        step    0, 0, 1, 0, (\T == 1)
.if \T > 1
        step    1, 2, 3, 26, (\T == 2)
.endif
.if \T > 2
        step    2, 4, 5, 27, (\T == 3)
.endif
.if \T > 3
        step    3, 6, 7, 26, (\T == 4)
.endif
        last_tree \T
        b.ne    1b
        ldp     d10, d11, [sp, #16]
        ldp     d12, d13, [sp, #32]
        ldp     d14, d15, [sp, #48]
        ldp     d8, d9, [sp], #64
        ret
        .size   kwsd_a53_dots256_\T, . - kwsd_a53_dots256_\T
.endm

.irp t, 1, 2, 3, 4
        define_dots \t
.endr

        .section .note.GNU-stack, "", %progbits
