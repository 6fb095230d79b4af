// SPDX-License-Identifier: LGPL-2.1-or-later
// What presentations have to tell those who watch over them, as metrics. Any thread.
#pragma once

#include <memory>
#include <vector>

#include "origin/base/metrics.hpp"
#include "origin/channel/presentation.hpp"

namespace origin::channel {

void add_metrics(const std::vector<std::shared_ptr<Presentation>>& presentations, UtcTime now,
                 metrics::Families& families);

}  // namespace origin::channel
