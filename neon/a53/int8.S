// int8 products without SDOT, scheduled by hand for the Cortex-A53: two products of a lane add up in int16 (their |w|
// add up to at most 255), SADALP widens the sum.
//
//   kwsd_a53_int8_4   four rows of activations
//   kwsd_a53_int8_1   one row
//
// A tile is 4 outputs x the rows, a chunk 16 inputs. Four rows go in two halves of eight products:
//
//   SMULL x 8, SMLAL2 x 8, SADALP x 8     (SADALP takes two cycles; in the first chunk SADDLP, one cycle)
//
// LDP to general registers is issued beside vector operations for nothing; 16 INS, two a cycle, bring the next chunk
// into the registers that the last SMLAL2 has read.
//
// v0-v3    weights, one output each         x0-x3    their addresses     x8-x15    the next weights
// v4-v7    activations, one row each        x4-x7    their addresses     x19-x26   the next activations
// v8-v15   sums of two products             v16-v31  sums, 4 * row + output
// x16 chunks left, x17 chunks, x27 tiles left, x28 bytes of a row of weights, x29, x30 out and its row bytes

        .arch   armv8-a
        .text

// Eight products of rows \r and \s with the instruction \op, and \l0 .. \l4 beside some of them.
.macro products op, part, r, s, l0, l1, l2, l3, l4
        \op     v8.8h, v0.\part, v\r\().\part
        \l0
        \op     v9.8h, v1.\part, v\r\().\part
        \l4
        \op     v10.8h, v2.\part, v\r\().\part
        \l1
        \op     v11.8h, v3.\part, v\r\().\part
        \op     v12.8h, v0.\part, v\s\().\part
        \l2
        \op     v13.8h, v1.\part, v\s\().\part
        \op     v14.8h, v2.\part, v\s\().\part
        \l3
        \op     v15.8h, v3.\part, v\s\().\part
.endm

// The eight sums to their accumulators.
.macro widen op, a0, a1, a2, a3, a4, a5, a6, a7
        \op     v\a0\().4s, v8.8h
        \op     v\a1\().4s, v9.8h
        \op     v\a2\().4s, v10.8h
        \op     v\a3\().4s, v11.8h
        \op     v\a4\().4s, v12.8h
        \op     v\a5\().4s, v13.8h
        \op     v\a6\().4s, v14.8h
        \op     v\a7\().4s, v15.8h
.endm

// One chunk of four rows. \widening: saddlp (first) or sadalp; \more: the next chunk is loaded, and
// x16 counted down, flags set.
.macro chunk4 widening, more
.if \more
        products smull, 8b, 4, 5, "ldp x8, x9, [x0], #16", "ldp x10, x11, [x1], #16", "ldp x12, x13, [x2], #16", "ldp x14, x15, [x3], #16", "subs x16, x16, #1"
        products smlal2, 16b, 4, 5, "ldp x19, x20, [x4], #16", "ldp x21, x22, [x5], #16", "ldp x23, x24, [x6], #16", "ldp x25, x26, [x7], #16"
.else
        products smull, 8b, 4, 5
        products smlal2, 16b, 4, 5
.endif
        widen   \widening, 16, 17, 18, 19, 20, 21, 22, 23
        products smull, 8b, 6, 7
        products smlal2, 16b, 6, 7
.if \more
        ins     v0.d[0], x8
        ins     v1.d[0], x10
        ins     v2.d[0], x12
        ins     v3.d[0], x14
        ins     v4.d[0], x19
        ins     v5.d[0], x21
        ins     v6.d[0], x23
        ins     v7.d[0], x25
        ins     v0.d[1], x9
        ins     v1.d[1], x11
        ins     v2.d[1], x13
        ins     v3.d[1], x15
        ins     v4.d[1], x20
        ins     v5.d[1], x22
        ins     v6.d[1], x24
        ins     v7.d[1], x26
.endif
        widen   \widening, 24, 25, 26, 27, 28, 29, 30, 31
.endm

