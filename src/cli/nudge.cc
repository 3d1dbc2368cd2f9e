// weft nudge: sends a number to a client of a program that runs under weft.
#include <dlfcn.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "cli/clients.h"
#include "cli/commands.h"

namespace weft::cli {
namespace {

constexpr const char* kUsage =
    "usage: weft nudge PID CLIENT VALUE\n"
    "Calls the nudge callback of client number CLIENT (0: the first) in the process PID.\n";
constexpr unsigned kPatience = 10'000;  // ms

std::optional<uint64_t> number(std::string_view text) {
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// In the order of dr_config_status_t, as far as a nudge ends so.
const char* meaning(int status) {
  constexpr int kNoSuchClient = 5;
  constexpr int kNotOurs = 7;
  constexpr int kTimeout = 8;
  switch (status) {
    case kNoSuchClient:
      return "that client has no nudge callback";
    case kNotOurs:
      return "no program of yours with a client that takes nudges has that number";
    case kTimeout:
      return "the client has not answered for 10 s";
    default:
      return "the nudge could not be sent";
  }
}

int fail(const char* what) {
  std::fprintf(stderr, "weft: nudge: %s\n", what);
  return kStatusUsage;
}

}  // namespace

int nudge(int argc, char** argv) {
  constexpr int kWords = 5;
  if (argc == 3 && (std::strcmp(argv[2], "--help") == 0 || std::strcmp(argv[2], "-h") == 0)) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (argc != kWords) return std::fputs(kUsage, stderr), kStatusUsage;
  const auto process = number(argv[2]);
  const auto client = number(argv[3]);
  const auto value = number(argv[4]);
  if (!process || !client || !value) return fail("PID, CLIENT and VALUE are numbers");
  void* const library = dlopen(client_runtime().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return fail(dlerror());
  using Send = int (*)(int, unsigned, uint64_t, unsigned);
  const auto send = reinterpret_cast<Send>(dlsym(library, "dr_nudge_client_ex"));
  if (send == nullptr) return fail(dlerror());
  const int status =
      send(static_cast<int>(*process), static_cast<unsigned>(*client), *value, kPatience);
  return status == 0 ? 0 : fail(meaning(status));
}

}  // namespace weft::cli
