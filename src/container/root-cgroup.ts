// Where what goes on by itself is put: into the root cgroup of systemd's own hierarchy, or of the unified one.
// systemd ends all that is in a service's cgroup when that service ends, whatever it was started for.

const SYSTEMD = "/sys/fs/cgroup/systemd";
const UNIFIED = "/sys/fs/cgroup";

/**
 * Files that a process with a single thread writes "0" to, the first that there is.
 * Kernel: `tasks` takes it without a long wait; `cgroup.procs` may wait for some milliseconds.
 */
export const ROOT_TASKS = [`${SYSTEMD}/tasks`, `${UNIFIED}/cgroup.procs`] as const;

/** Files that any process writes its pid to. */
export const ROOT_PROCS = [`${SYSTEMD}/cgroup.procs`, `${UNIFIED}/cgroup.procs`] as const;
