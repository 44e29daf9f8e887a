// posix_spawn's attributes are written without libc's own functions: they must come out the same.

import { expect, test } from "bun:test";
import { bytesAddress, library } from "../../ffi/library.ts";
import { makeAttributes } from "../../ffi/spawn.ts";

const spawnH = library({
  posix_spawnattr_init: ["i32", "pointer"],
  posix_spawnattr_setflags: ["i32", "pointer", "i32"],
  posix_spawnattr_setsigdefault: ["i32", "pointer", "pointer"],
  posix_spawnattr_setsigmask: ["i32", "pointer", "pointer"],
});

test.each([true, false])("attributes are what libc makes of them, new session %p", (newSession) => {
  const ours = makeAttributes(newSession);
  const theirs = new Uint8Array(ours.length);
  const every = new Uint8Array(128).fill(0xff);
  const h = spawnH();
  h.posix_spawnattr_init(bytesAddress(theirs));
  h.posix_spawnattr_setsigdefault(bytesAddress(theirs), bytesAddress(every));
  h.posix_spawnattr_setsigmask(bytesAddress(theirs), bytesAddress(new Uint8Array(128)));
  h.posix_spawnattr_setflags(bytesAddress(theirs), 0x0c | (newSession ? 0x80 : 0));
  expect(Buffer.from(ours).toString("hex")).toBe(Buffer.from(theirs).toString("hex"));
});
