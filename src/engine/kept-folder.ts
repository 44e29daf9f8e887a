// Whether a folder of DATA/containers is that of a container that is kept.

import { fileSize } from "../../ffi/files.ts";

/** What was asked for; made first, and removed last but for the folder. */
export const CONFIG_FILE = "container.json";

/** Where a power loss has left the file empty, there was no container yet. */
export const isKeptFolder = (folder: string): boolean => fileSize(`${folder}/${CONFIG_FILE}`) > 0;
