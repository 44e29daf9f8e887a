// sys/mman.h, linux/memfd.h: flags of memory.

/** mman.h */
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const MAP = {
  MAP_SHARED: 1,
  MAP_PRIVATE: 2,
  MAP_FIXED: 0x10,
  MAP_ANONYMOUS: 0x20,
  MAP_FIXED_NOREPLACE: 0x100000,
} as const;
export const MFD = {
  MFD_CLOEXEC: 1,
  MFD_ALLOW_SEALING: 2,
  MFD_NOEXEC_SEAL: 8,
  MFD_EXEC: 0x10,
} as const;

/** fcntl(2) seals of a memfd */
export const F_ADD_SEALS = 1033;
export const F_GET_SEALS = 1034;
export const F_SEAL = {
  F_SEAL_SEAL: 1,
  F_SEAL_SHRINK: 2,
  F_SEAL_GROW: 4,
  F_SEAL_WRITE: 8,
  F_SEAL_FUTURE_WRITE: 0x10,
} as const;
