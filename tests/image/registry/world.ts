// What the tests of pull and push share: a store of their own, small limits, what was told.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { parseReference } from "../../../src/image/reference.ts";
import { DEFAULT_LIMITS, type RegistryLimits } from "../../../src/image/registry/limits.ts";
import type { BlobProgress, ProgressSink } from "../../../src/image/registry/progress.ts";
import { pullImage, type PulledImage } from "../../../src/image/registry/pull.ts";
import { pushImage, type PushedImage } from "../../../src/image/registry/push.ts";
import type { RegistryOptions } from "../../../src/image/registry/session.ts";
import { ImageStore } from "../../../src/image/store/store.ts";

export const SMALL_LIMITS: RegistryLimits = {
  ...DEFAULT_LIMITS,
  answerMs: 500,
  documentMs: 500,
  windowMs: 150,
  windowBytes: 1000,
  attempts: 3,
  firstPauseMs: 1,
  longestPauseMs: 2,
  retryAfterMs: 1000,
  chunkBytes: 4096,
};

/** A store in a temporary folder whose layers need not be archives, and a home without credentials. */
export class World implements Disposable, ProgressSink {
  readonly root = mkdtempSync(`${tmpdir()}/bunker-registry-`);
  readonly store = ImageStore.open(`${this.root}/store`);
  readonly messages: string[] = [];
  readonly blobs: BlobProgress[] = [];
  readonly options: RegistryOptions & { limits: RegistryLimits };

  constructor(options: Partial<RegistryOptions> = {}) {
    this.options = {
      environment: { HOME: this.root, BUNKER_REGISTRIES: `${this.root}/registries.json` },
      progress: this,
      limits: SMALL_LIMITS,
      platform: { os: "linux", architecture: "amd64" },
      ...options,
    } as RegistryOptions & { limits: RegistryLimits };
    // The layers of these tests are texts: unpacking them is another room's.
    const unpacking = { layers: [], ready() {}, abandon() {}, finish: () => Promise.resolve([]) };
    Object.assign(this.store, { beginLayers: () => unpacking });
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]();
    rmSync(this.root, { recursive: true });
  }

  message(text: string): void {
    this.messages.push(text);
  }

  blob(progress: BlobProgress): void {
    this.blobs.push(progress);
  }

  pull(name: string, options: Partial<RegistryOptions> = {}): Promise<PulledImage> {
    return pullImage(parseReference(name), { ...this.options, ...options }, this.store);
  }

  push(source: string, target: string): Promise<PushedImage> {
    const image = this.store.resolve(source);
    return pushImage(parseReference(target), image, this.options, this.store);
  }

  /** What lies in the store besides finished blobs once the command is over. */
  get unfinished(): string[] {
    this.store.release();
    return readdirSync(`${this.root}/store/ingest`);
  }

  get blobCount(): number {
    return readdirSync(`${this.root}/store/images/blobs/sha256`).length;
  }
}

/** All clauses of an error, as the command line joins them. */
export async function failureOf(work: Promise<unknown>): Promise<string> {
  const reason: unknown = await work.then(
    () => new Error("it did not fail"),
    (error: unknown) => error,
  );
  const clauses: string[] = [];
  for (let cause = reason; cause instanceof Error; cause = cause.cause) {
    const { name, message } = cause;
    clauses.push(
      name === "UserError" || name === "RegistryError" ? message : `${name}! ${message}`,
    );
  }
  return clauses.join(": ");
}
