// The store on each file system that overlay's lower layers are usually on.

import { expect, test } from "bun:test";
import { createReadStream, mkdirSync, mkdtempSync } from "node:fs";
import { removeTreeDeep } from "../../src/image/layer/remove-tree.ts";
import { unpackStream } from "../../src/image/layer/unpack-stream.ts";
import { haveCommand, needsRoot, skipUnless } from "../harness/tier.ts";
import { describeTree, makeEveryKind, shell } from "./tree.ts";

const KINDS = ["ext4", "xfs", "btrfs"];

needsRoot("layers on file systems", () => {
  for (const kind of KINDS) {
    const title = `on ${kind}`;
    skipUnless(haveCommand(`mkfs.${kind}`), `${title}: mkfs.${kind} is not installed`)(
      title,
      () => {
        test("a layer keeps all that its files have", async () => {
          const site = mkdtempSync("/var/tmp/bunker-fs-");
          try {
            const source = `${site}/source`;
            mkdirSync(source);
            makeEveryKind(source);
            shell(
              source,
              `tar --format=posix --sparse --xattrs --xattrs-include='*' -cf ../a.tar .`,
            );
            const place = `${site}/mounted`;
            mkdirSync(place);
            shell(
              site,
              `truncate -s 1G image; mkfs.${kind} -q image; mount -o loop image ${place}`,
            );
            try {
              mkdirSync(`${place}/diff`);
              mkdirSync(`${place}/trash`);
              const options = { folder: `${place}/diff`, trash: `${place}/trash` };
              await unpackStream(createReadStream(`${site}/a.tar`), "none", options);
              expect(describeTree(`${place}/diff`)).toEqual(describeTree(source));
            } finally {
              shell(site, `umount ${place}`);
            }
          } finally {
            removeTreeDeep(site);
          }
        }, 60_000);
      },
    );
  }
});
