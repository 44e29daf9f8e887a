// linux/prctl.h, sys/wait.h and the like: values that are about processes.

/** prctl(2): values. */
export const PR = {
  PR_SET_PDEATHSIG: 1,
  PR_SET_DUMPABLE: 4,
  PR_SET_KEEPCAPS: 8,
  PR_SET_NAME: 15,
  PR_CAPBSET_READ: 23,
  PR_CAPBSET_DROP: 24,
  PR_SET_SECUREBITS: 28,
  PR_SET_CHILD_SUBREAPER: 36,
  PR_SET_NO_NEW_PRIVS: 38,
  PR_GET_NO_NEW_PRIVS: 39,
  PR_CAP_AMBIENT: 47,
} as const;

export const PR_CAP_AMBIENT_RAISE = 2;
export const PR_CAP_AMBIENT_CLEAR_ALL = 4;

/** seccomp(2) */
export const SECCOMP_SET_MODE_FILTER = 1;

/** waitid(2): the kinds of id are values, the options bits. */
export const P_ALL = 0;
export const P_PID = 1;
export const P_PIDFD = 3;
export const W = {
  WNOHANG: 1,
  WSTOPPED: 2,
  WEXITED: 4,
  WCONTINUED: 8,
  WNOWAIT: 0x01000000,
} as const;

/** keyctl(2) */
export const KEYCTL_JOIN_SESSION_KEYRING = 1;
