// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/cmcd.hpp"

#include "tests/check_main.hpp"

using namespace origin;
using http::add_cmcd;
using http::cmcd_of;

namespace {

std::string read(std::string_view text) {
  JsonDocument json;
  add_cmcd(json, text);
  std::string line = json.text();
  line.pop_back();
  return line;
}

void check_equal(const std::string& text, const std::string& expected) {
  ck_assert_str_eq(text.c_str(), expected.c_str());
}

void check(std::string_view text, const char* expected) {
  check_equal(read(text), expected);
}

std::string cmcd_in(std::initializer_list<transport::HeaderField> fields, std::string_view query = {}) {
  transport::RequestHead head;
  head.fields = fields.begin();
  head.field_count = fields.size();
  head.query = query;
  return cmcd_of(head);
}

}  // namespace

START_TEST(test_values_have_their_types) {
  check("br=3200,bs,d=4004,mtp=25400,ot=v,sf=h,st=l,sid=\"6e2fb550-c457-11e9\",pr=1.08,nrr=\"0-99\"",
        "{\"br\":3200,\"bs\":true,\"d\":4004,\"mtp\":25400,\"ot\":\"v\",\"sf\":\"h\",\"st\":\"l\","
        "\"sid\":\"6e2fb550-c457-11e9\",\"pr\":\"1.08\",\"nrr\":\"0-99\"}");
  check("a=-3, com.example-b=\"x,y=\\\"z\\\\\"", "{\"a\":-3,\"com.example-b\":\"x,y=\\\"z\\\\\"}");
  check("su=false,bs=true", "{\"su\":false,\"bs\":true}");
}
END_TEST

START_TEST(test_what_is_none_is_left_out) {
  for (const char* text :
       {"", ",", "=", "=1", "\"", "a=\"open", "a=x y", "a=", "ä=1", "a=\"\xff\"", "a b", "a=\"x\"\"",
        "12345678901234567890123456789012345678901234567890123456789012345=1"}) {
    const std::string line = read(text);
    ck_assert_msg(line == "{}" || line == "{\"a\":\"x\"}", "%s: %s", text, line.c_str());
  }
  check("!,a=1,b=x/y,c=2", "{\"a\":1,\"c\":2}");
}
END_TEST

START_TEST(test_keys_are_bounded) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "k" + std::to_string(i) + ",";
  const std::string line = read(text);
  ck_assert(line.find("\"k39\"") != std::string::npos);
  ck_assert(line.find("\"k40\"") == std::string::npos);
}
END_TEST

START_TEST(test_where_it_is_in_a_request) {
  const auto all = [](std::initializer_list<transport::HeaderField> fields, std::string_view query = {}) {
    return cmcd_in(fields, query);
  };
  check_equal(all({{"CMCD-Object", "br=1"}, {"Host", "a"}, {"cmcd-session", "sid=\"b\""}}), "br=1,sid=\"b\"");
  check_equal(all({}, "_HLS_msn=3&CMCD=bl%3D21300%2Csid%3D%22a+b%22"), "bl=21300,sid=\"a b\"");
  check_equal(all({{"CMCD-Status", "bs"}}, "CMCD=su&cmcd=x"), "bs,su");
  check_equal(all({}, "CMCD=%zz"), "");
}
END_TEST

int main() {
  const Test tests[] = {test_values_have_their_types, test_what_is_none_is_left_out, test_keys_are_bounded,
                        test_where_it_is_in_a_request};
  return run_tests("cmcd", tests);
}
