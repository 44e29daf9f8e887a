// The signal handler's machine code: pidfd_send_signal(pidfd, signal, NULL, 0). Listings as objdump
// prints them; tests/ffi/agent-code.pure.test.ts compares the two.

import type { Listing } from "./agent/elf.ts";

/** Where the word with the pidfd stands behind the code. */
export const PIDFD_OFFSET = { x64: 0x18, arm64: 0x1c } as const;

export const CODE_X64: Listing = `
  89fe mov esi,edi
  8b3d10000000 mov edi,DWORD PTR [rip+0x10]
  31d2 xor edx,edx
  4531d2 xor r10d,r10d
  b8a8010000 mov eax,0x1a8
  0f05 syscall
  c3 ret
`;

export const CODE_ARM64: Listing = `
  e103002a mov w1, w0
  c0000018 ldr w0, 0x1c
  020080d2 mov x2, #0x0
  030080d2 mov x3, #0x0
  08358052 mov w8, #0x1a8
  010000d4 svc #0x0
  c0035fd6 ret
`;
