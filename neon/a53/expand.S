// 1-bit products of rows of at most 128 bits, scheduled by hand for the Cortex-A53 (in order, one 128-bit
// operation a cycle).
//
//   kwsd_a53_expand_T    T = 1..8 steps: product, threshold, packed bits
//   kwsd_a53_dots128_T   T = 1..8 steps: product, int16 results
//
// Both keep T steps in v0-v7 and eight weight rows in v8-v15: a tile of 8 outputs x T steps. EOR and CNT
// give bytes of at most 8; an ADDP tree over the eight rows leaves two bytes an output, and one more ADDP
// joins two steps:
//
//   level 1..3   r_t         = [o0 o0 o1 o1 .. o7 o7]            bytes of step t
//   level 4      r_t | r_t+1 = [o0 .. o7 of t, o0 .. o7 of t+1]  popcounts, at most 128
//
// register  expand                                 dots128
// v0-v7     activations, one step each             the same
// v8-v15    weights, one output each               the same
// v16-v19   bits of steps 2p | 2p+1, lane = byte   v16: K / 2; v17, v18: widened results
// v20       limits of 8 outputs, twice
// v21-v24   E: first four rows of a step           the same
// v25-v28   F: last four rows of a step            the same
// v29       level 2 of E                           the same
// v30, v31  level 3 of even, odd steps             the same
// x6-x13    upper halves of the next weights       the same
// x15, x16  lower halves of the last two of them   the same
//
// Schedule: while one half of a step runs through EOR and CNT, the tree of the half before finishes
// (level 2 after the EORs, levels 3 and 4 after the CNTs), so that no ADDP waits for its operands. A weight
// register is filled by LDR D and INS, or two INS: one cycle instead of the two of LDR Q; LDR X is issued beside
// a 128-bit operation for nothing. These loads fill the gaps of the last tree of a tile.
//
// Sources: the idea of keeping activations in registers and reducing with ADDP is this project's answer to
// FBCK (BiFSMN paper, section 3.4); the instruction costs are those of tests/bench/a53_model.py.

        .arch   armv8-a
        .text

// ---- one half of a step: four rows -----------------------------------------------------------------

.macro eor4 e0, e1, e2, e3, a, w0, w1, w2, w3
        eor     v\e0\().16b, v\a\().16b, v\w0\().16b
        eor     v\e1\().16b, v\a\().16b, v\w1\().16b
        eor     v\e2\().16b, v\a\().16b, v\w2\().16b
        eor     v\e3\().16b, v\a\().16b, v\w3\().16b
.endm

.macro cnt2 e0, e1
        cnt     v\e0\().16b, v\e0\().16b
        cnt     v\e1\().16b, v\e1\().16b
.endm

.macro pairs d, a, b
        addp    v\d\().16b, v\a\().16b, v\b\().16b
.endm

