// What an execve of a program under weft passes on to the weft that runs the next program, beside
// the user's options. Plain data; start only.
#pragma once

#include <string>
#include <vector>

#include "engine/options.h"

namespace weft::cli {

struct FollowedExec {
  std::string path;
  std::string name;  ///< what the program gave to execve, where that is not `path`
  int fd = -1;
  std::string images;  ///< where the program that started this one keeps code images
  std::string held;    ///< what the process before this one held (Surroundings::inheritance)
  std::string kept;    ///< the same where its paths still lead there (Surroundings::legacy)
};

/// Takes argv[2..own) as options of a followed execve, with the common ones of the user, `tools`
/// among them; false if there is any other, and then nothing was taken. Most starts have no other,
/// and need no parser of options.
bool take_followed_exec(int own, char** argv, FollowedExec& followed, engine::Options& options,
                        std::vector<std::string>& tools);

}  // namespace weft::cli
