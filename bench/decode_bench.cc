// One instruction's length and kind: the decoder of the hot path beside Zydis, with and without
// operands, over libc's own code as it lies in memory. One thread.
#include <Zydis/Zydis.h>
#include <benchmark/benchmark.h>
#include <link.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "x86/decode.h"

namespace weft::x86 {
namespace {

using Code = std::span<const uint8_t>;

/// The executable segment of the loaded libc.
int note_libc(dl_phdr_info* info, size_t, void* out) {
  if (std::strstr(info->dlpi_name, "libc.so") == nullptr) return 0;
  for (const auto& segment : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    *static_cast<Code*>(out) = {reinterpret_cast<const uint8_t*>(info->dlpi_addr + segment.p_vaddr),
                                segment.p_memsz};
  }
  return 1;
}

/// Where its instructions start, data between functions left out.
struct Instructions {
  Code code;
  std::vector<uint32_t> starts;

  Instructions() {
    dl_iterate_phdr(note_libc, &code);
    constexpr size_t kMost = 200'000;
    for (uint32_t at = 0; at < code.size() && starts.size() < kMost;) {
      Insn insn;
      const bool good =
          decode(code.data() + at, code.size() - at, insn) && insn.kind != Kind::kInvalid;
      if (good) starts.push_back(at);
      at += good ? insn.length : 1u;
    }
  }
};

const Instructions& instructions() {
  static const Instructions all;
  return all;
}

template <typename DecodeOne>
void run(benchmark::State& state, DecodeOne&& decode_one) {
  const Instructions& all = instructions();
  if (all.starts.empty()) {
    state.SkipWithError("no libc.so is loaded");
    return;
  }
  for (auto _ : state) {
    for (const uint32_t at : all.starts) {
      benchmark::DoNotOptimize(decode_one(all.code.data() + at, all.code.size() - at));
    }
  }
  const auto count = static_cast<double>(all.starts.size());
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(all.starts.size()));
  state.counters["per_instruction"] = benchmark::Counter(
      count, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void own_decoder(benchmark::State& state) {
  run(state, [](const uint8_t* bytes, size_t available) {
    Insn insn;
    decode(bytes, available, insn);
    return insn.length;
  });
}
BENCHMARK(own_decoder);

ZydisDecoder zydis_decoder() {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  return decoder;
}

void zydis_without_operands(benchmark::State& state) {
  run(state, [decoder = zydis_decoder()](const uint8_t* bytes, size_t available) {
    ZydisDecodedInstruction insn;
    ZydisDecoderContext context;
    ZydisDecoderDecodeInstruction(&decoder, &context, bytes, available, &insn);
    return insn.length;
  });
}
BENCHMARK(zydis_without_operands);

void zydis_with_operands(benchmark::State& state) {
  run(state, [decoder = zydis_decoder()](const uint8_t* bytes, size_t available) {
    ZydisDecodedInstruction insn;
    std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
    ZydisDecoderDecodeFull(&decoder, bytes, available, &insn, operands.data());
    return insn.length;
  });
}
BENCHMARK(zydis_with_operands);

}  // namespace
}  // namespace weft::x86

BENCHMARK_MAIN();
