// The agent's machine code for arm64: each instruction's bytes beside its listing, as `objdump`
// prints it (tests/ffi/agent-code.pure.test.ts compares the two). The layout of the page and of a
// record is drawn in layout.ts.
//
//   x19  the control page that this process serves     x20  the record at hand
//   x21  the end of the batch                          start-8  fd and size of the channel (elf.ts)

import type { Listing } from "./elf.ts";

export const CODE_ARM64: Listing = `
  // start: map the channel: mmap(0x10000000, size, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, fd, 0)
  c9ffff10 adr x9, 0xfffffffffffffff8
  24054029 ldp w4, w1, [x9]
  0000a252 mov w0, #0x10000000
  f303002a mov w19, w0
  62008052 mov w2, #0x3
  23028052 mov w3, #0x11
  050080d2 mov x5, #0x0
  c81b8052 mov w8, #0xde
  010000d4 svc #0x0
  // serve: wait until the page's "go" differs from its "done"; woken, EINTR and EAGAIN are
  // fine, but where a seccomp filter denies even futex, the process ends rather than spins
  62fedf88 ldar w2, [x19]
  690640b9 ldr w9, [x19, #4]
  5f00096b cmp w2, w9
  81010054 b.ne 0x60
  e00313aa mov x0, x19
  01008052 mov w1, #0x0
  030080d2 mov x3, #0x0
  480c8052 mov w8, #0x62
  010000d4 svc #0x0
  e0feff34 cbz w0, 0x24
  1f100031 cmn w0, #0x4
  a0feff54 b.eq 0x24
  1f2c0031 cmn w0, #0xb
  60feff54 b.eq 0x24
  00000000 udf #0
  // run: the batch: first record and end
  74564129 ldp w20, w21, [x19, #8]
  // next: one record: resolve the six arguments
  9f02156b cmp w20, w21
  82050054 b.cs 0x118
  890640b9 ldr w9, [x20, #4]
  801280b9 ldrsw x0, [x20, #16]
  49000036 tbz w9, #0, 0x7c
  000040f9 ldr x0, [x0]
  811680b9 ldrsw x1, [x20, #20]
  49000836 tbz w9, #1, 0x88
  210040f9 ldr x1, [x1]
  821a80b9 ldrsw x2, [x20, #24]
  49001036 tbz w9, #2, 0x94
  420040f9 ldr x2, [x2]
  831e80b9 ldrsw x3, [x20, #28]
  49001836 tbz w9, #3, 0xa0
  630040f9 ldr x3, [x3]
  842280b9 ldrsw x4, [x20, #32]
  49002036 tbz w9, #4, 0xac
  840040f9 ldr x4, [x4]
  852680b9 ldrsw x5, [x20, #36]
  49002836 tbz w9, #5, 0xb8
  a50040f9 ldr x5, [x5]
  // a6: the call
  880240b9 ldr w8, [x20]
  010000d4 svc #0x0
  // zero from clone, with a page for the child: this is the child, serve that page
  a00000b5 cbnz x0, 0xd4
  893640b9 ldr w9, [x20, #52]
  69000034 cbz w9, 0xd4
  f303092a mov w19, w9
  d5ffff17 b 0x24
  // store: the result goes to the record and to "into"
  801e00f9 str x0, [x20, #56]
  892a40b9 ldr w9, [x20, #40]
  200100f9 str x0, [x9]
  8000f8b7 tbnz x0, #63, 0xf0
  // ok: go on behind it, "skipOk" bytes further
  893240b9 ldr w9, [x20, #48]
  9402090b add w20, w20, w9
  deffff17 b 0x64
  // fail: an errno that the record tolerates skips "skipFail" bytes; any other ends the batch.
  // Those above 63 count as 63
  e903004b neg w9, w0
  ea078052 mov w10, #0x3f
  3f010a6b cmp w9, w10
  29918a1a csel w9, w9, w10, ls
  8a0640f9 ldr x10, [x20, #8]
  4a25c99a lsr x10, x10, x9
  8a000036 tbz w10, #0, 0x118
  892e40b9 ldr w9, [x20, #44]
  9402090b add w20, w20, w9
  d4ffff17 b 0x64
  // done: tell where it ended, then wake the parent
  741200b9 str w20, [x19, #16]
  690240b9 ldr w9, [x19]
  60120091 add x0, x19, #0x4
  09fc9f88 stlr w9, [x0]
  21008052 mov w1, #0x1
  0200b012 mov w2, #0x7fffffff
  480c8052 mov w8, #0x62
  010000d4 svc #0x0
  bbffff17 b 0x24
  // die: the handler of signals that are to end the process: exit_group(128 + the signal)
  00001932 orr w0, w0, #0x80
  c80b8052 mov w8, #0x5e
  010000d4 svc #0x0
`;
