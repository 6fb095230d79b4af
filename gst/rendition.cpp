// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/rendition.hpp"

#include <gst/tag/tag.h>

#include <utility>

#include "origin/base/text.hpp"

namespace gst {

using origin::MutexLock;

namespace {

void read_string(const GstTagList* tags, const char* tag, std::string& into) {
  gchar* text = nullptr;
  if (gst_tag_list_get_string(tags, tag, &text)) into = text;
  g_free(text);
}

// A language that has a code of two letters is named by it (RFC 5646 2.2.1): "de" for "ger" and "deu".
std::string with_shortest_code(const std::string& language) {
  const size_t end = std::min(language.find('-'), language.size());
  const char* code = gst_tag_get_language_code_iso_639_1(language.substr(0, end).c_str());
  return code ? code + language.substr(end) : language;
}

}  // namespace

Rendition::Overrides Rendition::overrides() const {
  MutexLock lock(mutex_);
  return overrides_;
}

void Rendition::override(const Overrides& overrides) {
  {
    MutexLock lock(mutex_);
    overrides_ = overrides;
  }
  apply();
}

void Rendition::read(const GstTagList* tags) {
  {
    MutexLock lock(mutex_);
    read_string(tags, GST_TAG_LANGUAGE_CODE, tagged_language_);
    // ISO 639-2: undetermined. Matroska says so where nobody said anything.
    if (tagged_language_ == "und") tagged_language_.clear();
    // The title of the whole medium names no rendition.
    if (gst_tag_list_get_scope(tags) == GST_TAG_SCOPE_STREAM) read_string(tags, GST_TAG_TITLE, tagged_label_);
  }
  apply();
}

void Rendition::describe(origin::Ref<OriginTrack> track) {
  {
    MutexLock lock(mutex_);
    std::swap(track, track_);
    told_language_.clear();
  }
  apply();
}

void Rendition::apply() {
  origin::Ref<OriginTrack> track;
  Overrides facts;
  std::string told_language;
  {
    MutexLock lock(mutex_);
    track = track_;
    facts = overrides_;
    if (facts.language.empty()) facts.language = tagged_language_;
    if (facts.label.empty()) facts.label = tagged_label_;
    if (!track) return;
    told_language = std::exchange(told_language_, facts.language);
  }
  const bool wrong_as_before = facts.language == told_language && !origin::is_language_tag(facts.language);
  if (!facts.language.empty() && !wrong_as_before)
    origin_track_set_language(track.get(), with_shortest_code(facts.language).c_str());
  if (!facts.label.empty()) origin_track_set_label(track.get(), facts.label.c_str());
  if (facts.is_default) origin_track_set_default(track.get(), TRUE);
  if (facts.bitrate > 0) origin_track_set_bitrate(track.get(), facts.bitrate);
}

}  // namespace gst
