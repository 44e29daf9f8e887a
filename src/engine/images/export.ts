// `export`

import { Gatherer } from "../../image/store/commit-layer.ts";
import { writeTree } from "../../image/layer/write-tree.ts";
import { mountLayers } from "./mount-layers.ts";
import { openStore } from "./open-store.ts";
import { openContainer } from "./running-container.ts";
import { writeOutput } from "./write-output.ts";
import { tellContainer } from "../events/tell-container.ts";

/**
 * Writes a container's files as an archive, without what is mounted in it.
 * @param output a file; undefined for stdout
 * @throws UserError
 */
export async function exportContainer(text: string, output: string | undefined): Promise<void> {
  using store = openStore();
  store.hold();
  const { id, upper, lowers } = await openContainer(text, store);
  // Kernel: the writable layer as one more below: an upper folder is for one mount at a time.
  using tree = mountLayers([upper, ...lowers]);
  writeOutput(output, "export container", (write) => {
    const gather = new Gatherer(write);
    const take = (bytes: Uint8Array): void => gather.add(bytes);
    writeTree(`/proc/self/fd/${tree.number}/.`, take, { whiteouts: false });
    gather.flush();
  });
  tellContainer("export", id);
}
