// The agent's executable on this machine.

import { CODE_ARM64 } from "./code-arm64.ts";
import { CODE_X64 } from "./code-x64.ts";
import { type ElfOptions, makeElf } from "./elf.ts";
import { CHANNEL_BYTES } from "./layout.ts";

/** This machine's. */
export function agentCode(): Pick<ElfOptions, "arch" | "code"> {
  return process.arch === "arm64"
    ? { arch: "arm64", code: CODE_ARM64 }
    : { arch: "x64", code: CODE_X64 };
}

/** The whole file. @param channelFd the agent's own descriptor of its channel */
export function makeExecutable(channelFd: number): Uint8Array {
  return makeElf({ ...agentCode(), channelFd, channelBytes: CHANNEL_BYTES });
}
