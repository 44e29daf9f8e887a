// How much room containers take: what each has changed, and that with the image below it.

import { fileType } from "../../../ffi/files.ts";
import { dataFolder } from "../data-folder.ts";
import { readFacts } from "../images/image-facts.ts";
import { openStore } from "../images/open-store.ts";
import type { ContainerRow } from "./list.ts";
import { measureFolder } from "../volumes/verbs.ts";

export interface ContainerSize {
  /** Of the files that it has changed or made. */
  readonly writtenBytes: number;
  /** Of all files that it sees in its image; 0 where it has none. */
  readonly totalBytes: number;
}

/** The sizes by the containers' ids. */
export function measureContainers(rows: readonly ContainerRow[]): Map<string, ContainerSize> {
  return new Map(
    rows.map((row) => {
      const imageId = row.readDetails()?.image?.id ?? row.imageId;
      return [row.id, measureContainer(row.id, imageId)];
    }),
  );
}

/** @param imageId "" where it was made of a folder or the host */
export function measureContainer(id: string, imageId: string): ContainerSize {
  const upper = `${dataFolder(process.env)}/containers/${id}/upper`;
  const writtenBytes = fileType(upper) === 0 ? 0 : measureFolder(upper);
  const imageBytes = imageId === "" ? 0 : measureImage(imageId);
  return { writtenBytes, totalBytes: imageBytes === 0 ? 0 : imageBytes + writtenBytes };
}

function measureImage(id: string): number {
  using store = openStore();
  const image = store.find(id);
  return (image && readFacts(store, image)?.sizeBytes) ?? 0;
}
