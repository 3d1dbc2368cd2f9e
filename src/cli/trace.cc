// weft trace: a script, its options, then the program. Becomes a run with the tool of that name.
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "linux/kernel/unique_fd.h"
#include "weft/socket_address.h"

namespace weft::cli {
namespace {

constexpr const char* kHelp =
    "usage: weft trace [OPTIONS] 'PROBES' [OPTIONS] -- PROGRAM [ARGS...]\n"
    "       weft trace --control SOCKET ORDER\n"
    "\n"
    "Runs PROGRAM and answers a question about it, such as\n"
    "  weft trace 'libc:malloc { @bytes = hist(arg0); }' -- ls\n"
    "\n"
    "  -f FILE              the script is in FILE\n"
    "  -o FILE              the answer goes to FILE, not to standard error\n"
    "  --format=text|json   how the answer looks\n"
    "  --duration SECONDS   ends the trace, not the program, after that time\n"
    "  --control SOCKET     the trace takes orders there while the program runs: list, print, "
    "clear,\n"
    "                       on PROBE, off PROBE, add 'PROBES'; without a program, gives it one\n"
    "  other options        are those of 'weft run'\n"
    "docs/trace.md describes the language.\n";

struct Request {
  std::optional<std::string> script;
  std::string tool_options;
  std::vector<std::string> run_options;
  std::string control;  ///< a socket; empty: none
  int program = 0;      ///< index of the first word behind "--"; 0: none
};

std::string hex_of(const std::string& text) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string hex;
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

int complain(const std::string& message) {
  std::fprintf(stderr, "weft trace: %s; 'weft trace --help' shows how it is used\n",
               message.c_str());
  return kStatusUsage;
}

/// Status 0, or that of what is wrong, which has been said.
int read_file(const std::string& path, Request& request) {
  std::ifstream file(path);
  if (!file) return complain("cannot read the script " + path);
  request.script.emplace(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  return 0;
}

/// Takes the option at argv[at], and its value if that is a word of its own.
int take_option(int argc, char** argv, int& at, Request& request) {
  const std::string_view word = argv[at];
  const auto value = [&](std::string_view name) -> std::optional<std::string> {
    if (word.starts_with(name) && word.size() > name.size() && word[name.size()] == '=') {
      return std::string(word.substr(name.size() + 1));
    }
    if (word != name || at + 1 == argc) return std::nullopt;
    return std::string(argv[++at]);
  };
  if (const auto file = value("-f")) return read_file(*file, request);
  if (const auto output = value("-o")) return request.tool_options += ",output=" + *output, 0;
  if (const auto format = value("--format")) return request.tool_options += ",format=" + *format, 0;
  if (const auto seconds = value("--duration")) {
    return request.tool_options += ",duration=" + *seconds, 0;
  }
  if (const auto control = value("--control")) return request.control = *control, 0;
  request.run_options.emplace_back(word);
  return 0;
}

int read_words(int argc, char** argv, Request& request) {
  std::string second;
  int at = 2;
  for (; at < argc && std::string_view(argv[at]) != "--"; ++at) {
    if (argv[at][0] == '-') {
      if (const int status = take_option(argc, argv, at, request); status != 0) return status;
    } else if (!request.script) {
      request.script = argv[at];
    } else if (second.empty()) {
      second = argv[at];
    } else {
      return complain("'" + std::string(argv[at]) + "' is one word too many");
    }
  }
  if (!request.script) return complain("no script");
  if (at == argc && !request.control.empty()) {
    // An order, and what it is about.
    if (!second.empty()) *request.script += " " + second;
    return 0;
  }
  if (!second.empty())
    return complain("'" + second + "' is a second script; PROGRAM stands behind --");
  if (at + 1 >= argc) return complain("no program behind --");
  request.program = at + 1;
  return 0;
}

/// Tells a trace that runs, and shows its answer.
int give_order(const std::string& path, const std::string& order) {
  const auto address = socket_address(path);
  if (!address) return complain("the socket's path is too long");
  const linux::UniqueFd connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!connection.valid() || connect(connection.get(), address->get(), address->size()) != 0) {
    return complain("no trace listens at " + path + " (" + std::strerror(errno) + ")");
  }
  const std::string line = order + "\n";
  const ssize_t sent = send(connection.get(), line.data(), line.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(line.size()) || shutdown(connection.get(), SHUT_WR) != 0) {
    return complain("the trace did not take the order");
  }
  char piece[4096];
  ssize_t got = 0;
  while ((got = recv(connection.get(), piece, sizeof piece, 0)) > 0)
    std::fwrite(piece, 1, static_cast<size_t>(got), stdout);
  return got == 0 ? 0 : complain("the trace's answer broke off");
}

}  // namespace

int trace(int argc, char** argv) {
  const std::string_view first = argc > 2 ? argv[2] : "";
  if (first == "--help" || first == "-h") return std::fputs(kHelp, stdout), 0;
  Request request;
  if (const int status = read_words(argc, argv, request); status != 0) return status;
  if (request.program == 0) return give_order(request.control, *request.script);
  if (!request.control.empty()) request.tool_options += ",control=" + hex_of(request.control);
  std::vector<std::string> words{"weft", "run"};
  words.insert(words.end(), request.run_options.begin(), request.run_options.end());
  words.insert(words.end(),
               {"--tool", "trace:script=" + hex_of(*request.script) + request.tool_options, "--"});
  for (int i = request.program; i < argc; ++i) words.emplace_back(argv[i]);
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  // A run begins with the stack that the kernel made for it.
  execv("/proc/self/exe", pointers.data());
  return complain(std::string("cannot start weft again: ") + std::strerror(errno));
}

}  // namespace weft::cli
