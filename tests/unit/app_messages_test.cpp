#include "app/messages.hpp"

#include <doctest/doctest.h>

using namespace natskv;

TEST_CASE("a failure is one object, what does not apply left out") {
  CHECK(error_json(Failure(Exit::conflict, "no", "try \"x\"", {"b", "k", 7}), 4, true) ==
        R"({"error":{"exit":4,"code":"conflict","bucket":"b","key":"k","revision":7,"message":"no",)"
        R"("hint":"try \"x\""}})"
        "\n");
  CHECK(error_json(Failure(Exit::conflict, "no", "try"), 4, false) ==
        R"({"error":{"exit":4,"code":"conflict","message":"no"}})"
        "\n");
  CHECK(error_json(Failure(Exit::not_found, "no", "", {"", "\xff", 0}), 3, true) ==
        R"({"error":{"exit":3,"code":"not_found","key_base64":"/w==","message":"no"}})"
        "\n");
}

TEST_CASE("each status has a name, which another status does not change") {
  CHECK(code_name(Exit::timed_out) == "timeout");
  CHECK(code_name(Exit::not_executable) == "not_executable");
  CHECK(code_name(Exit::no_such_command) == "no_such_command");
  CHECK(code_name(static_cast<Exit>(77)) == "failure");
  CHECK(error_json(Failure(Exit::failure, "no").ending_with(Exit::usage), 2, true) ==
        R"({"error":{"exit":2,"code":"failure","message":"no"}})"
        "\n");
}

TEST_CASE("warnings, notes and traces are objects, too") {
  CHECK(message_json("warning", "a \"b\"\n") == "{\"warning\":{\"message\":\"a \\\"b\\\"\\n\"}}\n");
  CHECK(message_json("note", "x") == "{\"note\":{\"message\":\"x\"}}\n");
  CHECK(trace_json("> $KV.b.k") == "{\"trace\":\"> $KV.b.k\"}\n");
}
