// SPDX-License-Identifier: LGPL-2.1-or-later
// When something was published, from the best source that the server offers. Any thread.
#pragma once

#include <optional>
#include <string_view>

#include "origin/base/time.hpp"

namespace origin::bench {

// From the best to none.
enum class PublishedBy { kHeader, kProducerTime, kDate, kLastModified, kNothing };
constexpr size_t kPublishedBy = 5;

const char* name_of(PublishedBy by);

struct Publication {
  PublishedBy by = PublishedBy::kNothing;
  UtcTime time;
};

struct PublicationSources {
  std::string_view header;          // empty: not sent
  std::optional<UtcTime> produced;  // prft
  std::optional<UtcTime> date;      // EXT-X-PROGRAM-DATE-TIME and durations: when the last frame was taken
  std::string_view last_modified;
};

Publication publication_of(const PublicationSources& sources);

}  // namespace origin::bench
