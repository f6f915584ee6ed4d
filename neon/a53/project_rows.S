// 1-bit products of rows of 129 to 256 bits with BN, PReLU and shortcut in int16 for the new steps of a stream, scheduled
// by hand for the Cortex-A53.
//
//   kwsd_a53_project_rows_T   T = 2, 4 steps
//
// A tile is 4 outputs x T steps. Per step: EOR, CNT and ADD of the two registers of each weight row, ADDP twice over
// the four rows (4 bytes an output, at most 64 each), ADDP with the next step, UADDLP: popcounts, u16, of
// [4 outputs of step t, 4 outputs of step t + 1]. Then, on these lanes:
//
//   u = K * 2^shift - popcount * 2^(shift + 1)                USHL, SUB
//   v = u * mult + bias;  p = max(v, v * slope);  x += p      SQRDMULH, SQADD, SQRDMULH, SMAX, SQADD
//
// v0-v7      activations, two registers a step   v26, v27   level 2 of even, odd steps
// v8-v15     weights, two registers an output    v28        popcounts, u, v, x
// v16-v19    E: first two outputs                v29        K * 2^shift
// v20-v23    F: last two outputs                 v30        constants of four outputs, twice; p; x
// v24, v25   level 1 of E, F                     v31        shift + 1
// x0   weights                                   x10-x15    upper halves of the next weights
// x1   constants of the four outputs             x16        16: from mult to bias to slope
// w2   tiles left                                x17        from slope to mult of the next four outputs: -24, 8, -24 ..
// x6-x9      rows of steps 0 to 3                x4         -16 = sum of the two
//
// Schedule: while one tile runs, BN, PReLU and shortcut of the last two steps of the tile before run (parts a to i); with
// four steps, those of the first two run in steps 2 and 3. Weights come by LDR D and INS, which pair: one cycle a
// register; the last two by LDP Q, which is fewer instructions.

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

// ---- BN, PReLU and shortcut of two steps, whose rows are x\r and x\s ----
.macro part_none r, s
.endm
.macro part_a r, s
        uaddlp  v28.8h, v28.16b
.endm
.macro part_b r, s
        ushl    v28.8h, v28.8h, v31.8h
        ld1r    {v30.2d}, [x1], x16
.endm
.macro part_c r, s
        sub     v28.8h, v29.8h, v28.8h
.endm
.macro part_d r, s
        sqrdmulh v28.8h, v28.8h, v30.8h
        ld1r    {v30.2d}, [x1], x16
.endm
.macro part_e r, s
        sqadd   v28.8h, v28.8h, v30.8h
.if \r == last_row
        ld1r    {v30.2d}, [x1], x17
        sub     x17, x4, x17
.else
        ld1r    {v30.2d}, [x1], x5              // these four outputs once more
.endif
.endm
.macro part_f r, s
        sqrdmulh v30.8h, v28.8h, v30.8h
.endm
.macro part_g r, s
        smax    v28.8h, v28.8h, v30.8h
        ldr     d30, [x\r]
        ld1     {v30.d}[1], [x\s]
.endm
.macro part_h r, s
        sqadd   v28.8h, v28.8h, v30.8h
.endm
.macro part_i r, s
        str     d28, [x\r], #8
        st1     {v28.d}[1], [x\s], #8
.endm

