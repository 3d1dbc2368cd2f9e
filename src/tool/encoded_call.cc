// Clean calls from a tool's own code.
#include <array>
#include <cstddef>

#include "engine/enter.h"
#include "tool/host.h"
#include "tool/list_argument.h"
#include "tool/lists.h"
#include "x86/assembler.h"

namespace weft::tool {
namespace {

using translate::ThreadBlock;

/// As ListCall's contract says: nothing but the thread's block is changed on the way.
std::vector<uint8_t> code_of(const CallSite& site) {
  constexpr size_t kMost = 64;
  constexpr uint32_t kRcx =
      offsetof(ThreadBlock, context) + offsetof(x86::CpuContext, gpr) + 8 * x86::kRcx;
  std::array<uint8_t, kMost> room{};
  x86::Assembler out{room};
  out.mov_gs_reg(kRcx, x86::kRcx);
  x86::Label resume;
  out.lea_rip(x86::kRcx, resume);
  out.mov_gs_reg(offsetof(ThreadBlock, call_resume), x86::kRcx);
  out.mov_reg_imm(x86::kRcx, reinterpret_cast<uint64_t>(&site));
  out.jmp_rip();  // through what follows
  out.u64(engine::address_of(weft_clean_call));
  CHECK(!out.overflowed());
  out.bind(resume);
  return {out.code().begin(), out.code().end()};
}

}  // namespace

std::vector<uint8_t> ListTable::encode_call(const ListCall& call) {
  if (call.function == nullptr) host_.fail("encode_call(): a call of no function");
  if (call.arguments.size() > ListCall::kMostArguments) {
    host_.fail("encode_call(): more than 16 arguments");
  }
  std::forward_list<CallSite> made;
  CallSite& site = made.emplace_front();
  site.pc = AppPc{call.translation};
  site.function = call.function;
  for (const ListArgument& each : call.arguments) {
    std::string_view wrong;
    site.arguments.push_back(argument_of(each, wrong));
    if (!wrong.empty()) host_.fail(std::string("encode_call(): ").append(wrong));
  }
  const Locked held(lock_);
  encoded_.splice_after(encoded_.before_begin(), made);
  return code_of(site);
}

}  // namespace weft::tool
