// The memory that bunker and an agent share: who writes what where. Everything is little-endian;
// addresses are the agent's own, which maps the channel at CHANNEL_ADDRESS.
//
//   offset
//   0x0000  control pages, 64 bytes each: page 0 is the agent's own, page 1 its first child's, …
//           +0   go     the parent counts it up to start a batch                   (futex)
//           +4   done   the agent sets it equal to `go` when the batch has ended   (futex)
//           +8   first  address of the first record
//           +12  end    address behind the last record
//           +16  stop   address where the batch ended: `end`, or the record that failed
//   0x0400  the arena, growing: records, slots, strings, structs
//
// A record is one system call, 64 bytes:
//
//   +0   number                     +4   bits 0–5: argument i is the address of its value
//   +8   64 bits: the errnos after which the batch goes on; bit 63 for all from 63 on
//   +16  six arguments, 32 bits each, sign-extended
//   +40  address where the result goes as well
//   +44  how many bytes to go on after a tolerated errno   +48  … after success; back where negative
//   +52  address of the control page that a child of this call serves, 0: none
//   +56  result, 64 bits

/** Below 2 GiB, so that every address fits a sign-extended argument. */
export const CHANNEL_ADDRESS = 0x10000000;
/** Sparse: only what is touched takes memory. Holds 2 MiB of arguments and environment easily. */
export const CHANNEL_BYTES = 16 * 1024 * 1024;

export const CONTROL_BYTES = 64;
export const CONTROL_GO = 0;
export const CONTROL_DONE = 4;
export const CONTROL_FIRST = 8;
export const CONTROL_END = 12;
export const CONTROL_STOP = 16;
export const ARENA_OFFSET = 0x400;

export const RECORD_BYTES = 64;
export const RECORD_REFERENCES = 4;
export const RECORD_TOLERATE = 8;
export const RECORD_ARGUMENTS = 16;
export const RECORD_INTO = 40;
export const RECORD_SKIP_ERROR = 44;
export const RECORD_SKIP_SUCCESS = 48;
export const RECORD_CHILD_PAGE = 52;
export const RECORD_RESULT = 56;

/** What a record's result holds until its call has returned. No system call returns it. */
export const RECORD_PENDING = -0x7fffffff;

/** With `--trace`, a call is two records: a reading of the clock, and the call itself. */
export const TRACE_STRIDE = 2;

/** Where in the agent's executable the descriptor of its channel is: see elf.ts. */
export const EXECUTABLE_CHANNEL_OFFSET = 0xb0;
