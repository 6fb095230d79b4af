// SPDX-License-Identifier: LGPL-2.1-or-later
// What the server itself has to say: clock, health, counters, who is connected. Any thread.
#pragma once

#include <string_view>

#include "origin/http/shared.hpp"
#include "origin/store/object.hpp"

namespace origin::http {

// "time", "healthz", "metrics", "api/server" and so on; null if there is no such document.
store::ObjectRef find_document(Shared& shared, std::string_view name, std::string_view query);

}  // namespace origin::http
