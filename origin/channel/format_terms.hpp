// SPDX-License-Identifier: LGPL-2.1-or-later
// What a track's format settles: how its frames are timed, how long its parts are, how it is described. Pure.
#pragma once

#include "origin/channel/options.hpp"
#include "origin/media/format.hpp"
#include "origin/segmenter/segmenter.hpp"
#include "origin/segmenter/timestamper.hpp"

namespace origin::channel {

// Whether frames may be shown in another order than they are decoded in.
bool may_reorder(const media::Format& format);

// Where a track's next frame may lie.
segmenter::Reach reach_of(const Options& options);
segmenter::Timestamper::Config timestamper_config(const Options& options, const media::Format& format);

// As many whole frames as fit into `longest` (or one that does not), less what makes the parts of a segment
// equal: a last part of a frame or two costs every viewer a request, and hls.js at times overlooks it and
// stalls. `longest` where frames may last as they like. `first_frame`: of audio, says how long frames are.
Duration equal_parts(const Options& options, const media::Format& format, ByteSpan first_frame,
                     Duration longest);
// How long parts are where PART-TARGET was settled by an earlier format: equal, unless they would be shorter
// than 85 % of it (RFC 8216bis 4.4.3.7).
Duration parts_within(const Options& options, const media::Format& format, ByteSpan first_frame,
                      Duration target);

segmenter::Segmenter::Config segmenter_config(const Options& options, const media::Format& format,
                                              Duration part);

// RESOLUTION is what the picture is shown at (RFC 8216bis 4.4.6.2).
media::VideoFormat as_displayed(media::VideoFormat video);

}  // namespace origin::channel
