// SPDX-License-Identifier: LGPL-2.1-or-later
// What is kept of a track that is published, where it is published to, and what answers mean.
#include <string>
#include <vector>

#include "origin/publish/answer.hpp"
#include "origin/publish/backlog.hpp"
#include "origin/publish/location.hpp"
#include "origin/publish/track_buffer.hpp"
#include "tests/check_main.hpp"

using namespace origin;
using publish::Backlog;
using publish::Piece;
using publish::TrackBuffer;

namespace {

constexpr MonotonicTime kStart{std::chrono::seconds(1000)};
const std::string kEnd("\0\0\0\x14styplmsg\0\0\0\0lmsg", 20);

Bytes bytes(const std::string& text) {
  return Bytes::copy_of(text);
}

void check_text(const std::string& text, const std::string& expected) {
  ck_assert_str_eq(text.c_str(), expected.c_str());
}

// "H1 a b END DONE": what next() gives until it has nothing.
std::string sent(TrackBuffer& buffer, MonotonicTime now = kStart, size_t most = 1000) {
  std::string all;
  for (; most > 0; --most) {
    const Piece piece = buffer.next(now);
    if (piece.kind == Piece::Kind::kNothing) break;
    if (!all.empty()) all += ' ';
    if (piece.kind == Piece::Kind::kDone) return all + "DONE";
    all += piece.kind == Piece::Kind::kEndOfTrack ? "END" : std::string(piece.bytes.view());
    if (piece.kind == Piece::Kind::kEndOfTrack) ck_assert(piece.bytes.view() == kEnd);
    if (piece.kind == Piece::Kind::kHeader) ck_assert(piece.bytes.view().starts_with('H'));
  }
  return all;
}

void check_sent(TrackBuffer& buffer, const std::string& expected, MonotonicTime now = kStart,
                size_t most = 1000) {
  check_text(sent(buffer, now, most), expected);
}

// A capital letter starts a segment; each chunk is a letter ten times over.
std::string chunk_text(char letter) {
  return std::string(10, letter);
}
void add(TrackBuffer& buffer, const std::string& letters) {
  for (const char letter : letters)
    buffer.add_chunk(bytes(chunk_text(letter)), letter >= 'A' && letter <= 'Z');
}
// "H1 Aaa" for the pieces of check_sent, shortened.
std::string expect(const std::string& words) {
  std::string all;
  for (size_t i = 0; i < words.size(); ++i) {
    if (!all.empty()) all += ' ';
    if (words[i] == 'H') {
      all += words.substr(i++, 2);
    } else {
      all += words[i] == '.' ? "END" : words[i] == '!' ? "DONE" : chunk_text(words[i]);
    }
  }
  return all;
}

TrackBuffer with_header() {
  TrackBuffer buffer;
  Body released;
  buffer.add_header(bytes("H1"), released);
  return buffer;
}

}  // namespace

START_TEST(test_header_comes_first_and_chunks_as_they_come) {
  TrackBuffer buffer = with_header();
  check_sent(buffer, "H1");
  ck_assert(!buffer.has_next());
  add(buffer, "Aa");
  ck_assert(buffer.has_next());
  check_sent(buffer, expect("Aa"));
  add(buffer, "B");
  check_sent(buffer, expect("B"));
  ck_assert(!buffer.has_next());
  ck_assert_uint_eq(buffer.bytes(), 30);
  ck_assert_uint_eq(buffer.unsent_bytes(), 0);
}
END_TEST

START_TEST(test_nothing_is_copied) {
  TrackBuffer buffer = with_header();
  const Bytes chunk = bytes("chunk");
  buffer.add_chunk(chunk, true);
  buffer.next(kStart);
  ck_assert_ptr_eq(buffer.next(kStart).bytes.data(), chunk.data());
}
END_TEST

