#include "linux/call/table.h"

#include <sys/syscall.h>

#include <array>
#include <cstddef>

namespace weft::linux {
namespace {

constexpr size_t kCount = 470;
using Table = std::array<SystemCall, kCount>;

constexpr FilledBuffer bytes(uint8_t address, uint8_t size) {
  return {Fills::kBytes, address, size};
}
constexpr FilledBuffer vector(uint8_t address, uint8_t count) {
  return {Fills::kVector, address, count};
}
constexpr PathArgument kFirst{0, false};
constexpr PathArgument kSecond{1, false};
constexpr PathArgument kAt{1, true};

constexpr SystemCall handled(std::string_view name, Handler handler, std::string_view remark) {
  SystemCall call;
  call.name = name;
  call.handler = handler;
  call.remark = remark;
  return call;
}
constexpr SystemCall without_libc(std::string_view name, Handler handler, std::string_view remark) {
  SystemCall call = handled(name, handler, remark);
  call.without_libc = true;
  return call;
}
constexpr SystemCall passed(std::string_view name, FilledBuffer fills = {}) {
  SystemCall call = handled(name, Handler::kKernel, {});
  call.without_libc = true;
  call.fills = fills;
  return call;
}
/// A look at the descriptor of a call that the kernel makes.
constexpr SystemCall descriptor(std::string_view name, std::string_view remark,
                                FilledBuffer fills = {}) {
  SystemCall call = passed(name, fills);
  call.handler = Handler::kFiles;
  call.remark = remark;
  return call;
}
constexpr SystemCall writes(std::string_view name, Writes when, uint8_t argument) {
  SystemCall call = descriptor(name, "code of a file that changes dies");
  call.writes = {when, argument};
  return call;
}
constexpr SystemCall path(std::string_view name, PathArgument where, FilledBuffer fills = {}) {
  SystemCall call = handled(name, Handler::kFiles, "/proc/self/exe is the program");
  call.fills = fills;
  call.path = where;
  return call;
}
/// The file's bytes may go, too.
constexpr SystemCall opens(std::string_view name, PathArgument where,
                           Writes when = Writes::kIfTruncated) {
  SystemCall call = handled(name, Handler::kFiles,
                            "/proc/self/exe is the program; a running program cannot be written");
  call.path = where;
  call.writes = {when, kNoArgument};
  return call;
}

constexpr std::string_view kProc = "from maps, status and the like: the program's view";
constexpr std::string_view kKept = "descriptors of the runtime are not there";
constexpr std::string_view kPlaces =
    "places come from the record; the runtime is out of reach; changed code dies";
constexpr std::string_view kSignal =
    "actions, masks, frames and alternate stacks are the runtime's own";
constexpr std::string_view kMappings = "for the program's mappings alone";
constexpr std::string_view kChild = "the child runs under weft";
constexpr std::string_view kAgain = "weft is started again for the program";
constexpr std::string_view kLimits = "RLIMIT_AS and RLIMIT_DATA as the program set them";

constexpr int kShowSignals[] = {
    __NR_read,         __NR_readv,         __NR_poll,       __NR_ppoll,
    __NR_select,       __NR_pselect6,      __NR_epoll_wait, __NR_epoll_pwait,
    __NR_epoll_pwait2, __NR_rt_sigsuspend, __NR_signalfd,   __NR_signalfd4,
};

constexpr int kMakeDescriptors[] = {
    __NR_open,
    __NR_openat,
    __NR_openat2,
    __NR_creat,
    __NR_dup,
    __NR_fcntl,
    __NR_pipe,
    __NR_pipe2,
    __NR_socket,
    __NR_socketpair,
    __NR_accept,
    __NR_accept4,
    __NR_epoll_create,
    __NR_epoll_create1,
    __NR_eventfd,
    __NR_eventfd2,
    __NR_signalfd,
    __NR_signalfd4,
    __NR_timerfd_create,
    __NR_inotify_init,
    __NR_inotify_init1,
    __NR_fanotify_init,
    __NR_memfd_create,
    __NR_memfd_secret,
    __NR_pidfd_open,
    __NR_pidfd_getfd,
    __NR_userfaultfd,
    __NR_perf_event_open,
    __NR_io_uring_setup,
    __NR_open_tree,
    __NR_fsopen,
    __NR_fsmount,
    __NR_fspick,
    __NR_open_by_handle_at,
    __NR_mq_open,
    __NR_landlock_create_ruleset,
};

/// By their first argument; so do those with a look at a descriptor.
constexpr int kNameDescriptor[] = {
    __NR_fstat,
    __NR_lseek,
    __NR_pread64,
    __NR_pwrite64,
    __NR_readv,
    __NR_writev,
    __NR_sendfile,
    __NR_connect,
    __NR_accept,
    __NR_accept4,
    __NR_sendto,
    __NR_recvfrom,
    __NR_sendmsg,
    __NR_recvmsg,
    __NR_sendmmsg,
    __NR_recvmmsg,
    __NR_shutdown,
    __NR_bind,
    __NR_listen,
    __NR_getsockname,
    __NR_getpeername,
    __NR_setsockopt,
    __NR_getsockopt,
    __NR_flock,
    __NR_fsync,
    __NR_fdatasync,
    __NR_ftruncate,
    __NR_getdents,
    __NR_getdents64,
    __NR_fchmod,
    __NR_fchown,
    __NR_fstatfs,
    __NR_readahead,
    __NR_fsetxattr,
    __NR_fgetxattr,
    __NR_flistxattr,
    __NR_fadvise64,
    __NR_splice,
    __NR_tee,
    __NR_vmsplice,
    __NR_fallocate,
    __NR_preadv,
    __NR_pwritev,
    __NR_preadv2,
    __NR_pwritev2,
    __NR_syncfs,
    __NR_setns,
    __NR_epoll_wait,
    __NR_epoll_ctl,
    __NR_epoll_pwait,
    __NR_read,
    __NR_write,
    __NR_dup,
    __NR_dup2,
    __NR_dup3,
    __NR_fcntl,
    __NR_ioctl,
    __NR_fchdir,
    __NR_close,
    __NR_copy_file_range,
    __NR_fremovexattr,
    __NR_signalfd,
    __NR_signalfd4,
    __NR_epoll_pwait2,
    __NR_timerfd_settime,
    __NR_timerfd_gettime,
    __NR_inotify_rm_watch,
    __NR_sync_file_range,
    __NR_fanotify_mark,
    __NR_mq_timedsend,
    __NR_mq_timedreceive,
    __NR_mq_notify,
    __NR_mq_getsetattr,
    __NR_pidfd_send_signal,
    __NR_pidfd_getfd,
    __NR_fsconfig,
    __NR_fsmount,
    __NR_io_uring_enter,
    __NR_io_uring_register,
};

struct NamesAnother {
  int number;
  SecondDescriptor second;
};
constexpr NamesAnother kNameAnother[] = {
    {__NR_mmap, {4}},         {__NR_sendfile, {1}},         {__NR_splice, {2}},
    {__NR_tee, {1}},          {__NR_copy_file_range, {2}},  {__NR_epoll_ctl, {2}},
    {__NR_linkat, {2, 3}},    {__NR_symlinkat, {1, 2}},     {__NR_renameat, {2, 3}},
    {__NR_renameat2, {2, 3}}, {__NR_fanotify_mark, {3, 4}},
};

struct NamesPlace {
  int number;
  PathArgument place;
};
constexpr NamesPlace kNamePlace[] = {
    {__NR_lstat, kFirst},        {__NR_chdir, kFirst},     {__NR_chroot, kFirst},
    {__NR_mkdir, kFirst},        {__NR_mkdirat, kAt},      {__NR_mknod, kFirst},
    {__NR_mknodat, kAt},         {__NR_rmdir, kFirst},     {__NR_unlink, kFirst},
    {__NR_unlinkat, kAt},        {__NR_rename, kFirst},    {__NR_renameat, kAt},
    {__NR_renameat2, kAt},       {__NR_link, kFirst},      {__NR_linkat, kAt},
    {__NR_symlink, kSecond},     {__NR_execve, kFirst},    {__NR_execveat, kAt},
    {__NR_acct, kFirst},         {__NR_mount, kFirst},     {__NR_umount2, kFirst},
    {__NR_pivot_root, kFirst},   {__NR_swapon, kFirst},    {__NR_open_tree, kAt},
    {__NR_move_mount, kAt},      {__NR_fspick, kAt},       {__NR_mount_setattr, kAt},
    {__NR_lsetxattr, kFirst},    {__NR_lgetxattr, kFirst}, {__NR_llistxattr, kFirst},
    {__NR_lremovexattr, kFirst}, {__NR_futimesat, kAt},    {__NR_lchown, kFirst},
};

constexpr Table make_table() {
  Table t{};
  t[0] = descriptor("read", kProc, bytes(1, 2));
  t[1] = writes("write", Writes::kIfBytes, 0);
  t[2] = opens("open", kFirst);
  t[3] = descriptor("close", kKept);
  t[4] = path("stat", kFirst);
  t[5] = passed("fstat");
  t[6] = passed("lstat");
  t[7] = descriptor("poll", kKept);
  t[8] = passed("lseek");
  t[9] = handled("mmap", Handler::kMemory, kPlaces);
  t[10] = handled("mprotect", Handler::kMemory, kPlaces);
  t[11] = handled("munmap", Handler::kMemory, kPlaces);
  t[12] = handled("brk", Handler::kMemory, kPlaces);
  t[13] = handled("rt_sigaction", Handler::kSignals, kSignal);
  t[14] = handled("rt_sigprocmask", Handler::kSignals, kSignal);
  t[15] = handled("rt_sigreturn", Handler::kSignals, kSignal);
  t[16] = descriptor("ioctl", kKept);
  t[17] = descriptor("pread64", kProc, bytes(1, 2));
  t[18] = writes("pwrite64", Writes::kIfBytes, 0);
  t[19] = descriptor("readv", kProc, vector(1, 2));
  t[20] = writes("writev", Writes::kIfBytes, 0);
  t[21] = path("access", kFirst);
  t[22] = passed("pipe");
  t[23] = descriptor("select", kKept);
  t[24] = passed("sched_yield");
  t[25] = handled("mremap", Handler::kMemory, kPlaces);
  t[26] = passed("msync");
  t[27] = handled("mincore", Handler::kMemory, kMappings);
  t[28] = without_libc("madvise", Handler::kMemory,
                       "the program's mappings alone; discarded code dies");
  t[29] = passed("shmget");
  t[30] = handled("shmat", Handler::kMemory, kPlaces);
  t[31] = passed("shmctl");
  t[32] = descriptor("dup", kKept);
  t[33] = descriptor("dup2", kKept);
  t[34] = passed("pause");
  t[35] = passed("nanosleep");
  t[36] = passed("getitimer");
  t[37] = passed("alarm");
  t[38] = passed("setitimer");
  t[39] = passed("getpid");
  t[40] = writes("sendfile", Writes::kIfBytes, 0);
  t[41] = passed("socket");
  t[42] = passed("connect");
  t[43] = passed("accept");
  t[44] = passed("sendto");
  t[45] = passed("recvfrom", bytes(1, 2));
  t[46] = passed("sendmsg");
  t[47] = passed("recvmsg", FilledBuffer{Fills::kMessage, 1});
  t[48] = passed("shutdown");
  t[49] = passed("bind");
  t[50] = passed("listen");
  t[51] = passed("getsockname");
  t[52] = passed("getpeername");
  t[53] = passed("socketpair");
  t[54] = passed("setsockopt");
  t[55] = passed("getsockopt");
  t[56] = handled("clone", Handler::kClone, kChild);
  t[57] = handled("fork", Handler::kClone, kChild);
  t[58] = handled("vfork", Handler::kClone, kChild);
  t[59] = handled("execve", Handler::kExec, kAgain);
  t[60] = handled("exit", Handler::kEnd, "tools and reports first");
  t[61] = passed("wait4");
  t[62] = passed("kill");
  t[63] = passed("uname");
  t[64] = passed("semget");
  t[65] = passed("semop");
  t[66] = passed("semctl");
  t[67] = handled("shmdt", Handler::kMemory, kPlaces);
  t[68] = passed("msgget");
  t[69] = passed("msgsnd");
  t[70] = passed("msgrcv");
  t[71] = passed("msgctl");
  t[72] = descriptor("fcntl", kKept);
  t[73] = passed("flock");
  t[74] = passed("fsync");
  t[75] = passed("fdatasync");
  t[76] = opens("truncate", kFirst, Writes::kNothing);
  t[77] = writes("ftruncate", Writes::kIfDone, 0);
  t[78] = descriptor("getdents", kKept);
  t[79] = passed("getcwd", bytes(0, 1));
  t[80] = passed("chdir");
  t[81] = descriptor("fchdir", kKept);
  t[82] = passed("rename");
  t[83] = passed("mkdir");
  t[84] = passed("rmdir");
  t[85] = opens("creat", kFirst);
  t[86] = passed("link");
  t[87] = passed("unlink");
  t[88] = passed("symlink");
  t[89] = path("readlink", kFirst, bytes(1, 2));
  t[90] = path("chmod", kFirst);
  t[91] = passed("fchmod");
  t[92] = path("chown", kFirst);
  t[93] = passed("fchown");
  t[94] = passed("lchown");
  t[95] = passed("umask");
  t[96] = passed("gettimeofday");
  t[97] = handled("getrlimit", Handler::kProcess, kLimits);
  t[98] = passed("getrusage");
  t[99] = passed("sysinfo");
  t[100] = passed("times");
  t[101] =
      handled("ptrace", Handler::kProcess,
              "PTRACE_TRACEME: faults of the runtime's own are made rare; PTRACE_POKE: another "
              "process under weft hears of changed code");
  t[102] = passed("getuid");
  t[103] = passed("syslog");
  t[104] = passed("getgid");
  t[105] = passed("setuid");
  t[106] = passed("setgid");
  t[107] = passed("geteuid");
  t[108] = passed("getegid");
  t[109] = passed("setpgid");
  t[110] = passed("getppid");
  t[111] = passed("getpgrp");
  t[112] = passed("setsid");
  t[113] = passed("setreuid");
  t[114] = passed("setregid");
  t[115] = passed("getgroups");
  t[116] = passed("setgroups");
  t[117] = passed("setresuid");
  t[118] = passed("getresuid");
  t[119] = passed("setresgid");
  t[120] = passed("getresgid");
  t[121] = passed("getpgid");
  t[122] = passed("setfsuid");
  t[123] = passed("setfsgid");
  t[124] = passed("getsid");
  t[125] = passed("capget");
  t[126] = passed("capset");
  t[127] = handled("rt_sigpending", Handler::kSignals, kSignal);
  t[128] = handled("rt_sigtimedwait", Handler::kSignals, kSignal);
  t[129] = passed("rt_sigqueueinfo");
  t[130] = passed("rt_sigsuspend");
  t[131] = handled("sigaltstack", Handler::kSignals, kSignal);
  t[132] = path("utime", kFirst);
  t[133] = passed("mknod");
  t[134] = passed("uselib");
  t[135] = passed("personality");
  t[136] = passed("ustat");
  t[137] = path("statfs", kFirst);
  t[138] = passed("fstatfs");
  t[139] = passed("sysfs");
  t[140] = passed("getpriority");
  t[141] = passed("setpriority");
  t[142] = passed("sched_setparam");
  t[143] = passed("sched_getparam");
  t[144] = passed("sched_setscheduler");
  t[145] = passed("sched_getscheduler");
  t[146] = passed("sched_get_priority_max");
  t[147] = passed("sched_get_priority_min");
  t[148] = passed("sched_rr_get_interval");
  t[149] = passed("mlock");
  t[150] = passed("munlock");
  t[151] = handled("mlockall", Handler::kMemory, kMappings);
  t[152] = handled("munlockall", Handler::kMemory, kMappings);
  t[153] = passed("vhangup");
  t[154] = passed("modify_ldt");
  t[155] = passed("pivot_root");
  t[156] = passed("_sysctl");
  t[157] = handled(
      "prctl", Handler::kProcess,
      "seccomp's filters are run on the program's calls; PR_SET_MM and user dispatch refused");
  t[158] = handled("arch_prctl", Handler::kBases, "fs and gs of the saved state");
  t[159] = passed("adjtimex");
  t[160] = handled("setrlimit", Handler::kProcess, kLimits);
  t[161] = passed("chroot");
  t[162] = passed("sync");
  t[163] = passed("acct");
  t[164] = passed("settimeofday");
  t[165] = passed("mount");
  t[166] = passed("umount2");
  t[167] = passed("swapon");
  t[168] = passed("swapoff");
  t[169] = passed("reboot");
  t[170] = passed("sethostname");
  t[171] = passed("setdomainname");
  t[172] = passed("iopl");
  t[173] = passed("ioperm");
  t[174] = passed("create_module");
  t[175] = passed("init_module");
  t[176] = passed("delete_module");
  t[177] = passed("get_kernel_syms");
  t[178] = passed("query_module");
  t[179] = passed("quotactl");
  t[180] = passed("nfsservctl");
  t[181] = passed("getpmsg");
  t[182] = passed("putpmsg");
  t[183] = passed("afs_syscall");
  t[184] = passed("tuxcall");
  t[185] = passed("security");
  t[186] = passed("gettid");
  t[187] = passed("readahead");
  t[188] = path("setxattr", kFirst);
  t[189] = passed("lsetxattr");
  t[190] = passed("fsetxattr");
  t[191] = path("getxattr", kFirst, bytes(2, 3));
  t[192] = passed("lgetxattr");
  t[193] = passed("fgetxattr", bytes(2, 3));
  t[194] = path("listxattr", kFirst);
  t[195] = passed("llistxattr");
  t[196] = passed("flistxattr");
  t[197] = path("removexattr", kFirst);
  t[198] = passed("lremovexattr");
  t[199] = passed("fremovexattr");
  t[200] = passed("tkill");
  t[201] = passed("time");
  t[202] = passed("futex");
  t[203] = passed("sched_setaffinity");
  t[204] = passed("sched_getaffinity");
  t[205] = passed("set_thread_area");
  t[206] = passed("io_setup");
  t[207] = passed("io_destroy");
  t[208] = passed("io_getevents");
  t[209] = passed("io_submit");
  t[210] = passed("io_cancel");
  t[211] = passed("get_thread_area");
  t[212] = passed("lookup_dcookie");
  t[213] = passed("epoll_create");
  t[214] = passed("epoll_ctl_old");
  t[215] = passed("epoll_wait_old");
  t[216] = passed("remap_file_pages");
  t[217] = descriptor("getdents64", kKept, bytes(1, 2));
  t[218] = passed("set_tid_address");
  t[219] = passed("restart_syscall");
  t[220] = passed("semtimedop");
  t[221] = passed("fadvise64");
  t[222] = passed("timer_create");
  t[223] = passed("timer_settime");
  t[224] = passed("timer_gettime");
  t[225] = passed("timer_getoverrun");
  t[226] = passed("timer_delete");
  t[227] = passed("clock_settime");
  t[228] = passed("clock_gettime");
  t[229] = passed("clock_getres");
  t[230] = passed("clock_nanosleep");
  t[231] = handled("exit_group", Handler::kEnd, "tools and reports first");
  t[232] = passed("epoll_wait");
  t[233] = passed("epoll_ctl");
  t[234] = passed("tgkill");
  t[235] = path("utimes", kFirst);
  t[236] = passed("vserver");
  t[237] = passed("mbind");
  t[238] = passed("set_mempolicy");
  t[239] = passed("get_mempolicy");
  t[240] = passed("mq_open");
  t[241] = passed("mq_unlink");
  t[242] = passed("mq_timedsend");
  t[243] = passed("mq_timedreceive");
  t[244] = passed("mq_notify");
  t[245] = passed("mq_getsetattr");
  t[246] = passed("kexec_load");
  t[247] = passed("waitid");
  t[248] = passed("add_key");
  t[249] = passed("request_key");
  t[250] = passed("keyctl");
  t[251] = passed("ioprio_set");
  t[252] = passed("ioprio_get");
  t[253] = passed("inotify_init");
  t[254] = path("inotify_add_watch", kSecond);
  t[255] = passed("inotify_rm_watch");
  t[256] = passed("migrate_pages");
  t[257] = opens("openat", kAt);
  t[258] = passed("mkdirat");
  t[259] = passed("mknodat");
  t[260] = path("fchownat", kAt);
  t[261] = passed("futimesat");
  t[262] = path("newfstatat", kAt);
  t[263] = passed("unlinkat");
  t[264] = passed("renameat");
  t[265] = passed("linkat");
  t[266] = passed("symlinkat");
  t[267] = path("readlinkat", kAt, bytes(2, 3));
  t[268] = path("fchmodat", kAt);
  t[269] = path("faccessat", kAt);
  t[270] = descriptor("pselect6", kKept);
  t[271] = descriptor("ppoll", kKept);
  t[272] = handled("unshare", Handler::kFiles, "what is known of descriptors is given up");
  t[273] = passed("set_robust_list");
  t[274] = passed("get_robust_list");
  t[275] = writes("splice", Writes::kIfBytes, 2);
  t[276] = passed("tee");
  t[277] = passed("sync_file_range");
  t[278] = passed("vmsplice");
  t[279] = passed("move_pages");
  t[280] = path("utimensat", kAt);
  t[281] = passed("epoll_pwait");
  t[282] = passed("signalfd");
  t[283] = passed("timerfd_create");
  t[284] = passed("eventfd");
  t[285] = writes("fallocate", Writes::kIfDone, 0);
  t[286] = passed("timerfd_settime");
  t[287] = passed("timerfd_gettime");
  t[288] = passed("accept4");
  t[289] = passed("signalfd4");
  t[290] = passed("eventfd2");
  t[291] = passed("epoll_create1");
  t[292] = descriptor("dup3", kKept);
  t[293] = passed("pipe2");
  t[294] = passed("inotify_init1");
  t[295] = descriptor("preadv", kProc, vector(1, 2));
  t[296] = writes("pwritev", Writes::kIfBytes, 0);
  t[297] = passed("rt_tgsigqueueinfo");
  t[298] = passed("perf_event_open");
  t[299] = passed("recvmmsg", FilledBuffer{Fills::kMessages, 1, 2});
  t[300] = passed("fanotify_init");
  t[301] = passed("fanotify_mark");
  t[302] = handled("prlimit64", Handler::kProcess, kLimits);
  t[303] = path("name_to_handle_at", kAt);
  t[304] = passed("open_by_handle_at");
  t[305] = passed("clock_adjtime");
  t[306] = passed("syncfs");
  t[307] = passed("sendmmsg");
  t[308] = passed("setns");
  t[309] = passed("getcpu");
  t[310] = passed("process_vm_readv", vector(1, 2));
  t[311] = handled("process_vm_writev", Handler::kProcess,
                   "the protection of another process under weft does not stop it");
  t[311].fills = vector(3, 4);
  t[312] = passed("kcmp");
  t[313] = passed("finit_module");
  t[314] = passed("sched_setattr");
  t[315] = passed("sched_getattr");
  t[316] = passed("renameat2");
  t[317] = handled("seccomp", Handler::kProcess, "filters are run on the program's calls");
  t[318] = passed("getrandom", bytes(0, 1));
  t[319] = passed("memfd_create");
  t[320] = passed("kexec_file_load");
  t[321] = passed("bpf");
  t[322] = handled("execveat", Handler::kExec, kAgain);
  t[323] = passed("userfaultfd");
  t[324] = handled("membarrier", Handler::kProcess, "as the program registered; none for rseq");
  t[325] = passed("mlock2");
  t[326] = writes("copy_file_range", Writes::kIfBytes, 2);
  t[327] = descriptor("preadv2", kProc, vector(1, 2));
  t[328] = writes("pwritev2", Writes::kIfBytes, 0);
  t[329] = handled("pkey_mprotect", Handler::kMemory, kPlaces);
  t[330] = passed("pkey_alloc");
  t[331] = passed("pkey_free");
  t[332] = path("statx", kAt);
  t[333] = passed("io_pgetevents");
  t[334] = handled("rseq", Handler::kRefused, "as from an old kernel");
  t[424] = passed("pidfd_send_signal");
  t[425] = passed("io_uring_setup");
  t[426] = passed("io_uring_enter");
  t[427] = passed("io_uring_register");
  t[428] = passed("open_tree");
  t[429] = passed("move_mount");
  t[430] = passed("fsopen");
  t[431] = passed("fsconfig");
  t[432] = passed("fsmount");
  t[433] = passed("fspick");
  t[434] = passed("pidfd_open");
  t[435] = handled("clone3", Handler::kClone, kChild);
  t[436] = descriptor("close_range", kKept);
  t[437] = opens("openat2", kAt);
  t[438] = passed("pidfd_getfd");
  t[439] = path("faccessat2", kAt);
  t[440] = passed("process_madvise");
  t[441] = passed("epoll_pwait2");
  t[442] = passed("mount_setattr");
  t[443] = passed("quotactl_fd");
  t[444] = passed("landlock_create_ruleset");
  t[445] = passed("landlock_add_rule");
  t[446] = passed("landlock_restrict_self");
  t[447] = passed("memfd_secret");
  t[448] = passed("process_mrelease");
  t[449] = passed("futex_waitv");
  t[450] = passed("set_mempolicy_home_node");
  t[451] = passed("cachestat");
  t[452] = passed("fchmodat2");
  t[453] = passed("map_shadow_stack");
  t[454] = passed("futex_wake");
  t[455] = passed("futex_wait");
  t[456] = passed("futex_requeue");
  t[457] = passed("statmount");
  t[458] = passed("listmount");
  t[459] = passed("lsm_get_self_attr");
  t[460] = passed("lsm_set_self_attr");
  t[461] = passed("lsm_list_modules");
  t[462] = passed("mseal");
  t[463] = passed("setxattrat");
  t[464] = passed("getxattrat");
  t[465] = passed("listxattrat");
  t[466] = passed("removexattrat");
  t[467] = passed("open_tree_attr");
  t[468] = passed("file_getattr");
  t[469] = passed("file_setattr");
  for (const int number : kNameDescriptor) t[static_cast<size_t>(number)].names_descriptor = true;
  for (const auto& [number, second] : kNameAnother) t[static_cast<size_t>(number)].second = second;
  for (const auto& [number, place] : kNamePlace) t[static_cast<size_t>(number)].place = place;
  for (const int number : kShowSignals) t[static_cast<size_t>(number)].shows_signals = true;
  for (const int number : kMakeDescriptors) t[static_cast<size_t>(number)].makes_descriptor = true;
  return t;
}

constexpr Table kTable = make_table();
constexpr SystemCall kUnknown = passed("");

}  // namespace

const uint64_t kSystemCalls = kCount;

const SystemCall& system_call(int64_t number) {
  const auto index = static_cast<uint64_t>(number);
  if (index >= kCount || kTable[index].name.empty()) return kUnknown;
  return kTable[index];
}

std::string_view name_of(Handler handler) {
  switch (handler) {
    case Handler::kKernel:
      return "kernel";
    case Handler::kFiles:
      return "files";
    case Handler::kProcess:
      return "process";
    case Handler::kMemory:
      return "memory";
    case Handler::kSignals:
      return "signals";
    case Handler::kClone:
      return "clone";
    case Handler::kExec:
      return "exec";
    case Handler::kBases:
      return "bases";
    case Handler::kEnd:
      return "end";
    case Handler::kRefused:
      return "refused";
  }
  return "";
}

}  // namespace weft::linux
