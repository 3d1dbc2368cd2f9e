#include "weft/symbols.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <link.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace weft {

// Not in a namespace without a name, so that the name it has is known. One line, because code of
// several lines may begin at one address.
constexpr uint32_t kFunctionLine = __LINE__ + 2;
// clang-format off
[[gnu::noinline]] int function_with_a_line(int value) { asm volatile("" : "+r"(value)); return value + 1; }
// clang-format on

namespace {

struct Loaded {
  std::string path;
  uint64_t start = 0;
};

Loaded loaded_at(const void* address) {
  Dl_info info{};
  if (dladdr(address, &info) == 0) return {};
  return {info.dli_fname, reinterpret_cast<uint64_t>(info.dli_fbase)};
}

uint64_t number(const void* address) { return reinterpret_cast<uint64_t>(address); }

const void* own_function() { return reinterpret_cast<const void*>(&function_with_a_line); }

TEST(Symbols, an_address_of_this_program_has_function_file_and_line) {
  Symbols symbols;
  const uint64_t pc = number(own_function());
  symbols.add_module("/proc/self/exe", loaded_at(own_function()).start, pc + 0x100000);
  const Location place = symbols.find(pc);
  EXPECT_EQ(place.function, "weft::function_with_a_line(int)");
  EXPECT_EQ(place.function_start, pc);
  EXPECT_TRUE(place.source.file.ends_with("symbols_test.cc")) << place.source.file;
  EXPECT_EQ(place.source.line, kFunctionLine);
  EXPECT_EQ(place.text(pc), "weft::function_with_a_line(int) (symbols_test.cc:" +
                                std::to_string(kFunctionLine) + ")");
}

TEST(Symbols, a_stripped_library_has_its_dynamic_names) {
  const void* target = dlsym(RTLD_DEFAULT, "strtoul");
  ASSERT_NE(target, nullptr);
  const Loaded libc = loaded_at(target);
  Symbols symbols;
  symbols.add_module(libc.path, libc.start, number(target) + 0x1000);
  const Location place = symbols.find(number(target) + 3);
  // Several names share the address.
  EXPECT_NE(place.function.find("strtou"), std::string::npos) << place.function;
  EXPECT_EQ(place.function_start, number(target));
}

TEST(Symbols, an_address_in_no_module_is_a_number) {
  const Symbols symbols;
  EXPECT_EQ(symbols.find(0x1234).text(0x1234), "0x1234");
}

TEST(Symbols, a_later_module_takes_the_place_of_those_it_overlaps) {
  Symbols symbols;
  symbols.add_module("/nowhere/a", 0x1000, 0x3000);
  symbols.add_module("/nowhere/b", 0x5000, 0x6000);
  symbols.add_module("/nowhere/c", 0x2000, 0x4000);
  EXPECT_EQ(symbols.find(0x1000).module, "");
  EXPECT_EQ(symbols.find(0x3fff).module, "/nowhere/c");
  EXPECT_EQ(symbols.find(0x3fff).text(0x3fff), "c+0x1fff");
  EXPECT_EQ(symbols.find(0x5000).module, "/nowhere/b");
  EXPECT_EQ(symbols.modules().size(), 2U);
}

TEST(Symbols, may_be_asked_by_many_threads_at_once) {
  Symbols symbols;
  const uint64_t pc = number(own_function());
  symbols.add_module("/proc/self/exe", loaded_at(own_function()).start, pc + 0x100000);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(symbols.find(pc).source.line, kFunctionLine); });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(SymbolFile, what_is_no_elf_file_has_no_symbols) {
  EXPECT_EQ(SymbolFile::open("/nowhere"), nullptr);
  EXPECT_EQ(SymbolFile::open("/etc/passwd"), nullptr);
}

TEST(SymbolFile, functions_are_sorted_and_none_is_empty) {
  const auto file = SymbolFile::open("/proc/self/exe");
  ASSERT_NE(file, nullptr);
  uint64_t last = 0;
  for (const FunctionSymbol& function : file->functions()) {
    EXPECT_GT(function.start, last);
    EXPECT_GT(function.size, 0U);
    last = function.start;
  }
  EXPECT_GT(last, 0U);
}

TEST(SymbolFile, finds_functions_by_name_and_by_address) {
  const auto file = SymbolFile::open("/proc/self/exe");
  ASSERT_NE(file, nullptr);
  const uint64_t address =
      number(own_function()) - loaded_at(own_function()).start + file->first_address();
  EXPECT_EQ(file->addresses_of("weft::function_with_a_line(int)"), std::vector{address});
  EXPECT_EQ(file->addresses_of("_ZN4weft20function_with_a_lineEi"), std::vector{address});
  EXPECT_TRUE(file->addresses_of("function_with_a_line").empty());
  const FunctionSymbol* function = file->function_at(address + 1);
  ASSERT_NE(function, nullptr);
  EXPECT_EQ(function->start, address);
  EXPECT_EQ(file->function_at(0), nullptr);
}

TEST(SymbolFile, finds_lines_by_address) {
  const auto file = SymbolFile::open("/proc/self/exe");
  ASSERT_NE(file, nullptr);
  const uint64_t address =
      number(own_function()) - loaded_at(own_function()).start + file->first_address();
  const std::optional<SourceLine> line = file->line_at(address);
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->line, kFunctionLine);
  const LineRow* row = file->row_at(address);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->line, kFunctionLine);
  EXPECT_EQ(file->source_files().at(row->file), line->file);
  EXPECT_TRUE(
      std::is_sorted(file->lines().begin(), file->lines().end(),
                     [](const LineRow& a, const LineRow& b) { return a.address < b.address; }));
  EXPECT_FALSE(file->line_at(0).has_value());
  EXPECT_EQ(file->row_at(0), nullptr);
}

TEST(Demangle, makes_names_readable_and_leaves_others_alone) {
  EXPECT_EQ(demangle("_ZN3foo3barEi"), "foo::bar(int)");
  EXPECT_EQ(demangle("main"), "main");
  EXPECT_EQ(demangle("_Znonsense"), "_Znonsense");
}

}  // namespace
}  // namespace weft
