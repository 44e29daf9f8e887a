// Brings the listener of a seccomp filter to the program that answers it, the seccomp agent at
// `linux.seccomp.listenerPath`. config-linux.md, "The Container Process State".

import { AGENT_PAGE, INIT_PAGE, type Performer } from "../../../ffi/agent/performer.ts";
import type { Slot } from "../../../ffi/call.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { readText } from "../../../ffi/files.ts";
import { connect, sendmsg, SOCK, socket } from "../../../ffi/socket.ts";
import { closeListener, takeListener } from "../../container/listener.ts";
import { UserError } from "../../errors.ts";
import type { Spec } from "../../oci/spec.ts";
import { type ContainerProcessState, SECCOMP_FD_NAME, type State } from "../../oci/state.ts";

/** A seccomp agent that waits for a listener. */
export class SeccompAgent implements Disposable {
  readonly #connection: Fd;
  readonly #metadata: string | undefined;

  /** @throws UserError where there is no such agent, in runc's words */
  constructor({ linux }: Spec) {
    const { listenerPath = "", listenerMetadata } = linux?.seccomp ?? {};
    if (listenerPath === "") {
      const message = "linux.seccomp.listenerPath: must be given with SCMP_ACT_NOTIFY";
      throw new UserError(message, undefined, 1);
    }
    this.#metadata = listenerMetadata;
    this.#connection = socket(SOCK.SOCK_STREAM);
    try {
      connect(this.#connection.number, listenerPath);
    } catch (cause) {
      this[Symbol.dispose]();
      throw refuse("failed to connect with seccomp agent specified in the seccomp profile", cause);
    }
  }

  /** Waits for the filter of a container's init process, or of a process that has entered it. */
  hand(performer: Performer, listener: Slot, state: State): void {
    const isInit = performer.pid(INIT_PAGE) !== 0;
    using fd = takeListener(performer, listener, isInit ? INIT_PAGE : AGENT_PAGE);
    if (fd === undefined) return;
    const message: ContainerProcessState = {
      ociVersion: state.ociVersion,
      fds: [SECCOMP_FD_NAME],
      pid: isInit ? performer.pid(INIT_PAGE) : childOf(performer.pid(AGENT_PAGE)),
      ...(this.#metadata === undefined ? {} : { metadata: this.#metadata }),
      state,
    };
    try {
      const bytes = new TextEncoder().encode(JSON.stringify(message));
      sendmsg(this.#connection.number, bytes, [fd.number]);
    } catch (cause) {
      throw refuse("cannot send seccomp fd to the seccomp agent", cause);
    }
    this[Symbol.dispose]();
  }

  /** Closes what is left of the listener here, once our agent is not busy any more. */
  settle(performer: Performer, listener: Slot): void {
    closeListener(performer, listener);
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }
}

/** The agent waits for its only child to become a program, so that it cannot tell itself. */
function childOf(pid: number): number {
  return Number.parseInt(readText(`/proc/${pid}/task/${pid}/children`), 10);
}

function refuse(text: string, cause: unknown): UserError {
  return new UserError(`unable to start container process: ${text}`, undefined, 1, { cause });
}
