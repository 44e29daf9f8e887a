import { expect, test } from "bun:test";
import { parseRestart } from "../../../src/cli/values/restart.ts";

test.each([
  ["no", { kind: "no" }],
  ["always", { kind: "always" }],
  ["unless-stopped", { kind: "unless-stopped" }],
  ["on-failure", { kind: "on-failure", attempts: 0 }],
  ["on-failure:5", { kind: "on-failure", attempts: 5 }],
] as const)("--restart %s is a policy", (text, policy) => {
  expect(parseRestart(text)).toEqual(policy);
});

test.each([
  ["sometimes", "unknown policy 'sometimes'"],
  ["always:3", "maximum retry count can only be used with 'on-failure'"],
  ["on-failure:x", 'maximum retry count must be an integer: got "x"'],
])("--restart %s is refused", (text, message) => {
  expect(() => parseRestart(text)).toThrow(message);
});
