#include "terminal/sandbox.hpp"

#include "base/failure.hpp"
#include "base/file.hpp"
#include "base/quote.hpp"
#include "base/random.hpp"
#include "terminal/sandbox_folder.hpp"
#include "terminal/watchdog.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

namespace natskv::terminal {
namespace {

constexpr int ready_seconds = 10;
constexpr int gentle_ms = 5000;

bool can_run(const std::string& file) {
  struct stat info {};
  return ::stat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(file.c_str(), X_OK) == 0;
}

// The program in PATH or in the administrator's folders, which a user's PATH often lacks.
std::string find_server() {
  const char* const path = std::getenv("PATH");
  std::string folders = path != nullptr ? path : "";
  folders += ":/usr/local/sbin:/usr/sbin";
  std::string_view rest = folders;
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    std::string file = std::string(rest.substr(0, colon)) + "/nats-server";
    // An empty element of PATH means the current folder: ignored here.
    if (colon > 0 && can_run(file)) return file;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  throw Failure(Exit::failure, "no nats-server found in PATH",
                "install it: apt install nats-server, or https://github.com/nats-io/nats-server/releases");
}

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Whether the server on this port sends its greeting, which clients wait for.
bool greets(int port) {
  const File server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (server.fd() < 0) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(server.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS)
    return false;
  pollfd answer{server.fd(), POLLIN, 0};
  std::array<char, 5> word{};
  return ::poll(&answer, 1, 200) == 1 && ::recv(server.fd(), word.data(), word.size(), 0) == 5 &&
         std::string_view(word.data(), word.size()) == "INFO ";
}

// Waits for the end of a process that may not be a child.
bool ends(pid_t process, int milliseconds) {
  const File pidfd(process > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, process, 0)) : -1);
  pollfd end{pidfd.fd(), POLLIN, 0};
  return pidfd.fd() < 0 || ::poll(&end, 1, milliseconds) == 1;
}

// Unsets every NATS_* variable.
EnvironmentChanges without_nats() {
  EnvironmentChanges changes;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable = *entry;
    if (variable.starts_with("NATS_"))
      changes[std::string(variable.substr(0, variable.find('=')))] = std::nullopt;
  }
  return changes;
}

// Removing data sometimes takes longer than 200 ms, and must not be cut short.
std::chrono::milliseconds set_grace(std::chrono::milliseconds time) {
  Watchdog* const watchdog = Watchdog::current();
  return watchdog != nullptr ? watchdog->grace(time) : time;
}

}  // namespace

std::string server_program(const std::optional<std::string>& named) {
  const char* const variable = std::getenv("NATSKV_NATS_SERVER");
  const bool from_variable = !named && variable != nullptr && *variable != '\0';
  if (!named && !from_variable) return find_server();
  std::string file = named ? *named : variable;
  if (!can_run(file))
    throw usage(fmt::format("{}: {} is not a program that can be run",
                            from_variable ? "NATSKV_NATS_SERVER" : "--nats-server", in_quotes(file)));
  return file;
}

Sandbox::Sandbox(const std::string& server, const std::optional<std::string>& store, const Stop& stop)
    : store_(store) {
  SandboxFolder::remove_leftovers();
  if (store_) kept_ = std::make_unique<SandboxFolder>(SandboxFolder::kept(*store_));
  grace_before_ = set_grace(std::chrono::seconds(30));
  try {
    folder_ = std::make_unique<SandboxFolder>(SandboxFolder::fresh());
    const std::string token = random_hex(24);
    launch(server, token);
    wait_until_ready(stop);
    const int number = port();
    url_ = fmt::format("nats://{}@127.0.0.1:{}", token, number);
    context_file_ = folder_->at("sandbox.json");
    folder_->write(
        "sandbox.json",
        fmt::format(
            "{{\"description\": \"natskv sandbox\", \"url\": \"nats://127.0.0.1:{}\", \"token\": \"{}\"}}\n",
            number, token));
  } catch (...) {
    end_server();
    folder_.reset();
    set_grace(grace_before_);
    throw;
  }
}

Sandbox::~Sandbox() {
  end_server();
  folder_.reset();
  set_grace(grace_before_);
}

