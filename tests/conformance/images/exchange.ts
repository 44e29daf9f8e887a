// What the scripts that exchange images have in common: bunker with a store of its own, the trees of
// images, and a line for each case.
import { mkdtempSync } from "node:fs";
import { ImageStore } from "../../../src/image/store/store.ts";
import { listTree, type Tree } from "../../harness/tree-listing.ts";
import { run } from "./tools.ts";

export const PROJECT = new URL("../../..", import.meta.url).pathname.replace(/\/$/, "");
export const BUNKER = `${PROJECT}/dist/bunker`;

/** What is done in a folder changes its time, and not every tool sets it back. */
export const LIST = { folderTimes: false };

/** Podman, buildah and docker give the root of each image a mode of their own. */
const ROOT_LINE = "folder 0755 0:0";

export function withoutRoot(tree: Tree): Tree {
  return new Map([...tree, [".", ROOT_LINE] as const]);
}

/** The tree of an image in an OCI layout, as umoci unpacks it. */
export function unpack(image: string, bundle: string): Tree {
  run("umoci", "unpack", "--image", image, bundle);
  return listTree(`${bundle}/rootfs`, LIST);
}

export class Bunker {
  readonly #data: string;

  constructor(private readonly folder: string) {
    this.#data = mkdtempSync(`${folder}/bunker-`);
  }

  command(...args: readonly string[]): string {
    return run(
      "env",
      `BUNKER_DATA=${this.#data}`,
      `BUNKER_RUN=${this.#data}-run`,
      `HOME=${this.folder}`,
      BUNKER,
      ...args,
    );
  }

  /** The tree that a container of the only image would see. */
  async tree(): Promise<Tree> {
    using store = ImageStore.open(this.#data);
    const [image, ...others] = store.list();
    if (image === undefined || others.length > 0) throw new Error("not one image");
    const layers = await store.ensureLayers(image);
    const [only] = layers;
    if (only !== undefined && layers.length === 1) return listTree(only.path, LIST);
    const target = mkdtempSync(`${this.folder}/mount-`);
    const lower = layers.map(({ path }) => path).join(":");
    run("mount", "-t", "overlay", "overlay", "-o", `ro,lowerdir=${lower}`, target);
    const tree = listTree(target, LIST);
    run("umount", target);
    return tree;
  }

  /** What is wrong with the store. */
  check(): string[] {
    using store = ImageStore.open(this.#data);
    return store.check({ repair: false, verify: true }).map(({ what }) => what);
  }
}

/** Counts the cases and says how each went. */
export class Cases {
  #passes = 0;
  #failures = 0;

  /** @param work returns what is wrong, undefined where there is no such case; false: it failed */
  async check(title: string, work: () => Promise<readonly string[] | undefined>): Promise<boolean> {
    const problems = await work().catch((error: unknown) => [String(error)]);
    if (problems === undefined) return true;
    if (problems.length === 0) this.#passes += 1;
    else this.#failures += 1;
    console.log(`${problems.length === 0 ? "ok  " : "FAIL"} ${title}`);
    for (const problem of problems.slice(0, 12)) console.log(`       ${problem}`);
    return problems.length === 0;
  }

  /** Says how all of it went, and sets the exit code. */
  finish(): void {
    console.log(`${this.#passes} passed, ${this.#failures} failed`);
    process.exitCode = this.#failures === 0 && this.#passes > 0 ? 0 : 1;
  }
}
