// The live table of `stats`: the alternate screen, drawn anew each second and when the window changes;
// q or ctrl-c leaves it, and the terminal is as it was.
import type { Usage } from "../../engine/containers/processes.ts";
import { formatBytes } from "../format/units.ts";
import { formatBinary } from "./stats.ts";
import { drawBar, drawSparkline } from "./pictures.ts";
import { History, makeRates } from "./usage-rates.ts";

const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const REST_OF_LINE = "\u001b[K";
const REST_OF_SCREEN = "\u001b[J";

/** Shows usage until it is left. Returns the exit code. */
export async function showLive(read: () => Usage[], intervalMs: number): Promise<number> {
  const { stdin, stdout } = process;
  const history = new History();
  const draw = (usages: readonly Usage[]): void => {
    const lines = drawLines(usages, history, stdout.columns ?? 80, stdout.rows ?? 24);
    stdout.write(HOME + lines.map((line) => line + REST_OF_LINE).join("\r\n") + REST_OF_SCREEN);
  };
  stdout.write(ENTER);
  stdin.setRawMode?.(true);
  try {
    await new Promise<void>((resolve) => {
      let shown = read();
      history.add(shown);
      draw(shown);
      const timer = setInterval(() => {
        shown = read();
        draw(shown);
        history.add(shown);
      }, intervalMs);
      const leave = (): void => {
        clearInterval(timer);
        resolve();
      };
      stdout.on("resize", () => draw(shown));
      stdin.on("data", (keys: Buffer) => {
        if (/[q\u0003\u0004]/.test(keys.toString())) leave();
      });
      for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, leave);
    });
  } finally {
    stdin.setRawMode?.(false);
    stdin.pause();
    stdout.write(LEAVE);
  }
  return 0;
}

const NAME_WIDTH = 20;
const BAR_WIDTH = 10;
const GRAPH_WIDTH = 20;

/** The lines of the screen, cut to its size. */
export function drawLines(
  usages: readonly Usage[],
  history: History,
  columns: number,
  rows: number,
): string[] {
  const head = [
    "NAME".padEnd(NAME_WIDTH),
    "CPU %".padEnd(8 + BAR_WIDTH),
    "LAST MINUTE".padEnd(GRAPH_WIDTH),
    "MEM / LIMIT".padEnd(22 + BAR_WIDTH),
    "NET I/O".padEnd(18),
    "BLOCK I/O".padEnd(18),
    "PIDS",
  ].join(" ");
  const body = usages.map((usage) => drawRow(usage, history));
  const more = body.length > rows - 3 ? [`… and ${body.length - rows + 3} more`] : [];
  const shown = body.slice(0, Math.max(0, rows - 2 - more.length));
  const foot = usages.length === 0 ? ["no container runs"] : [];
  return [head, ...shown, ...more, ...foot, "q: leave"]
    .slice(0, rows)
    .map((line) => [...line].slice(0, columns).join(""));
}

function drawRow(usage: Usage, history: History): string {
  const { container, stats, network } = usage;
  const rates = makeRates(usage, history);
  if (stats === undefined) return `${container.name.padEnd(NAME_WIDTH)} --`;
  const cpus = Math.max(1, navigator.hardwareConcurrency);
  const memory = `${formatBinary(rates.memoryBytes)} / ${formatBinary(rates.limitBytes)}`;
  return [
    container.name.slice(0, NAME_WIDTH).padEnd(NAME_WIDTH),
    `${`${rates.cpuPercent.toFixed(1)}%`.padStart(7)} ${drawBar(rates.cpuPercent / (100 * cpus), BAR_WIDTH)}`,
    drawSparkline(history.cpuPercents(container.id), GRAPH_WIDTH),
    `${memory.padEnd(21)} ${drawBar(rates.memoryPercent / 100, BAR_WIDTH)}`,
    `${formatBytes(network.receivedBytes, 3)} / ${formatBytes(network.sentBytes, 3)}`.padEnd(18),
    `${formatBytes(rates.readBytes, 3)} / ${formatBytes(rates.writtenBytes, 3)}`.padEnd(18),
    String(stats.pids.current),
  ].join(" ");
}
