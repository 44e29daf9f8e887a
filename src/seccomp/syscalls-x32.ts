// Data: how x32 differs from x86-64, with whose numbers it otherwise goes along (all of them with
// bit 30 set). The form is told in syscalls.ts.

/** Calls of x86-64 that x32 does not have. Read by syscalls.ts only. */
export const X32_LACKS =
  "uselib _sysctl create_module get_kernel_syms query_module nfsservctl set_thread_area get_thread_area epoll_ctl_old epoll_wait_old vserver";

/** Calls whose arguments hold pointers or longs: x32 has its own from 512. */
export const SYSCALLS_X32_OWN = `
512 rt_sigaction rt_sigreturn ioctl readv writev recvfrom sendmsg recvmsg execve ptrace
rt_sigpending rt_sigtimedwait rt_sigqueueinfo sigaltstack timer_create mq_notify kexec_load waitid
set_robust_list get_robust_list vmsplice move_pages preadv pwritev rt_tgsigqueueinfo recvmmsg
sendmmsg process_vm_readv process_vm_writev setsockopt getsockopt io_setup io_submit execveat
preadv2 pwritev2
`;
