// Disassembly for clients: to buffers and files, in three syntaxes.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "ir/decode.h"
#include "ir/encode.h"
#include "ir/environment.h"
#include "ir/instruction.h"
#include "ir/text.h"

namespace weft::dynamorio {
namespace {

std::atomic<int>& syntax() {
  static std::atomic<int> chosen = DR_DISASM_DR;
  return chosen;
}

// Intel's and AT&T's syntax are the decoder's own. Empty if the bytes are no instruction.
std::string formatted(const uint8_t* bytes, app_pc pc, ZydisFormatterStyle style) {
  Decoding decoding;
  if (!decode_bytes(bytes, decoding)) return "";
  ZydisFormatter formatter;
  ZydisFormatterInit(&formatter, style);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_SIZE,
                            style == ZYDIS_FORMATTER_STYLE_INTEL);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
  char text[256];
  ZydisFormatterFormatInstruction(&formatter, &decoding.instruction, decoding.operands.data(),
                                  decoding.instruction.operand_count_visible, text, sizeof text,
                                  reinterpret_cast<ZyanU64>(pc), nullptr);
  return text;
}

// How many bytes a line shows.
constexpr int kBytesInLine = 7;

std::string bytes_text(const byte* bytes, int first, int count) {
  std::string text;
  for (int i = first; i < std::min(count, first + kBytesInLine); ++i)
    text += fmt::format("{:02x} ", bytes[i]);
  return text;
}

// A line, and another for the bytes that it has no room for.
std::string line_of(instr_t* instr, const byte* bytes, int length, app_pc pc, bool show_pc,
                    bool show_bytes) {
  std::string text;
  if (show_pc) text += fmt::format("  0x{:016x} ", reinterpret_cast<uint64_t>(pc));
  if (show_bytes) text += fmt::format(" {:<21}", bytes_text(bytes, 0, length));
  text += text_of(instr) + "\n";
  if (show_bytes && length > kBytesInLine) {
    text +=
        std::string(show_pc ? 21 : 0, ' ') + " " + bytes_text(bytes, kBytesInLine, length) + "\n";
  }
  return text;
}

struct Line {
  std::string text;
  int length;  // of the instruction; 0: there is none
};

Line disassembled(byte* bytes, byte* pc, bool show_pc, bool show_bytes) {
  instr_t instr;
  instr_init(nullptr, &instr);
  const byte* const next = decode_from_copy(nullptr, bytes, pc, &instr);
  Line line{"", static_cast<int>(next == nullptr ? 0 : next - bytes)};
  if (next == nullptr) {
    if (show_pc) line.text += fmt::format("  0x{:016x} ", reinterpret_cast<uint64_t>(pc));
    if (show_bytes) line.text += fmt::format(" {:02x}...?? {:<12}", bytes[0], "");
    line.text += "<INVALID>\n";
  } else {
    line.text = line_of(&instr, bytes, line.length, pc, show_pc, show_bytes);
  }
  instr_free(nullptr, &instr);
  return line;
}

size_t copy_to(const std::string& text, char* buf, size_t bufsz) {
  if (bufsz == 0) return 0;
  const size_t length = std::min(text.size(), bufsz - 1);
  std::memcpy(buf, text.data(), length);
  buf[length] = '\0';
  return length;
}

void write(file_t file, const std::string& text) {
  environment().write(file, text.data(), text.size());
}

}  // namespace

std::string text_of(instr_t* instr) {
  const int chosen = syntax().load(std::memory_order_relaxed);
  if ((chosen & (DR_DISASM_INTEL | DR_DISASM_ATT)) == 0 || instr_is_label(instr))
    return arrow_text_of(instr);
  const app_pc pc = instr_get_app_pc(instr);
  Encoding encoding;
  if (!encode(instr, pc, encoding)) return arrow_text_of(instr);
  const auto style =
      (chosen & DR_DISASM_INTEL) != 0 ? ZYDIS_FORMATTER_STYLE_INTEL : ZYDIS_FORMATTER_STYLE_ATT;
  const std::string text = formatted(encoding.bytes.data(), pc, style);
  return text.empty() ? arrow_text_of(instr) : text;
}

}  // namespace weft::dynamorio

using namespace weft::dynamorio;

void disassemble_set_syntax(dr_disasm_flags_t flags) {
  syntax().store(flags, std::memory_order_relaxed);
}

byte* disassemble_from_copy(void*, byte* copy_pc, byte* orig_pc, file_t outfile, bool show_pc,
                            bool show_bytes) {
  const Line line = disassembled(copy_pc, orig_pc, show_pc, show_bytes);
  write(outfile, line.text);
  return line.length == 0 ? nullptr : copy_pc + line.length;
}

byte* disassemble_with_info(void* drcontext, byte* pc, file_t outfile, bool show_pc,
                            bool show_bytes) {
  return disassemble_from_copy(drcontext, pc, pc, outfile, show_pc, show_bytes);
}

byte* disassemble(void* drcontext, byte* pc, file_t outfile) {
  return disassemble_with_info(drcontext, pc, outfile, true, true);
}

byte* disassemble_to_buffer(void*, byte* pc, byte* orig_pc, bool show_pc, bool show_bytes,
                            char* buf, size_t bufsz, int* printed) {
  const Line line = disassembled(pc, orig_pc, show_pc, show_bytes);
  const size_t length = copy_to(line.text, buf, bufsz);
  if (printed != nullptr) *printed = static_cast<int>(length);
  return line.length == 0 ? nullptr : pc + line.length;
}

void instr_disassemble(void*, instr_t* instr, file_t outfile) { write(outfile, text_of(instr)); }

size_t instr_disassemble_to_buffer(void*, instr_t* instr, char* buf, size_t bufsz) {
  return copy_to(text_of(instr), buf, bufsz);
}

void opnd_disassemble(void*, opnd_t opnd, file_t outfile) { write(outfile, text_of(opnd)); }

size_t opnd_disassemble_to_buffer(void*, opnd_t opnd, char* buf, size_t bufsz) {
  return copy_to(text_of(opnd), buf, bufsz);
}

// Each line has the offset from the start and whether the instruction is the client's (m).
void instrlist_disassemble(void* drcontext, app_pc tag, instrlist_t* ilist, file_t outfile) {
  const std::string name = fmt::format("0x{:016x}", reinterpret_cast<uint64_t>(tag));
  std::string text = fmt::format("TAG  {}\n", name);
  int offset = 0;
  for (instr_t* instr = ilist->first; instr != nullptr; instr = instr->next) {
    const int length = instr_length(drcontext, instr);
    Encoding encoding;
    const bool encoded = length > 0 && length <= MAX_INSTR_LENGTH &&
                         encode(instr, instr_get_app_pc(instr), encoding);
    const std::string bytes = encoded ? bytes_text(encoding.bytes.data(), 0, encoding.length) : "";
    text +=
        fmt::format(" +{:<4} {} @0x{:016x}  {:<21}{}\n", offset, instr_is_meta(instr) ? "m4" : "L4",
                    reinterpret_cast<uint64_t>(instr), bytes, text_of(instr));
    offset += length;
  }
  write(outfile, text + fmt::format("END {}\n\n", name));
}
