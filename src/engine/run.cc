#include "engine/run.h"

#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

#include "engine/dispatcher.h"
#include "engine/engine.h"
#include "engine/enter.h"
#include "linux/image/elf_loader.h"
#include "linux/image/initial_stack.h"
#include "linux/image/vdso.h"
#include "linux/kernel/host_rseq.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"
#include "linux/kernel/tracer.h"
#include "linux/memory/address_space.h"
#include "linux/memory/first_stack.h"
#include "linux/memory/layout.h"

namespace weft::engine {
namespace {

constexpr size_t kMainStackSize = 8u << 20;  // touched as far as it is used

/// Everything that the first thread needs from before the program's start; lives for ever.
struct Process {
  Process(const Options& opts, linux::Launch found, char** argv, Hooks* hooks)
      : options(opts),
        launch(std::move(found)),
        kernel_stack(linux::KernelStack::from_argv(argv)),
        engine(options, space, reservations, hooks) {}

  Options options;
  linux::Launch launch;
  linux::KernelStack kernel_stack;
  linux::AddressSpace space;
  linux::ShadowReservations reservations;
  Engine engine;
  linux::LoadedImage program;
  std::optional<linux::LoadedImage> interpreter;
  linux::VdsoPlace vdso;
  void* stack = nullptr;  ///< of the runtime, for the first thread; above a guard page
};

Status map_program(Process& process) {
  linux::Launch& launch = process.launch;
  Result<linux::LoadedImage> program = linux::load_image(
      launch.program.image, launch.program.fd.get(), launch.program.real_path, process.space);
  if (!program) return program.error();
  process.program = *program;
  if (launch.interpreter.fd.get() < 0) return Unit{};
  Result<linux::LoadedImage> interpreter =
      linux::load_image(launch.interpreter.image, launch.interpreter.fd.get(),
                        launch.interpreter.real_path, process.space);
  if (!interpreter) return interpreter.error();
  process.interpreter = *interpreter;
  // The program may have left us few descriptors.
  launch.interpreter.fd.reset();
  return Unit{};
}

/// The shadow map if it may and can be had; the hashed table otherwise.
Status choose_indirect_mode(Process& process) {
  Options& options = process.options;
  if (process.launch.program.image.needs_own_layout) {
    options.ibl = IblMode::kHash;
    process.space.use_zones(linux::kSanitizerZones);
  }
  // There is one shadow word for an address, not one for each thread.
  if (options.cache_mode == CacheMode::kPrivate) options.ibl = IblMode::kHash;
  // Under a limit that counts the code cache, most of it is for the program.
  constexpr uint64_t kSmallestCache = uint64_t{4} << 20;
  constexpr uint64_t kPart = 8;
  const uint64_t limit = linux::Surroundings::instance().memory_limit();
  options.cache_size = std::min(options.cache_size, std::max(kSmallestCache, limit / kPart));
  if (options.ibl == IblMode::kHash) return Unit{};
  const linux::ElfImage& image = process.launch.program.image;
  const bool in_shadow = !image.position_independent &&
                         image.span.overlaps(linux::shadow_range(linux::kWindowZones.near));
  if (in_shadow) {
    options.ibl = IblMode::kHash;
    return Unit{};
  }
  const Status reserved = process.reservations.reserve_near();
  if (!reserved) options.ibl = IblMode::kHash;
  return Unit{};
}

Status prepare(Process& process) {
  if (Status chosen = choose_indirect_mode(process); !chosen) return chosen;
  if (keeps_images(process.options, process.engine.hooks() != nullptr)) {
    process.space.repeat_places();
  }
  if (Status mapped = map_program(process); !mapped) return mapped;
  const bool dynamic = process.interpreter.has_value();
  if (Status started = process.engine.start(process.program.range, dynamic); !started) {
    return started;
  }
  process.vdso = linux::move_vdso(getauxval(AT_SYSINFO_EHDR), process.space);
  process.engine.add_shadow(process.program.range);
  process.engine.measure_program();
  process.engine.resume_image(process.launch.program.real_path, process.program.range);
  if (linux::tracer_at_start() != 0) process.engine.trace_begins();
  const bool executable_stack = process.launch.program.image.executable_stack;
  if (Status noted = linux::note_main_stack(process.kernel_stack, executable_stack, process.space);
      !noted) {
    return noted;
  }
  if (executable_stack) {
    const uint64_t bottom = process.kernel_stack.bottom;
    if (const auto stack = process.space.find({bottom})) process.engine.add_shadow(stack->range);
  }
  return Unit{};
}

/// The runtime's stack and its guard page: where each process with images has it, if that is free.
void* map_stack(Process& process) {
  constexpr int kProtection = PROT_READ | PROT_WRITE;
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  constexpr size_t kSize = kPageSize + kMainStackSize;
  if (process.space.repeats_places()) {
    constexpr uint64_t kAt = linux::kFirstStack.end.value - kSize;
    static_assert(kAt >= linux::kFirstStack.start.value);
    void* const wanted = reinterpret_cast<void*>(kAt);
    void* const found = mmap(wanted, kSize, kProtection, kFlags | MAP_FIXED_NOREPLACE, -1, 0);
    if (found == wanted) {
      linux::Mapping mapping;
      mapping.range = {{kAt}, {kAt + kSize}};
      mapping.owner = linux::Owner::kRuntime;
      process.space.note_map(mapping);
      return found;
    }
    if (found != MAP_FAILED) munmap(found, kSize);
  }
  return mmap(nullptr, kSize, kProtection, kFlags, -1, 0);
}

linux::ProgramImage describe(const Process& process, const linux::InitialStack& stack) {
  linux::ProgramImage image;
  image.path = process.launch.program.real_path;
  const int file = process.launch.program.fd.get();
  linux::Surroundings::instance().hold_executable(file);
  struct stat status {};
  if (fstat(file, &status) == 0) {
    image.device = status.st_dev;
    image.inode = status.st_ino;
  }
  image.seccomp_fd = process.options.seccomp_fd;
  image.break_start = page_up(process.program.break_start);
  const auto* auxv = reinterpret_cast<const uint8_t*>(stack.auxv.data());
  image.auxv.assign(auxv, auxv + stack.auxv.size() * sizeof stack.auxv[0]);
  for (const char* argument : process.launch.argv) image.arguments.emplace_back(argument);
  for (const char* variable : process.launch.envp) image.environment.emplace_back(variable);
  image.kernel_knows_arguments = linux::show_process_as(stack, process.launch.comm.c_str());
  return image;
}

/// On the runtime's own stack: the kernel's is the program's from here on.
void start_program(void* argument) {
  auto& process = *static_cast<Process*>(argument);
  linux::detach_host_environment();
  linux::give_up_rseq();
  linux::StackContents contents;
  contents.argv = process.launch.argv;
  contents.envp = process.launch.envp;
  contents.execfn = process.launch.execfn.c_str();
  contents.program = &process.program;
  contents.interpreter = process.interpreter ? &*process.interpreter : nullptr;
  contents.vdso = process.vdso.header;
  // Copied before the program's stack is written over what it may point into.
  Result<linux::InitialStack> stack = linux::build_initial_stack(process.kernel_stack, contents);
  if (!stack) {
    std::fprintf(stderr, "weft: %s\n", stack.error().message.c_str());
    std::_Exit(linux::kStatusCannotRun);
  }
  process.engine.set_program(describe(process, *stack));
  process.launch.program.fd.reset();
  std::unique_ptr<Thread> thread = process.engine.make_thread();
  thread->program.host_stack = linux::word(process.stack);
  process.engine.signals().start(process.engine.has_last_words());
  process.engine.signals().attach_thread(thread->program, nullptr);
  const bool filtered = process.engine.emulator().prepare_first_thread(thread->program);
  CHECK(filtered);  // never without the filters that the program has put on itself
  thread->context()[x86::kRsp] = stack->stack_pointer;
  thread->context().rip = process.interpreter ? process.interpreter->entry : process.program.entry;
  if (process.options.stats || process.options.dump_count != 0) process.engine.error_stream();
  if (Hooks* hooks = process.engine.hooks()) {
    hooks->process_started(*thread);
    hooks->thread_started(*thread);
  }
  process.engine.note_start();
  Dispatcher(process.engine, *thread).run();
  CHECK(false && "the main thread ends inside a system call");
}

}  // namespace

Error run(const Options& options, linux::Launch launch, char** kernel_argv, Hooks* hooks) {
  auto* process = new Process(options, std::move(launch), kernel_argv, hooks);
  if (const Status prepared = prepare(*process); !prepared) return prepared.error();
  void* const memory = map_stack(*process);
  if (memory == MAP_FAILED || mprotect(memory, kPageSize, PROT_NONE) != 0) {
    return {"no memory for the runtime's stack", errno};
  }
  auto* stack = static_cast<uint8_t*>(memory) + kPageSize;
  process->stack = stack;
  weft_run_on_stack(process, start_program, stack + kMainStackSize);
}

}  // namespace weft::engine
