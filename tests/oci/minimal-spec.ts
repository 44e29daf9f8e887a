// The smallest config.json that is in order, and ways to put something in it.

export interface Json {
  [key: string]: unknown;
}

/** A fresh one each time: parsing removes and completes fields. */
export function minimalSpec(): Json {
  return {
    ociVersion: "1.2.0",
    process: { user: { uid: 0, gid: 0 }, args: ["sh"], cwd: "/" },
    root: { path: "rootfs" },
    linux: { namespaces: [{ type: "mount" }] },
  };
}

/** The minimal spec with `value` at a path such as `linux.resources.pids`; undefined takes it away. */
export function specWith(path: string, value: unknown): Json {
  const spec = minimalSpec();
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  let place = spec;
  for (const key of keys) place = into(place, key);
  if (value === undefined) delete place[last];
  else place[last] = value;
  return spec;
}

function into(place: Json, key: string): Json {
  const next = place[key];
  if (isJson(next)) return next;
  const made: Json = {};
  place[key] = made;
  return made;
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
