// Clients of the DynamoRIO API on the command line: what is given for them becomes the options of
// the tool that runs them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weft::cli {

/// A library and its arguments.
struct ClientSpec {
  std::string path;
  std::vector<std::string> arguments;
};

/// All that the command line has for clients.
struct ClientLine {
  std::vector<ClientSpec> clients;
  /// drrun's options of the runtime, which a client may ask for by their names.
  std::vector<std::string> options;

  bool empty() const { return clients.empty(); }
};

inline constexpr std::string_view kClientOption = "--client";
/// Its word is one of ClientLine::options.
inline constexpr std::string_view kRuntimeOption = "--client-option";

/// Splits our part of the command line, [1, own), at the first --client: what follows belongs to
/// clients. Returns how many words are left for the other options.
Result<int> take_clients(int own, char** argv, ClientLine& line);

/// The path of the library that clients run in.
std::string client_runtime();
/// What --tool takes to run them.
std::string tool_of(const ClientLine& line);

}  // namespace weft::cli
