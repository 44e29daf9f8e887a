// A process that does one thing to a store, to be killed while it does: see kill-course.ts.

import { readFileSync } from "node:fs";
import { commitLayer } from "../../src/image/store/commit-layer.ts";
import { ImageStore } from "../../src/image/store/store.ts";
import { loadArchive } from "../../src/image/transport/load.ts";
import { makeManifest, storeManifest } from "../../src/image/transport/import-docker.ts";
import { inPieces } from "./made-image.ts";
import { pullAll } from "./registry/pull-all.ts";

const [verb, root = "", argument = ""] = process.argv.slice(2);
using store = ImageStore.open(root);
// Tells that everything is loaded: what comes now is what is to be disturbed.
process.stdout.write("ready\n");

switch (verb) {
  case "load":
    await loadArchive(inPieces(readFileSync(argument), 65536), store);
    break;
  case "pull":
    await pullAll(argument.split(" "), store);
    break;
  case "commit": {
    const layer = commitLayer(argument, store);
    const config = {
      os: "linux",
      architecture: "amd64",
      rootfs: { type: "layers", diff_ids: [layer.digest] },
    };
    const bytes = new TextEncoder().encode(JSON.stringify(config));
    const digest = store.ingestBytes(bytes);
    const blob = { digest, size: bytes.length };
    const manifest = makeManifest(blob, [{ ...layer, compression: "none" }]);
    const descriptor = storeManifest(store, manifest);
    store.setReference("docker.io/library/committed:latest", descriptor);
    break;
  }
  case "rmi":
    for (const image of store.list()) store.dropImage(image);
    store.sweep();
    break;
  default:
    throw new Error(`no such verb: ${verb}`);
}
