// Volumes, mounts and tmpfs, and the comma separated fields they are written in.
import type { MountOption } from "../../../src/engine/run-options.ts";
import { splitCsv } from "../../../src/cli/values/csv.ts";
import { parseMount } from "../../../src/cli/values/mount.ts";
import { resolvePath } from "../../../src/cli/values/path.ts";
import { parseTmpfs } from "../../../src/cli/values/tmpfs.ts";
import { parseVolume, parseVolumesFrom } from "../../../src/cli/values/volume.ts";
import { acceptsEach, refusesEach } from "../tables.ts";

type Bind = Extract<MountOption, { type: "bind" }>;

const bind: Bind = {
  type: "bind",
  source: "/a",
  target: "/b",
  readonly: false,
  propagation: "rprivate",
  createSource: false,
  recursive: true,
};
const volume: Bind = { ...bind, createSource: true };
const anonymous: MountOption = { type: "volume", target: "/b", readonly: false, copy: true };
const named: MountOption = { ...anonymous, name: "data" };
const volumeAt = (text: string) => parseVolume(text, "/home/me");
const mountAt = (text: string) => parseMount(text, "/home/me");

acceptsEach("path", (text) => resolvePath(text, "/home/me"), [
  ["/a//b/./c/", "/a/b/c"],
  ["x", "/home/me/x"],
  ["./x", "/home/me/x"],
  ["../x", "/home/x"],
  ["/../../x", "/x"],
  ["", "/home/me"],
  ["/", "/"],
]);

acceptsEach("volume", volumeAt, [
  ["/a:/b", volume],
  ["/a:/b/", volume],
  ["./a:/b", { ...volume, source: "/home/me/a" }],
  [".:/b", { ...volume, source: "/home/me" }],
  ["../a:/b", { ...volume, source: "/home/a" }],
  ["/a:/b:ro", { ...volume, readonly: true }],
  ["/a:/b:rw,z", volume],
  ["/a:/b:ro,rslave", { ...volume, readonly: true, propagation: "rslave" }],
  ["/a:/b:shared,Z,cached", { ...volume, propagation: "shared" }],
  ["/b/", anonymous],
  ["data:/b", named],
  ["data:/b:ro", { ...named, readonly: true }],
  ["data:/b:nocopy,z", { ...named, copy: false }],
]);

refusesEach("volume", volumeAt, [
  ["", "invalid empty volume spec"],
  ["a", "invalid mount path: 'a' mount path must be absolute"],
  ["/", "invalid specification: destination can't be '/'"],
  [":/x", "invalid spec: :/x: empty section between colons"],
  ["/a:", "invalid spec: /a:: empty section between colons"],
  ["/a:/b:", "invalid spec: /a:/b:: empty section between colons"],
  ["/a:/b:/c:/d", "invalid spec: /a:/b:/c:/d: too many colons"],
  [
    "a!b:/b",
    'create a!b: "a!b" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed',
  ],
  ["data:/b:rslave", "invalid mode: rslave"],
  ["/a:b", "invalid mount path: 'b' mount path must be absolute"],
  ["/a:/", "invalid specification: destination can't be '/'"],
  ["/a:/b/..", "invalid specification: destination can't be '/'"],
  ["/a:/b:foo", "invalid mode: foo"],
  ["/a:/b:ro,rw", "invalid mode: ro,rw"],
  ["/a:/b:ro,", "invalid mode: ro,"],
  ["/a:/b:shared,slave", "invalid mode: shared,slave"],
  ["/a:/b:nocopy", "nocopy is for named volumes"],
]);

acceptsEach("volumes-from", parseVolumesFrom, [
  ["web", { container: "web", readonly: false }],
  ["web:ro", { container: "web", readonly: true }],
  ["web:rw,z", { container: "web", readonly: false }],
]);

refusesEach("volumes-from", parseVolumesFrom, [
  ["", "invalid empty volume spec"],
  ["web:foo", "invalid mode: foo"],
  ["web:ro:ro", "invalid mode: ro:ro"],
]);

acceptsEach("mount", mountAt, [
  ["type=bind,src=/a,dst=/b", bind],
  ["type=bind,source=/a,target=/b,readonly", { ...bind, readonly: true }],
  ["TYPE=BIND,SRC=/a,destination=/b,ro=true", { ...bind, readonly: true }],
  ["type=bind,src=/a,dst=/b,ro=0", bind],
  ["type=bind,src=./a,dst=/b", { ...bind, source: "/home/me/a" }],
  ["type=bind,src=/a,dst=/b,bind-propagation=rshared", { ...bind, propagation: "rshared" }],
  ["type=bind,src=/a,dst=/b,bind-nonrecursive", { ...bind, recursive: false }],
  ["type=bind,src=/a,dst=/b,bind-recursive=disabled", { ...bind, recursive: false }],
  ["type=bind,src=/a,dst=/b,ro,bind-recursive=readonly", { ...bind, readonly: true }],
  ['type=bind,"src=/a,b",dst=/b', { ...bind, source: "/a,b" }],
  ['type=bind,"src=/a""b",dst=/b', { ...bind, source: '/a"b' }],
  ["dst=/b", anonymous],
  ["type=volume,src=data,dst=/b", named],
  [
    "src=data,dst=/b,ro,volume-nocopy,volume-subpath=a/b,volume-label=k=v,volume-opt=type=tmpfs",
    {
      ...named,
      readonly: true,
      copy: false,
      subpath: "a/b",
      labels: { k: "v" },
      driverOptions: { type: "tmpfs" },
    },
  ],
  ["type=image,src=alpine,dst=/b", { type: "image", reference: "alpine", target: "/b" }],
  ["type=tmpfs,dst=/b", { type: "tmpfs", target: "/b", options: [] }],
  [
    "type=tmpfs,dst=/b,ro,tmpfs-size=1m,tmpfs-mode=1770",
    { type: "tmpfs", target: "/b", options: ["ro", "size=1048576", "mode=1770"] },
  ],
]);

