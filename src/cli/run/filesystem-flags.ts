// The flags of `run` about what the container sees as its files and devices.
import { UserError } from "../../errors.ts";
import type { FlagTable } from "../flag.ts";
import { parseDevice, parseDeviceRule } from "../values/device.ts";
import { parseMount } from "../values/mount.ts";
import { resolvePath } from "../values/path.ts";
import { parseSize } from "../values/size.ts";
import { parseTmpfs } from "../values/tmpfs.ts";
import { parseVolume, parseVolumesFrom, requireLocalDriver } from "../values/volume.ts";
import type { RunDraft } from "./draft.ts";

const group = "Files and devices";

export const filesystemFlags: FlagTable<RunDraft> = {
  rootfs: {
    type: "text",
    group,
    placeholder: "folder",
    help: "Use the folder as the root file system; every operand is the command then",
    set: (draft, text) => {
      if (text === "") throw new UserError("a folder is needed");
      draft.rootfs = resolvePath(text, () => draft.context.cwd());
    },
  },
  "read-only": {
    type: "bool",
    group,
    help: "Mount the container's root filesystem as read only",
    set: (draft, value) => {
      draft.options.readonlyRootfs = value;
    },
  },
  volume: {
    type: "list",
    short: "v",
    group,
    placeholder: "[SOURCE:]TARGET[:OPTIONS]",
    help:
      "Bind mount a folder or file, or mount a volume (ro, rw, nocopy, rslave, rshared, ...); " +
      "what is missing is made",
    set: (draft, text) => {
      draft.options.mounts.push(parseVolume(text, () => draft.context.cwd()));
    },
  },
  mount: {
    type: "list",
    group,
    placeholder: "type=TYPE,...",
    help:
      "Attach a filesystem mount: type=bind|volume|image,src=...,dst=...[,ro][,bind-propagation=...] " +
      "or type=tmpfs,dst=...[,tmpfs-size=...][,tmpfs-mode=...]",
    set: (draft, text) => {
      draft.options.mounts.push(parseMount(text, () => draft.context.cwd()));
    },
  },
  "volume-driver": {
    type: "text",
    ignoresEmpty: true,
    group,
    placeholder: "driver",
    fallback: "local",
    help: "Volume driver of the volumes that are made",
    set: (_draft, text) => requireLocalDriver(text),
  },
  "volumes-from": {
    type: "list",
    group,
    placeholder: "CONTAINER[:ro]",
    help: "Mount volumes from the specified container(s)",
    set: (draft, text) => {
      draft.volumesFrom.push(parseVolumesFrom(text));
    },
  },
  tmpfs: {
    type: "list",
    group,
    placeholder: "TARGET[:OPTIONS]",
    help: "Mount a tmpfs directory (size=64m, mode=1777, noexec, ...)",
    set: (draft, text) => {
      draft.options.mounts.push(parseTmpfs(text));
    },
  },
  "shm-size": {
    type: "text",
    group,
    placeholder: "bytes",
    fallback: "64m",
    help: "Size of /dev/shm",
    set: (draft, text) => {
      draft.options.shmSizeBytes = parseSize(text);
    },
  },
  device: {
    type: "list",
    group,
    placeholder: "HOST[:CONTAINER][:rwm]",
    help: "Add a host device to the container",
    set: (draft, text) => {
      draft.options.devices.push(parseDevice(text));
    },
  },
  "device-cgroup-rule": {
    type: "list",
    group,
    placeholder: "rule",
    help: 'Add a rule to the cgroup allowed devices list ("c 1:3 rwm")',
    set: (draft, text) => {
      (draft.options.deviceRules ??= []).push(parseDeviceRule(text));
    },
  },
};
