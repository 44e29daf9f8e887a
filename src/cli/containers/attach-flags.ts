// The flags of commands that show what a container's program writes, and pass on what is typed.
import type { Flag } from "../flag.ts";

/** `--detach-keys` */
export function detachKeysFlag<D extends { detachKeys?: string }>(): Flag<D> {
  return {
    type: "text",
    group: "Flags",
    placeholder: "keys",
    fallback: "ctrl-p,ctrl-q",
    help: "Override the key sequence for detaching a container",
    set: (draft, text) => {
      draft.detachKeys = text;
    },
  };
}

/** `--sig-proxy` */
export function sigProxyFlag<D extends { sigProxy: boolean }>(): Flag<D> {
  return {
    type: "bool",
    group: "Flags",
    fallback: "true",
    help: "Proxy all received signals to the process",
    set: (draft, value) => {
      draft.sigProxy = value;
    },
  };
}
