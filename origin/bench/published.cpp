// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/published.hpp"

#include "origin/bench/time_text.hpp"

namespace origin::bench {

const char* name_of(PublishedBy by) {
  static constexpr const char* kNames[kPublishedBy] = {"header", "prft", "program-date-time", "last-modified",
                                                       "nothing"};
  return kNames[static_cast<size_t>(by)];
}

Publication publication_of(const PublicationSources& sources) {
  if (const auto time = parse_published(sources.header)) return {PublishedBy::kHeader, *time};
  if (sources.produced) return {PublishedBy::kProducerTime, *sources.produced};
  if (sources.date) return {PublishedBy::kDate, *sources.date};
  if (const auto time = parse_http_date(sources.last_modified)) return {PublishedBy::kLastModified, *time};
  return {};
}

}  // namespace origin::bench