// The upper half of weight \w of the next tile, beside the operation before it, in the last step only (\at >= 0).
.macro upper_half w, at
.if \at >= 0
        ldr     x\w, [x0, #(\at + 16 * (\w - 6) + 8)]
.endif
.endm

// The lower half of weight register \w to x\x, likewise.
.macro lower_half w, x, at
.if \at >= 0
        ldr     x\x, [x0, #(\at + 16 * (\w - 8))]
.endif
.endm

// Step t, its activations in v\t. Level 3 of the step before goes to v\before (30 for even steps, 31 for odd).
// An even step runs level 4 of the two steps before it, an odd step what follows that (finish_first, _second,
// _third of pair \p). \at: the offset of the next tile's weights in the last step, -1 in others.
.macro step t, before, finish, p, at
        eor4    21, 22, 23, 24, \t, 8, 9, 10, 11
.if \t > 0
        pairs   25, 25, 26
.endif
        cnt2    21, 22
.if (\t & 1) && (\t > 2)
        \finish\()_first \p
.endif
        cnt2    23, 24
        upper_half 6, \at
.if \t > 0
        pairs   \before, 29, 25
.endif
        pairs   21, 21, 22
        upper_half 7, \at
        pairs   22, 23, 24
        upper_half 8, \at
        eor     v25.16b, v\t\().16b, v12.16b
        upper_half 9, \at
        eor     v26.16b, v\t\().16b, v13.16b
        upper_half 10, \at
        eor     v27.16b, v\t\().16b, v14.16b
        upper_half 11, \at
        eor     v28.16b, v\t\().16b, v15.16b
        upper_half 12, \at
        pairs   29, 21, 22
        upper_half 13, \at
        cnt2    25, 26
        lower_half 14, 15, \at
.if !(\t & 1) && (\t > 0)
        pairs   31, 30, 31
.endif
.if (\t & 1) && (\t > 2)
        \finish\()_second \p
.endif
        cnt     v27.16b, v27.16b
        lower_half 15, 16, \at
        cnt     v28.16b, v28.16b
.if (\t & 1) && (\t > 2) && (\at < 0)
        \finish\()_third \p                    // in the last step: later, in a gap
.endif
        pairs   25, 25, 26
        pairs   26, 27, 28
.endm

// The end of the tree of the last of T steps, and the weights at x0 + \at in its gaps.
.macro last_tree T, at, finish
        ldr     d8, [x0, #\at]
        ins     v14.d[0], x15
        ldr     d9, [x0, #(\at + 16)]
        ins     v15.d[0], x16
        pairs   25, 25, 26
        ldr     d10, [x0, #(\at + 32)]
        ins     v8.d[1], x6
        ldr     d11, [x0, #(\at + 48)]
        ins     v9.d[1], x7
.if (\T & 1) && (\T > 2)                        // the pair before the odd step is in v31
        \finish\()_first (\T - 3) / 2
        ldr     d12, [x0, #(\at + 64)]
        ins     v10.d[1], x8
        \finish\()_second (\T - 3) / 2
        \finish\()_third (\T - 3) / 2
        pairs   31, 29, 25
.else
        pairs   31, 29, 25
        ldr     d12, [x0, #(\at + 64)]
        ins     v10.d[1], x8
.endif
        ldr     d13, [x0, #(\at + 80)]
        ins     v11.d[1], x9
.if \T & 1
        pairs   31, 31, 31
.else
        pairs   31, 30, 31
.endif
        ins     v12.d[1], x10
        ins     v13.d[1], x11
        ins     v14.d[1], x12
        ins     v15.d[1], x13
        \finish\()_first (\T - 1) / 2
.if !(\T & 1) && (\T > 2)
        \finish\()_third (\T - 4) / 2
.endif
        \finish\()_next
        \finish\()_second (\T - 1) / 2
        \finish\()_third (\T - 1) / 2
.endm

// One tile: 8 outputs, T steps; then the weights at x0 + \at are in v8-v15.
.macro tile T, at, finish
.if \T > 1
        step    0, 0, \finish, 0, -1
.elseif \T == 1
        step    0, 0, \finish, 0, \at
.endif
.if \T > 2
        step    1, 30, \finish, 0, -1
.elseif \T == 2
        step    1, 30, \finish, 0, \at
.endif
.if \T > 3
        step    2, 31, \finish, 0, -1
.elseif \T == 3
        step    2, 31, \finish, 0, \at
.endif
.if \T > 4
        step    3, 30, \finish, 0, -1
.elseif \T == 4
        step    3, 30, \finish, 0, \at
.endif
.if \T > 5
        step    4, 31, \finish, 0, -1
.elseif \T == 5
        step    4, 31, \finish, 0, \at
.endif
.if \T > 6
        step    5, 30, \finish, 1, -1
.elseif \T == 6
        step    5, 30, \finish, 1, \at
.endif
.if \T > 7
        step    6, 31, \finish, 0, -1
.elseif \T == 7
        step    6, 31, \finish, 0, \at
.endif
.if \T > 8
        step    7, 30, \finish, 2, -1
.elseif \T == 8
        step    7, 30, \finish, 2, \at
.endif
        last_tree \T, \at, \finish
.endm

.macro save
        stp     d8, d9, [sp, #-80]!
        stp     d10, d11, [sp, #16]
        stp     d12, d13, [sp, #32]
        stp     d14, d15, [sp, #48]
.endm

.macro load_weights
        ldp     q8, q9, [x0]
        ldp     q10, q11, [x0, #32]
        ldp     q12, q13, [x0, #64]
        ldp     q14, q15, [x0, #96]
.endm

.macro load_steps T
        ldr     q0, [x3]
.if \T > 1
        ldr     q1, [x3, #16]
.endif
.if \T > 2
        ldr     q2, [x3, #32]
.endif
.if \T > 3
        ldr     q3, [x3, #48]
.endif
.if \T > 4
        ldr     q4, [x3, #64]
.endif
.if \T > 5
        ldr     q5, [x3, #80]
.endif
.if \T > 6
        ldr     q6, [x3, #96]
.endif
.if \T > 7
        ldr     q7, [x3, #112]
.endif
.endm

.macro leave
        ldp     d10, d11, [sp, #16]
        ldp     d12, d13, [sp, #32]
        ldp     d14, d15, [sp, #48]
        ldp     d8, d9, [sp], #80
        ret
.endm

.macro function name
        .p2align 4
        .global \name
        .hidden \name
        .type   \name, %function
\name\():
.endm

// ---- expand ------------------------------------------------------------------------------------------

// bit = limit > popcount. Tile j of a group is bit j of every byte: after eight tiles a register holds the
// 64 bits of a group for step 2p and for step 2p + 1.
.macro expand_first p
        cmhi    v31.16b, v20.16b, v31.16b
.endm

.macro keep_bits r
.if tile_index == 0
        mov     v\r\().16b, v31.16b
.else
        sli     v\r\().16b, v31.16b, #tile_index
.endif
.endm

.macro expand_second p
.if (\p) == 0
        keep_bits 16
.elseif (\p) == 1
        keep_bits 17
.elseif (\p) == 2
        keep_bits 18
.else
        keep_bits 19
.endif
.endm

.macro expand_third p
.endm

.macro expand_next
        ld1r    {v20.2d}, [x1], #8
.endm

// The 64 bits of a group for every step: out[step][group].
.macro store_group T
        mov     x14, x4
        add     x4, x4, #8
        st1     {v16.d}[0], [x14], x5
        add     x0, x0, #1024
.if \T > 1
        st1     {v16.d}[1], [x14], x5
.endif
        subs    w2, w2, #1
.if \T > 2
        st1     {v17.d}[0], [x14], x5
.endif
.if \T > 3
        st1     {v17.d}[1], [x14], x5
.endif
.if \T > 4
        st1     {v18.d}[0], [x14], x5
.endif
.if \T > 5
        st1     {v18.d}[1], [x14], x5
.endif
.if \T > 6
        st1     {v19.d}[0], [x14], x5
.endif
.if \T > 7
        st1     {v19.d}[1], [x14], x5
.endif
.endm

// void kwsd_a53_expand_T(x0 weights [groups][8 tiles][8 outputs][16] and one tile more that is read and not used,
//                        x1 limits [groups][8][8] and 8 bytes more, w2 groups >= 1, x3 activations [T][16],
//                        x4 out, x5 bytes of a row of out)
.macro define_expand T
        function kwsd_a53_expand_\T
        save
        load_weights
        load_steps \T
        ld1r    {v20.2d}, [x1], #8
1:
.set tile_index, 0
.rept 8
        tile    \T, 128 * (tile_index + 1), expand
.set tile_index, tile_index + 1
.endr
        store_group \T
        b.ne    1b
        leave
        .size   kwsd_a53_expand_\T, . - kwsd_a53_expand_\T
.endm

.irp t, 1, 2, 3, 4, 5, 6, 7, 8
        define_expand \t
.endr

// ---- dots128 -----------------------------------------------------------------------------------------

// dot = 2 * (K / 2 - popcount): K even, at most 128. x4, x1, x14, x17, x19, x20, x3, x5 point at the results of the steps.
.macro dots_first p
        sub     v31.16b, v16.16b, v31.16b
.endm

.macro dots_second p
        sshll   v17.8h, v31.8b, #1
        sshll2  v18.8h, v31.16b, #1
.endm

.macro keep_dots even, odd
        str     q17, [x\even], #16
        str     q18, [x\odd], #16
.endm

.macro dots_third p
.if (\p) == 0
        keep_dots 4, 1
.elseif (\p) == 1
        keep_dots 14, 17
.elseif (\p) == 2
        keep_dots 19, 20
.else
        keep_dots 3, 5
.endif
.endm

.macro dots_next
        add     x0, x0, #128
        subs    w2, w2, #1
.endm

// void kwsd_a53_dots128_T(x0 weights [tiles][8 outputs][16] and one tile more that is read and not used,
//                         w1 K / 2, w2 tiles >= 1, x3 activations [T][16], x4 dot, x5 bytes of a row of dot)
// With T odd, the last step is written twice, to the same place.
.macro define_dots T
        function kwsd_a53_dots128_\T
        save
        stp     x19, x20, [sp, #64]
        dup     v16.16b, w1
        ldp     q8, q9, [x0]                    // the addresses of the results beside the loads
        mov     x1, x4
.if \T > 1
        add     x1, x4, x5
.endif
        add     x14, x1, x5
        ldp     q10, q11, [x0, #32]
        mov     x17, x14
.if \T > 3
        add     x17, x14, x5
.endif
        add     x19, x17, x5
        ldp     q12, q13, [x0, #64]
        mov     x20, x19
.if \T > 5
        add     x20, x19, x5
.endif
        ldp     q14, q15, [x0, #96]
        load_steps \T
        add     x3, x20, x5
.if \T > 7
        add     x5, x3, x5
.else
        mov     x5, x3
.endif
1:
        tile    \T, 128, dots
        b.ne    1b
        ldp     x19, x20, [sp, #64]
        leave
        .size   kwsd_a53_dots128_\T, . - kwsd_a53_dots128_\T
.endm

.irp t, 1, 2, 3, 4, 5, 6, 7, 8
        define_dots \t
.endr

        .section .note.GNU-stack, "", %progbits