START_TEST(test_end_of_a_track_is_said_and_that_of_a_stream_is_not) {
  TrackBuffer buffer = with_header();
  add(buffer, "Aa");
  buffer.end(true);
  check_sent(buffer, expect("H1Aa.!"));
  buffer.rewind();
  check_sent(buffer, expect("H1Aa.!"));
  TrackBuffer other = with_header();
  add(other, "Aa");
  other.end(false);
  other.end(true);
  check_sent(other, expect("H1Aa!"));
  // It is over.
  add(other, "B");
  ck_assert_uint_eq(other.bytes(), 20);
}
END_TEST

START_TEST(test_new_connection_begins_with_the_header_and_the_oldest_segment) {
  TrackBuffer buffer = with_header();
  add(buffer, "AaaBb");
  check_sent(buffer, expect("H1Aaa"), kStart, 4);
  buffer.rewind();
  ck_assert_uint_eq(buffer.unsent_bytes(), 50);
  check_sent(buffer, expect("H1AaaBb"));
  add(buffer, "b");
  check_sent(buffer, expect("b"));
}
END_TEST

START_TEST(test_segments_keep_the_header_they_belong_to) {
  TrackBuffer buffer = with_header();
  Body released;
  add(buffer, "Aa");
  check_sent(buffer, expect("H1Aa"));
  buffer.add_header(bytes("H2"), released);
  check_sent(buffer, "H2");
  add(buffer, "bb");  // starts a segment, whatever it says
  check_sent(buffer, expect("bb"));
  buffer.rewind();
  check_sent(buffer, expect("H1AaH2bb"));
  // The same one again is no news.
  buffer.add_header(bytes("H2"), released);
  ck_assert(!buffer.has_next());
  add(buffer, "b");
  buffer.drop_oldest(released);
  buffer.rewind();
  check_sent(buffer, expect("H2bbb"));
}
END_TEST

START_TEST(test_chunk_without_a_header_is_lost) {
  TrackBuffer buffer;
  ck_assert(!buffer.add_chunk(bytes("a"), true));
  ck_assert(!buffer.has_next());
  ck_assert_uint_eq(buffer.bytes(), 0);
}
END_TEST

START_TEST(test_what_was_sent_is_forgotten_by_whole_segments) {
  TrackBuffer buffer = with_header();
  Body released;
  add(buffer, "Aa");
  check_sent(buffer, expect("H1Aa"), kStart);
  add(buffer, "Bb");
  check_sent(buffer, expect("Bb"), kStart + 2s);
  add(buffer, "C");
  buffer.forget_sent(kStart - 1ns, released);
  ck_assert_uint_eq(buffer.bytes(), 50);
  buffer.forget_sent(kStart, released);
  ck_assert_uint_eq(buffer.bytes(), 30);
  buffer.forget_sent(kStart + 1s, released);
  ck_assert_uint_eq(buffer.bytes(), 30);
  buffer.forget_sent(kStart + 2s, released);
  // The rest is not sent.
  ck_assert_uint_eq(buffer.bytes(), 10);
  check_sent(buffer, expect("C"), kStart + 3s);
  buffer.forget_sent(kStart + 10s, released);
  // It may go on.
  ck_assert_uint_eq(buffer.bytes(), 10);
  buffer.rewind();
  check_sent(buffer, expect("H1C"));
}
END_TEST

START_TEST(test_what_is_to_be_sent_again_is_not_forgotten) {
  TrackBuffer buffer = with_header();
  Body released;
  add(buffer, "AaBb");
  sent(buffer);
  buffer.rewind();
  buffer.forget_sent(kStart + 100s, released);
  check_sent(buffer, expect("H1AaBb"));
}
END_TEST

START_TEST(test_full_buffer_loses_its_oldest_segments) {
  TrackBuffer buffer = with_header();
  Body released;
  add(buffer, "AaaBbC");
  const TrackBuffer::Loss loss = buffer.drop_oldest(released);
  ck_assert_uint_eq(loss.bytes, 30);
  ck_assert_uint_eq(loss.chunks, 3);
  ck_assert_uint_eq(buffer.bytes(), 30);
  ck_assert_uint_eq(buffer.unsent_bytes(), 30);
  check_sent(buffer, expect("H1BbC"));
}
END_TEST

