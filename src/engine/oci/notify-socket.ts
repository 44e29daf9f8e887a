// Readiness for systemd: a program in the container says READY=1, and whoever started the container
// hears of it. sd_notify(3)
//
//   the caller's NOTIFY_SOCKET ◀── READY=1 ── run, start ◀── notify ── the program
//
// `notify` is a socket in the container's state folder. The folder of it is mounted in the container
// where the caller's socket is on the host, and the program's NOTIFY_SOCKET names it, as with crun.

import { AT_FDCWD, O } from "../../../ffi/constants.ts";
import { open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { fileType, makeDirectory, removeFile } from "../../../ffi/files.ts";
import { poll, POLL } from "../../../ffi/poll.ts";
import { pidfd_open } from "../../../ffi/signal.ts";
import { bind, connect, recvmsg, sendmsg, SOCK, socket } from "../../../ffi/socket.ts";
import { fchmodat } from "../../../ffi/stat.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import type { Spec } from "../../oci/spec.ts";

const FOLDER = "notify";
const NAME = "notify";
const DATAGRAM_BYTES = 4096;

/** The caller's socket; undefined where nobody wants to hear, or by a name that is no path. */
export function callersSocket(): string | undefined {
  const path = process.env["NOTIFY_SOCKET"] ?? "";
  return path.startsWith("/") ? path : undefined;
}

/** The spec with the folder of the socket mounted, and the program told of it. */
export function withNotify(spec: Spec, path: string, stateFolder: string): Spec {
  const { process, mounts = [] } = spec;
  if (process === undefined) return spec;
  makeDirectory(`${stateFolder}/${FOLDER}`, 0o755);
  const mount = {
    destination: path,
    type: "bind",
    source: `${stateFolder}/${FOLDER}`,
    options: ["bind", "nosuid", "noexec", "nodev", "ro"],
  };
  const env = [...(process.env ?? []), `NOTIFY_SOCKET=${path}/${NAME}`];
  return { ...spec, process: { ...process, env }, mounts: [...mounts, mount] };
}

/** A socket that the program can reach; undefined where the container was made without. */
export function openNotify(stateFolder: string): Fd | undefined {
  const folder = `${stateFolder}/${FOLDER}`;
  if (fileType(folder) === 0) return undefined;
  // By its folder, as the path of a socket must be short.
  using place = open(folder, O.O_PATH | O.O_DIRECTORY);
  const path = `/proc/self/fd/${place.number}/${NAME}`;
  removeFile(path);
  const inside = socket(SOCK.SOCK_DGRAM);
  bind(inside.number, path);
  fchmodat(AT_FDCWD, path, 0o666);
  return inside;
}

/** Waits until the program is ready and says so to the caller, or until process `pid` has ended. */
export function passReadiness(inside: Fd, path: string, pid: number): void {
  using ended = openProcess(pid);
  const requests = [inside.number, ended?.number ?? -1].map((fd) => ({ fd, events: POLL.POLLIN }));
  for (;;) {
    // Race: a program that has ended by now may have said it all the same.
    const [isThere = 0] = poll(requests, ended === undefined ? 0 : -1);
    if (isThere === 0) return;
    const { data } = recvmsg(inside.number, DATAGRAM_BYTES, 0);
    if (new TextDecoder().decode(data).split("\n").includes("READY=1")) break;
  }
  tell(path, ["READY=1", `MAINPID=${pid}`]);
}

function openProcess(pid: number): Fd | undefined {
  try {
    return pidfd_open(pid);
  } catch (error) {
    if (isSyscallError(error, "ESRCH")) return undefined;
    throw error;
  }
}

/** A caller that is gone is no matter: the container runs. */
function tell(path: string, messages: readonly string[]): void {
  try {
    using outside = socket(SOCK.SOCK_DGRAM);
    connect(outside.number, path);
    for (const text of messages) sendmsg(outside.number, new TextEncoder().encode(text), []);
  } catch (error) {
    if (!isSyscallError(error)) throw error;
  }
}
