// Where network namespaces have their names.

import { runFolder } from "../run-folder.ts";

/** The name of a container's: `ip netns exec` takes it as a path, `nsenter --net=` too. */
export const netnsPath = (id: string): string => `${runFolder(process.env)}/netns/${id}`;
