// `tag`

import { UserError } from "../../errors.ts";
import { formatFamiliar, formatReference } from "../../image/reference.ts";
import { REPO_DIGEST } from "./image-facts.ts";
import { canonicalReference, getImage, openStore } from "./open-store.ts";
import { tellImage } from "../events/tell-of-things.ts";

/** Gives an image one more name. @throws UserError */
export function tagImage(source: string, target: string): void {
  using store = openStore();
  store.hold();
  for (const text of [source, target]) requireName(text);
  const image = getImage(store, source);
  const reference = canonicalReference(target);
  if (reference === undefined || reference.digest !== undefined) {
    throw new UserError("refusing to create a tag with a digest reference", undefined, 1);
  }
  // What a registry is known to have under the other name is not noted of this one.
  const { [REPO_DIGEST]: _, ...annotations } = image.top.annotations ?? {};
  store.setReference(formatReference(reference), { ...image.top, annotations });
  tellImage("tag", image.id, formatFamiliar(reference));
}

/** docker's words. */
function requireName(text: string): void {
  try {
    canonicalReference(text);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const why = error.message.replace(/: "[^"]*"$/, "");
    const message = `error parsing reference: "${text}" is not a valid repository/tag: ${why}`;
    throw new UserError(message, undefined, 1);
  }
}
