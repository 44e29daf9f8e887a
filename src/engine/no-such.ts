// docker's words for what is not there, with what to do next.

import { UserError } from "../errors.ts";

const LIST_CONTAINERS = "'bunker ps --all' lists those that there are";

/** @param exitCode 125 for `run`, which could not run anything */
export const noSuchContainer = (text: string, exitCode = 1): UserError =>
  new UserError(`No such container: ${text}`, LIST_CONTAINERS, exitCode);

/** @param message docker's: its verbs say it in different words */
export const notRunning = (message: string, text: string): UserError =>
  new UserError(message, `'bunker start ${text}' starts it`, 1);

export const noSuchVolume = (name: string): UserError =>
  new UserError(`get ${name}: no such volume`, "'bunker volume ls' lists those that there are", 1);

export const noSuchNetwork = (name: string): UserError =>
  new UserError(`network ${name} not found`, "'bunker network ls' lists those that there are", 1);
