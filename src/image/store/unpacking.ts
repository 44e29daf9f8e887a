// The layers of one image on their way from blobs to folders: each is unpacked as soon as its blob
// is there, beside the others, and placed once those below it are.

import { UserError } from "../../errors.ts";
import type { Digest } from "../digest.ts";
import type { Descriptor } from "../types.ts";
import { chainIds, type LayerPath, type Layers } from "./layers.ts";

/** Two at once: one decompresses while the other is written. More would only take memory. */
const AT_ONCE = 2;

export class Unpacking {
  readonly #layers: Promise<LayerPath>[] = [];
  readonly #blobs: readonly Descriptor[];
  readonly #gates = new Map<Digest, PromiseWithResolvers<void>>();
  readonly #waiting: (() => void)[] = [];
  #free = AT_ONCE;

  /** @param hold keeps the store as it is; called where there is something to unpack */
  constructor(
    private readonly store: Layers,
    blobs: readonly Descriptor[],
    diffIds: readonly Digest[],
    hold: () => void,
  ) {
    if (blobs.length !== diffIds.length) {
      throw new UserError(
        `the image is not valid: ${blobs.length} layers in its manifest, ` +
          `${diffIds.length} in its configuration`,
      );
    }
    this.#blobs = blobs;
    chainIds(diffIds).forEach((chainId, i) => {
      const found = store.find(chainId);
      if (found === undefined) hold();
      const blob = blobs[i];
      const diffId = diffIds[i];
      if (blob === undefined || diffId === undefined) throw new Error("lists of unequal length");
      const layer =
        found === undefined ? this.#unpack(chainId, diffId, blob, i) : Promise.resolve(found);
      // Whoever asks for the layers hears of the failure; until then nobody listens.
      layer.catch(() => undefined);
      this.#layers.push(layer);
    });
  }

  /** The blob of a layer is complete. */
  ready(digest: Digest): void {
    this.#gate(digest).resolve();
  }

  /** Each layer once it is in its place, the lowest first. */
  get layers(): readonly Promise<LayerPath>[] {
    return this.#layers;
  }

  /** Nothing more comes: waits for what has begun, which stays. */
  async abandon(): Promise<void> {
    for (const layer of this.#blobs) this.#gate(layer.digest).reject(new Error("abandoned"));
    await Promise.allSettled(this.#layers);
  }

  /** The layers, the topmost first, once all of them are in their places. */
  async finish(): Promise<LayerPath[]> {
    const settled = await Promise.allSettled(this.#layers);
    const failed = settled.find((each) => each.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return (await Promise.all(this.#layers)).reverse();
  }

  async #unpack(chainId: Digest, diffId: Digest, blob: Descriptor, i: number): Promise<LayerPath> {
    await this.#gate(blob.digest).promise;
    return await this.store.ensure(chainId, diffId, blob, {
      lowers: () => this.#below(i),
      inTurn: (work) => this.#inTurn(work),
    });
  }

  async #below(i: number): Promise<readonly LayerPath[]> {
    return (await Promise.all(this.#layers.slice(0, i))).reverse();
  }

  /** A turn ends before the layer is placed: it may have to wait for those below it by then. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    while (this.#free === 0) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#free -= 1;
    try {
      return await work();
    } finally {
      this.#free += 1;
      this.#waiting.shift()?.();
    }
  }

  #gate(digest: Digest): PromiseWithResolvers<void> {
    let gate = this.#gates.get(digest);
    if (gate === undefined) {
      gate = Promise.withResolvers<void>();
      // Nobody may be waiting for a layer that is there already.
      gate.promise.catch(() => undefined);
      this.#gates.set(digest, gate);
    }
    return gate;
  }
}