START_TEST(test_what_was_sent_goes_first_and_is_no_loss) {
  TrackBuffer buffer = with_header();
  Body released;
  add(buffer, "AaBbbC");
  check_sent(buffer, expect("H1AaB"), kStart, 4);
  ck_assert_uint_eq(buffer.drop_oldest(released).chunks, 0);
  ck_assert_uint_eq(buffer.bytes(), 40);
  ck_assert_uint_eq(buffer.drop_oldest(released).chunks, 0);
  ck_assert_uint_eq(buffer.bytes(), 30);
  // In the midst of a segment: it goes on on this connection.
  check_sent(buffer, expect("b"), kStart, 1);
  buffer.drop_oldest(released);
  ck_assert_uint_eq(buffer.bytes(), 20);
  const TrackBuffer::Loss loss = buffer.drop_oldest(released);
  ck_assert_uint_eq(loss.chunks, 1);
  ck_assert_uint_eq(loss.bytes, 10);
  check_sent(buffer, expect("C"));
}
END_TEST

START_TEST(test_what_another_connection_has_sent_is_no_loss) {
  TrackBuffer buffer = with_header();
  Body released;
  add(buffer, "AaBb");
  check_sent(buffer, expect("H1A"), kStart, 2);
  buffer.rewind();
  ck_assert_uint_eq(buffer.drop_oldest(released).chunks, 1);
  check_sent(buffer, expect("H1Bb"));
}
END_TEST

START_TEST(test_open_segment_that_is_dropped_is_dropped_to_its_end) {
  TrackBuffer buffer = with_header();
  Body released;
  add(buffer, "Aaa");
  ck_assert_uint_eq(buffer.drop_oldest(released).chunks, 3);
  ck_assert_uint_eq(buffer.bytes(), 0);
  ck_assert(buffer.is_skipping());
  ck_assert(!buffer.add_chunk(bytes("a"), false));
  add(buffer, "Bb");
  ck_assert(!buffer.is_skipping());
  check_sent(buffer, expect("H1Bb"));
}
END_TEST

START_TEST(test_open_segment_that_is_sent_goes_on) {
  TrackBuffer buffer = with_header();
  Body released;
  add(buffer, "Aaa");
  check_sent(buffer, expect("H1Aaa"));
  ck_assert_uint_eq(buffer.drop_oldest(released).chunks, 0);
  ck_assert_uint_eq(buffer.bytes(), 0);
  add(buffer, "aB");
  check_sent(buffer, expect("aB"));
  buffer.forget_sent(kStart, released);
  buffer.rewind();
  check_sent(buffer, expect("H1B"));
}
END_TEST

// Chunks of any sizes, sent and dropped in any order: what is sent on a connection is in order, and the
// counts agree with what there is.
START_TEST(test_any_order) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    unsigned random = seed * 2654435761u + 1;
    const auto pick = [&random](unsigned below) {
      return (random = random * 1664525 + 1013904223) / 65536 % below;
    };
    TrackBuffer buffer = with_header();
    Body released;
    uint64_t added = 0, lost = 0, newest = 0;
    for (int step = 0; step < 200; ++step) {
      switch (pick(6)) {
        case 0:
        case 1:
        case 2: {
          const std::string text = "c" + std::to_string(100'000 + ++added);
          if (!buffer.add_chunk(bytes(text), pick(4) == 0)) ++lost;
          break;
        }
        case 3:
          if (const Piece piece = buffer.next(kStart + std::chrono::seconds(step));
              piece.kind == Piece::Kind::kChunk) {
            const uint64_t number = std::stoull(std::string(piece.bytes.view().substr(1))) - 100'000;
            ck_assert_uint_gt(number, newest);
            newest = number;
          }
          break;
        case 4:
          if (pick(8) == 0) {
            buffer.rewind();
            newest = 0;
            ck_assert_uint_eq(buffer.unsent_bytes(), buffer.bytes());
          } else if (buffer.bytes() > 0 && pick(3) == 0) {
            const uint64_t before = buffer.bytes();
            lost += buffer.drop_oldest(released).chunks;
            ck_assert_uint_le(buffer.bytes(), before);
          }
          break;
        default:
          buffer.forget_sent(kStart + std::chrono::seconds(pick(static_cast<unsigned>(step) + 1)), released);
      }
      ck_assert_uint_le(buffer.unsent_bytes(), buffer.bytes());
    }
    ck_assert_uint_le(lost, added);
    sent(buffer);
    ck_assert_uint_eq(buffer.unsent_bytes(), 0);
    while (buffer.bytes() > 0) ck_assert_uint_eq(buffer.drop_oldest(released).chunks, 0);
    buffer.clear(released);
    ck_assert_uint_eq(buffer.bytes(), 0);
  }
}
END_TEST