.macro upper_half w, last
.if \last
        ldr     x\w, [x0, #(128 + 16 * (\w - 10) + 8)]
.endif
.endm

// Step t with activations a0, a1; `before` holds level 2 of step t - 1. s1 .. s6: parts of steps whose rows are x\r, x\s.
.macro step t, a0, a1, before, last, r, s, s1, s2, s3, s4, s5, s6
        eor4    16, 17, 18, 19, \a0, \a1, 8, 9, 10, 11
.if \t > 0
        pairs   25, 20, 22
.endif
        part_\s1 \r, \s
        cnt4    16, 17, 18, 19
.if \t > 0
        pairs   \before, 24, 25
.endif
        part_\s2 \r, \s
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
        part_\s3 \r, \s
        pairs   24, 16, 18
        upper_half 15, \last
.if \t == 2
        pairs   28, 26, 27                      // steps 0 and 1
.endif
        cnt     v20.16b, v20.16b
        cnt     v21.16b, v21.16b
        part_\s4 \r, \s
        cnt     v22.16b, v22.16b
        cnt     v23.16b, v23.16b
        part_\s5 \r, \s
        add     v20.16b, v20.16b, v21.16b
        add     v22.16b, v22.16b, v23.16b
        part_\s6 \r, \s
.endm

// The end of the last step, with the next weights.
.macro last_tree h, i
        ldr     d8, [x0, #128]
        \h      6, 7
        pairs   25, 20, 22
        ldr     d9, [x0, #144]
        ldr     d10, [x0, #160]
        ins     v8.d[1], x10
        \i      6, 7
        pairs   27, 24, 25
        ldr     d11, [x0, #176]
        ins     v9.d[1], x11
        ldr     d12, [x0, #192]
        ins     v10.d[1], x12
        ldr     d13, [x0, #208]
        ins     v11.d[1], x13
        pairs   28, 26, 27
        ldp     q14, q15, [x0, #224]
        ins     v12.d[1], x14
        ins     v13.d[1], x15
        add     x0, x0, #128
        subs    w2, w2, #1
.endm

// One tile; `first`: no tile before it.
.macro tile T, first
.if \T == 2
  .if \first
        step    0, 0, 1, 0, 0, 6, 7, none, none, none, none, none, none
        step    1, 2, 3, 26, 1, 6, 7, none, none, none, none, none, none
  .else
        step    0, 0, 1, 0, 0, 6, 7, a, b, none, c, d, none
        step    1, 2, 3, 26, 1, 6, 7, e, none, f, g, h, i
  .endif
        last_tree part_none, part_none
.else
  .if \first
        step    0, 0, 1, 0, 0, 8, 9, none, none, none, none, none, none
        step    1, 2, 3, 26, 0, 8, 9, none, none, none, none, none, none
  .else
        step    0, 0, 1, 0, 0, 8, 9, a, b, none, c, d, none
        step    1, 2, 3, 26, 0, 8, 9, e, none, f, g, h, i
  .endif
        step    2, 4, 5, 27, 0, 6, 7, none, none, none, none, a, b
        step    3, 6, 7, 26, 1, 6, 7, c, d, none, e, f, g
        last_tree part_h, part_i
.endif
.endm

// void kwsd_a53_project_rows_T(x0 weights [4 * tiles][32] and one tile more that is read and not used,
//                              x1 constants [tiles / 2][3][8] (RowAffine), w2 tiles >= 1, x3 activations [T][32],
//                              x4 rows [T], w5 K * 2^shift (at most 32767), w6 shift + 1)
.macro define_project_rows T
        .p2align 4
        .global kwsd_a53_project_rows_\T
        .hidden kwsd_a53_project_rows_\T
        .type   kwsd_a53_project_rows_\T, %function
kwsd_a53_project_rows_\T\():
        stp     d8, d9, [sp, #-64]!
        stp     d10, d11, [sp, #16]
        stp     d12, d13, [sp, #32]
        stp     d14, d15, [sp, #48]
        dup     v29.8h, w5
        dup     v31.8h, w6
        ldp     x6, x7, [x4]
        ldp     q0, q1, [x3]
        ldp     q2, q3, [x3, #32]
.if \T == 4
        ldp     x8, x9, [x4, #16]
        ldp     q4, q5, [x3, #64]
        ldp     q6, q7, [x3, #96]
        mov     x5, #-32
  .set last_row, 8
.else
  .set last_row, 6
.endif
        ldp     q8, q9, [x0]
        ldp     q10, q11, [x0, #32]
        ldp     q12, q13, [x0, #64]
        ldp     q14, q15, [x0, #96]
        mov     x16, #16
        mov     x17, #-24
        mov     x4, #-16
        tile    \T, 1
        b.eq    2f
1:
        tile    \T, 0
        b.ne    1b
2:
        part_a  last_row, last_row + 1
        part_b  last_row, last_row + 1
        part_c  last_row, last_row + 1
        part_d  last_row, last_row + 1
        part_e  last_row, last_row + 1
        part_f  last_row, last_row + 1
.if \T == 4
        part_g  8, 9
        part_h  8, 9
        part_i  8, 9
.else
        part_g  6, 7
        part_h  6, 7
        part_i  6, 7
.endif
        ldp     d10, d11, [sp, #16]
        ldp     d12, d13, [sp, #32]
        ldp     d14, d15, [sp, #48]
        ldp     d8, d9, [sp], #64
        ret
        .size   kwsd_a53_project_rows_\T, . - kwsd_a53_project_rows_\T
.endm

.irp t, 2, 4
        define_project_rows \t
.endr

        .section .note.GNU-stack, "", %progbits
