// `images`

import { UserError } from "../../errors.ts";
import { type Filters, matchesLabels, parseMoment } from "../filters.ts";
import { type ImageFacts, listFacts, readFacts } from "./image-facts.ts";
import { getImage, openStore } from "./open-store.ts";

/** A line of the list: an image by one of its names. */
export interface ImageRow {
  readonly id: string;
  /** "<none>" for an image without a name. */
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly createdMs: number | undefined;
  readonly sizeBytes: number;
}

export interface ListImagesOptions {
  /** A repository, with or without a tag; * and ? stand for any signs but a slash. */
  readonly pattern?: string;
  readonly filters: Filters;
}

const NONE = "<none>";

/** @throws UserError for a filter's value that cannot be */
export function listImages({ pattern, filters }: ListImagesOptions): ImageRow[] {
  using store = openStore();
  const bound = (key: "before" | "since"): number[] =>
    (filters.get(key) ?? []).map((text) => {
      return readFacts(store, getImage(store, text))?.createdMs ?? 0;
    });
  const limits = { before: bound("before"), since: bound("since") };
  const patterns = [
    ...(filters.get("reference") ?? []),
    ...(pattern === undefined ? [] : [pattern]),
  ];
  const rows: ImageRow[] = [];
  for (const facts of listFacts(store)) {
    if (isWanted(facts, filters, limits)) rows.push(...makeRows(facts, patterns));
  }
  return rows;
}

function isWanted(
  facts: ImageFacts,
  filters: Filters,
  { before, since }: { readonly before: readonly number[]; readonly since: readonly number[] },
): boolean {
  const created = facts.createdMs ?? 0;
  const dangling = filters.get("dangling")?.map((value) => value === "true" || value === "1");
  if (dangling !== undefined && !dangling.includes(facts.tags.length === 0)) return false;
  if (!before.every((moment) => created < moment)) return false;
  if (!since.every((moment) => created > moment)) return false;
  const until = (filters.get("until") ?? []).map((text) => parseMoment(text, Date.now()));
  if (!until.every((moment) => created < moment)) return false;
  return matchesLabels(facts.config.config?.Labels ?? {}, filters);
}

function makeRows(facts: ImageFacts, patterns: readonly string[]): ImageRow[] {
  const { image, createdMs, sizeBytes, tags, digests } = facts;
  const common = { id: image.id, createdMs, sizeBytes };
  const named = tags.map((name) => {
    const known = digests.find((each) => each.startsWith(`${name.repository}@`));
    return { ...common, ...name, digest: known?.slice(name.repository.length + 1) ?? NONE };
  });
  if (patterns.length > 0) {
    return named.filter(({ repository, tag }) =>
      patterns.some((pattern) => matchesName(pattern, repository, tag)),
    );
  }
  if (named.length > 0) return named;
  const [known] = digests;
  if (known !== undefined) {
    const [repository = NONE, digest = NONE] = known.split("@");
    return [{ ...common, repository, tag: NONE, digest }];
  }
  return [{ ...common, repository: NONE, tag: NONE, digest: NONE }];
}

/** A pattern without a tag stands for all of them; one without slashes for the last parts as well. */
export function matchesName(pattern: string, repository: string, tag: string): boolean {
  const glob = makeGlob(pattern);
  const names = [repository, `${repository}:${tag}`];
  return names.some((name) => glob.test(name));
}

function makeGlob(pattern: string): RegExp {
  const familiar = pattern.replace(/^(index\.)?docker\.io\/(library\/)?/, "");
  const source = familiar.replace(/[.+^${}()|\\]/g, "\\$&").replaceAll("*", "[^/]*");
  try {
    return new RegExp(`^${source.replaceAll("?", "[^/]")}$`);
  } catch {
    throw new UserError(`invalid reference filter: "${pattern}"`, undefined, 1);
  }
}
