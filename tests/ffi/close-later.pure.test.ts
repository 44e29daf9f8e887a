// A descriptor that is left to the kernel to close.

import { test } from "bun:test";
import { closeLater } from "../../ffi/close-later.ts";
import { O } from "../../ffi/constants.ts";
import { scratch } from "../../ffi/library.ts";
import { rawCall } from "../../ffi/syscall.ts";
import { pipe2 } from "../../ffi/unistd.ts";
import { eventually } from "../harness/eventually.ts";

test("is closed before long", async () => {
  const { read, write } = pipe2(O.O_CLOEXEC | O.O_NONBLOCK);
  using end = read;
  closeLater(write);
  // The end of the file; before that there is nothing to read yet.
  await eventually(() => rawCall("read", end.number, scratch(1).address, 1) === 0);
});
