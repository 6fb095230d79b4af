// SPDX-License-Identifier: LGPL-2.1-or-later
// /api/namespaces: what administrators read and set of namespaces, as JSON. Any thread.
#pragma once

#include <optional>
#include <string_view>

#include "origin/http/body_target.hpp"
#include "origin/http/shared.hpp"

namespace origin::http {

// "api/namespaces/live" -> "live"; empty: of all; nothing: it is none of these names.
std::optional<std::string_view> namespace_of_document(std::string_view name);

// Null if nothing is said of that namespace, and nothing is stored in it.
store::ObjectRef find_namespace_document(Shared& shared, std::string_view name);

// Takes the JSON of what is to be so; errors: kInvalid, naming the member.
std::unique_ptr<BodyTarget> namespace_target(Shared& shared, std::string name);

// {"max_bytes": 1000000}: each member is a number. Errors: kInvalid.
Result<NamespaceTerms> parse_namespace_terms(std::string_view text);

}  // namespace origin::http
