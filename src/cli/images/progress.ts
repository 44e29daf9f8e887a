// How a pull or push is shown: a line for each layer that changes in place on a terminal, and
// elsewhere a line for each thing that happens.
import type { PullProgress } from "../../engine/run-options.ts";
import type { BlobProgress, ProgressSink } from "../../engine/images/transfer.ts";
import type { CommandContext } from "../command.ts";
import { formatBytes } from "../format/units.ts";

/** Where the lines go, and what is known of the place. */
export interface ProgressPlace {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Of the terminal. */
  readonly columns: number;
}

/** Returns what shows progress on stdout. */
export function showOnStdout(context: CommandContext, kind: ProgressKind): ProgressSink {
  return showProgress(
    {
      write: (text) => context.write(text),
      isTerminal: context.isTerminal(1),
      columns: context.columns(),
    },
    kind,
  );
}

/** Returns what shows a run's pull on stderr. */
export function showPullOfRun(context: CommandContext): PullProgress {
  const write = (text: string): void => context.writeError(text);
  const place = { write, isTerminal: context.isTerminal(2), columns: context.columns() };
  return {
    ...showProgress(place, "pull"),
    end: ({ name, digest, isNew }) => {
      write(`Digest: ${digest}\nStatus: ${formatStatus(name, isNew)}\n`);
    },
  };
}

/** docker's last word on a pull. */
export function formatStatus(name: string, isNew: boolean): string {
  return isNew ? `Downloaded newer image for ${name}` : `Image is up to date for ${name}`;
}

export type ProgressKind = "pull" | "push";

/** Returns a sink that writes to a place. */
export function showProgress(place: ProgressPlace, kind: ProgressKind): ProgressSink {
  return place.isTerminal ? showInPlace(place, kind) : showLines(place, kind);
}

function showLines({ write }: ProgressPlace, kind: ProgressKind): ProgressSink {
  const phases = new Map<string, string>();
  return {
    message: (text) => write(`${text}\n`),
    blob: (progress) => {
      const { digest, phase } = progress;
      // Bytes that pass are no news to a file.
      if (phase === "downloading" || phase === "uploading") return;
      const text = describe(progress, kind);
      if (phases.get(digest) === text) return;
      phases.set(digest, text);
      write(`${shortId(digest)}: ${text}\n`);
    },
  };
}

const redrawMs = 50;

function showInPlace({ write, columns }: ProgressPlace, kind: ProgressKind): ProgressSink {
  const lines = new Map<string, string>();
  const shown = new Map<string, number>();
  return {
    message: (text) => {
      lines.clear();
      write(`${text}\n`);
    },
    blob: (progress) => {
      const { digest, phase, doneBytes = 0, totalBytes = 0 } = progress;
      const now = performance.now();
      const isPassing = phase === "downloading" || phase === "uploading";
      const isSoon = now - (shown.get(digest) ?? -Infinity) < redrawMs;
      if (isPassing && isSoon && doneBytes < totalBytes) return;
      shown.set(digest, now);
      const text = `${shortId(digest)}: ${describe(progress, kind)}${formatBar(progress)}`;
      const line = text.slice(0, Math.max(20, columns - 1));
      if (lines.get(digest) === line) return;
      const isNew = !lines.has(digest);
      lines.set(digest, line);
      if (isNew) write(`${line}\n`);
      else redraw(write, [...lines.keys()].indexOf(digest), lines.size, line);
    },
  };
}

/** Goes up to the line, writes it anew, and comes back. */
function redraw(write: (text: string) => void, index: number, count: number, line: string): void {
  const up = count - index;
  write(`\x1b[${up}A\x1b[2K\r${line}\x1b[${up}B\r`);
}

const barWidth = 50;

/** `[=====>     ]  1.2MB/3.4MB`, where bytes are passing. */
function formatBar({ phase, doneBytes = 0, totalBytes = 0 }: BlobProgress): string {
  if (phase !== "downloading" && phase !== "uploading") return "";
  const share = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes);
  const done = Math.floor(share * barWidth);
  const bar = `${"=".repeat(done)}>`.padEnd(barWidth + 1);
  const sizes = `${formatBytes(doneBytes)}/${formatBytes(totalBytes)}`;
  return ` [${bar.slice(0, barWidth + 1)}]  ${sizes}`;
}

/** docker's words. */
function describe(progress: BlobProgress, kind: ProgressKind): string {
  const { phase, from = "", reason = "", pauseMs = 0 } = progress;
  switch (phase) {
    case "waiting":
      return kind === "pull" ? "Pulling fs layer" : "Preparing";
    case "exists":
      return kind === "pull" ? "Already exists" : "Layer already exists";
    case "downloading":
      return "Downloading";
    case "verifying":
      return "Verifying Checksum";
    case "unpacking":
      return "Extracting";
    case "uploading":
      return "Pushing";
    case "mounted":
      return `Mounted from ${from}`;
    case "retrying":
      return `Retrying in ${Math.ceil(pauseMs / 1000)} seconds: ${reason}`;
    case "done":
      return kind === "pull" ? "Pull complete" : "Pushed";
  }
}

/** docker shows twelve digits. */
function shortId(digest: string): string {
  return digest.slice("sha256:".length, "sha256:".length + 12);
}