refusesEach("mount", mountAt, [
  ["", "invalid field '' must be a key=value pair"],
  ["foo", "invalid field 'foo' must be a key=value pair"],
  ["ro,foo", "invalid field 'foo' must be a key=value pair"],
  ["foo=bar", "unexpected key 'foo' in 'foo=bar'"],
  ["bind-foo=bar", "unexpected key 'bind-foo' in 'bind-foo=bar'"],
  ["src=a!b", "target is required"],
  ["dst=/b,volume-driver=nfs", 'volume driver "nfs" is not there'],
  ["dst=/b,volume-subpath=a", "must not set Subpath when using anonymous volumes"],
  [
    "src=data,dst=/b,volume-subpath=../a",
    "subpath must be a relative path within the volume: got '../a'",
  ],
  ["type=image,dst=/b", "source is required"],
  [
    "type=volume,src=data,dst=/b,image-subpath=a",
    "cannot mix 'image-*' options with mount type 'volume'",
  ],
  ["type=,dst=/b", "type is required"],
  ["type=foo,dst=/b", 'invalid mount config for type "foo": mount type unknown'],
  ["type=bind", "target is required"],
  ["type=bind,dst=/b", 'invalid mount config for type "bind": field Source must not be empty'],
  ["type=bind,src=a,dst=/b", "invalid mount path: 'a' mount path must be absolute"],
  ["type=bind,src=/a,dst=b", "invalid mount path: 'b' mount path must be absolute"],
  ["type=bind,src=/a,dst=/", "invalid specification: destination can't be '/'"],
  ["type=bind,src=/a,dst=/b,ro=x", "invalid value for ro: x"],
  ["type=bind,src=/a,dst=/b,ro=", "invalid value for ro: "],
  ["type=bind,src=/a,dst=/b,bind-nonrecursive=x", "invalid value for bind-nonrecursive: x"],
  [
    "type=bind,src=/a,dst=/b,bind-recursive=foo",
    'invalid value for bind-recursive: foo (must be "enabled", "disabled", "writable", or "readonly")',
  ],
  [
    "type=bind,src=/a,dst=/b,bind-recursive=readonly",
    "option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction",
  ],
  ["type=bind,src=/a,dst=/b,bind-propagation=foo", "invalid propagation: 'foo'"],
  ["type=bind,src=/a,dst=/b,tmpfs-size=1m", "cannot mix 'tmpfs-*' options with mount type 'bind'"],
  [
    "type=tmpfs,dst=/b,bind-propagation=shared",
    "cannot mix 'bind-*' options with mount type 'tmpfs'",
  ],
  ["type=tmpfs,src=/a,dst=/b", "a tmpfs has no source"],
  ["type=tmpfs,dst=/b,tmpfs-size=x", "invalid value for tmpfs-size: x"],
  ["type=tmpfs,dst=/b,tmpfs-mode=9", "invalid value for tmpfs-mode: 9"],
]);

acceptsEach("fields", splitCsv, [
  ["a,b", ["a", "b"]],
  ["a,", ["a", ""]],
  ['"a,b",c', ["a,b", "c"]],
  ['"a""b"', ['a"b']],
]);

refusesEach("fields", splitCsv, [
  ['a,"b', 'parse error on line 1, column 5: extraneous or missing " in quoted-field'],
  ['"a"b', 'parse error on line 1, column 3: extraneous or missing " in quoted-field'],
  ['a"b', 'parse error on line 1, column 2: bare " in non-quoted-field'],
]);

acceptsEach("tmpfs", parseTmpfs, [
  ["/x", { type: "tmpfs", target: "/x", options: [] }],
  [
    "/x:size=64m,mode=1777,noexec",
    { type: "tmpfs", target: "/x", options: ["size=64m", "mode=1777", "noexec"] },
  ],
  ["/x:size=50%,uid=5", { type: "tmpfs", target: "/x", options: ["size=50%", "uid=5"] }],
]);

refusesEach("tmpfs", parseTmpfs, [
  ["", "invalid mount path: '' mount path must be absolute"],
  ["x", "invalid mount path: 'x' mount path must be absolute"],
  ["/", "invalid specification: destination can't be '/'"],
  ["/x:", 'invalid tmpfs option ""'],
  ["/x:foo", 'invalid tmpfs option "foo"'],
  ["/x:size=lots", 'invalid tmpfs option "size=lots"'],
  ["/x:mode=9", 'invalid tmpfs option "mode=9"'],
  ["/x:noexec=1", 'invalid tmpfs option "noexec=1"'],
]);
