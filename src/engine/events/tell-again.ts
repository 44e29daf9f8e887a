// Telling of what a replayed command does, in a text that an earlier one has put together: only the time
// and what is another each time are filled in.

import { appendText } from "./event-log.ts";

/** What stands for the values, in their order: characters that mean nothing by themselves. */
const FIRST = 0xe000;

export const standFor = (index: number): string => String.fromCharCode(FIRST + index);

/** Whether a text can be told with stand-ins in it. */
export const isFreeOfStandIns = (text: string): boolean => !/[\ue000-\ue0ff]/.test(text);

/** How each line begins: within a string there would be a backslash before the quotes. */
const TIMELESS = '{"timeMs":0,';

/** @param told lines of events without a time, see formatTold() */
export function tellAgain(runFolder: string, told: string, values: readonly string[]): void {
  const now = performance.timeOrigin + performance.now();
  let text = told.replaceAll(TIMELESS, `{"timeMs":${now},`);
  for (let i = 0; i < values.length; i++) text = text.replaceAll(standFor(i), values[i] ?? "");
  appendText(runFolder, text);
}
