#include "cli/clients.h"

#include <fmt/format.h>

#include <cctype>
#include <filesystem>

#include "tool/library.h"

namespace weft::cli {
namespace {

/// Plain characters as they are, others as %XX: words are told apart by a space, clients by '|'.
std::string encode(std::string_view word) {
  std::string text;
  for (const char each : word) {
    const bool plain = std::isalnum(static_cast<unsigned char>(each)) != 0 || each == '/' ||
                       each == '.' || each == '_' || each == '-';
    text += plain ? std::string(1, each) : fmt::format("%{:02X}", static_cast<unsigned char>(each));
  }
  return text;
}

}  // namespace

Result<int> take_clients(int own, char** argv, ClientLine& line) {
  int first = 1;
  while (first < own && argv[first] != kClientOption) ++first;
  for (int i = first; i < own; ++i) {
    if (argv[i] == kRuntimeOption && i + 1 < own) {
      line.options.emplace_back(argv[++i]);
      continue;
    }
    if (argv[i] != kClientOption) {
      line.clients.back().arguments.emplace_back(argv[i]);
      continue;
    }
    if (++i == own) return Error{"--client takes the path of a library, then its arguments"};
    line.clients.push_back({std::filesystem::absolute(argv[i]).lexically_normal().string(), {}});
  }
  return first;
}

std::string client_runtime() {
  return (std::filesystem::path(tool::bundled_tools_folder()) / "libdynamorio.so").string();
}

std::string tool_of(const ClientLine& line) {
  std::string spec = client_runtime() + ":clients=";
  for (const ClientSpec& client : line.clients) {
    if (&client != &line.clients.front()) spec += '|';
    spec += encode(client.path);
    for (const std::string& word : client.arguments) spec += ' ' + encode(word);
  }
  if (line.options.empty()) return spec;
  spec += ",options=";
  for (const std::string& word : line.options) spec += ' ' + encode(word);
  return spec;
}

}  // namespace weft::cli
