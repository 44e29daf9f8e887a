// In which networks containers find each other by name: docker's rule. And where they ask for it.

import { AT_FDCWD } from "../../../ffi/constants.ts";
import { fileIdentity, fileType } from "../../../ffi/files.ts";
import { type Endpoint, hasServer } from "../../../network/definition.ts";
import { netnsPath } from "./netns-path.ts";

/** Everywhere but in the default network. */
export const hasNames = ({ network }: Pick<Endpoint, "network">): boolean =>
  hasServer({ name: network });

/** Whether the DNS can be asked at the address of the network's bridge. */
export const hasGateway = ({ hostLink, gateway4 }: Endpoint): boolean =>
  hostLink !== "" && gateway4 !== "";

/**
 * Where the DNS answers a container that is in no network with a bridge, such as those of macvlan, to
 * which the host is a stranger: on the container's own loopback. It is docker's address for that.
 */
export const OWN_SERVER = "127.0.0.11";

/** The server of names of a container; "" where it has none of ours. */
export function serverOf(endpoints: readonly Endpoint[]): string {
  const named = endpoints.filter(hasNames);
  if (named.length === 0) return "";
  return named.find(hasGateway)?.gateway4 ?? OWN_SERVER;
}

/** What a container's own network namespace is called among those that the DNS answers in. */
export function ownServerKey(id: string): string | undefined {
  const path = netnsPath(id);
  if (fileType(path) === 0) return undefined;
  // One that has started again has another namespace, and the same id.
  return `${id}-${fileIdentity(AT_FDCWD, path).version}`;
}
