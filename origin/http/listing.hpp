// SPDX-License-Identifier: LGPL-2.1-or-later
// What has been uploaded to a namespace, as JSON, page by page. On a worker's thread.
#pragma once

#include <string_view>

#include "origin/http/shared.hpp"

namespace origin::http {

// The answer to GET /<namespace>/?prefix=…; null if the query has no `prefix`. `after`: the last name of the
// page before; `limit`: objects in a page, at most limits.max_listed.
store::ObjectRef find_listing(Shared& shared, std::string_view name, std::string_view query);

}  // namespace origin::http
