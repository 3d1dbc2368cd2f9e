// Where code images lie if the user names no place.
#pragma once

#include "cli/followed_exec.h"
#include "engine/options.h"

namespace weft::cli {

/// Sets options.persist, unless the user has: to the place that the user's programs share, or, in a
/// program that another one under weft has started, to what that one uses.
void choose_images(engine::Options& options, const FollowedExec& followed);

}  // namespace weft::cli
