// Linux's error numbers (asm-generic/errno.h, the same on x86-64 and arm64), by name and in words.

// "NAME words" in the order of the numbers from 1; a gap is an empty entry.
const TABLE =
  "EPERM operation not permitted|ENOENT no such file or directory|ESRCH no such process|EINTR interrupted system call|EIO input/output error|ENXIO no such device or address|E2BIG argument list too long|ENOEXEC exec format error|EBADF bad file descriptor|ECHILD no child processes|EAGAIN resource temporarily unavailable|ENOMEM cannot allocate memory|EACCES permission denied|EFAULT bad address|ENOTBLK block device required|EBUSY device or resource busy|EEXIST file exists|EXDEV invalid cross-device link|ENODEV no such device|ENOTDIR not a directory|EISDIR is a directory|EINVAL invalid argument|ENFILE too many open files in system|EMFILE too many open files|ENOTTY inappropriate ioctl for device|ETXTBSY text file busy|EFBIG file too large|ENOSPC no space left on device|ESPIPE illegal seek|EROFS read-only file system|EMLINK too many links|EPIPE broken pipe|EDOM numerical argument out of domain|ERANGE numerical result out of range|EDEADLK resource deadlock avoided|ENAMETOOLONG file name too long|ENOLCK no locks available|ENOSYS function not implemented|ENOTEMPTY directory not empty|ELOOP too many levels of symbolic links||ENOMSG no message of desired type|EIDRM identifier removed||||||||||||||||||ENODATA no data available|ETIME timer expired|ENOSR out of streams resources||||ENOLINK link has been severed||||EPROTO protocol error|EMULTIHOP multihop attempted||EBADMSG bad message|EOVERFLOW value too large for defined data type|ENOTUNIQ name not unique on network|EBADFD file descriptor in bad state|||ELIBBAD accessing a corrupted shared library||||EILSEQ invalid or incomplete character|||EUSERS too many users|ENOTSOCK socket operation on non-socket|EDESTADDRREQ destination address required|EMSGSIZE message too long|EPROTOTYPE protocol wrong type for socket|ENOPROTOOPT protocol not available|EPROTONOSUPPORT protocol not supported|ESOCKTNOSUPPORT socket type not supported|EOPNOTSUPP operation not supported|EPFNOSUPPORT protocol family not supported|EAFNOSUPPORT address family not supported|EADDRINUSE address already in use|EADDRNOTAVAIL cannot assign requested address|ENETDOWN network is down|ENETUNREACH network is unreachable|ENETRESET network dropped connection on reset|ECONNABORTED software caused connection abort|ECONNRESET connection reset by peer|ENOBUFS no buffer space available|EISCONN transport endpoint is already connected|ENOTCONN transport endpoint is not connected|ESHUTDOWN cannot send after transport endpoint shutdown||ETIMEDOUT connection timed out|ECONNREFUSED connection refused|EHOSTDOWN host is down|EHOSTUNREACH no route to host|EALREADY operation already in progress|EINPROGRESS operation now in progress|ESTALE stale file handle|EUCLEAN structure needs cleaning||||EREMOTEIO remote I/O error|EDQUOT disk quota exceeded|ENOMEDIUM no medium found||ECANCELED operation canceled|ENOKEY required key not available|EKEYEXPIRED key has expired|EKEYREVOKED key has been revoked|EKEYREJECTED key was rejected by service|EOWNERDEAD owner died|ENOTRECOVERABLE state not recoverable|ERFKILL operation not possible due to RF-kill|EHWPOISON memory page has hardware error";

let entries: string[] | undefined;

function entry(errno: number): string {
  entries ??= TABLE.split("|");
  return entries[errno - 1] ?? "";
}

/** `EPERM` for 1; `errno 4095` for a number without a name. */
export function errnoName(errno: number): string {
  const text = entry(errno);
  return text === "" ? `errno ${errno}` : text.slice(0, text.indexOf(" "));
}

/** `operation not permitted` for 1, as strerror(3) says it, in lower case. */
export function errnoMessage(errno: number): string {
  const text = entry(errno);
  return text === "" ? "unknown error" : text.slice(text.indexOf(" ") + 1);
}

// The few that code branches on; everything else is looked up by name.
export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EINTR = 4;
export const EIO = 5;
export const ENXIO = 6;
export const E2BIG = 7;
export const EFBIG = 27;
export const ENOEXEC = 8;
export const EBADF = 9;
export const ECHILD = 10;
export const EAGAIN = 11;
export const EACCES = 13;
export const EBUSY = 16;
export const EEXIST = 17;
export const ENODEV = 19;
export const ENOTDIR = 20;
export const EISDIR = 21;
export const EINVAL = 22;
export const ENOSPC = 28;
export const ESPIPE = 29;
export const EROFS = 30;
export const ENOLCK = 37;
export const ENOSYS = 38;
export const ENOTEMPTY = 39;
export const ELOOP = 40;
export const EOPNOTSUPP = 95;
export const ETIMEDOUT = 110;
