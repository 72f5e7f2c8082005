// What nats.c and the server say, before kv/ makes sentences of it.
#include "nats/api.hpp"
#include "nats/check.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using natskv::nats::api_answer;
using natskv::nats::Error;
using natskv::nats::without_prefix;

TEST_CASE("the library's file and line never reach a user") {
  CHECK(without_prefix("(js.c:535): bucket full") == "bucket full");
  CHECK(without_prefix("(unix/sock.c:12): Timeout") == "Timeout");
  CHECK(without_prefix("(not a place) stays") == "(not a place) stays");
  CHECK(without_prefix("plain: text") == "plain: text");
  CHECK(without_prefix(nullptr).empty());
  CHECK(without_prefix("").empty());
}

TEST_CASE("a lost compare-and-set is a conflict by its code or by its text") {
  CHECK(Error(NATS_ERR, 10071, "anything").conflict());
  CHECK(Error(NATS_ERR, 10164, "anything").conflict());
  CHECK(Error(NATS_ERR, 0, "wrong last sequence: 7").conflict());
  CHECK_FALSE(Error(NATS_ERR, 10077, "maximum bytes exceeded").conflict());
  CHECK(Error(NATS_ERR, 10071, "wrong last sequence: 7").current_revision() == 7);
  CHECK(Error(NATS_ERR, 10071, "wrong last sequence: 18446744073709551615").current_revision() == UINT64_MAX);
  CHECK(Error(NATS_ERR, 10164, "wrong last sequence").current_revision() == std::nullopt);
  CHECK(Error(NATS_ERR, 10071, "wrong last sequence: 0").current_revision() == 0);
  CHECK(Error(NATS_ERR, 0, "7 other words").current_revision() == std::nullopt);
}

TEST_CASE("an error of the library carries its own text, not an earlier one's") {
  natsOptions* options = nullptr;
  REQUIRE(natsOptions_Create(&options) == NATS_OK);
  const auto status = natsOptions_SetTimeout(options, -1);
  CHECK(status == NATS_INVALID_ARG);
  // NOT_FOUND sets no text: the one of SetTimeout is still there and must not be shown.
  CHECK(std::string(natskv::nats::error(NATS_NOT_FOUND).what()) == natsStatus_GetText(NATS_NOT_FOUND));
  CHECK(std::string(natskv::nats::error(NATS_TIMEOUT).what()) == natsStatus_GetText(NATS_TIMEOUT));
  natsOptions_Destroy(options);
}

TEST_CASE("an API answer is an object, or an error with its code") {
  CHECK(api_answer(R"({"seq":3})").at("seq") == 3);
  const auto error_of = [](std::string_view body) -> Error {
    try {
      api_answer(body);
    } catch (const Error& error) {
      return error;
    }
    return {NATS_OK, 0, "no error"};
  };
  CHECK(error_of(R"({"error":{"code":404,"err_code":10059,"description":"stream not found"}})").code ==
        10059);
  CHECK(std::string(error_of(R"({"error":{"err_code":10059,"description":"x y"}})").what()) == "x y");
  CHECK(error_of(R"({"error":{"err_code":"10059","description":7}})").code == 0);
  for (const auto* body : {"", "nonsense", "[1]", "7", "{\"a\":", "null", "\xff\xfe"}) {
    CHECK(error_of(body).status == NATS_PROTOCOL_ERROR);
  }
}
