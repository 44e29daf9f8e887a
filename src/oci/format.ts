// config.json as text, the inverse of parse.ts. Two things that JSON.stringify cannot do are done here:
// "no limit", which is beyond a number's digits, and the bigints of seccomp arguments.

import type { Spec } from "./spec.ts";

/** The config.json of a spec, in one line; every other runtime can read it. */
export function formatSpec(spec: Spec): string {
  const text = spec.linux?.seccomp === undefined ? JSON.stringify(spec) : formatExactly(spec);
  return withInfinity(text);
}

function formatExactly(spec: Spec): string {
  return JSON.stringify(spec, (_key, value: unknown) => {
    return typeof value === "bigint" && hasRawJson(JSON) ? JSON.rawJSON(String(value)) : value;
  });
}

// The type library has no entry for it yet; V8 and JavaScriptCore both have the function.
function hasRawJson(json: object): json is { rawJSON(text: string): unknown } {
  return "rawJSON" in json;
}

// RLIM_INFINITY is printed as 18446744073709552000, more than the 64 bits that Go's decoder takes. Only
// the values of two fields are looked at: the same digits in an argument are the user's text.
function withInfinity(text: string): string {
  if (!text.includes("18446744073709552000")) return text;
  return text.replace(/"(hard|soft)":18446744073709552000/g, '"$1":18446744073709551615');
}
