// `--pid`, `--ipc`, `--uts`, `--network` …: where a namespace comes from.
import type { NamespaceOption } from "../../engine/run-options.ts";
import { UserError } from "../../errors.ts";

/** The words that one of the flags takes. */
export interface NamespaceWords {
  /** As messages call it: `PID`. */
  readonly title: string;
  /** Among private, host, shareable, none, container and ns (`container:ID`, `ns:PATH`). */
  readonly words: readonly string[];
}

/** What each flag takes. */
export const namespaceWords = {
  pid: { title: "PID", words: ["private", "host", "container", "ns"] },
  ipc: { title: "IPC", words: ["private", "host", "shareable", "none", "container", "ns"] },
  uts: { title: "UTS", words: ["private", "host", "ns"] },
  userns: { title: "USER", words: ["host", "ns"] },
  cgroupns: { title: "CGROUP", words: ["private", "host", "ns"] },
  network: { title: "NETWORK", words: ["none", "host", "container", "ns"] },
} as const satisfies Record<string, NamespaceWords>;

/** Returns where the namespace comes from. */
export function parseNamespace(text: string, allowed: NamespaceWords): NamespaceOption {
  const colon = text.indexOf(":");
  const word = colon < 0 ? text : text.slice(0, colon);
  const rest = colon < 0 ? "" : text.slice(colon + 1);
  if (allowed.words.includes(word)) {
    if (word === "container" && rest !== "") return { kind: "container", id: rest };
    if (word === "ns" && rest.startsWith("/")) return { kind: "path", path: rest };
    if (colon < 0) {
      if (word === "private" || word === "host" || word === "shareable" || word === "none") {
        return { kind: word };
      }
    }
  }
  throw new UserError(`invalid ${allowed.title} mode`, formatWords(allowed));
}

function formatWords(allowed: NamespaceWords): string {
  const shown = allowed.words.map((word) => {
    if (word === "container") return "container:ID";
    return word === "ns" ? "ns:/PATH" : word;
  });
  return `one of ${shown.join(", ")}`;
}

/** Returns where the user namespace comes from; "auto" is a range of ids of the container's own. */
export function parseUserNamespace(text: string): NamespaceOption | { readonly kind: "auto" } {
  if (text === "auto" || text === "private") return { kind: "auto" };
  try {
    return parseNamespace(text, namespaceWords.userns);
  } catch {
    throw new UserError("invalid USER mode", "one of host, auto, ns:/PATH");
  }
}

/** Whether `--network` names a mode and not a network. */
export function isNetworkMode(text: string): boolean {
  const isJoined = text.startsWith("container:") || text.startsWith("ns:");
  return text === "none" || text === "host" || isJoined;
}

/** Returns where the network namespace comes from. */
export function parseNetwork(text: string): NamespaceOption {
  return parseNamespace(text, namespaceWords.network);
}
