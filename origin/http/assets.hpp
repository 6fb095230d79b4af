// SPDX-License-Identifier: LGPL-2.1-or-later
// The files of origin/web that this build has. Immutable once made; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "origin/store/topic.hpp"

namespace origin::http {

class Assets {
 public:
  Assets();

  // Null if there is none of that name. Compressed when that is first asked for.
  store::MessageRef find(std::string_view file) const;

 private:
  std::map<std::string, store::MessageRef, std::less<>> files_;
};

}  // namespace origin::http
