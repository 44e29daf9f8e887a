// The manual: bunker(1), with all commands in it, and a page for each command alone.
import manifest from "../../../package.json" with { type: "json" };
import type { Command } from "../command.ts";
import type { CommandEntry } from "../commands.ts";
import { describeCommand, formatUsage } from "./command-page.ts";
import { bold, code, entry, escape, italic, paragraphs, section, subsection } from "./roff.ts";

const ABOUT = `bunker runs containers on Linux from one executable, with docker's command line and without a daemon. Containers run on images, on folders (\`--rootfs\`), or on a copy-on-write view of this host's own root file system.

Called as bunker-oci, runc or crun, or as \`bunker oci\`, it is an OCI runtime, for engines that call one; \`bunker oci --help\` lists the commands of that.`;

const EXIT_CODES = `The exit code of \`run\`, \`exec\`, \`start --attach\` and \`attach\` is that of the container's program, or 128 and the number of the signal that ended it. What bunker itself refuses or cannot do ends with 125 in \`run\` and \`create\`, and with 1 elsewhere; a program that cannot be executed with 126, one that is not found with 127.`;

const ENVIRONMENT: readonly (readonly [name: string, meaning: string])[] = [
  ["BUNKER_DATA", "The folder for what is kept, instead of /var/lib/bunker."],
  ["BUNKER_RUN", "The folder for what runs, instead of /run/bunker."],
  [
    "BUNKER_NETWORK",
    "The network of containers for which none is named, instead of bridge. With none they have no network: for build machines.",
  ],
  ["BUNKER_REGISTRIES", "The file of registries, instead of /etc/bunker/registries.json."],
  ["DOCKER_CONFIG", "The folder of config.json with the credentials of registries."],
  ["HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "The way to registries."],
  ["CNI_PATH, NETCONFPATH", "Where CNI plugins and their networks are."],
  ["NO_COLOR", "If it is set, pictures have no colours."],
  ["TERM", "With the value dumb, pictures are tables."],
];

const FILES: readonly (readonly [path: string, meaning: string])[] = [
  ["/var/lib/bunker", "Images, volumes, networks, and the containers that are kept."],
  ["/run/bunker", "The containers that run; gone at the next boot."],
  ["/etc/bunker/registries.json", "Mirrors, certificates and exceptions for registries."],
  ["/etc/bunker/certs.d", "Certificates, a folder for each registry, as docker has them."],
  ["~/.docker/config.json", "Credentials of registries, as docker keeps them."],
];

/** All of it. @param entries the commands; those without a group are on no page */
export async function formatManual(entries: readonly CommandEntry[]): Promise<string> {
  const listed = entries.filter(({ group }) => group !== undefined);
  const groups = [...new Set(listed.map(({ group = "" }) => group))];
  const pages = await Promise.all(listed.map(formatWithChildren));
  return finish([
    head("bunker"),
    ...name("bunker", "runs containers, without a daemon"),
    section("synopsis"),
    ".PP",
    `${bold("bunker")} ${italic("COMMAND")} ${italic("[flags] [ARG...]")}`,
    section("description"),
    ...paragraphs(ABOUT),
    section("commands"),
    ...groups.flatMap((group) => [
      subsection(group),
      ...listed
        .filter((each) => each.group === group)
        .flatMap((each) => entry(bold(escape(`bunker ${each.name}`)), `${each.summary}.`)),
    ]),
    section("the commands one by one"),
    ...pages.flat(),
    ...formatEnd(),
  ]);
}

/** One command's own page. */
export async function formatPage(command: Command): Promise<string> {
  const title = `bunker-${command.words.name.replaceAll(" ", "-")}`;
  const { summary } = command.words;
  const children = await Promise.all((command.children ?? []).map(formatChild));
  return finish([
    head(title),
    ...name(title, summary.charAt(0).toLowerCase() + summary.slice(1)),
    section("synopsis"),
    ".PP",
    formatUsage(command),
    section("description"),
    ...describeCommand(command),
    ...(children.length === 0 ? [] : [section("commands"), ...children.flat()]),
    section("see also"),
    ".PP",
    `${bold("bunker")}(1)`,
  ]);
}

async function formatWithChildren(row: CommandEntry): Promise<string[]> {
  const command = await row.load();
  if (command.children === undefined) return formatEntry(command);
  const children = await Promise.all(command.children.map(formatChild));
  return [subsection(`bunker ${row.name}`), ...describeCommand(command), ...children.flat()];
}

/** `container run` is `run` by another name, which has its place already. */
async function formatChild(row: CommandEntry): Promise<string[]> {
  const command = await row.load();
  const { name: own, sameAs = own } = command.words;
  if (sameAs === own) return formatEntry(command);
  return entry(bold(escape(`bunker ${own}`)), `The same as \`bunker ${sameAs}\`.`);
}

function formatEntry(command: Command): string[] {
  const heading = subsection(`bunker ${command.words.name}`);
  return [heading, ".PP", formatUsage(command), ...describeCommand(command)];
}

function formatEnd(): string[] {
  return [
    section("exit status"),
    ...paragraphs(EXIT_CODES),
    section("environment"),
    ...ENVIRONMENT.flatMap(([term, meaning]) => entry(bold(escape(term)), meaning)),
    section("files"),
    ...FILES.flatMap(([path, meaning]) => entry(italic(escape(path)), meaning)),
    section("examples"),
    ...code(["bunker run -it --rm alpine", "bunker run -d --name web -p 8080:80 nginx"]),
    section("see also"),
    ".PP",
    ["docker", "podman", "runc", "crun"].map((title) => `${bold(title)}(1)`).join(", "),
  ];
}

const head = (title: string): string =>
  `.TH ${title.toUpperCase().replaceAll("-", "\\-")} 1 "" "bunker ${manifest.version}" "bunker"`;

const name = (title: string, summary: string): string[] => [
  section("name"),
  `${escape(title)} \\- ${escape(summary)}`,
];

const finish = (lines: readonly string[]): string => `${lines.join("\n")}\n`;
