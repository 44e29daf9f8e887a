// Platforms: which of an index's images is for this machine.

import { UserError } from "../errors.ts";
import type { Platform } from "./types.ts";

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "amd64",
  arm64: "arm64",
  arm: "arm",
  ia32: "386",
};

/** What uname(2) calls an architecture, and what people do → what Go and so the images call it. */
const SYNONYMS: Readonly<Record<string, Partial<Platform>>> = {
  x86_64: { architecture: "amd64" },
  "x86-64": { architecture: "amd64" },
  aarch64: { architecture: "arm64" },
  armhf: { architecture: "arm", variant: "v7" },
  armel: { architecture: "arm", variant: "v6" },
  i386: { architecture: "386" },
};

/** This machine's. */
export function thisPlatform(): Platform {
  return { os: "linux", architecture: ARCHITECTURES[process.arch] ?? process.arch };
}

/** `os/architecture[/variant]`, or an architecture alone. Throws UserError. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split("/");
  const [first = "", second, variant, ...rest] = parts;
  if (rest.length > 0 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    throw new UserError(`platform must be OS/ARCHITECTURE[/VARIANT]: got "${text}"`);
  }
  const os = second === undefined ? "linux" : first;
  const architecture = second ?? first;
  const normal = { architecture, ...SYNONYMS[architecture] };
  return { os, ...normal, ...(variant === undefined ? {} : { variant }) };
}

/** Whether an image for `offered` is what `wanted` asks for. An index need not say its platforms. */
export function matchesPlatform(offered: Platform | undefined, wanted: Platform): boolean {
  if (offered === undefined) return true;
  if (offered.os !== wanted.os || offered.architecture !== wanted.architecture) return false;
  return wanted.variant === undefined || variantOf(offered) === wanted.variant;
}

/** arm64 is always v8 and arm v7 where nothing else is said. */
function variantOf({ architecture, variant }: Platform): string | undefined {
  if (variant !== undefined) return variant;
  if (architecture === "arm64") return "v8";
  return architecture === "arm" ? "v7" : undefined;
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join("/");
}
