// From the JSON of a profile file to a checked value: docker's own format, of which the form of
// config.json is a part. Unknown fields are ignored, as docker ignores them; names that would never
// match anything are not.

import { UserError } from "../errors.ts";
import { checkSeccomp } from "../oci/parse-seccomp.ts";
import type { LinuxSeccomp, LinuxSyscall } from "../oci/seccomp-types.ts";
import { quote } from "../oci/quote.ts";
import { isObject, Section } from "../oci/section.ts";
import { parseFlags } from "./flags.ts";
import { ARCHITECTURES, checkDefaultAction, checkRule, type FilterHost } from "./rules.ts";

/** A profile whose rules may have conditions, and whose architectures may depend on the machine. */
export interface DockerProfile extends LinuxSeccomp {
  readonly archMap?: readonly {
    readonly architecture: string;
    readonly subArchitectures?: readonly string[];
  }[];
  readonly syscalls?: readonly DockerSyscall[];
}

/** A rule; the old `name` has become `names`. */
export interface DockerSyscall extends LinuxSyscall {
  readonly includes?: RuleFilter;
  readonly excludes?: RuleFilter;
}

/** When a rule is meant. */
export interface RuleFilter {
  /** `CAP_…` */
  readonly caps?: readonly string[];
  /** libseccomp's names: `amd64`, `arm64`. */
  readonly arches?: readonly string[];
  /** `4.8`: that version or a later one. */
  readonly minKernel?: string;
}

/**
 * The checked profile: the value that was given, with nulls removed and `name` turned into `names`.
 * @throws UserError with the JSON path of everything that is wrong
 */
export function parseProfile(json: unknown, kernel: FilterHost["kernel"]): DockerProfile {
  const problems: string[] = [];
  if (isProfile(json, problems)) {
    if (problems.length === 0) checkMeaning(json, kernel, problems);
    if (problems.length === 0) return json;
  }
  throw new UserError(joinProblems(problems));
}

/** More than these help nobody. */
const PROBLEMS_SHOWN = 10;

function joinProblems(problems: readonly string[]): string {
  const left = problems.length - PROBLEMS_SHOWN;
  const shown = problems.slice(0, PROBLEMS_SHOWN).join("; ");
  return left > 0 ? `${shown}; and ${left} more` : shown;
}

// Each check ends with every field of its type in place (see Section), which makes the predicate true.
function isProfile(json: unknown, problems: string[]): json is DockerProfile {
  if (!isObject(json)) {
    problems.push("must be a JSON object");
    return false;
  }
  renameOldNames(json.syscalls);
  const holder = new Holder(problems, "", { seccomp: json });
  checkSeccomp(holder);
  if (holder.fields.seccomp === undefined) throw emptyProfile();
  const profile = new Section(problems, "", json);
  checkArchitectures(profile);
  profile.each("syscalls", checkConditions);
  return true;
}

/** Stands where config.json has `linux`, and adds nothing to the paths below it. */
class Holder extends Section {
  override at(): string {
    return "";
  }
}

// Security: docker runs the container without any filter then, and does not say so.
function emptyProfile(): UserError {
  return new UserError(
    "defaultAction: must be given",
    "--security-opt seccomp=unconfined runs a container without a filter",
  );
}

// docker before 1.12.4 wrote a rule for each system call.
function renameOldNames(syscalls: unknown): void {
  if (!Array.isArray(syscalls)) return;
  const rules: unknown[] = syscalls;
  for (const rule of rules) {
    if (!isObject(rule) || typeof rule.name !== "string" || rule.name === "") continue;
    if (Array.isArray(rule.names) && rule.names.length > 0) continue;
    rule.names = [rule.name];
    delete rule.name;
  }
}

function checkArchitectures(profile: Section): void {
  const known = Object.keys(ARCHITECTURES);
  profile.words("architectures", "architecture", known);
  profile.each("archMap", (entry) => {
    entry.requiredWord("architecture", "architecture", known);
    entry.words("subArchitectures", "architecture", known);
  });
  if (isFilled(profile, "architectures") && isFilled(profile, "archMap")) {
    profile.problem("archMap", "cannot be used together with architectures");
  }
}

function isFilled(section: Section, key: string): boolean {
  const value = section.value(key);
  return Array.isArray(value) && value.length > 0;
}

function checkConditions(rule: Section): void {
  if (rule.string("name") !== undefined) rule.problem("name", "cannot be used together with names");
  for (const key of ["includes", "excludes"]) {
    const filter = rule.child(key);
    if (filter !== undefined) checkFilter(filter);
  }
}

/** What moby/profiles calls machines: names of libseccomp's Go binding, so `amd64`, not `x86_64`. */
const ARCH_NAMES =
  "x86 amd64 x32 arm arm64 loong64 loongarch64 m68k mips mipsle mipsel mips64 mips64n32 mips64le " +
  "mipsel64 mipsel64n32 mips3l64n32 parisc parisc64 ppc ppc64 ppc64le riscv64 s390 s390x sh sheb";

function checkFilter(filter: Section): void {
  filter.words("arches", "architecture", ARCH_NAMES.split(" "));
  // Not checked against a list: a profile may name the capabilities of kernels to come.
  filter.strings("caps")?.forEach((name, i) => {
    if (name.startsWith("CAP_")) return;
    filter.problem(`caps[${i}]`, `must start with CAP_: got ${quote(name)}`);
  });
  checkMinKernel(filter);
}

function checkMinKernel(filter: Section): void {
  const isEmpty = filter.fields.minKernel === "";
  const text = isEmpty ? "" : filter.string("minKernel");
  if (text === undefined || parseKernelVersion(text) !== undefined) return;
  filter.problem("minKernel", `must be a version like "4.8": got ${quote(text)}`);
}

const VERSION_PART_MAX = 255;

/** The two numbers of `4.8`, or undefined for a text of another form and for `0.0`. */
export function parseKernelVersion(text: string): [major: number, minor: number] | undefined {
  const [, first, second] = /^([0-9]+)\.([0-9]+)$/.exec(text) ?? [];
  const major = Number(first);
  const minor = Number(second);
  // NaN, where the form is another, is not within the bounds either.
  if (!(major <= VERSION_PART_MAX && minor <= VERSION_PART_MAX)) return undefined;
  return major + minor === 0 ? undefined : [major, minor];
}

/** What the compiler would refuse, with the places of this file: rules that are not meant here count. */
function checkMeaning(
  profile: DockerProfile,
  kernel: FilterHost["kernel"],
  problems: string[],
): void {
  const rules = profile.syscalls ?? [];
  noteRefusal(problems, () => checkDefaultAction(profile, ""));
  noteRefusal(problems, () => parseFlags(profile.flags, kernel, false, "flags"));
  for (const [i, rule] of rules.entries()) {
    noteRefusal(problems, () => checkRule(rule, `syscalls[${i}]`));
  }
}

function noteRefusal(problems: string[], check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.push(error.message);
  }
}
