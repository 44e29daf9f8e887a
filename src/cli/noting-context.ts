// The world of a command that is written down for later: what it tells is told of (ffi/observe.ts).
// Files tell by themselves.

import { observed } from "../../ffi/observe.ts";
import type { RunContext } from "./run/draft.ts";

/** The same context, noting what it is asked. */
export function makeNotingContext(context: RunContext): RunContext {
  return {
    get env() {
      return new Proxy(context.env, {
        get: readVariable,
        getOwnPropertyDescriptor: describeVariable,
      });
    },
    cwd() {
      const cwd = context.cwd();
      observed("cwd", "", cwd);
      return cwd;
    },
    hostCpus() {
      const cpus = context.hostCpus();
      observed("cpus", "", cpus);
      return cpus;
    },
    kindOf: (path) => context.kindOf(path),
    readText: (path) => context.readText(path),
  };
}

type Variables = RunContext["env"];

function readVariable(env: Variables, name: string | symbol): string | undefined {
  const value = env[String(name)];
  observed("variable", String(name), value ?? null);
  return value;
}

function describeVariable(env: Variables, name: string | symbol): PropertyDescriptor | undefined {
  readVariable(env, name);
  return Object.getOwnPropertyDescriptor(env, name);
}
