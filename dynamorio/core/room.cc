#include "core/room.h"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/console.h"
#include "core/machine_context.h"
#include "core/module_data.h"
#include "core/nudge.h"
#include "core/run_environment.h"
#include "core/runtime_options.h"

namespace weft::dynamorio {
namespace {

Room* g_room = nullptr;

/// Without a handler nothing happens.
bool is_ignored(int signal) {
  return signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH || signal == SIGCONT;
}

Address address_of(const void* pointer) { return reinterpret_cast<Address>(pointer); }

}  // namespace

Room::Room() { g_room = this; }

Room& Room::get() { return *g_room; }

Room* Room::find() { return g_room; }

Client* Room::client(client_id_t id) { return id < clients_.size() ? &clients_[id] : nullptr; }

void Room::declare(OptionList& list) {
  list.add_text("clients", "", "libraries and their arguments, as weft run --client encodes them");
  list.add_text("options", "", "drrun's options, encoded in the same way");
}

void Room::on_start(Process& process, const Options& options) {
  process_ = &process;
  open_console(process);
  start_environment();
  clients_ = decode_clients(options.text("clients"));
  runtime_options() = RuntimeOptions(options.text("options"));
  if (clients_.empty()) process.fail("no client given; weft run --client LIBRARY [ARGS...]");
  // Clients free in the exit events what their clean calls use.
  process.stop_others_at_end();
  first_ = &contexts_.make(nullptr, static_cast<pid_t>(gettid()));
  Context::set_current(first_);
  start_lists(process.lists());
  for (Client& client : clients_) {
    if (const std::string wrong = load(client, process.lists()); !wrong.empty())
      process.fail(wrong);
  }
  for (Client& client : clients_) {
    if (const std::string wrong = start(client); !wrong.empty()) process.fail(wrong);
  }
}

void Room::on_exit(Process&, int) {
  stop_nudges();
  // Clients that count fragments hear of the end of each.
  lives_.tell_all();
  events_.exit.for_each([](auto function) { function(); });
  for (const Client& client : clients_) finish(client);
}

void Room::on_thread_start(Thread& thread) {
  contexts_.remove_ended();
  // The first has had one since on_start().
  Context* context = std::exchange(first_, nullptr);
  const bool is_first = context != nullptr;
  if (!is_first) {
    context = &contexts_.make(&thread, thread.id());
    Context::set_current(context);
  }
  context->thread = &thread;
  context->id = thread.id();
  ++counts_.threads;
  counts_.most_threads = std::max<uint64_t>(counts_.most_threads, contexts_.all().size());
  events_.thread_init.for_each([&](auto function) { function(context); });
  // It comes to programs that are started, too.
  if (is_first) events_.post_attach.for_each([](auto function) { function(); });
}

void Room::on_thread_exit(Thread& thread) {
  Context* const context = contexts_.find(thread);
  if (context == nullptr) return;
  events_.thread_exit.for_each([&](auto function) { function(context); });
  // At the process's end the exit event may still ask for the current thread's.
  context->thread = nullptr;
  context->has_ended = true;
}

void Room::on_module_load(const Module& module) {
  if (events_.module_load.empty()) return;
  module_data_t* const data = describe(module);
  events_.module_load.for_each([&](auto f) { f(Context::current(), data, true); });
  dr_free_module_data(data);
}

void Room::on_module_unload(const Module& module) {
  if (events_.module_unload.empty()) return;
  module_data_t* const data = describe(module);
  events_.module_unload.for_each([&](auto f) { f(Context::current(), data); });
  dr_free_module_data(data);
}

bool Room::wants(void* drcontext, int number) const {
  bool wanted = events_.filter_syscall.empty();
  events_.filter_syscall.for_each([&](auto filter) { wanted |= filter(drcontext, number); });
  return wanted;
}

void Room::on_syscall_before(SystemCall& call) {
  if (events_.pre_syscall.empty()) return;
  Context* const context = Context::current();
  const int number = static_cast<int>(call.number());
  if (context == nullptr || !wants(context, number)) return;
  context->call = &call;
  context->call_is_over = false;
  context->has_result = false;
  bool made = true;
  events_.pre_syscall.for_each([&](auto function) { made &= function(context, number); });
  if (!made) call.set_result(context->has_result ? context->result : 0);
  context->call = nullptr;
}

void Room::on_syscall_after(SystemCall& call) {
  if (events_.post_syscall.empty()) return;
  Context* const context = Context::current();
  const int number = static_cast<int>(call.number());
  if (context == nullptr || !wants(context, number)) return;
  context->call = &call;
  context->call_is_over = true;
  events_.post_syscall.for_each([&](auto function) { function(context, number); });
  context->call = nullptr;
}

SignalAnswer Room::on_signal_before(const SignalInfo& signal) {
  if (events_.signal.empty()) return SignalAnswer::kDeliver;
  Context* const context = Context::current();
  dr_mcontext_t registers{};
  registers.size = sizeof registers;
  registers.flags = DR_MC_ALL;
  read_context(signal.thread.context(), registers);
  dr_siginfo_t info{};
  info.sig = signal.number;
  info.drcontext = context;
  info.mcontext = &registers;
  const bool is_fault = signal.info.si_code > 0 && signal.info.si_code != SI_KERNEL;
  const bool has_address = signal.number == SIGSEGV || signal.number == SIGBUS;
  if (is_fault && has_address) info.access_address = static_cast<byte*>(signal.info.si_addr);
  dr_signal_action_t action = DR_SIGNAL_DELIVER;
  events_.signal.for_each([&](auto function) {
    if (action == DR_SIGNAL_DELIVER) action = function(context, &info);
  });
  switch (action) {
    case DR_SIGNAL_DELIVER:
      return SignalAnswer::kDeliver;
    case DR_SIGNAL_BYPASS:
      return is_ignored(signal.number) ? SignalAnswer::kSuppress : SignalAnswer::kDeliver;
    case DR_SIGNAL_SUPPRESS:
      return SignalAnswer::kSuppress;
    case DR_SIGNAL_REDIRECT:
      write_context(registers, signal.thread.context());
      signal.thread.context().redirect(address_of(registers.pc));
      return SignalAnswer::kSuppress;
  }
  return SignalAnswer::kDeliver;
}

void Room::on_fork(Process&, Thread& thread) {
  Context* const context = Context::current();
  context->thread = &thread;
  context->id = thread.id();
  context->process = getpid();
  // The parent's other threads end here.
  for (const auto& each : contexts_.take_others(*context)) {
    const bool is_client = each->thread == nullptr;
    each->thread = nullptr;
    if (is_client || each->has_ended) continue;
    events_.thread_exit.for_each([&](auto function) { function(each.get()); });
  }
  resume_nudges();
  events_.fork_init.for_each([&](auto function) { function(context); });
}

}  // namespace weft::dynamorio

WEFT_TOOL(weft::dynamorio::Room);
