// `history`: how an image came to be, the latest step first.

import type { HistoryEntry } from "../../image/types.ts";
import { readFacts } from "./image-facts.ts";
import { narrowImage } from "./narrow-image.ts";
import { getImage, noSuchImage, openStore } from "./open-store.ts";

export interface HistoryRow {
  /** Of the image at its top; "<missing>" below, where nobody knows. */
  readonly id: string;
  readonly createdMs: number | undefined;
  readonly createdBy: string;
  readonly sizeBytes: number;
  readonly comment: string;
}

/** @throws UserError where there is no such image, or none for the platform */
export function readHistory(text: string, platform?: string): HistoryRow[] {
  using store = openStore();
  const image = narrowImage(getImage(store, text), platform, store);
  const facts = readFacts(store, image);
  if (facts === undefined) throw noSuchImage(text);
  const { config, layerBytes } = facts;
  const steps: readonly HistoryEntry[] = config.history ?? layerBytes.map(() => ({}));
  let layer = 0;
  const rows = steps.map((step): HistoryRow => {
    const { created = "", created_by = "", comment = "", empty_layer = false } = step;
    const createdMs = Date.parse(created);
    const sizeBytes = empty_layer ? 0 : (layerBytes[layer++] ?? 0);
    return {
      id: "<missing>",
      createdMs: Number.isNaN(createdMs) ? undefined : createdMs,
      createdBy: created_by,
      sizeBytes,
      comment,
    };
  });
  const [top, ...below] = rows.reverse();
  return top === undefined ? [] : [{ ...top, id: image.id }, ...below];
}
