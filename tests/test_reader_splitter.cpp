// SPDX-License-Identifier: LGPL-2.1-or-later
// origin/packager: pushed bytes, cut into headers and chunks.
#include <string>

#include "origin/packager/cmaf.hpp"
#include "origin/packager/reader_splitter.hpp"
#include "tests/big_allocations.hpp"
#include "tests/box_editor.hpp"
#include "tests/check_main.hpp"
#include "tests/codec_samples.hpp"

using namespace origin;
using packager::Splitter;
using packager::SplitterLimits;
using packager::Unit;
using tests::from_hex;
using tests::join;
using tests::make_box;

namespace {

Bytes box_of(const char* type, size_t size) {
  return make_box(type, Bytes::take(std::vector<uint8_t>(size, 0x5a)));
}
Bytes styp(std::string_view brands) {
  return make_box("styp",
                  join({Bytes::copy_of(std::string_view("msdh\0\0\0\0", 8)), Bytes::copy_of(brands)}));
}

const Bytes kFtyp = box_of("ftyp", 20), kMoov = box_of("moov", 500), kMoof = box_of("moof", 100),
            kMdat = box_of("mdat", 3000);
const Bytes kHeader = join({kFtyp, kMoov}), kChunk = join({kMoof, kMdat});

struct Outcome {
  std::vector<Unit> units;
  std::string error;
  ErrorCode code = ErrorCode::kEnded;  // nothing here gives that
  bool track_ended = false;
};

Outcome split(const Bytes& stream, size_t piece = SIZE_MAX, const SplitterLimits& limits = {}) {
  Outcome outcome;
  Splitter splitter(limits);
  Status status;
  for (size_t at = 0; status && at < stream.size();) {
    const size_t size = std::min(piece, stream.size() - at);
    status = splitter.push(stream.span().subspan(at, size), outcome.units);
    at += size;
  }
  if (status) {
    status = splitter.finish();
  } else {
    // An error is for good.
    ck_assert(splitter.push(kHeader.span(), outcome.units).error().message == status.error().message);
    ck_assert(splitter.finish().error().message == status.error().message);
  }
  outcome.track_ended = splitter.track_ended();
  if (!status) {
    outcome.error = status.error().message;
    outcome.code = status.error().code;
  }
  return outcome;
}

void assert_units(const Outcome& outcome, const std::vector<Bytes>& wanted) {
  ck_assert_str_eq(outcome.error.c_str(), "");
  ck_assert_uint_eq(outcome.units.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) ck_assert(outcome.units[i].bytes == wanted[i]);
}

void refuses(const Bytes& stream, const char* message, ErrorCode code = ErrorCode::kInvalid,
             const SplitterLimits& limits = {}) {
  for (const size_t piece : {SIZE_MAX, size_t{1}}) {
    const Outcome outcome = split(stream, piece, limits);
    ck_assert_str_eq(outcome.error.c_str(), message);
    ck_assert_int_eq(static_cast<int>(outcome.code), static_cast<int>(code));
  }
}

}  // namespace

START_TEST(test_pieces_of_any_size_give_the_same) {
  const Bytes prft = box_of("prft", 24), emsg = box_of("emsg", 60);
  const Bytes first = join({styp("msdhcmfs"), prft, emsg, emsg, kMoof, kMdat});
  const Bytes wide = join({kMoof, from_hex("000000016d646174000000000000001468690a0a")});
  const Bytes stream =
      join({kHeader, box_of("sidx", 44), first, box_of("free", 0), kChunk, wide, kHeader, kChunk});
  for (size_t piece = 1; piece < 300; ++piece) {
    const Outcome outcome = split(stream, piece);
    assert_units(outcome, {kHeader, first, kChunk, wide, kHeader, kChunk});
    ck_assert(outcome.units[0].kind == Unit::Kind::kHeader && outcome.units[1].kind == Unit::Kind::kChunk);
    ck_assert_uint_eq(outcome.units[1].offset, kHeader.size() + 52);
    ck_assert(!outcome.track_ended);
  }
  // In two pieces, at every byte.
  for (size_t at = 0; at <= stream.size(); ++at) {
    Splitter splitter;
    std::vector<Unit> units;
    ck_assert(splitter.push(stream.span().first(at), units).ok());
    ck_assert(splitter.push(stream.span().subspan(at), units).ok());
    ck_assert(splitter.finish().ok());
    ck_assert_uint_eq(units.size(), 6);
    ck_assert(units[1].bytes == first);
  }
}
END_TEST

