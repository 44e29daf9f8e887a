// The prelude's machine code for x86-64, as the agent's (../agent/code-x64.ts): bytes beside a listing.
// What it does is told in layout.ts; the data behind it is in code-data.ts.
//
//   r14  the stack as it was at the start      rbp  the record at hand
//   r15  the run folder, then the image's size r12  the end of the records

import type { Listing } from "../agent/elf.ts";

export const CODE_X64: Listing = `
  // start: whoever is not root goes to the runtime. [r14]: rdx, argc, argv …
  52 push rdx
  4989e6 mov r14,rsp
  6a6b push 0x6b
  58 pop rax
  0f05 syscall
  85c0 test eax,eax
  0f85f4020000 jne 0x305
  418b4e08 mov ecx,DWORD PTR [r14+0x8]
  83f902 cmp ecx,0x2
  0f8ce7020000 jl 0x305
  // the last word, rbp, and its length, kept below the stack of the start
  498b6cce08 mov rbp,QWORD PTR [r14+rcx*8+0x8]
  6a00 push 0x0
  31c0 xor eax,eax
  ffc0 inc eax
  807c05ff00 cmp BYTE PTR [rbp+rax*1-0x1],0x0
  75f7 jne 0x27
  ffc8 dec eax
  50 push rax
  4881ec00130000 sub rsp,0x1300
  // the run folder, r15
  488d3d32040000 lea rdi,[rip+0x432]
  e8d9020000 call 0x31f
  4885c0 test rax,rax
  7507 jne 0x52
  488d052c040000 lea rax,[rip+0x42c]
  4989c7 mov r15,rax
  // what the program was called by, without its folder
  4531e4 xor r12d,r12d
  498b7e10 mov rdi,QWORD PTR [r14+0x10]
  4889fe mov rsi,rdi
  8a07 mov al,BYTE PTR [rdi]
  48ffc7 inc rdi
  3c2f cmp al,0x2f
  74f4 je 0x5c
  84c0 test al,al
  75f3 jne 0x5f
  4d8d6e18 lea r13,[r14+0x18]
  488d3d13040000 lea rdi,[rip+0x413]
  e892020000 call 0x30e
  7448 je 0xc6
  488d3d10040000 lea rdi,[rip+0x410]
  e884020000 call 0x30e
  743a je 0xc6
  488d3d07040000 lea rdi,[rip+0x407]
  e876020000 call 0x30e
  742c je 0xc6
  // else the first word decides
  498b7500 mov rsi,QWORD PTR [r13+0x0]
  488d3dfa030000 lea rdi,[rip+0x3fa]
  e864020000 call 0x30e
  0f84c3000000 je 0x173
  488d3dec030000 lea rdi,[rip+0x3ec]
  e852020000 call 0x30e
  0f8543020000 jne 0x305
  4983c508 add r13,0x8
  // globals: the flags before the verb; --root is r12
  498b7500 mov rsi,QWORD PTR [r13+0x0]
  4885f6 test rsi,rsi
  0f8432020000 je 0x305
  498b5508 mov rdx,QWORD PTR [r13+0x8]
  803e2d cmp BYTE PTR [rsi],0x2d
  7548 jne 0x124
  488d3dc4030000 lea rdi,[rip+0x3c4]
  e826020000 call 0x30e
  7505 jne 0xef
  4989d4 mov r12,rdx
  eb26 jmp 0x115
  488d3db8030000 lea rdi,[rip+0x3b8]
  e813020000 call 0x30e
  7506 jne 0x103
  498956f8 mov QWORD PTR [r14-0x8],rdx
  eb12 jmp 0x115
  488d3daa030000 lea rdi,[rip+0x3aa]
  e8ff010000 call 0x30e
  0f85f0010000 jne 0x305
  4885d2 test rdx,rdx
  0f84e7010000 je 0x305
  4983c510 add r13,0x10
  eba2 jmp 0xc6
  // verb: ROOT/LAST WORD/prelude, for the words from the verb to the last
  4989f5 mov r13,rsi
  4939ed cmp r13,rbp
  0f83d5010000 jae 0x305
  498dbe00eeffff lea rdi,[r14-0x1200]
  4d85e4 test r12,r12
  742e je 0x16a
  4c89e6 mov rsi,r12
  e825020000 call 0x369
  b02f mov al,0x2f
  aa stos BYTE PTR es:[rdi],al
  4889ee mov rsi,rbp
  e81a020000 call 0x369
  4989ec mov r12,rbp
  e8fd010000 call 0x354
  488d3563030000 lea rsi,[rip+0x363]
  e806020000 call 0x369
  e813020000 call 0x37b
  7951 jns 0x1bb
  // made: RUN/preludes/PLACE, for all words but the last
  4d8b6e18 mov r13,QWORD PTR [r14+0x18]
  4989ec mov r12,rbp
  eb0c jmp 0x17f
  // whole: for all words
  4989f5 mov r13,rsi
  4d8b66f0 mov r12,QWORD PTR [r14-0x10]
  4e8d642501 lea r12,[rbp+r12*1+0x1]
  e8d0010000 call 0x354
  498dbe00eeffff lea rdi,[r14-0x1200]
  4c89fe mov rsi,r15
  e8d6010000 call 0x369
  488d3530030000 lea rsi,[rip+0x330]
  e8ca010000 call 0x369
  89d8 mov eax,ebx
  240f and al,0xf
  0461 add al,0x61
  aa stos BYTE PTR es:[rdi],al
  89d8 mov eax,ebx
  c1e804 shr eax,0x4
  2403 and al,0x3
  0461 add al,0x61
  aa stos BYTE PTR es:[rdi],al
  e8c6010000 call 0x37b
  0f884a010000 js 0x305
  // found: security: root's alone, with one name, else it is not looked at
  4189c0 mov r8d,eax
  89c7 mov edi,eax
  498db600eeffff lea rsi,[r14-0x1200]
  6a05 push 0x5
  58 pop rax
  0f05 syscall
  4531d2 xor r10d,r10d
  85c0 test eax,eax
  7536 jne 0x209
  817e1880810000 cmp DWORD PTR [rsi+0x18],0x8180
  752d jne 0x209
  48837e1001 cmp QWORD PTR [rsi+0x10],0x1
  7526 jne 0x209
  837e1c00 cmp DWORD PTR [rsi+0x1c],0x0
  7520 jne 0x209
  4c8b7e30 mov r15,QWORD PTR [rsi+0x30]
  4c89fe mov rsi,r15
  bf00000020 mov edi,0x20000000
  6a03 push 0x3
  5a pop rdx
  41ba02001000 mov r10d,0x100002
  4531c9 xor r9d,r9d
  6a09 push 0x9
  58 pop rax
  0f05 syscall
  4989c2 mov r10,rax
  4489c7 mov edi,r8d
  6a03 push 0x3
  58 pop rax
  0f05 syscall
  4981fa00000020 cmp r10,0x20000000
  0f85e7000000 jne 0x305
  // the image is mapped: its head is told the words, and has a first record for them
  be00000020 mov esi,0x20000000
  488b0541020000 mov rax,QWORD PTR [rip+0x241]
  483906 cmp QWORD PTR [rsi],rax
  0f85c5000000 jne 0x2f8
  4c896e20 mov QWORD PTR [rsi+0x20],r13
  4d29ec sub r12,r13
  4c896628 mov QWORD PTR [rsi+0x28],r12
  48896e30 mov QWORD PTR [rsi+0x30],rbp
  498b46f0 mov rax,QWORD PTR [r14-0x10]
  48894638 mov QWORD PTR [rsi+0x38],rax
  498b46f8 mov rax,QWORD PTR [r14-0x8]
  48894640 mov QWORD PTR [rsi+0x40],rax
  448b6608 mov r12d,DWORD PTR [rsi+0x8]
  488d5650 lea rdx,[rsi+0x50]
  8b6a04 mov ebp,DWORD PTR [rdx+0x4]
  85ed test ebp,ebp
  0f8493000000 je 0x2f8
  391a cmp DWORD PTR [rdx],ebx
  488d5208 lea rdx,[rdx+0x8]
  75ed jne 0x25a
  // next: one record, as the agent performs it (code-x64.ts)
  4439e5 cmp ebp,r12d
  7374 jae 0x2e6
  6a05 push 0x5
  59 pop rcx
  4863448d10 movsxd rax,DWORD PTR [rbp+rcx*4+0x10]
  0fa34d04 bt DWORD PTR [rbp+0x4],ecx
  7303 jae 0x283
  488b00 mov rax,QWORD PTR [rax]
  50 push rax
  ffc9 dec ecx
  79ed jns 0x275
  5f pop rdi
  5e pop rsi
  5a pop rdx
  415a pop r10
  4158 pop r8
  4159 pop r9
  8b4500 mov eax,DWORD PTR [rbp+0x0]
  85c0 test eax,eax
  7915 jns 0x2ad
  // a number below zero is an operation of our own
  f7d0 not eax
  488d0dba010000 lea rcx,[rip+0x1ba]
  480fbf0441 movsx rax,WORD PTR [rcx+rax*2]
  4801c8 add rax,rcx
  ffd0 call rax
  eb10 jmp 0x2bd
  0f05 syscall
  // zero from clone, with a record for the child: this is the child, go on there
  4885c0 test rax,rax
  7509 jne 0x2bd
  8b4d34 mov ecx,DWORD PTR [rbp+0x34]
  e304 jrcxz 0x2bd
  89cd mov ebp,ecx
  ebb0 jmp 0x26d
  48894538 mov QWORD PTR [rbp+0x38],rax
  8b4d28 mov ecx,DWORD PTR [rbp+0x28]
  488901 mov QWORD PTR [rcx],rax
  4885c0 test rax,rax
  7805 js 0x2d1
  036d30 add ebp,DWORD PTR [rbp+0x30]
  eb9c jmp 0x26d
  f7d8 neg eax
  6a3f push 0x3f
  59 pop rcx
  39c8 cmp eax,ecx
  0f47c1 cmova eax,ecx
  0fa34508 bt DWORD PTR [rbp+0x8],eax
  7305 jae 0x2e6
  036d2c add ebp,DWORD PTR [rbp+0x2c]
  eb87 jmp 0x26d
  // finished: an errno that is not tolerated: what was done is undone, once
  be00000020 mov esi,0x20000000
  31ed xor ebp,ebp
  876e10 xchg DWORD PTR [rsi+0x10],ebp
  85ed test ebp,ebp
  0f8575ffffff jne 0x26d
  bf00000020 mov edi,0x20000000
  4c89fe mov rsi,r15
  6a0b push 0xb
  58 pop rax
  0f05 syscall
  // runtime: as if nothing had been
  4c89f4 mov rsp,r14
  5a pop rdx
  e900000000 jmp 0x30e
  // match: ZF where the texts at rsi and rdi are the same
  31c9 xor ecx,ecx
  8a040e mov al,BYTE PTR [rsi+rcx*1]
  3a040f cmp al,BYTE PTR [rdi+rcx*1]
  7506 jne 0x31e
  ffc1 inc ecx
  84c0 test al,al
  75f2 jne 0x310
  c3 ret
  // getenv: rax, the value of the variable at rdi, or 0
  498b4e08 mov rcx,QWORD PTR [r14+0x8]
  498d54ce18 lea rdx,[r14+rcx*8+0x18]
  488b32 mov rsi,QWORD PTR [rdx]
  4883c208 add rdx,0x8
  31c0 xor eax,eax
  4885f6 test rsi,rsi
  741d je 0x353
  4989f8 mov r8,rdi
  41803800 cmp BYTE PTR [r8],0x0
  740c je 0x34b
  ac lods al,BYTE PTR ds:[rsi]
  49ffc0 inc r8
  413a40ff cmp al,BYTE PTR [r8-0x1]
  74f0 je 0x339
  ebdd jmp 0x328
  ac lods al,BYTE PTR ds:[rsi]
  3c3d cmp al,0x3d
  75d8 jne 0x328
  4889f0 mov rax,rsi
  c3 ret
  // hash: ebx, of the bytes from r13 to r12
  418b5ef0 mov ebx,DWORD PTR [r14-0x10]
  4c89ee mov rsi,r13
  6bdb1f imul ebx,ebx,0x1f
  31c0 xor eax,eax
  ac lods al,BYTE PTR ds:[rsi]
  01c3 add ebx,eax
  4c39e6 cmp rsi,r12
  72f3 jb 0x35b
  c3 ret
  // append: a text at rsi to the path at rdi
  ac lods al,BYTE PTR ds:[rsi]
  84c0 test al,al
  740c je 0x37a
  aa stos BYTE PTR es:[rdi],al
  498d4e80 lea rcx,[r14-0x80]
  4839cf cmp rdi,rcx
  72f1 jb 0x369
  eb8b jmp 0x305
  c3 ret
  // open: the path; the sign of the result
  c60700 mov BYTE PTR [rdi],0x0
  498dbe00eeffff lea rdi,[r14-0x1200]
  be00080a00 mov esi,0xa0800
  6a02 push 0x2
  58 pop rax
  0f05 syscall
  85c0 test eax,eax
  c3 ret
  // copy: to, from, length
  4889d1 mov rcx,rdx
  f3a4 rep movs BYTE PTR es:[rdi],BYTE PTR ds:[rsi]
  31c0 xor eax,eax
  c3 ret
  // compare: a, b, length: EPERM where they differ
  4889d1 mov rcx,rdx
  39c0 cmp eax,eax
  f3a6 repz cmps BYTE PTR ds:[rsi],BYTE PTR es:[rdi]
  b800000000 mov eax,0x0
  7403 je 0x3ab
  6aff push 0xffffffffffffffff
  58 pop rax
  c3 ret
  // decimal: the digits of a number, up to an address
  4889f0 mov rax,rsi
  31d2 xor edx,edx
  6a0a push 0xa
  59 pop rcx
  48f7f1 div rcx
  80c230 add dl,0x30
  48ffcf dec rdi
  8817 mov BYTE PTR [rdi],dl
  4885c0 test rax,rax
  75eb jne 0x3af
  c3 ret
  // field: up to an address, of a text, the word of that number behind the last parenthesis, and a character before it
  4989f0 mov r8,rsi
  ac lods al,BYTE PTR ds:[rsi]
  3c29 cmp al,0x29
  4c0f44c6 cmove r8,rsi
  84c0 test al,al
  75f5 jne 0x3c8
  418a00 mov al,BYTE PTR [r8]
  49ffc0 inc r8
  84c0 test al,al
  74cb je 0x3a8
  3c20 cmp al,0x20
  75f2 jne 0x3d3
  ffca dec edx
  75ee jne 0x3d3
  4c89c1 mov rcx,r8
  48ffc1 inc rcx
  803920 cmp BYTE PTR [rcx],0x20
  77f8 ja 0x3e8
  48ffc9 dec rcx
  48ffcf dec rdi
  8a01 mov al,BYTE PTR [rcx]
  8807 mov BYTE PTR [rdi],al
  4c39c1 cmp rcx,r8
  77f1 ja 0x3f0
  448857ff mov BYTE PTR [rdi-0x1],r10b
  31c0 xor eax,eax
  c3 ret
  // variable: a name, and the value that it has to have; 0 for none
  4989f1 mov r9,rsi
  e811ffffff call 0x31f
  4d85c9 test r9,r9
  7505 jne 0x418
  4885c0 test rax,rax
  eb89 jmp 0x3a1
  4885c0 test rax,rax
  748b je 0x3a8
  4889c6 mov rsi,rax
  4c89cf mov rdi,r9
  e8e6feffff call 0x30e
  e974ffffff jmp 0x3a1
  // add: an address, a number
  0137 add DWORD PTR [rdi],esi
  31c0 xor eax,eax
  c3 ret
  // and: an address, a number
  2137 and DWORD PTR [rdi],esi
  31c0 xor eax,eax
  c3 ret
  // hex: to, from, length
  ac lods al,BYTE PTR ds:[rsi]
  88c4 mov ah,al
  c0e804 shr al,0x4
  80e40f and ah,0xf
  b902000000 mov ecx,0x2
  3c0a cmp al,0xa
  7202 jb 0x44b
  0427 add al,0x27
  0430 add al,0x30
  aa stos BYTE PTR es:[rdi],al
  88e0 mov al,ah
  ffc9 dec ecx
  75f1 jne 0x445
  ffca dec edx
  75df jne 0x437
  31c0 xor eax,eax
  c3 ret
`;
