// The steps of a cgroup manager, told: those of a kind in a row are one step.

import type { CgroupStep } from "../../../cgroups/steps.ts";
import { bunkerStep, type ExplainedCall, type ExplainedStep, makeCall } from "./explanation.ts";

/** The making and limiting of the container's cgroup. */
export function explainCgroupSteps(steps: readonly CgroupStep[]): ExplainedStep[] {
  const groups: { key: string; steps: CgroupStep[] }[] = [];
  for (const step of steps) {
    const key = keyOf(step);
    const last = groups.at(-1);
    if (last?.key === key) last.steps.push(step);
    else groups.push({ key, steps: [step] });
  }
  return groups.map((group) => bunkerStep(whyOf(group.steps), ...group.steps.flatMap(callsOf)));
}

/** Every directory belongs to one step, whatever is inherited between; files by their controller. */
function keyOf(step: CgroupStep): string {
  if (step.op !== "write") return step.op === "inherit" ? "mkdir" : step.op;
  const file = step.path.slice(step.path.lastIndexOf("/") + 1);
  return file.startsWith("devices.") ? "devices" : `${file} ${step.why}`;
}

function whyOf(steps: readonly CgroupStep[]): string {
  const [first] = steps;
  if (first === undefined) return "";
  if (first.op === "mkdir") return "the container's cgroup: what is limited, and what is ended";
  if (keyOf(first) === "devices") return "the devices that may be used, and nothing else";
  return first.why;
}

function callsOf(step: CgroupStep): ExplainedCall[] {
  switch (step.op) {
    case "mkdir":
      return [{ ...makeCall("mkdir", [quote(step.path), "0755"]), path: step.path }];
    case "write": {
      const call = writeCall(step.path, step.value);
      return [step.optional === true ? { ...call, tolerate: ["ENOENT"] } : call];
    }
    case "inherit":
      return [writeCall(step.path, "<the value of the cgroup above>")];
    case "delegate": {
      const value = step.controllers.map((controller) => `+${controller}`).join(" ");
      return [writeCall(`${step.directory}/cgroup.subtree_control`, value)];
    }
    case "attach-device-filter":
      return [
        makeCall("bpf", ["BPF_PROG_LOAD", "{BPF_PROG_TYPE_CGROUP_DEVICE}"]),
        makeCall("bpf", ["BPF_PROG_ATTACH", quote(step.path), "BPF_CGROUP_DEVICE"]),
      ];
  }
}

/** Opening and closing are left out: a file is written in one piece. */
export function writeCall(path: string, text: string): ExplainedCall {
  return { ...makeCall("write", [quote(path), quote(text)]), path };
}

/** A string as strace shows it. */
export const quote = (text: string): string => JSON.stringify(text);
