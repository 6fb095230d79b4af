// SPDX-License-Identifier: LGPL-2.1-or-later
// What the server itself has to say: pages, clock, health, counters. One per worker, on its thread.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "origin/http/shared.hpp"
#include "origin/store/object.hpp"

namespace origin::http {

class Documents {
 public:
  explicit Documents(Shared& shared) : shared_(shared) {}

  // "time", "healthz", "api/server", "_web/…", "" (the dashboard); null if there is no such document.
  store::ObjectRef find(std::string_view name);
  store::ObjectRef player_page() { return asset("player.html"); }

 private:
  // A file of origin/web; null if this build has none of that name.
  store::ObjectRef asset(const std::string& file);

  Shared& shared_;
  std::unordered_map<std::string, store::ObjectRef> assets_;
};

}  // namespace origin::http