START_TEST(test_backlog_takes_room_from_the_largest_track) {
  Backlog backlog(100, 0s);
  const auto large = *backlog.add_track("video"), small = *backlog.add_track("audio");
  for (const auto track : {large, small}) backlog.add_header(track, bytes("H1"));
  backlog.add_chunk(small, bytes(std::string(30, 's')), true);
  for (int i = 0; i < 8; ++i) backlog.add_chunk(large, bytes(std::string(20, 'l')), true);
  const Backlog::Totals totals = backlog.totals();
  ck_assert_uint_eq(totals.buffered, 90);
  ck_assert_uint_eq(totals.lost.bytes, 100);
  ck_assert_uint_eq(totals.lost.chunks, 5);
  const auto drops = backlog.take_drops();
  ck_assert_uint_eq(drops.size(), 1);
  ck_assert_str_eq(drops[0].track.c_str(), "video");
  ck_assert_uint_eq(drops[0].loss.bytes, 20);
  ck_assert(backlog.take_drops().empty());
}
END_TEST

START_TEST(test_backlog_tells_of_losses_again_once_all_was_sent) {
  Backlog backlog(25, 0s);
  const auto track = *backlog.add_track("video");
  backlog.add_header(track, bytes("H1"));
  const auto overflow = [&] {
    for (int i = 0; i < 5; ++i) backlog.add_chunk(track, bytes(std::string(10, 'x')), true);
    return backlog.take_drops().size();
  };
  ck_assert_uint_eq(overflow(), 1);
  ck_assert_uint_eq(overflow(), 0);
  while (backlog.next(track, kStart).kind != Piece::Kind::kNothing) {
  }
  ck_assert_uint_eq(overflow(), 1);
}
END_TEST

// One of more than there may be at all.
START_TEST(test_backlog_is_bounded_whatever_comes) {
  Backlog backlog(100, 0s);
  const auto track = *backlog.add_track("video");
  backlog.add_header(track, bytes("H1"));
  for (int i = 0; i < 50; ++i) {
    backlog.add_chunk(track, bytes(std::string(static_cast<size_t>(i) * 7 + 1, 'x')), i % 5 == 0);
    ck_assert_uint_le(backlog.totals().buffered, 100);
  }
  ck_assert_uint_eq(backlog.take_drops().size(), 1);
}
END_TEST

START_TEST(test_backlog_is_confirmed_track_by_track) {
  Backlog backlog(100, 0s);
  const auto one = *backlog.add_track("video"), other = *backlog.add_track("audio");
  (void)*backlog.add_track("never_began");
  for (const auto track : {one, other}) backlog.add_header(track, bytes("H1"));
  ck_assert(!backlog.add_track("video").ok());
  ck_assert(!backlog.add_track("a/b").ok());
  backlog.close();
  const auto is_waiting = [&](const char* of) {
    const Status status = backlog.wait_until_confirmed(0s);
    ck_assert(!status.ok());
    ck_assert_int_eq(static_cast<int>(status.error().code), static_cast<int>(ErrorCode::kUnavailable));
    return status.error().message.find(of) != std::string::npos;
  };
  ck_assert(is_waiting("video, audio"));
  backlog.confirm(one);
  ck_assert(is_waiting(" audio"));
  backlog.confirm(other);
  ck_assert(backlog.wait_until_confirmed(0s).ok());
}
END_TEST

