// SPDX-License-Identifier: LGPL-2.1-or-later
// Status documents of presentations. Any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "origin/channel/presentation.hpp"

namespace origin::channel {

// "live"
const char* name_of(State state);

std::string presentations_json(const std::vector<std::shared_ptr<Presentation>>& presentations);
std::string presentation_json(const Presentation& presentation);

}  // namespace origin::channel
