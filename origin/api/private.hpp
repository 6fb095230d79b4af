// SPDX-License-Identifier: LGPL-2.1-or-later
// Between the API's own files.
#pragma once

#include <cstring>
#include <memory>
#include <optional>

#include "origin/api/origin-presentation.h"
#include "origin/api/origin-server.h"
#include "origin/api/origin-track.h"
#include "origin/api/origin.hpp"
#include "origin/base/ref.hpp"
#include "origin/channel/presentation.hpp"

namespace origin::api {

// Sets `error` from ours; returns false for `return fail(...)`.
bool fail(GError** error, const Error& ours);

// What is in a field of an enumeration: callers in C may have put in what is none of its values.
template <typename Enumeration>
int number_in(const Enumeration& field) {
  static_assert(sizeof field == sizeof(int));
  int number = 0;
  std::memcpy(&number, &field, sizeof number);
  return number;
}

Origin& origin_of(OriginServer* server);

OriginPresentation* new_presentation(OriginServer* server, const channel::Options& options, GError** error);
// Sent to another server.
OriginPresentation* new_relayed(OriginServer* server, const channel::Options& options,
                                const std::string& location, const std::string& api_key, GError** error);
OriginTrack* new_track(OriginPresentation* presentation, std::shared_ptr<channel::Presentation> channel,
                       channel::Presentation::TrackId id, const char* name);
// Nothing for a track of another presentation, or none.
std::optional<channel::Presentation::TrackId> id_in(const channel::Presentation* presentation,
                                                    OriginTrack* track);

}  // namespace origin::api
