// One of the two sides: a `docker` on the PATH of a shell that a line is given to.
import { normalise } from "./normalise.ts";

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Stream = "exit" | "stdout" | "stderr";

const TIMEOUT_MS = 60_000;

export class Side {
  /**
   * @param folder has `bin/docker`, and `home` in which the lines run
   * @param network the first two numbers of addresses that are this side's, `$NETWORK` in a line: the
   *   two sides are on one machine
   */
  constructor(
    private readonly folder: string,
    private readonly network: string,
  ) {}

  /** What came of a line, without what is never the same twice. */
  async run(line: string): Promise<Outcome> {
    const home = `${this.folder}/home`;
    const child = Bun.spawn(["sh", "-c", line], {
      cwd: home,
      env: {
        ...process.env,
        HOME: home,
        NETWORK: this.network,
        PATH: `${this.folder}/bin:${process.env["PATH"]}`,
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      // A group of its own: what the shell has started holds its output, and is to end with it.
      detached: true,
    });
    const timer = setTimeout(() => process.kill(-child.pid, "SIGKILL"), TIMEOUT_MS);
    const [stdout, stderr] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    clearTimeout(timer);
    const inNetwork = (text: string): string => text.replaceAll(`${this.network}.`, "<network>.");
    return normalise(
      { exitCode: await child.exited, stdout: inNetwork(stdout), stderr: inNetwork(stderr) },
      this.folder,
    );
  }
}

/** The streams in which two outcomes differ. */
export function differingStreams(one: Outcome, other: Outcome): Stream[] {
  const streams: Stream[] = [];
  if (one.exitCode !== other.exitCode) streams.push("exit");
  if (one.stdout !== other.stdout) streams.push("stdout");
  if (one.stderr !== other.stderr) streams.push("stderr");
  return streams;
}
