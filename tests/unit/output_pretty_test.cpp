#include "output/pretty.hpp"

#include <doctest/doctest.h>

using natskv::text::pretty_json;

TEST_CASE("JSON is indented, and nothing in it is written otherwise") {
  CHECK(pretty_json(R"({"b":1E+05,"a":[0.10,{},[ ],"x\"],{"],"b":null})") ==
        "{\n  \"b\": 1E+05,\n  \"a\": [\n    0.10,\n    {},\n    [],\n    \"x\\\"],{\"\n  ],\n  \"b\": "
        "null\n}\n");
  CHECK(pretty_json(" 1 ") == "1\n");
  CHECK(pretty_json("\"a b\"\n") == "\"a b\"\n");
}

TEST_CASE("What a terminal would obey is escaped, and stays the same string") {
  CHECK(pretty_json("[\"\u009b31m\x7f\u202e\",\"gr\u00fc\u00df \U0001F600\U000E0041\"]") ==
        "[\n  \"\\u009b31m\\u007f\\u202e\",\n  \"gr\u00fc\u00df \U0001F600\\udb40\\udc41\"\n]\n");
}

TEST_CASE("What is no JSON is not indented") {
  for (const char* text : {"", " ", "hello", "{", "[1,]", "{\"a\":1}}", "\"\x01\"", "\"\xff\""})
    CHECK_FALSE(pretty_json(text).has_value());
}