.macro save
        stp     d8, d9, [sp, #-160]!
        stp     d10, d11, [sp, #16]
        stp     d12, d13, [sp, #32]
        stp     d14, d15, [sp, #48]
        stp     x19, x20, [sp, #64]
        stp     x21, x22, [sp, #80]
        stp     x23, x24, [sp, #96]
        stp     x25, x26, [sp, #112]
        stp     x27, x28, [sp, #128]
        stp     x29, x30, [sp, #144]
.endm

.macro leave
        ldp     d10, d11, [sp, #16]
        ldp     d12, d13, [sp, #32]
        ldp     d14, d15, [sp, #48]
        ldp     x19, x20, [sp, #64]
        ldp     x21, x22, [sp, #80]
        ldp     x23, x24, [sp, #96]
        ldp     x25, x26, [sp, #112]
        ldp     x27, x28, [sp, #128]
        ldp     x29, x30, [sp, #144]
        ldp     d8, d9, [sp], #160
        ret
.endm

.macro function name
        .p2align 4
        .global \name
        .hidden \name
        .type   \name, %function
\name\():
.endm

// void kwsd_a53_int8_R(x0 weights [4 * tiles][row_bytes], x1 row_bytes (a multiple of 16), x2 tiles >= 1,
//                      x3 activations [R][stride], x4 stride, x5 out int32 [R][row], x6 bytes of a row of out)
        function kwsd_a53_int8_4
        save
        mov     x28, x1
        mov     x27, x2
        mov     x29, x5
        mov     x30, x6
        add     x5, x3, x4
        add     x6, x5, x4
        add     x7, x6, x4
        mov     x4, x3
        lsr     x17, x28, #4
        mov     x3, x0
1:
        mov     x0, x3                          // the fourth row ends where the next tile begins
        ldr     q0, [x0], #16
        add     x1, x3, x28
        add     x2, x1, x28
        ldr     q1, [x1], #16
        add     x3, x2, x28
        ldr     q2, [x2], #16
        ldr     q3, [x3], #16
        ldr     q4, [x4], #16
        ldr     q5, [x5], #16
        ldr     q6, [x6], #16
        ldr     q7, [x7], #16
        subs    x16, x17, #1
        b.eq    3f
        chunk4  saddlp, 1
        b.eq    4f
2:
        chunk4  sadalp, 1
        b.ne    2b
4:
        chunk4  sadalp, 0
        b       5f
3:
        chunk4  saddlp, 0
5:
        addp    v16.4s, v16.4s, v17.4s
        sub     x4, x4, x28
        addp    v18.4s, v18.4s, v19.4s
        sub     x5, x5, x28
        addp    v20.4s, v20.4s, v21.4s
        sub     x6, x6, x28
        addp    v22.4s, v22.4s, v23.4s
        sub     x7, x7, x28
        addp    v24.4s, v24.4s, v25.4s
        mov     x8, x29
        addp    v26.4s, v26.4s, v27.4s
        add     x29, x29, #16
        addp    v28.4s, v28.4s, v29.4s
        subs    x27, x27, #1
        addp    v30.4s, v30.4s, v31.4s
        addp    v16.4s, v16.4s, v18.4s
        addp    v20.4s, v20.4s, v22.4s
        addp    v24.4s, v24.4s, v26.4s
        addp    v28.4s, v28.4s, v30.4s
        st1     {v16.4s}, [x8], x30
        st1     {v20.4s}, [x8], x30
        st1     {v24.4s}, [x8], x30
        st1     {v28.4s}, [x8]
        b.ne    1b
        leave
        .size   kwsd_a53_int8_4, . - kwsd_a53_int8_4

// One chunk of one row.
.macro chunk1 widening, more
        smull   v8.8h, v0.8b, v4.8b
.if \more
        ldp     x8, x9, [x0], #16
.endif
        smull   v9.8h, v1.8b, v4.8b
.if \more
        subs    x16, x16, #1
.endif
        smull   v10.8h, v2.8b, v4.8b
.if \more
        ldp     x10, x11, [x1], #16
.endif
        smull   v11.8h, v3.8b, v4.8b
        smlal2  v8.8h, v0.16b, v4.16b
.if \more
        ldp     x12, x13, [x2], #16
.endif
        smlal2  v9.8h, v1.16b, v4.16b
        smlal2  v10.8h, v2.16b, v4.16b
.if \more
        ldp     x14, x15, [x3], #16
.endif
        smlal2  v11.8h, v3.16b, v4.16b
.if \more
        ins     v0.d[0], x8
        ins     v1.d[0], x10
        \widening v16.4s, v8.8h
        ldp     x19, x20, [x4], #16
        ins     v0.d[1], x9
        ins     v1.d[1], x11
        \widening v17.4s, v9.8h
        ins     v2.d[0], x12
        ins     v3.d[0], x14
        \widening v18.4s, v10.8h
        ins     v2.d[1], x13
        ins     v4.d[0], x19
        ins     v3.d[1], x15
        ins     v4.d[1], x20
        \widening v19.4s, v11.8h
.else
        \widening v16.4s, v8.8h
        \widening v17.4s, v9.8h
        \widening v18.4s, v10.8h
        \widening v19.4s, v11.8h
.endif
.endm

        function kwsd_a53_int8_1
        save
        mov     x28, x1
        mov     x27, x2
        mov     x29, x5
        mov     x4, x3
        lsr     x17, x28, #4
        mov     x3, x0
1:
        mov     x0, x3
        ldr     q0, [x0], #16
        add     x1, x3, x28
        add     x2, x1, x28
        ldr     q1, [x1], #16
        add     x3, x2, x28
        ldr     q2, [x2], #16
        ldr     q3, [x3], #16
        ldr     q4, [x4], #16
        subs    x16, x17, #1
        b.eq    3f
        chunk1  saddlp, 1
        b.eq    4f
2:
        chunk1  sadalp, 1
        b.ne    2b
4:
        chunk1  sadalp, 0
        b       5f
3:
        chunk1  saddlp, 0
5:
        sub     x4, x4, x28
        subs    x27, x27, #1
        addp    v16.4s, v16.4s, v17.4s
        addp    v18.4s, v18.4s, v19.4s
        addp    v16.4s, v16.4s, v18.4s
        st1     {v16.4s}, [x29], #16
        b.ne    1b
        leave
        .size   kwsd_a53_int8_1, . - kwsd_a53_int8_1

        .section .note.GNU-stack, "", %progbits
