// The verbs by name, each in a module of its own, so that a call loads one of them.
import type { Verb } from "./verb.ts";

/** The verb of that name; undefined where there is none. */
export async function findVerb(name: string): Promise<Verb | undefined> {
  switch (name) {
    case "create":
      return (await import("./verbs/create.ts")).createVerb;
    case "start":
      return (await import("./verbs/start.ts")).startVerb;
    case "run":
      return (await import("./verbs/run.ts")).runVerb;
    case "exec":
      return (await import("./verbs/exec.ts")).execVerb;
    case "state":
      return (await import("./verbs/state.ts")).stateVerb;
    case "kill":
      return (await import("./verbs/kill.ts")).killVerb;
    case "delete":
      return (await import("./verbs/delete.ts")).deleteVerb;
    case "list":
      return (await import("./verbs/list.ts")).listVerb;
    case "ps":
      return (await import("./verbs/ps.ts")).psVerb;
    case "pause":
      return (await import("./verbs/pause.ts")).pauseVerb;
    case "resume":
      return (await import("./verbs/resume.ts")).resumeVerb;
    case "update":
      return (await import("./verbs/update.ts")).updateVerb;
    case "spec":
      return (await import("./verbs/spec.ts")).specVerb;
    case "events":
      return (await import("./verbs/events.ts")).eventsVerb;
    case "features":
      return (await import("./verbs/features.ts")).featuresVerb;
    case "checkpoint":
      return (await import("./verbs/checkpoint.ts")).checkpointVerb;
    case "restore":
      return (await import("./verbs/restore.ts")).restoreVerb;
    default:
      return undefined;
  }
}
