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

inline constexpr std::string_view kClientOption = "--client";

/// Splits our part of the command line, [1, own), at the first --client: what follows belongs to
/// clients. Returns how many words are left for the other options.
Result<int> take_clients(int own, char** argv, std::vector<ClientSpec>& clients);

/// The path of the library that clients run in.
std::string client_runtime();
/// What --tool takes to run them.
std::string tool_of(const std::vector<ClientSpec>& clients);

}  // namespace weft::cli
