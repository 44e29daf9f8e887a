// What `logs --details` shows of each line: what `--log-opt` labels, env and tag say of the container.
// docker writes it to the log with every line; here it is the container's, and looked up.

import { readDetails } from "../container-details.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";
import { imageName } from "../events/describe-run.ts";

/** `a=b,c=d`, by name; "" where nothing was asked for. */
export function formatAttributes(container: KeptContainer, kept: KeptStore): string {
  const { id, options } = container;
  const given = options.log?.given ?? {};
  const config = readDetails(kept.folder(id))?.config;
  const env = (config?.Env ?? options.env).map((entry) => splitEntry(entry));
  const found = new Map([
    ...pick(env, given["env"], given["env-regex"]),
    ...pick(Object.entries(options.labels), given["labels"], given["labels-regex"]),
  ]);
  const { tag = "" } = given;
  if (tag !== "") found.set("tag", fillTag(tag, container));
  return [...found]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join(",");
}

function splitEntry(entry: string): readonly [name: string, value: string] {
  const equals = entry.indexOf("=");
  return equals < 0 ? [entry, ""] : [entry.slice(0, equals), entry.slice(equals + 1)];
}

function* pick(
  entries: readonly (readonly [name: string, value: string])[],
  names = "",
  pattern = "",
): Generator<readonly [name: string, value: string]> {
  const wanted = names.split(",");
  const matcher = pattern === "" ? undefined : new RegExp(pattern);
  for (const entry of entries) {
    if (wanted.includes(entry[0]) || matcher?.test(entry[0]) === true) yield entry;
  }
}

/** docker's fields of a tag that name the container. */
function fillTag(tag: string, { id, name, options }: KeptContainer): string {
  const fields: Readonly<Record<string, string>> = {
    ID: id.slice(0, 12),
    FullID: id,
    Name: name,
    ImageName: imageName(options.root),
  };
  return tag.replace(/\{\{ *\.(\w+) *\}\}/g, (whole, field: string) => fields[field] ?? whole);
}

/** Go's url.QueryEscape. */
const encode = (text: string): string => encodeURIComponent(text).replaceAll("%20", "+");
