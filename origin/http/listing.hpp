// SPDX-License-Identifier: LGPL-2.1-or-later
// What has been uploaded, as JSON, page by page. On a worker's thread.
#pragma once

#include <string>
#include <string_view>

#include "origin/http/shared.hpp"

namespace origin::http {

// What is below `folder` ("live/"; empty: everywhere). The query's `prefix`: of names in it; `after`: the
// last name of the page before; `limit`: objects in a page, at most limits.max_listed.
store::ObjectRef list_objects(Shared& shared, const std::string& folder, std::string_view query);
// The answer to GET /<namespace>/?prefix=…; null if the query has no `prefix`.
store::ObjectRef find_listing(Shared& shared, std::string_view name, std::string_view query);

}  // namespace origin::http