// Or the presentation would be over before the server knows the others.
START_TEST(test_end_of_a_track_waits_for_the_beginning_of_the_others) {
  Backlog backlog(100, 2s);
  const auto one = *backlog.add_track("video"), other = *backlog.add_track("audio");
  const auto silent = *backlog.add_track("subtitles");
  for (const auto track : {one, other, silent}) backlog.add_header(track, bytes("H1"));
  for (const auto track : {one, other}) backlog.add_chunk(track, bytes("chunk"), true);
  backlog.end(one);
  const auto next = [&](Backlog::TrackId track, Duration time) {
    return backlog.next(track, kStart + time).kind;
  };
  ck_assert(next(one, 0s) == Piece::Kind::kHeader);
  ck_assert(next(one, 0s) == Piece::Kind::kChunk);
  ck_assert(next(one, 100s) == Piece::Kind::kNothing);
  ck_assert(next(other, 100s) == Piece::Kind::kHeader);
  ck_assert(next(other, 100s) == Piece::Kind::kChunk);
  ck_assert(next(one, 101s) == Piece::Kind::kNothing);
  ck_assert(backlog.tracks(kStart + 101s)[one].is_held && !backlog.tracks(kStart + 101s)[one].has_next);
  ck_assert(!backlog.tracks(kStart + 102s)[one].is_held && backlog.tracks(kStart + 102s)[one].has_next);
  // It has to be said to another server again.
  backlog.rewind(other);
  ck_assert(next(one, 103s) == Piece::Kind::kNothing);
  ck_assert(next(other, 103s) == Piece::Kind::kHeader);
  ck_assert(next(other, 103s) == Piece::Kind::kChunk);
  ck_assert(next(one, 105s) == Piece::Kind::kEndOfTrack);
  ck_assert(next(one, 105s) == Piece::Kind::kDone);
  backlog.confirm(one);
  backlog.end(other);
  ck_assert(next(other, 103s) == Piece::Kind::kEndOfTrack);
}
END_TEST

START_TEST(test_tracks_that_have_lost_all_do_not_wait_for_each_other) {
  Backlog backlog(5, 2s);
  const auto one = *backlog.add_track("video"), other = *backlog.add_track("audio");
  for (const auto track : {one, other}) {
    backlog.add_header(track, bytes("H1"));
    backlog.add_chunk(track, bytes("chunk too large"), true);
    backlog.end(track);
  }
  for (const auto track : {one, other}) {
    ck_assert(backlog.next(track, kStart).kind == Piece::Kind::kHeader);
    ck_assert(backlog.next(track, kStart).kind == Piece::Kind::kEndOfTrack);
  }
}
END_TEST

START_TEST(test_backlog_that_is_refused_keeps_nothing) {
  Backlog backlog(100, 0s);
  const auto track = *backlog.add_track("video");
  backlog.add_header(track, bytes("H1"));
  backlog.add_chunk(track, bytes("chunk"), true);
  backlog.refuse({ErrorCode::kNotFound, "no"});
  backlog.add_chunk(track, bytes("chunk"), true);
  ck_assert_uint_eq(backlog.totals().buffered, 0);
  ck_assert(!backlog.tracks(kStart)[track].wants_connection);
  check_text(backlog.wait_until_confirmed(60s).error().message, "no");
}
END_TEST

