#include "engine/thread.h"

#include <asm/prctl.h>

#include <cstddef>

#include "engine/offsets.h"
#include "engine/thread_rooms.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/signal/nudge.h"
#include "translate/instrument.h"

namespace weft::engine {

using translate::ThreadBlock;
using x86::CpuContext;

static_assert(offsetof(ThreadBlock, spill_rcx) == WEFT_SPILL_RCX);
static_assert(offsetof(ThreadBlock, exit_reason) == WEFT_EXIT_REASON);
static_assert(offsetof(ThreadBlock, next_pc) == WEFT_NEXT_PC);
static_assert(offsetof(ThreadBlock, host_rsp) == WEFT_HOST_RSP);
static_assert(offsetof(ThreadBlock, host_fs) == WEFT_HOST_FS);
static_assert(offsetof(ThreadBlock, self) == WEFT_SELF);
static_assert(offsetof(ThreadBlock, xsave) == WEFT_XSAVE);
static_assert(offsetof(ThreadBlock, xsave_mask) == WEFT_XSAVE_MASK);
static_assert(offsetof(ThreadBlock, enter_pc) == WEFT_ENTER_PC);
static_assert(offsetof(ThreadBlock, signal_pending) == WEFT_SIGNAL_PENDING);
static_assert(offsetof(ThreadBlock, has_fsgsbase) == WEFT_HAS_FSGSBASE);
static_assert(offsetof(ThreadBlock, has_xsaveopt) == WEFT_HAS_XSAVEOPT);
static_assert(offsetof(ThreadBlock, fs_owner) == WEFT_FS_OWNER);
static_assert(FsOwner::kRuntime == WEFT_FS_OF_RUNTIME);
static_assert(FsOwner::kProgram == WEFT_FS_OF_PROGRAM);
static_assert(FsOwner::kNobody == WEFT_FS_OF_NOBODY);
static_assert(FsOwner::kChanging == WEFT_FS_CHANGING);
static_assert(offsetof(ThreadBlock, keeps_fs) == WEFT_KEEPS_FS);
static_assert(offsetof(ThreadBlock, no_fs) == WEFT_NO_FS);
static_assert(offsetof(ThreadBlock, context) == WEFT_CONTEXT);
static_assert(offsetof(ThreadBlock, call_site) == WEFT_CALL_SITE);
static_assert(offsetof(ThreadBlock, call_resume) == WEFT_CALL_RESUME);
static_assert(offsetof(ThreadBlock, stepping) == WEFT_STEPPING);
static_assert(offsetof(ThreadBlock, context) + offsetof(CpuContext, rip) == WEFT_RIP);
static_assert(offsetof(ThreadBlock, context) + offsetof(CpuContext, rflags) == WEFT_RFLAGS);
static_assert(offsetof(ThreadBlock, context) + offsetof(CpuContext, fs_base) == WEFT_FS_BASE);
static_assert(offsetof(ThreadBlock, leaves_out_x87) == WEFT_LEAVES_OUT_X87);
static_assert(offsetof(ThreadBlock, x87_apart) == WEFT_X87_APART);
static_assert(offsetof(ThreadBlock, x87_environment) == WEFT_X87_ENVIRONMENT);
static_assert(offsetof(translate::CallSite, function) == WEFT_SITE_FUNCTION);
static_assert(offsetof(translate::CallSite, make_arguments) == WEFT_SITE_LIGHT);

namespace {

/// What gs leads to on a kernel thread whose program thread is gone.
const ThreadBlock g_no_thread;

constexpr uint64_t kInitialFlags = 0x202;  // IF and the bit that is always set

ThreadBlock* current_block() {
  ThreadBlock* block;
  asm volatile("mov %%gs:%c1, %0" : "=r"(block) : "i"(offsetof(ThreadBlock, self)));
  return block;
}

void set_gs(const ThreadBlock& block) {
  const int64_t done = linux::raw_syscall(__NR_arch_prctl, ARCH_SET_GS, linux::word(&block));
  CHECK(done == 0);
}

uint64_t fs_base() {
  uint64_t base = 0;
  linux::raw_syscall(__NR_arch_prctl, ARCH_GET_FS, linux::word(&base));
  return base;
}

}  // namespace

Thread::Thread(const CpuFeatures& features, CacheInstance& own, translate::ProgramCode& code,
               translate::Instrumenter* instrumenter)
    : home(own), xsave_(features), builder(own.environment, *own.cache, code, instrumenter) {
  block_.hash_table = reinterpret_cast<uint64_t>(own.hash.tables());
  block_.self = reinterpret_cast<uint64_t>(&block_);
  block_.owner = this;
  block_.debug_view = &own.debug_view;
  block_.xsave = xsave_.data();
  block_.xsave_mask = features.xsave_mask;
  block_.has_fsgsbase = features.fsgsbase ? 1 : 0;
  block_.has_xsaveopt = features.xsaveopt ? 1 : 0;
  block_.leaves_out_x87 = features.leaves_out_x87 ? 1 : 0;
  block_.context.rflags = kInitialFlags;
  program.context = &block_.context;
  program.signals_room = &signals_.state;
  program.signal_pending = &block_.signal_pending;
  program.xsave = xsave_.data();
  program.x87_apart = &block_.x87_apart;
  program.xsave_mask = features.xsave_mask;
  program.xsave_size = features.xsave_size;
  program.pid = linux::kernel::current_process();
  program.tid = linux::kernel::current_thread();
  block_.thread_id = static_cast<uint64_t>(program.tid);
  CHECK(page_down(linux::word(&signals_.state.of_process)) ==
        page_down(linux::word(&block_.x87_settled)));
}

Thread::~Thread() {
  // What is still freed on this kernel thread asks the block for its fs.
  if (block_.keeps_fs != 0) set_gs(g_no_thread);
}

void Thread::operator delete(Thread* thread, std::destroying_delete_t) {
  ThreadRooms* const rooms = thread->rooms;
  thread->~Thread();
  rooms->give(thread);
}

void Thread::attach() {
  block_.host_fs = fs_base();
  block_.fs_owner = FsOwner::kRuntime;
  set_gs(block_);
}

void Thread::keep_program_fs(uint64_t no_fs) {
  block_.keeps_fs = 1;
  block_.no_fs = no_fs;
}

void Thread::take_runtime_fs() noexcept {
  uint64_t owner;
  asm volatile("mov %%gs:%c1, %0" : "=r"(owner) : "i"(WEFT_FS_OWNER));
  if (owner == FsOwner::kRuntime) return;
  ThreadBlock& block = *current_block();
  block.fs_owner = FsOwner::kChanging;
  asm volatile("" ::: "memory");
  if (block.has_fsgsbase != 0) {
    asm volatile("wrfsbase %0" ::"r"(block.host_fs));
  } else {
    linux::raw_syscall(__NR_arch_prctl, ARCH_SET_FS, block.host_fs);
  }
  asm volatile("" ::: "memory");
  block.fs_owner = FsOwner::kRuntime;
}

void Thread::stand_while_stopped() {
  for (;;) {
    rests.store(false, std::memory_order_relaxed);
    // A stop that this look does not see yet sees that the thread does not rest.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!to_stop.load(std::memory_order_acquire)) return;
    need_runtime_fs();
    rests.store(true, std::memory_order_release);
    to_stop.wait(true);
  }
}

Thread& Thread::current() { return *static_cast<Thread*>(current_block()->owner); }

Thread& Thread::of(const linux::ProgramThread& program) {
  auto* block =
      reinterpret_cast<uint8_t*>(program.context) - offsetof(translate::ThreadBlock, context);
  return *static_cast<Thread*>(reinterpret_cast<translate::ThreadBlock*>(block)->owner);
}

bool Thread::has_current() { return current_block() != nullptr; }

void nudge_owner(const cache::EpochSlot& slot) {
  linux::nudge(static_cast<const Thread*>(slot.owner)->program);
}

}  // namespace weft::engine
