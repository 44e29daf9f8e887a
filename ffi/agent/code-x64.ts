// The agent's machine code for x86-64: each instruction's bytes beside its listing, as
// `objdump -M intel` prints it (tests/ffi/agent-code.pure.test.ts compares the two).
// The layout of the page and of a record is drawn in layout.ts.
//
//   rbx  the control page that this process serves     rbp  the record at hand
//   r12  the end of the batch                          0x4000b0  fd and size of the channel (elf.ts)

import type { Listing } from "./elf.ts";

export const CODE_X64: Listing = `
  // start: map the channel: mmap(0x10000000, size, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, fd, 0)
  bf00000010 mov edi,0x10000000
  89fb mov ebx,edi
  448b0425b0004000 mov r8d,DWORD PTR ds:0x4000b0
  8b3425b4004000 mov esi,DWORD PTR ds:0x4000b4
  6a03 push 0x3
  5a pop rdx
  6a11 push 0x11
  415a pop r10
  4531c9 xor r9d,r9d
  6a09 push 0x9
  58 pop rax
  0f05 syscall
  // serve: wait until the page's "go" differs from its "done"; woken, EINTR and EAGAIN are
  // fine, but where a seccomp filter denies even futex, the process ends rather than spins
  8b13 mov edx,DWORD PTR [rbx]
  3b5304 cmp edx,DWORD PTR [rbx+0x4]
  751e jne 0x4a
  89df mov edi,ebx
  31f6 xor esi,esi
  4531d2 xor r10d,r10d
  b8ca000000 mov eax,0xca
  0f05 syscall
  85c0 test eax,eax
  74e7 je 0x25
  83f8fc cmp eax,0xfffffffc
  74e2 je 0x25
  83f8f5 cmp eax,0xfffffff5
  74dd je 0x25
  0f0b ud2
  // run: the batch: first record and end
  8b6b08 mov ebp,DWORD PTR [rbx+0x8]
  448b630c mov r12d,DWORD PTR [rbx+0xc]
  // next: one record: resolve the six arguments
  4439e5 cmp ebp,r12d
  735d jae 0xb3
  6a05 push 0x5
  59 pop rcx
  4863448d10 movsxd rax,DWORD PTR [rbp+rcx*4+0x10]
  0fa34d04 bt DWORD PTR [rbp+0x4],ecx
  7303 jae 0x67
  488b00 mov rax,QWORD PTR [rax]
  50 push rax
  ffc9 dec ecx
  79ed jns 0x59
  5f pop rdi
  5e pop rsi
  5a pop rdx
  415a pop r10
  4158 pop r8
  4159 pop r9
  // the call
  8b4500 mov eax,DWORD PTR [rbp+0x0]
  0f05 syscall
  // zero from clone, with a page for the child: this is the child, serve that page
  4885c0 test rax,rax
  750b jne 0x8a
  8b4d34 mov ecx,DWORD PTR [rbp+0x34]
  85c9 test ecx,ecx
  7404 je 0x8a
  89cb mov ebx,ecx
  eb9b jmp 0x25
  // store: the result goes to the record and to "into"
  48894538 mov QWORD PTR [rbp+0x38],rax
  8b4d28 mov ecx,DWORD PTR [rbp+0x28]
  488901 mov QWORD PTR [rcx],rax
  4885c0 test rax,rax
  7805 js 0x9e
  // ok: go on behind it, "skipOk" bytes further
  036d30 add ebp,DWORD PTR [rbp+0x30]
  ebb3 jmp 0x51
  // fail: an errno that the record tolerates skips "skipFail" bytes; any other ends the batch.
  // Those above 63 count as 63
  f7d8 neg eax
  6a3f push 0x3f
  59 pop rcx
  39c8 cmp eax,ecx
  0f47c1 cmova eax,ecx
  0fa34508 bt DWORD PTR [rbp+0x8],eax
  7305 jae 0xb3
  036d2c add ebp,DWORD PTR [rbp+0x2c]
  eb9e jmp 0x51
  // done: tell where it ended, then wake the parent
  896b10 mov DWORD PTR [rbx+0x10],ebp
  8b03 mov eax,DWORD PTR [rbx]
  894304 mov DWORD PTR [rbx+0x4],eax
  8d7b04 lea edi,[rbx+0x4]
  6a01 push 0x1
  5e pop rsi
  baffffff7f mov edx,0x7fffffff
  b8ca000000 mov eax,0xca
  0f05 syscall
  e953ffffff jmp 0x25
  // die: the handler of signals that are to end the process: exit_group(128 + the signal)
  81cf80000000 or edi,0x80
  b8e7000000 mov eax,0xe7
  0f05 syscall
`;
