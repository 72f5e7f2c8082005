#include "support/server.hpp"

#include "support/client.hpp"
#include "support/tcp.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <regex>
#include <stdexcept>

namespace natskv::test {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// Asks every 20 ms until it is true; throws `what` after `limit` seconds.
template <class Question>
void await(double limit, const std::string& what, Question question) {
  const auto end = Clock::now() + std::chrono::duration<double>(limit);
  while (!question()) {
    if (Clock::now() > end) throw std::runtime_error(fmt::format("{}: not within {} s", what, limit));
    usleep(20'000);
  }
}

nlohmann::json stream_info(const std::string& url, const std::string& stream) {
  try {
    return nlohmann::json::parse(Client(url).api("STREAM.INFO." + stream, {}, 0.5));
  } catch (const std::runtime_error&) {
    return nlohmann::json::object();  // no leader of the cluster yet
  }
}

/// A server gives who has to prove something two seconds, in which a busy machine may not let them speak at
/// all. What the configuration itself says comes later, and counts.
std::string patient(const std::string& config) {
  static const std::regex block("\\b(authorization|tls)\\s*[:=]?\\s*\\{");
  const std::string all = has(config, "authorization") ? config : "authorization {}\n" + config;
  return std::regex_replace(all, block, "$1 { timeout: 30\n");
}

}  // namespace

std::string server_program() {
  const char* chosen = std::getenv("NATS_SERVER");
  const std::string name = chosen != nullptr && *chosen != '\0' ? chosen : "nats-server";
  auto found = name.find('/') == std::string::npos ? program(name) : fs::absolute(name).string();
  if (found.empty() || access(found.c_str(), X_OK) != 0) throw std::runtime_error("no program " + name);
  return found;
}

std::pair<int, int> server_version() {
  static const auto version = [] {
    const auto text = run({.args = {server_program(), "--version"}}).out;  // "nats-server: v2.9.10"
    const auto digits = text.find_first_of("0123456789");
    if (digits == std::string::npos) throw std::runtime_error("no version in " + text);
    size_t dot = 0;
    const int major = std::stoi(text.substr(digits), &dot);
    return std::pair(major, std::stoi(text.substr(digits + dot + 1)));
  }();
  return version;
}

bool server_at_least(int major, int minor) { return server_version() >= std::pair(major, minor); }

Server::Server(ServerOptions options)
    : options_(std::move(options)),
      port_(options_.port < 0 ? free_ports(1)[0] : options_.port),
      url_(fmt::format("nats://127.0.0.1:{}", port_)) {
  start();
}

pid_t Server::pid() const { return process_->pid(); }
bool Server::running() const { return process_ && process_->running(); }
std::string Server::log() const { return read_file(folder_ / "log"); }

void Server::write_config() const {
  auto text =
      fmt::format("listen: \"127.0.0.1:{}\"\nports_file_dir: \"{}\"\n", port_, folder_.path().string());
  if (!options_.name.empty()) text += "server_name: " + options_.name + "\n";
  if (options_.jetstream) {
    text += fmt::format("jetstream {{\n  store_dir: \"{}\"\n{}\n}}\n", folder_ / "store",
                        options_.jetstream_config);
  }
  write_file(folder_ / "server.conf", text + patient(options_.config) + "\n", 0600);
}

// It writes its ports once it listens.
bool Server::listens() const {
  for (const auto& file : fs::directory_iterator(folder_.path())) {
    if (file.path().extension() != ".ports") continue;
    const auto ports = nlohmann::json::parse(read_file(file.path()), nullptr, false);  // may be half written
    return !ports.is_discarded() && ports.contains("nats");
  }
  return false;
}

void Server::start() {
  for (const auto& file : fs::directory_iterator(folder_.path())) {
    if (file.path().extension() == ".ports") fs::remove(file.path());
  }
  write_config();
  process_ = std::make_unique<Process>(Run{.args = {server_program(), "-c", folder_ / "server.conf"},
                                           .out_file = folder_ / "log",
                                           .err_file = folder_ / "log"});
  const auto end = Clock::now() + std::chrono::duration<double>(options_.limit);
  while (!listens()) {
    if (!running() || Clock::now() > end) throw std::runtime_error("nats-server did not start:\n" + log());
    usleep(5'000);
  }
}

void Server::stop() {
  process_->signal(SIGCONT);
  process_->signal(SIGTERM);
  process_->wait(20);
}

void Server::kill9() {
  process_->signal(SIGKILL);
  process_->wait(20);
}

void Server::restart() {
  if (running()) stop();
  start();
}

void Server::pause() { process_->pause(); }
void Server::resume() { process_->resume(); }

void Server::reload(const std::string& config) {
  options_.config = config;
  write_config();
  const auto before = log().size();
  process_->signal(SIGHUP);
  await(30, "reload", [&] {
    const auto news = log().substr(before);
    if (news.find("Failed to reload") != std::string::npos) throw std::runtime_error(news);
    return news.find("Reloaded server configuration") != std::string::npos;
  });
}

Run Server::command(std::vector<std::string> args, Run rest) const {
  rest.env.try_emplace("NATS_URL", url_);
  return natskv_command(std::move(args), std::move(rest));
}

Result Server::natskv(std::vector<std::string> args, Run rest) const {
  return run(command(std::move(args), std::move(rest)));
}

// Tagged node:n1 and so on, and all of them "all", for placement.
Cluster::Cluster() {
  const auto ports = free_ports(nodes_.size());
  std::string routes;
  for (const int port : ports) routes += fmt::format("\"nats://127.0.0.1:{}\",", port);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i] = std::make_unique<Server>(ServerOptions{
        .config = fmt::format("cluster {{\n  name: natskv\n  listen: \"127.0.0.1:{}\"\n  routes: [{}]\n}}\n"
                              "server_tags: [\"node:n{}\", \"all\"]",
                              ports[i], routes, i + 1),
        .name = fmt::format("n{}", i + 1)});
  }
  // Once the three have elected a leader and know each other, a stream of three can be placed.
  await(100, "the cluster's JetStream", [&] {
    try {
      Client client(url());
      client.add_bucket("harness", R"({"num_replicas": 3, "storage": "memory"})", 0.5);
      client.delete_bucket("harness");
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  });
}

std::string Cluster::url() const {
  return fmt::format("{},{},{}", nodes_[0]->url(), nodes_[1]->url(), nodes_[2]->url());
}

size_t Cluster::leader(const std::string& stream, double limit) {
  size_t found = nodes_.size();
  await(limit, "a leader of " + stream, [&] {
    const auto info = stream_info(url(), stream);
    const auto name = info.value("/cluster/leader"_json_pointer, std::string());
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (name == fmt::format("n{}", i + 1) && nodes_[i]->running()) found = i;
    }
    return found < nodes_.size();
  });
  return found;
}

void Cluster::settle(const std::string& stream, double limit) {
  await(limit, "all replicas of " + stream, [&] {
    const auto info = stream_info(url(), stream);
    if (info.value("/cluster/leader"_json_pointer, std::string()).empty()) return false;
    for (const auto& replica : info["cluster"].value("replicas", nlohmann::json::array())) {
      if (!replica.value("current", false) || replica.value("offline", false)) return false;
    }
    return true;
  });
}

}  // namespace natskv::test
