// What this machine is called in images, and by docker.

export { thisPlatform } from "../../image/platform.ts";
