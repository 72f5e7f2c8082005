#include "nats/api.hpp"

#include "nats/check.hpp"

#include <nlohmann/json.hpp>

namespace natskv::nats {

nlohmann::ordered_json api_answer(std::string_view body) {
  auto answer = nlohmann::ordered_json::parse(body, nullptr, false);
  if (!answer.is_object()) throw Error(NATS_PROTOCOL_ERROR, 0, "the server's answer is not a JSON object");
  const auto error = answer.find("error");
  if (error == answer.end() || !error->is_object()) return answer;
  int code = 0;
  std::string text = "error without description";
  if (const auto c = error->find("err_code"); c != error->end() && c->is_number_integer())
    code = c->get<int>();
  if (const auto d = error->find("description"); d != error->end() && d->is_string())
    text = d->get<std::string>();
  throw Error(NATS_ERR, code, text);
}

}  // namespace natskv::nats
