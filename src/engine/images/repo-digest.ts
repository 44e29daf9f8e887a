// Which registry has an image under which digest: noted beside its name, as docker shows it.

import { canonicalName, parseReference } from "../../image/reference.ts";
import type { ImageStore } from "../../image/store/store.ts";
import { REPO_DIGEST } from "./image-facts.ts";

/** Notes that the registry of a canonical name has the image that the name stands for. */
export function noteRepoDigest(name: string, digest: string, store: ImageStore): void {
  const entry = store.references().get(name);
  // What was pushed may have been compressed for it: then the digest is that of something else.
  if (entry === undefined || entry.digest !== digest) return;
  const text = `${canonicalName(parseReference(name))}@${digest}`;
  if (entry.annotations?.[REPO_DIGEST] === text) return;
  store.setReference(name, {
    ...entry,
    annotations: { ...entry.annotations, [REPO_DIGEST]: text },
  });
}
