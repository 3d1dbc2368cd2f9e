#include "cli/nested.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

namespace weft::cli {
namespace {

std::vector<char*> strings(const std::vector<const char*>& from) {
  std::vector<char*> to;
  to.reserve(from.size() + 1);
  for (const char* each : from) to.push_back(const_cast<char*>(each));
  to.push_back(nullptr);
  return to;
}

}  // namespace

int run_nested(const linux::Launch& launch) {
  execve(launch.program.real_path.c_str(), strings(launch.argv).data(),
         strings(launch.envp).data());
  std::fprintf(stderr, "weft: cannot start weft again: %s\n", std::strerror(errno));
  return linux::kStatusCannotRun;
}

}  // namespace weft::cli
