#include "support/liar.hpp"

#include <doctest/doctest.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

namespace natskv::test {
namespace {

bool readable(int fd) {
  pollfd item{fd, POLLIN, 0};
  return poll(&item, 1, 20) > 0;
}

bool say(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    if (bytes.front() == '\x02') {
      ::usleep(100'000);
      bytes.remove_prefix(1);
      continue;
    }
    const auto sent = send(fd, bytes.data(), bytes.substr(0, bytes.find('\x02')).size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// The numbers of the subscriptions for what sid_of() names.
std::string addressed(std::string bytes, const std::vector<std::pair<std::string, std::string>>& subscribed) {
  for (auto at = bytes.find('\x01'); at != std::string::npos; at = bytes.find('\x01')) {
    const auto end = bytes.find('\x01', at + 1);
    const std::string_view to = std::string_view(bytes).substr(at + 1, end - at - 1);
    std::string number = "1";
    for (const auto& [subject, sid] : subscribed) {
      if (to.starts_with(subject)) number = sid;
    }
    bytes.replace(at, end + 1 - at, number);
  }
  return bytes;
}

}  // namespace

Liar::~Liar() {
  ending_ = true;
  thread_.join();
  for (auto& talker : talkers_) talker.join();
}

void Liar::serve() {
  while (!ending_) {
    if (!readable(listener_.fd())) continue;
    const int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) talkers_.emplace_back([this, fd] { talk(fd); });
  }
}

void Liar::talk(int fd) {
  bool open = say(fd,
                  "INFO {\"server_id\":\"L\",\"server_name\":\"liar\",\"version\":\"2.10.0\",\"proto\":1,"
                  "\"headers\":true,\"max_payload\":1048576,\"jetstream\":true}\r\n");
  std::string buffer;
  Subscribed subscribed;
  std::array<char, 65536> part{};
  while (open && !ending_) {
    if (!readable(fd)) continue;
    const auto got = recv(fd, part.data(), part.size(), 0);
    if (got <= 0) break;
    buffer.append(part.data(), static_cast<std::size_t>(got));
    while (open && one(fd, buffer, subscribed, open)) {
    }
  }
  close(fd);
}

// One line, with its payload; false where more bytes are needed.
bool Liar::one(int fd, std::string& buffer, Subscribed& subscribed, bool& open) {
  const auto end = buffer.find("\r\n");
  if (end == std::string::npos) return false;
  const std::string line = buffer.substr(0, end);
  std::vector<std::string> words;
  for (std::size_t at = 0; at < line.size();) {
    const auto space = std::min(line.find(' ', at), line.size());
    if (space > at) words.push_back(line.substr(at, space - at));
    at = space + 1;
  }
  std::size_t used = end + 2;
  if (!words.empty() && (words[0] == "PUB" || words[0] == "HPUB")) {
    const auto size = std::stoul(words.back());
    if (buffer.size() < used + size + 2) return false;
    Request request{words[1], {}, buffer.substr(used, size)};
    const std::size_t with_reply = words[0] == "PUB" ? 4 : 5;
    if (words.size() == with_reply) request.reply = words[2];
    used += size + 2;
    if (!request.reply.empty()) open = say(fd, addressed(answer_(request), subscribed));
  } else if (words.size() >= 3 && words[0] == "SUB") {
    subscribed.emplace_back(words[1].substr(0, words[1].find('*')), words.back());
  } else if (!words.empty() && words[0] == "PING") {
    open = say(fd, "PONG\r\n");
  }
  buffer.erase(0, used);
  return true;
}

std::string sid_of(const std::string& subject) { return '\x01' + subject + '\x01'; }

std::string message(const std::string& to, std::string_view data, std::string_view reply,
                    std::string_view sid) {
  return fmt::format("MSG {} {} {}{}{}\r\n{}\r\n", to, sid.empty() ? sid_of(to) : std::string(sid), reply,
                     reply.empty() ? "" : " ", data.size(), data);
}

std::string with_headers(const std::string& to, std::string_view headers, std::string_view data,
                         std::string_view reply, std::string_view sid) {
  const auto head = fmt::format("NATS/1.0{}\r\n\r\n", headers);
  return fmt::format("HMSG {} {} {}{}{} {}\r\n{}{}\r\n", to, sid.empty() ? sid_of(to) : std::string(sid),
                     reply, reply.empty() ? "" : " ", head.size(), head.size() + data.size(), head, data);
}

std::string info_of_newer() {
  auto stream = nlohmann::json::parse(info);
  stream["config"]["metadata"] = {{"_nats.level", "1"}};
  return stream.dump();
}

std::string or_info(const Request& request, const std::string& otherwise) {
  return request.subject.find("STREAM.INFO") != std::string::npos ? message(request.reply, info) : otherwise;
}

// --timeout given as an option bounds the start of a listing too.
std::vector<std::string> quick(std::vector<std::string> command) {
  command.insert(command.begin(), {"--timeout", "300ms"});
  return command;
}

std::map<std::string, std::optional<std::string>> environment(const std::string& url, Leaks leaks) {
  std::map<std::string, std::optional<std::string>> names{{"NATS_URL", url}};
  const char* options = std::getenv("ASAN_OPTIONS");
  if (leaks == Leaks::not_those_of_the_library)
    names["ASAN_OPTIONS"] = std::string(options == nullptr ? "" : options) + ":detect_leaks=0";
  return names;
}

void check_good_order(const std::vector<std::string>& command, const Result& result, bool stopped) {
  // Not 2: the command lines are good, whatever a server says; but diff has it for what is 1 elsewhere. A
  // read finds no conflict and leaves nothing open.
  static const std::set<std::string> reads{"get", "keys",   "history", "watch",     "info",
                                           "ls",  "export", "doctor",  "__complete"};
  std::set<int> statuses{0, 1, 3, 5, 6};
  if (command[0] == "diff") {
    statuses.insert(2);
  } else if (!reads.contains(command[0])) {
    statuses.insert({4, 7});
  }
  if (stopped) statuses.insert(143);
  const auto words = fmt::format("{}", fmt::join(command, " "));
  CAPTURE(words);
  CAPTURE(result.err);
  CAPTURE(result.status);
  CHECK_FALSE(result.timed_out);
  CHECK(statuses.contains(result.status));
  for (const char* text : {"Sanitizer", "runtime error", "json.exception", "terminate called"})
    CHECK_MESSAGE(result.err.find(text) == std::string::npos, text);
}

}  // namespace natskv::test
