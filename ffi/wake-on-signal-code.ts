// The signal handler's machine code: write(fd, any byte, 1). Listings as objdump prints them;
// tests/ffi/agent-code.pure.test.ts compares the two.

import type { Listing } from "./agent/elf.ts";

/** Where the word with the descriptor stands behind the code. */
export const FD_OFFSET = { x64: 0x1c, arm64: 0x18 } as const;

export const CODE_X64: Listing = `
  8b3d16000000 mov edi,DWORD PTR [rip+0x16]
  488d3500000000 lea rsi,[rip+0x0]
  ba01000000 mov edx,0x1
  b801000000 mov eax,0x1
  0f05 syscall
  c3 ret
`;

export const CODE_ARM64: Listing = `
  c0000018 ldr w0, 0x18
  a1000010 adr x1, 0x18
  220080d2 mov x2, #0x1
  080880d2 mov x8, #0x40
  010000d4 svc #0x0
  c0035fd6 ret
`;
