#include "base/failure.hpp"
#include "input/entry_line.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>

using namespace natskv;

namespace {

EntryLine parsed(std::string_view text) {
  EntryParser parser;
  EntryLine line;
  parser.parse(text, line);
  return line;
}

std::string refusal(std::string_view text) {
  try {
    (void)parsed(text);
  } catch (const Failure& failure) {
    CHECK(failure.exit() == Exit::usage);
    return failure.what();
  }
  return "(taken)";
}

}  // namespace

TEST_CASE("a line gives key, value, operation, revision, time and time to live") {
  const auto line =
      parsed(R"({"bucket":"b","key":"a.b","revision":7,"operation":"PUT",)"
             R"("created":"1970-01-01T00:00:01.5Z","size":2,"value":"hi","delta":0,"ttl_seconds":90})");
  CHECK(line.key == "a.b");
  CHECK(line.value == "hi");
  CHECK(line.operation == Operation::put);
  CHECK(line.revision == 7);
  CHECK(line.created == Instant{1'500'000'000});
  CHECK(line.ttl == seconds(90));
}

TEST_CASE("escapes, blanks, nested strangers and numbers of any form are read as JSON says") {
  CHECK(parsed(" { \"key\" : \"k\" , \"value\" : \"a\\n\\u00e9\\\"\" } \r").value == "a\n\xC3\xA9\"");
  CHECK(parsed(R"({"x":{"key":[1,{"value":2}]},"key":"k","value":"v","y":[[]]})").value == "v");
  CHECK(parsed(R"({"key":"k","value":"v","ttl_seconds":1.5})").ttl == Span{1'500'000'000});
  CHECK(parsed(R"({"key":"k","value":"v","revision":18446744073709551615})").revision ==
        18446744073709551615U);
  CHECK(parsed("{\"key\":\"k\",\"value\":\"\xC3\xA9\"}").value == "\xC3\xA9");
}

// The common case is read eight bytes at a time: what is special may stand at any of them.
TEST_CASE("every byte is read as JSON says wherever it stands") {
  for (int code = 0; code < 256; ++code) {
    for (std::size_t size = 0; size < 20; ++size) {
      std::string inside(size, 'a');
      inside.insert(size / 2, 1, static_cast<char>(code));
      const std::string text = "{\"key\":\"k\",\"value\":\"" + inside + "\"}";
      CAPTURE(text);
      const auto document = nlohmann::json::parse(text, nullptr, false);
      if (document.is_discarded())
        CHECK(refusal(text) != "(taken)");
      else
        CHECK(parsed(text).value == document.at("value").get<std::string>());
    }
  }
}

TEST_CASE("any bytes come through value_base64") {
  CHECK(parsed(R"({"key":"k","value_base64":"AP8="})").value == std::string("\0\xff", 2));
  CHECK(parsed(R"({"key":"k","value_base64":""})").value.empty());
}

TEST_CASE("nothing of a line stays in the next one") {
  EntryParser parser;
  EntryLine line;
  parser.parse(R"({"key":"k","value":"v","revision":1,"ttl_seconds":5,"created":"2026-01-01T00:00:00Z"})",
               line);
  parser.parse(R"({"key":"l","operation":"DEL"})", line);
  CHECK(line.value.empty());
  CHECK(line.operation == Operation::del);
  CHECK_FALSE(line.revision);
  CHECK_FALSE(line.ttl);
  CHECK_FALSE(line.created);
}

TEST_CASE("the first member that no entry has is remembered, those of export are known") {
  EntryParser parser;
  EntryLine line;
  parser.parse(R"({"bucket":"b","key":"k","value":"v","size":1,"delta":0,"expires":"x","marker_reason":"y"})",
               line);
  CHECK(parser.unknown().empty());
  parser.parse(R"({"key":"k","vlaue":"v","value":"v","z":1})", line);
  CHECK(parser.unknown() == "vlaue");
}

TEST_CASE("what is wrong is said, the value is not") {
  CHECK(refusal("") == "invalid JSON at byte 1");
  CHECK(refusal(R"({"key":"k","value":"secret)").find("secret") == std::string::npos);
  CHECK(refusal(R"({"key":"k","value":"v"} {)").find("invalid JSON") == 0);
  CHECK(refusal("[1]") == "not a JSON object");
  CHECK(refusal("7") == "not a JSON object");
  CHECK(refusal(R"({"value":"v"})") == "\"key\" is missing");
  CHECK(refusal(R"({"key":"k"})") == "neither \"value\" nor \"value_base64\" is given");
  CHECK(refusal(R"({"key":"k","value":"v","value_base64":"dg=="})") ==
        "both \"value\" and \"value_base64\" are given");
  CHECK(refusal(R"({"key":"k","value_base64":"dg="})") == "\"value_base64\" is not base64");
  CHECK(refusal(R"({"key":"k","value":7})") == "\"value\" must be a string");
  CHECK(refusal(R"({"key":"k","value":null})") == "\"value\" must be a string");
  CHECK(refusal(R"({"key":{"a":1},"value":"v"})") == "\"key\" must be a string");
  CHECK(refusal(R"({"key":"k","value":"v","key":"l"})") == "\"key\" is given twice");
  CHECK(refusal(R"({"key":"k","operation":"PUSH","value":"v"})") ==
        "\"operation\" must be PUT, DEL, PURGE or CHECK");
  CHECK(refusal(R"({"key":"k","operation":"DEL","value":""})") == "a DEL, PURGE or CHECK has no value");
  CHECK(refusal(R"({"key":"k","value":"v","ttl_seconds":0})") == "\"ttl_seconds\" is out of range");
  CHECK(refusal(R"({"key":"k","value":"v","ttl_seconds":-1})") == "\"ttl_seconds\" is out of range");
  CHECK(refusal(R"({"key":"k","value":"v","ttl_seconds":"1h"})") == "\"ttl_seconds\" must be a number");
  CHECK(refusal(R"({"key":"a b","value":"v"})").find("\"key\": ") == 0);
  CHECK(refusal(R"({"key":"a..b","value":"v"})").find("empty token") != std::string::npos);
  CHECK(refusal("{\"key\":\"k\",\"value\":\"\xff\"}").find("invalid JSON") == 0);
  CHECK(refusal("{\"key\":\"k\",\"value\":\"a\tb\"}").find("invalid JSON") == 0);
  CHECK(refusal(R"({"key":"k","value":"v","revision":01})").find("invalid JSON") == 0);
}
