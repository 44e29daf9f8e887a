// Where network namespaces have their names.

import { runFolder } from "../run-folder.ts";

/** The name of a container's: `nsenter --net=` takes it. */
export const netnsPath = (id: string): string => `${runFolder(process.env)}/netns/${id}`;

/** Where ip-netns(8) looks for names. */
export const IP_NETNS = "/run/netns";

/** A link to the same for `ip netns` and `ip -n`, which take no paths. */
export const ipNetnsPath = (id: string): string => `${IP_NETNS}/bunker-${id.slice(0, 12)}`;
