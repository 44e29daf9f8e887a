// The flags of `run` about the container's health.
import type { FlagTable } from "../flag.ts";
import { UserError } from "../../errors.ts";
import { parseDuration } from "../values/duration.ts";
import type { RunDraft } from "./draft.ts";

const group = "Health";
const LEAST_MS = 1;

type Time = "intervalMs" | "timeoutMs" | "startPeriodMs" | "startIntervalMs";

/** docker's names of them. */
const names: Readonly<Record<Time, string>> = {
  intervalMs: "Interval",
  timeoutMs: "Timeout",
  startPeriodMs: "StartPeriod",
  startIntervalMs: "StartInterval",
};

const time = (key: Time, help: string): FlagTable<RunDraft>[string] => ({
  type: "text",
  group,
  placeholder: "duration",
  help,
  set: (draft, text) => {
    const ms = parseDuration(text);
    if (ms !== 0 && ms < LEAST_MS) {
      throw new UserError(`${names[key]} in Healthcheck cannot be less than 1ms`);
    }
    draft.options.health = { ...draft.options.health, [key]: ms };
  },
});

export const healthFlags: FlagTable<RunDraft> = {
  "health-cmd": {
    type: "text",
    group,
    help: "Command to run to check health",
    set: (draft, text) => {
      draft.options.health = { ...draft.options.health, test: ["CMD-SHELL", text] };
    },
  },
  "health-interval": time("intervalMs", "Time between running the check (ms|s|m|h) (default 30s)"),
  "health-retries": {
    type: "int",
    group,
    help: "Consecutive failures needed to report unhealthy",
    set: (draft, value) => {
      if (value < 0) throw new UserError("--health-retries cannot be negative");
      draft.options.health = { ...draft.options.health, retries: value };
    },
  },
  "health-start-interval": time(
    "startIntervalMs",
    "Time between running the check during the start period (ms|s|m|h) (default 5s)",
  ),
  "health-start-period": time(
    "startPeriodMs",
    "Start period for the container to initialize before starting health-retries countdown",
  ),
  "health-timeout": time("timeoutMs", "Maximum time to allow one check to run (ms|s|m|h)"),
  "no-healthcheck": {
    type: "bool",
    group,
    help: "Disable any container-specified HEALTHCHECK",
    set: (draft, value) => {
      if (value) draft.options.health = { test: ["NONE"] };
    },
  },
};