void Sandbox::launch(const std::string& server, const std::string& token) {
  // Paths are arguments: they are not secret, and need no quoting. The token is only in this file.
  // By itself the server drops who does not say the token within two seconds, as a busy machine may make it.
  folder_->write("server.conf", fmt::format("authorization {{ token: \"{}\", timeout: 30 }}\n", token));
  const std::string ports = folder_->at("ports");
  const std::string log = folder_->at("server.log");
  if (::mkdir(ports.c_str(), 0700) != 0) {
    throw cannot("make " + in_quotes(ports), errno);
  }
  const File output(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (output.fd() < 0) throw cannot("write " + in_quotes(log), errno);
  // A script would be killed with natskv, and what it started would stay.
  keeper_.start();
  Orders orders;
  orders.grace = kept_ ? std::int64_t{gentle_ms} * 1'000'000 : 0;
  const Kept kept{keeper_, orders, true};
  server_ = start({.argv = {server, "-c", folder_->at("server.conf"), "-a", "127.0.0.1", "-p", "-1", "-js",
                            "-sd", kept_ ? kept_->path() : folder_->at("data"), "--ports_file_dir", ports},
                   .environment = without_nats(),
                   .out = output.fd(),
                   .error = output.fd(),
                   .alone = true,
                   // Data that are kept are closed properly.
                   .death_signal = kept_ ? SIGTERM : SIGKILL,
                   // The folder is locked until the server has ended, too.
                   .inherited = kept_ ? kept_->lock() : folder_->lock()},
                  &kept);
}

// The file is named by the server's program and process: a script that starts it has another name and pid.
int Sandbox::port() {
  std::error_code none;
  const std::filesystem::directory_iterator files(folder_->at("ports"), none);
  if (none || files == std::filesystem::directory_iterator()) return 0;
  const std::string name = files->path().filename().string();
  const std::string ports = content_of(files->path().string());
  const std::size_t pid = name.rfind('_') + 1;
  std::from_chars(name.data() + pid, name.data() + name.size(), started_);
  constexpr std::string_view start = "\"nats://127.0.0.1:";
  const std::size_t at = ports.find(start);
  if (at == std::string::npos) return 0;
  const char* const first = ports.data() + at + start.size();
  int number = 0;
  const auto [end, error] = std::from_chars(first, ports.data() + ports.size(), number);
  // The quote after it shows that the file is complete up to here.
  return error == std::errc() && end != ports.data() + ports.size() && *end == '"' ? number : 0;
}

void Sandbox::wait_until_ready(const Stop& stop) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(ready_seconds);
  while (std::chrono::steady_clock::now() < end) {
    if (stop) throw Stopped{};
    // Waiting for its end is also the pause between two checks.
    if (const std::optional<int> status = wait_for(server_, 10)) {
      ::kill(-std::exchange(server_, 0), SIGKILL);
      const std::string line = last_log_line();
      throw Failure(Exit::failure, fmt::format("nats-server ended at its start with status {}{}{}", *status,
                                               line.empty() ? "" : ": ", line));
    }
    if (const int number = port(); number > 0 && greets(number)) return;
  }
  const std::string line = last_log_line();
  throw Failure(Exit::failure, fmt::format("nats-server did not answer within {} s{}{}", ready_seconds,
                                           line.empty() ? "" : ": ", line));
}

std::string Sandbox::last_log_line() const {
  std::string log = content_of(folder_->at("server.log"));
  while (!log.empty() && (log.back() == '\n' || log.back() == '\r')) log.pop_back();
  std::string line = log.substr(log.rfind('\n') == std::string::npos ? 0 : log.rfind('\n') + 1);
  // "[123] 2026/01/02 03:04:05.678 [FTL] " is of no use here.
  if (const std::size_t mark = line.find("] ", line.find(" ["));
      line.starts_with('[') && mark != std::string::npos) {
    line.erase(0, mark + 2);
  }
  return line;
}

// The whole group: a script may have started the server, and both must have ended before the folder is
// removed.
bool Sandbox::end_by(int signal) {
  ::kill(-server_, signal);
  return wait_for(server_, gentle_ms) && ends(started_, gentle_ms);
}

void Sandbox::end_server() {
  if (server_ > 0 && !end_by(kept_ ? SIGTERM : SIGKILL)) end_by(SIGKILL);
  server_ = 0;
  keeper_.tell({});
}

EnvironmentChanges Sandbox::environment() const {
  EnvironmentChanges changes = without_nats();
  changes["NATS_URL"] = url_;
  changes["NATS_CONTEXT"] = context_file_;
  return changes;
}

std::string Sandbox::write(const char* name, const std::string& bytes) const {
  folder_->write(name, bytes);
  return folder_->at(name);
}

}  // namespace natskv::terminal