START_TEST(test_a_chunk_is_given_with_its_last_byte) {
  Splitter splitter;
  std::vector<Unit> units;
  ck_assert(splitter.push(kChunk.span().first(kChunk.size() - 1), units).ok());
  ck_assert_uint_eq(units.size(), 0);
  ck_assert(splitter.push(kChunk.span().last(1), units).ok());
  ck_assert_uint_eq(units.size(), 1);
}
END_TEST

#if OWN_ALLOCATOR
START_TEST(test_payload_of_usual_size_is_copied_once) {
  constexpr size_t kPayload = 1'000'000;
  const Bytes stream = join({kMoof, box_of("mdat", kPayload)});
  Outcome outcome;
  // Half of it: as would be seen if the memory grew.
  ck_assert_int_eq(tests::count_allocations(kPayload / 2, [&] { outcome = split(stream, 10'000); }), 1);
  assert_units(outcome, {stream});
}
END_TEST
#endif

START_TEST(test_what_has_no_place_in_a_unit_is_left_out) {
  const Bytes other = box_of("free", 10);
  const Bytes stream = join({other, kFtyp, other, styp("msdh"), kMoov, box_of("uuid", 30), styp("msdh"),
                             box_of("sidx", 9), kChunk, box_of("mfra", 8)});
  assert_units(split(stream, 7), {kHeader, join({styp("msdh"), kChunk})});
  // Behind moof it stays, for offsets count from there.
  const Bytes apart = join({kMoof, other, kMdat});
  assert_units(split(apart, 5), {apart});
  // A header ends what nothing has followed.
  assert_units(split(join({styp("msdh"), kHeader, kChunk}), 9), {kHeader, kChunk});
  assert_units(split({}), {});
  assert_units(split(join({kMoof, box_of("mdat", 0)}), 1), {join({kMoof, box_of("mdat", 0)})});
}
END_TEST

START_TEST(test_brands) {
  const auto unit_of = [](std::string_view brands) {
    return split(join({styp(brands), kChunk}), 3).units.at(0);
  };
  ck_assert(unit_of("").starts_segment && !unit_of("").ends_track && !unit_of("").is_filler);
  ck_assert(unit_of("msdhlmsg").ends_track && !unit_of("msdhlmsg").is_filler);
  ck_assert(unit_of("slat").is_filler && !unit_of("slat").ends_track);
  ck_assert(!unit_of("cmfl").starts_segment);
  ck_assert(unit_of("cmflcmfs").starts_segment && unit_of("cmfflmsgcmfl").starts_segment);
  const Outcome plain = split(kChunk);
  ck_assert(!plain.units[0].starts_segment && !plain.units[0].ends_track);
  // Not the minor version, and not what is left of a brand.
  const Bytes odd = make_box("styp", Bytes::copy_of(std::string_view("msdhlmsgsla")));
  ck_assert(!split(join({odd, kChunk})).track_ended);
}
END_TEST

START_TEST(test_the_end_of_a_track) {
  ck_assert(split(join({styp("lmsg"), kChunk})).track_ended);
  const Outcome alone = split(styp("lmsg"), 1);
  assert_units(alone, {});
  ck_assert(alone.track_ended);
  ck_assert(split(join({kChunk, box_of("mfra", 0)}), 1).track_ended);
  ck_assert(split(join({kChunk, box_of("mfra", 50)})).track_ended);
}
END_TEST

START_TEST(test_an_order_that_cannot_be) {
  refuses(join({kHeader, kMdat}),
          "'mdat' at byte 536 comes without 'moof' before it: samples have to be in movie fragments");
  refuses(kMoov, "'moov' at byte 0 comes without 'ftyp' before it");
  refuses(join({styp("msdh"), kMoov}), "'moov' at byte 20 comes without 'ftyp' before it");
  refuses(join({kFtyp, kMoof}), "'moof' at byte 28 comes where the 'moov' that belongs to 'ftyp' should");
  refuses(join({kFtyp, kFtyp}), "'ftyp' at byte 28 comes where the 'moov' that belongs to 'ftyp' should");
  refuses(join({kMoof, kMoof}), "'moof' at byte 108 comes where the 'mdat' that belongs to 'moof' should");
  refuses(join({kMoof, kHeader}), "'ftyp' at byte 108 comes where the 'mdat' that belongs to 'moof' should");
  refuses(from_hex("47401110000d0000"),
          "0x000d0000 at byte 0 is no box of CMAF, which begins with 'ftyp', 'styp' or 'moof'");
}
END_TEST

START_TEST(test_other_documents) {
  refuses(Bytes::copy_of(std::string_view("<?xml version=\"1.0\"?>")),
          "'l ve' at byte 0 is no box of CMAF, which begins with 'ftyp', 'styp' or 'moof'");
  // Further on, boxes of other standards have to be borne.
  assert_units(split(join({kHeader, box_of("abcd", 5), kChunk})), {kHeader, kChunk});
}
END_TEST

START_TEST(test_units_before_an_error_are_good) {
  const Outcome outcome = split(join({kHeader, kChunk, kMdat}));
  ck_assert_uint_eq(outcome.units.size(), 2);
  ck_assert(outcome.units[1].bytes == kChunk);
}
END_TEST

START_TEST(test_sizes_that_cannot_be) {
  refuses(join({kMoof, from_hex("000000006d646174")}),
          "'mdat' at byte 108 goes on to the end (size 0); a pushed box has to say its size");
  refuses(from_hex("000000076d6f6f66"), "'moof' at byte 0 has a size of 7, less than its header's 8");
  refuses(from_hex("000000016d6f6f66000000000000000f"),
          "'moof' at byte 0 has a size of 15, less than its header's 16");
}
END_TEST

START_TEST(test_limits) {
  const SplitterLimits limits{536, 3116};
  assert_units(split(join({kHeader, kChunk}), 11, limits), {kHeader, kChunk});
  refuses(kHeader, "'moov' at byte 28 has 508 bytes; with the 28 before it there may be 535",
          ErrorCode::kTooLarge, {535, 3116});
  refuses(kChunk, "'mdat' at byte 108 has 3008 bytes; with the 108 before it there may be 3115",
          ErrorCode::kTooLarge, {536, 3115});
  refuses(box_of("free", 4000), "'free' at byte 0 has 4008 bytes; with the 0 before it there may be 3116",
          ErrorCode::kTooLarge, limits);
  refuses(join({kMoof, box_of("free", 500)}),
          "'free' at byte 108 has 508 bytes; with the 108 before it there may be 536", ErrorCode::kTooLarge,
          limits);
  const Bytes emsg = box_of("emsg", 200);
  refuses(join({emsg, emsg, emsg}),
          "'emsg' at byte 416 has 208 bytes; with the 416 before it there may be 536", ErrorCode::kTooLarge,
          limits);
  refuses(join({kMoof, from_hex("000000016d646174ffffffffffffffff")}),
          "'mdat' at byte 108 has 18446744073709551615 bytes; with the 108 before it there may be 67108864",
          ErrorCode::kTooLarge);
}
END_TEST

START_TEST(test_an_end_in_the_middle) {
  refuses(from_hex("00000008"), "the end comes in the header of a box, at byte 4");
  refuses(Bytes::copy_of(kChunk.span().first(1000)),
          "the end comes 2116 bytes before that of 'mdat' at byte 108");
  refuses(kFtyp, "the end comes after 'ftyp', without its 'moov'");
  refuses(kMoof, "the end comes after 'moof', without its 'mdat'");
  refuses(join({kChunk, styp("msdh")}), "the end comes where the 'moof' of a chunk should");
}
END_TEST

START_TEST(test_what_the_packager_writes) {
  const Bytes header = *packager::write_init_segment(*tests::complete(tests::kStreamStarts[0]));
  media::Sample sample;
  sample.data = box_of("data", 5000);
  packager::ChunkHeader first{1, true, false, UtcTime(1'700'000'000s)}, last{2, true, true, {}};
  const Bytes one = packager::write_chunk({}, {&sample, 1}, first),
              two = packager::write_chunk({}, {&sample, 1}, last);
  const Outcome outcome = split(join({header, one, two}), 100);
  assert_units(outcome, {header, one, two});
  ck_assert(outcome.units[1].starts_segment && !outcome.units[1].ends_track && outcome.units[2].ends_track);
}
END_TEST

int main() {
  const Test tests[] = {
    test_pieces_of_any_size_give_the_same,
    test_a_chunk_is_given_with_its_last_byte,
#if OWN_ALLOCATOR
    test_payload_of_usual_size_is_copied_once,
#endif
    test_what_has_no_place_in_a_unit_is_left_out,
    test_brands,
    test_the_end_of_a_track,
    test_an_order_that_cannot_be,
    test_other_documents,
    test_units_before_an_error_are_good,
    test_sizes_that_cannot_be,
    test_limits,
    test_an_end_in_the_middle,
    test_what_the_packager_writes,
  };
  return run_tests("reader_splitter", tests);
}
