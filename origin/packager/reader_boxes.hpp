// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds ISO base media boxes (ISO/IEC 14496-12 4.2) in bytes of unknown origin. What is found points into
// them. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "origin/base/bytes.hpp"
#include "origin/base/result.hpp"
#include "origin/media/bit_reader.hpp"

namespace origin::packager {

struct BoxHeader {
  std::string_view type;  // four characters
  uint64_t size = 0;      // with this header; 0: up to the end of the file
  size_t length = 0;      // of this header
};

// Nothing while there are too few bytes for it.
std::optional<BoxHeader> parse_box_header(ByteSpan data);

// The type in quotes, or in hexadecimal if it is not printable (and so hardly a type).
std::string quoted(std::string_view type);
bool is_printable(std::string_view type);

struct Box {
  std::string_view type;
  size_t start = 0;       // of the box, in the unit
  size_t content_at = 0;  // ditto, behind its header
  ByteSpan content;

  // "'trun' at byte 120"
  std::string place() const;
};

// The boxes in a box, behind `skipped` bytes of it. Errors: kInvalid for one that does not fit.
Result<std::vector<Box>> read_boxes(const Box& parent, size_t skipped = 0);
const Box* find_box(const std::vector<Box>& boxes, std::string_view type);

// The first box on a path like "mdia/minf/stbl"; kInvalid if there is none.
Result<Box> get_box(const Box& parent, std::string_view path);

// A FullBox (4.2.2).
struct FullBox {
  explicit FullBox(const Box& box) : fields(box.content), version(fields.byte()), flags(fields.bits(24)) {}

  media::BitReader fields;  // behind version and flags
  uint8_t version;
  uint32_t flags;
};

uint64_t read_u64(media::BitReader& fields);
// A field of 64 bits in version 1 of a box and of 32 in version 0.
uint64_t read_sized(FullBox& box);

Error too_short(const Box& box);

}  // namespace origin::packager
