// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/listing.hpp"

#include <optional>
#include <string>

#include "origin/base/json.hpp"
#include "origin/base/ref.hpp"
#include "origin/base/text.hpp"

namespace origin::http {

namespace {

// The decoded value of a query's parameter; nothing if it is not there, or cannot be decoded.
std::optional<std::string> parameter(std::string_view query, std::string_view wanted) {
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    if (take_until(value, '=') != wanted) continue;
    const std::string escaped(value);
    const GCharPtr plain(g_uri_unescape_string(escaped.c_str(), nullptr));
    if (plain && g_utf8_validate(plain.get(), -1, nullptr)) return plain.get();
  }
  return std::nullopt;
}

}  // namespace

store::ObjectRef list_objects(Shared& shared, const std::string& folder, std::string_view query) {
  const std::string prefix = parameter(query, "prefix").value_or("");
  uint64_t limit = shared.limits.max_listed;
  if (const auto asked = parameter(query, "limit"))
    limit = std::min(limit, parse_number(*asked).value_or(limit));
  const std::string after = parameter(query, "after").value_or("");
  const store::Listing listing = shared.store.list(folder + prefix, after.empty() ? after : folder + after,
                                                   static_cast<size_t>(std::max<uint64_t>(limit, 1)));
  JsonDocument json;
  json.begin_array("objects");
  for (const store::Listing::Item& item : listing.items) {
    const store::Headers& headers = item.object->headers;
    json.begin_element()
        .add("key", item.name.substr(folder.size()))
        .add("size", item.object->size)
        .add("content_type", headers.content_type)
        .add("etag", headers.etag)
        .add("last_modified", format_rfc3339(headers.last_modified))
        .end();
  }
  json.end_array();
  if (listing.more) json.add("next", listing.items.back().name.substr(folder.size()));
  return store::make_object({Bytes::take(json.text())},
                            {.content_type = "application/json", .cache_control = "no-store"});
}

store::ObjectRef find_listing(Shared& shared, std::string_view name, std::string_view query) {
  if (!parameter(query, "prefix")) return nullptr;
  return list_objects(shared, std::string(name.substr(0, name.find('/'))) + '/', query);
}

}  // namespace origin::http
