// How a pull or push is shown: a line for each layer that changes in place on a terminal, and
// elsewhere a line for each thing that happens.
import type { PullProgress } from "../../engine/run-options.ts";
import type { BlobProgress, ProgressSink } from "../../engine/images/transfer.ts";
import { getWindowSize, type WindowSize } from "../../../ffi/termios.ts";
import type { CommandContext } from "../command.ts";
import { formatBytes } from "../format/units.ts";

/** Where the lines go, and what is known of the place. */
export interface ProgressPlace {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Of the terminal, at the moment. */
  readonly columns: number;
  readonly rows?: number;
}

/** Returns what shows progress on stdout. */
export function showOnStdout(context: CommandContext, kind: ProgressKind): ProgressSink {
  return showProgress(
    findPlace(context, 1, (text) => context.write(text)),
    kind,
  );
}

/** A terminal that only goes forward is as good as a file. */
function findPlace(
  context: CommandContext,
  fd: 1 | 2,
  write: (text: string) => void,
): ProgressPlace {
  const isTerminal = context.isTerminal(fd) && context.env["TERM"] !== "dumb";
  const size = (): WindowSize => (isTerminal ? getWindowSize(fd) : { rows: 0, columns: 0 });
  return {
    write,
    isTerminal,
    get columns() {
      return size().columns || USUAL_COLUMNS;
    },
    get rows() {
      return size().rows || Infinity;
    },
  };
}

const USUAL_COLUMNS = 80;

/** Returns what shows a run's pull on stderr. */
export function showPullOfRun(context: CommandContext): PullProgress {
  const write = (text: string): void => context.writeError(text);
  return {
    ...showProgress(findPlace(context, 2, write), "pull"),
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

function showInPlace(place: ProgressPlace, kind: ProgressKind): ProgressSink {
  const { write } = place;
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
      const { columns, rows = Infinity } = place;
      const text = `${shortId(digest)}: ${describe(progress, kind)}`;
      const room = columns - 1;
      const line = (text + formatBar(progress, room - text.length)).slice(0, room);
      if (lines.get(digest) === line) return;
      const isNew = !lines.has(digest);
      lines.set(digest, line);
      if (isNew) write(`${line}\n`);
      else {
        const up = lines.size - [...lines.keys()].indexOf(digest);
        // What has left the screen stays as it is.
        if (up < rows) redraw(write, up, line);
      }
    },
  };
}

/** Goes up to the line, writes it anew, and comes back. */
function redraw(write: (text: string) => void, up: number, line: string): void {
  write(`\x1b[${up}A\x1b[2K\r${line}\x1b[${up}B\r`);
}

const BAR_WIDTH = 50;
/** Less says less than the numbers alone. */
const LEAST_BAR = 8;
/** `999.9MB/999.9MB`, so that the bar keeps its width while they grow. */
const SIZES_WIDTH = 15;

/** `[=====>     ]  1.2MB/3.4MB`, where bytes are passing; the numbers alone where there is no room. */
function formatBar({ phase, doneBytes = 0, totalBytes = 0 }: BlobProgress, room: number): string {
  if (phase !== "downloading" && phase !== "uploading") return "";
  const sizes = `${formatBytes(doneBytes)}/${formatBytes(totalBytes)}`;
  const width = Math.min(BAR_WIDTH, room - SIZES_WIDTH - " [>]  ".length);
  if (width < LEAST_BAR) return ` ${sizes}`;
  const share = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes);
  const bar = `${"=".repeat(Math.floor(share * width))}>`.padEnd(width + 1);
  return ` [${bar}]  ${sizes}`;
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
