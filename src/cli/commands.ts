// Every command, by name. A row loads its module only when the command is called, so that the
// dispatcher costs the same however many there are.
import type { Command } from "./command.ts";

/** A row of the registry. */
export interface CommandEntry {
  readonly name: string;
  /** Other names, of a command in a group. */
  readonly aliases?: readonly string[];
  /** The sentence of `bunker --help`. */
  readonly summary: string;
  /** The heading under which `bunker --help` lists it; none: it is not listed. */
  readonly group?: string;
  load(): Promise<Command>;
}

/** The commands in the order of the help page. */
export const commands: readonly CommandEntry[] = [
  {
    name: "run",
    summary: "Create and run a new container",
    group: "Containers",
    load: async () => (await import("./run.ts")).runCommand,
  },
  {
    name: "create",
    summary: "Create a new container",
    group: "Containers",
    load: async () => (await import("./run.ts")).createCommand,
  },
  {
    name: "start",
    summary: "Start one or more stopped containers",
    group: "Containers",
    load: async () => (await import("./containers/simple.ts")).startCommand,
  },
  {
    name: "stop",
    summary: "Stop one or more running containers",
    group: "Containers",
    load: async () => (await import("./containers/simple.ts")).stopCommand,
  },
  {
    name: "restart",
    summary: "Restart one or more containers",
    group: "Containers",
    load: async () => (await import("./containers/simple.ts")).restartCommand,
  },
  {
    name: "kill",
    summary: "Kill one or more running containers",
    group: "Containers",
    load: async () => (await import("./containers/simple.ts")).killCommand,
  },
  {
    name: "rm",
    summary: "Remove one or more containers",
    group: "Containers",
    load: async () => (await import("./containers/simple.ts")).rmCommand,
  },
  {
    name: "ps",
    summary: "List containers",
    group: "Containers",
    load: async () => (await import("./containers/ps.ts")).psCommand,
  },
  {
    name: "logs",
    summary: "Fetch the logs of a container",
    group: "Containers",
    load: async () => (await import("./containers/logs.ts")).logsCommand,
  },
  {
    name: "exec",
    summary: "Execute a command in a running container",
    group: "Containers",
    load: async () => (await import("./containers/exec.ts")).execCommand,
  },
  {
    name: "cp",
    summary: "Copy files/folders between a container and the local filesystem",
    group: "Containers",
    load: async () => (await import("./containers/cp.ts")).cpCommand,
  },
  {
    name: "attach",
    summary: "Attach local standard input, output, and error streams to a running container",
    group: "Containers",
    load: async () => (await import("./containers/attach.ts")).attachCommand,
  },
  {
    name: "inspect",
    summary: "Return low-level information on containers, images, networks and volumes",
    group: "Containers",
    load: async () => (await import("./containers/inspect.ts")).inspectCommand,
  },
  {
    name: "pause",
    summary: "Pause all processes within one or more containers",
    group: "Containers",
    load: async () => (await import("./containers/simple.ts")).pauseCommand,
  },
  {
    name: "unpause",
    summary: "Unpause all processes within one or more containers",
    group: "Containers",
    load: async () => (await import("./containers/simple.ts")).unpauseCommand,
  },
  {
    name: "wait",
    summary: "Block until one or more containers stop, then print their exit codes",
    group: "Containers",
    load: async () => (await import("./containers/simple.ts")).waitCommand,
  },
  {
    name: "rename",
    summary: "Rename a container",
    group: "Containers",
    load: async () => (await import("./containers/simple.ts")).renameCommand,
  },
  {
    name: "update",
    summary: "Update configuration of one or more containers",
    group: "Containers",
    load: async () => (await import("./containers/update.ts")).updateCommand,
  },
  {
    name: "top",
    summary: "Display the running processes of a container, or what all of them use",
    group: "Containers",
    load: async () => (await import("./containers/top.ts")).topCommand,
  },
  {
    name: "stats",
    summary: "Display a live stream of container(s) resource usage statistics",
    group: "Containers",
    load: async () => (await import("./containers/stats.ts")).statsCommand,
  },
  {
    name: "events",
    summary: "Get real time events of containers, images, volumes and networks",
    group: "Containers",
    load: async () => (await import("./containers/events.ts")).eventsCommand,
  },
  {
    name: "container",
    summary: "Manage containers",
    group: "Containers",
    load: async () => (await import("./containers/commands.ts")).containerCommand,
  },
  {
    name: "explain",
    summary: "Show each step that a command would perform, and why",
    group: "Containers",
    load: async () => (await import("./explain.ts")).explainCommand,
  },
  {
    name: "oci",
    summary: "Speak the command line of an OCI runtime, as runc does",
    group: "Containers",
    load: async () => (await import("./oci-command.ts")).ociCommand,
  },
  {
    name: "pull",
    summary: "Download an image from a registry",
    group: "Images and volumes",
    load: async () => (await import("./images/pull.ts")).pullCommand,
  },
  {
    name: "push",
    summary: "Upload an image to a registry",
    group: "Images and volumes",
    load: async () => (await import("./images/push.ts")).pushCommand,
  },
  {
    name: "images",
    summary: "List images",
    group: "Images and volumes",
    load: async () => (await import("./images/list.ts")).imagesCommand,
  },
  {
    name: "rmi",
    summary: "Remove one or more images",
    group: "Images and volumes",
    load: async () => (await import("./images/remove.ts")).rmiCommand,
  },
  {
    name: "tag",
    summary: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
    group: "Images and volumes",
    load: async () => (await import("./images/tag.ts")).tagCommand,
  },
  {
    name: "history",
    summary: "Show the history of an image",
    group: "Images and volumes",
    load: async () => (await import("./images/history.ts")).historyCommand,
  },
  {
    name: "load",
    summary: "Load an image from a tar archive or STDIN",
    group: "Images and volumes",
    load: async () => (await import("./images/load.ts")).loadCommand,
  },
  {
    name: "save",
    summary: "Save one or more images to a tar archive (streamed to STDOUT by default)",
    group: "Images and volumes",
    load: async () => (await import("./images/save.ts")).saveCommand,
  },
  {
    name: "import",
    summary: "Import the contents from a tarball to create a filesystem image",
    group: "Images and volumes",
    load: async () => (await import("./images/import.ts")).importCommand,
  },
  {
    name: "commit",
    summary: "Create a new image from a container's changes",
    group: "Images and volumes",
    load: async () => (await import("./images/containers.ts")).commitCommand,
  },
  {
    name: "diff",
    summary: "Inspect changes to files or directories on a container's filesystem",
    group: "Images and volumes",
    load: async () => (await import("./images/containers.ts")).diffCommand,
  },
  {
    name: "export",
    summary: "Export a container's filesystem as a tar archive",
    group: "Images and volumes",
    load: async () => (await import("./images/containers.ts")).exportCommand,
  },
  {
    name: "login",
    summary: "Authenticate to a registry",
    group: "Images and volumes",
    load: async () => (await import("./images/login.ts")).loginCommand,
  },
  {
    name: "logout",
    summary: "Log out from a registry",
    group: "Images and volumes",
    load: async () => (await import("./images/login.ts")).logoutCommand,
  },
  {
    name: "search",
    summary: "Search Docker Hub for images (not supported)",
    group: "Images and volumes",
    load: async () => (await import("./images/search.ts")).searchCommand,
  },
  {
    name: "image",
    summary: "Manage images",
    group: "Images and volumes",
    load: async () => (await import("./images/commands.ts")).imageCommand,
  },
  {
    name: "manifest",
    summary: "Manage image manifests and manifest lists",
    group: "Images and volumes",
    load: async () => (await import("./images/manifest.ts")).manifestCommand,
  },
  {
    name: "volume",
    summary: "Manage volumes",
    group: "Images and volumes",
    load: async () => (await import("./volumes/commands.ts")).volumeCommand,
  },
  {
    name: "system",
    summary: "Manage what bunker keeps on this machine",
    group: "Images and volumes",
    load: async () => (await import("./system/commands.ts")).systemCommand,
  },
  {
    name: "network",
    summary: "Manage networks",
    group: "Networks",
    load: async () => (await import("./networks/commands.ts")).networkCommand,
  },
  {
    name: "port",
    summary: "List port mappings or a specific mapping for the container",
    group: "Networks",
    load: async () => (await import("./networks/port.ts")).portCommand,
  },
  {
    name: "unshare",
    summary: "Run a program in new namespaces",
    group: "Namespaces",
    load: async () => (await import("./unshare.ts")).unshareCommand,
  },
  {
    name: "nsenter",
    summary: "Run a program in the namespaces of a process",
    group: "Namespaces",
    load: async () => (await import("./nsenter.ts")).nsenterCommand,
  },
  {
    name: "clone",
    summary: "Run a program as a child with a host name of its own",
    group: "Namespaces",
    load: async () => (await import("./clone.ts")).cloneCommand,
  },
  {
    name: "completion",
    summary: "Print a shell's completion of bunker's command lines",
    group: "About",
    load: async () => (await import("./completion/command.ts")).completionCommand,
  },
  {
    name: "info",
    summary: "Display system-wide information",
    group: "About",
    load: async () => (await import("./system/info.ts")).infoCommand,
  },
  {
    name: "man",
    summary: "Print the manual, for man(1)",
    group: "About",
    load: async () => (await import("./man/command.ts")).manCommand,
  },
  {
    name: "version",
    summary: "Show the version",
    group: "About",
    load: async () => (await import("./version.ts")).versionCommand,
  },
  {
    name: "help",
    summary: "Show the help of a command",
    group: "About",
    load: async () => (await import("./help-command.ts")).helpCommand,
  },
];

/** Returns a command's row, hidden ones included. */
export function findCommand(name: string): CommandEntry | undefined {
  // Start-up time: the first `find` of a program costs 17 µs more than this.
  for (const entry of commands) if (entry.name === name) return entry;
  return undefined;
}