START_TEST(test_locations) {
  const auto url = [](const char* text) {
    const auto location = publish::Location::parse(text);
    ck_assert_msg(location.ok(), "%s: %s", text, location.ok() ? "" : location.error().message.c_str());
    return location->track_url("live", "a b%", "x=1");
  };
  check_text(url("http://origin:8080"), "http://origin:8080/_ingest/live/a%20b%25/stream.mp4?x=1");
  check_text(url("https://[::1]/"), "https://[::1]/_ingest/live/a%20b%25/stream.mp4?x=1");
  check_text(url("https://edge/live-origin//"),
             "https://edge/live-origin/_ingest/live/a%20b%25/stream.mp4?x=1");
  const struct {
    const char *text, *why;
  } kWrong[] = {{"", "neither"},
                {"origin:8080", "neither"},
                {"rtmp://origin", "neither of http nor of https"},
                {"http://", "no host"},
                {"http:///path", "no host"},
                {"http://origin:0", "port 0"},
                {"http://origin:70000", "no URL"},
                {"http://origin:port", "no URL"},
                {"http://me:secret@origin", "user or password"},
                {"http://origin/?a=b", "query"},
                {"http://origin/#a", "fragment"},
                {"http://origin/a/../b", "dot segment"},
                {"http://origin/a b", "characters"},
                {"http://origin/\r\nX: y", "characters"}};
  for (const auto& [text, why] : kWrong) {
    const auto location = publish::Location::parse(text);
    ck_assert_msg(!location.ok(), "%s", text);
    const std::string& message = location.error().message;
    ck_assert_msg(message.find(why) != std::string::npos, "%s: %s", text, message.c_str());
    ck_assert(message.find("http://origin:8080") != std::string::npos);
    ck_assert(message.find("secret") == std::string::npos);
  }
}
END_TEST

START_TEST(test_answers) {
  for (const int status : {301, 400, 401, 403, 404, 405, 410, 413, 415, 431, 501, 505})
    ck_assert_msg((publish::Answer{.status = status}.is_final()), "%d", status);
  for (const int status : {0, 200, 201, 408, 409, 412, 429, 500, 502, 503, 504})
    ck_assert_msg((!publish::Answer{.status = status}.is_final()), "%d", status);
  const auto text = [](const char* body, const char* redirect = "") {
    return publish::Answer{.status = 404, .redirect = redirect, .body = body}.text();
  };
  check_text(text("{\"error\":\"nothing is\\nthere\"}\n"), "HTTP 404: nothing is there");
  check_text(text("{\"error\":7}"), "HTTP 404: {\"error\":7}");
  check_text(text("{\"error\":{}}"), "HTTP 404: {\"error\":{}}");
  check_text(text("[]"), "HTTP 404: []");
  check_text(text("\n <html>\x01\nmore"), "HTTP 404: <html>");
  check_text(text(""), "HTTP 404");
  check_text(text("moved", "https://x/"), "HTTP 404: it is at https://x/");
  ck_assert(g_utf8_validate(text("\xff\xfe").c_str(), -1, nullptr));
  ck_assert_int_eq(static_cast<int>(publish::Answer{.status = 415}.error().code),
                   static_cast<int>(ErrorCode::kUnsupported));
}
END_TEST

int main() {
  const Test tests[] = {test_header_comes_first_and_chunks_as_they_come,
                        test_nothing_is_copied,
                        test_end_of_a_track_is_said_and_that_of_a_stream_is_not,
                        test_new_connection_begins_with_the_header_and_the_oldest_segment,
                        test_segments_keep_the_header_they_belong_to,
                        test_chunk_without_a_header_is_lost,
                        test_what_was_sent_is_forgotten_by_whole_segments,
                        test_what_is_to_be_sent_again_is_not_forgotten,
                        test_full_buffer_loses_its_oldest_segments,
                        test_what_was_sent_goes_first_and_is_no_loss,
                        test_what_another_connection_has_sent_is_no_loss,
                        test_open_segment_that_is_dropped_is_dropped_to_its_end,
                        test_open_segment_that_is_sent_goes_on,
                        test_any_order,
                        test_backlog_takes_room_from_the_largest_track,
                        test_backlog_tells_of_losses_again_once_all_was_sent,
                        test_backlog_is_bounded_whatever_comes,
                        test_backlog_is_confirmed_track_by_track,
                        test_end_of_a_track_waits_for_the_beginning_of_the_others,
                        test_tracks_that_have_lost_all_do_not_wait_for_each_other,
                        test_backlog_that_is_refused_keeps_nothing,
                        test_locations,
                        test_answers};
  return run_tests("publish_buffer", tests);
}
