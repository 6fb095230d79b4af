// SPDX-License-Identifier: LGPL-2.1-or-later
// What a decoder that has seen nothing before can do with a sample.
#pragma once

#include <cstdint>

namespace origin::media {

// In the order of what it is good for.
enum class Access : uint8_t {
  kNone,      // needs what came before
  kSkipped,   // ditto, and is left out by who begins at the access point before it: RASL of H.265
  kGradual,   // begins a picture that is whole only some frames later (intra refresh)
  kRecovery,  // right from here on in the order of display: an open group of pictures
  kClean,     // ditto, and closed if what comes next is shown after it: CRA of H.265
  kSync,      // everything from here on in decoding order
};

// Whether a segment may begin here.
inline bool is_entry(Access access) {
  return access >= Access::kGradual;
}

}  // namespace origin::media
