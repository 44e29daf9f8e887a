// `bunker container …`: docker's other spelling of the commands of containers.
import type { Command } from "../command.ts";
import type { CommandEntry } from "../commands.ts";
import { makeGroup } from "../group.ts";

const child = (
  name: string,
  summary: string,
  load: () => Promise<Command>,
  aliases?: readonly string[],
): CommandEntry => ({ name, summary, load, ...(aliases === undefined ? {} : { aliases }) });

const simple = () => import("./simple.ts");

export const containerCommand: Command = makeGroup("container", "Manage containers", [
  child(
    "attach",
    "Attach local standard input, output, and error streams to a running container",
    async () => (await import("./attach.ts")).attachCommand,
  ),
  child("commit", "Create a new image from a container's changes", async () => {
    return (await import("../images/containers.ts")).commitCommand;
  }),
  child("cp", "Copy files/folders between a container and the local filesystem", async () => {
    return (await import("./cp.ts")).cpCommand;
  }),
  child("create", "Create a new container", async () => (await import("../run.ts")).createCommand),
  child("diff", "Inspect changes to files or directories on a container's filesystem", async () => {
    return (await import("../images/containers.ts")).diffCommand;
  }),
  child("exec", "Execute a command in a running container", async () => {
    return (await import("./exec.ts")).execCommand;
  }),
  child("export", "Export a container's filesystem as a tar archive", async () => {
    return (await import("../images/containers.ts")).exportCommand;
  }),
  child("inspect", "Display detailed information on one or more containers", async () => {
    return (await import("./inspect.ts")).containerInspectCommand;
  }),
  child("kill", "Kill one or more running containers", async () => (await simple()).killCommand),
  child(
    "logs",
    "Fetch the logs of a container",
    async () => (await import("./logs.ts")).logsCommand,
  ),
  child("ls", "List containers", async () => (await import("./ps.ts")).psCommand, ["list", "ps"]),
  child("pause", "Pause all processes within one or more containers", async () => {
    return (await simple()).pauseCommand;
  }),

  child("port", "List port mappings or a specific mapping for the container", async () => {
    return (await import("../networks/port.ts")).portCommand;
  }),
  child("prune", "Remove all stopped containers", async () => {
    return (await import("./prune.ts")).containerPruneCommand;
  }),
  child("rename", "Rename a container", async () => (await simple()).renameCommand),
  child("restart", "Restart one or more containers", async () => (await simple()).restartCommand),
  child("rm", "Remove one or more containers", async () => (await simple()).rmCommand, ["remove"]),
  child(
    "run",
    "Create and run a new container",
    async () => (await import("../run.ts")).runCommand,
  ),
  child("start", "Start one or more stopped containers", async () => (await simple()).startCommand),
  child("stats", "Display a live stream of container(s) resource usage statistics", async () => {
    return (await import("./stats.ts")).statsCommand;
  }),
  child("stop", "Stop one or more running containers", async () => (await simple()).stopCommand),
  child(
    "top",
    "Display the running processes of a container, or what all of them use",
    async () => {
      return (await import("./top.ts")).topCommand;
    },
  ),
  child("unpause", "Unpause all processes within one or more containers", async () => {
    return (await simple()).unpauseCommand;
  }),
  child("update", "Update configuration of one or more containers", async () => {
    return (await import("./update.ts")).updateCommand;
  }),
  child(
    "wait",
    "Block until one or more containers stop, then print their exit codes",
    async () => {
      return (await simple()).waitCommand;
    },
  ),
]);
