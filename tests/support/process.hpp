// Programs under test: run to their end, kept running, or on a pseudo-terminal.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace natskv::test {

/// How a program is started. The environment is made anew: PATH (the tested nats-server's folder first),
/// TMPDIR, LD_LIBRARY_PATH and the sanitizers' options are kept, HOME and XDG_CONFIG_HOME are a folder of
/// this test run, LC_ALL=C.UTF-8, TZ=UTC, TERM=dumb (xterm-256color on a Terminal); then `env`, where a
/// nullopt unsets.
struct Run {
  std::vector<std::string> args = {};     ///< the program (path, or name in PATH) and its arguments
  std::optional<std::string> input = {};  ///< bytes on stdin, through a pipe; nullopt: /dev/null
  bool open_stdin = false;                ///< a pipe that stays open after `input`, for Process::send
  bool close_stdin = false, close_stdout = false, close_stderr = false;  ///< start without that descriptor
  std::string in_file = {}, out_file = {}, err_file = {};  ///< a file instead ("/dev/full"); outputs append
  int in_fd = -1, out_fd = -1, err_fd = -1;                ///< a descriptor instead; it stays the caller's
  std::map<std::string, std::optional<std::string>> env = {};
  std::string cwd = {};
  double limit = 30;  ///< seconds until SIGKILL for the whole process group
};

struct Result {
  std::string out, err;
  int status = -1;         ///< exit status, or 128 + signal
  bool timed_out = false;  ///< killed at the limit (or its output was still held open then)
  double seconds = 0;
  long max_rss_kib = 0;
};

/// Runs it to its end. Throws std::runtime_error if it cannot be started.
Result run(Run what);

/// natskv with these arguments: $NATSKV, or the binary of this build.
Run natskv_command(std::vector<std::string> args, Run rest = {});
Result natskv(std::vector<std::string> args, Run rest = {});

/// `what`, where the name service did not answer.
Run with_slow_names(Run what);
/// `what`, where each fsync takes a second.
Run with_slow_disk(Run what);

/// A program that is running. All limits are seconds. The destructor kills its process group and reaps it.
class Process {
 public:
  explicit Process(Run what);
  virtual ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// What came so far, as of the last call that waited.
  [[nodiscard]] const std::string& out() const noexcept { return out_; }
  [[nodiscard]] const std::string& err() const noexcept { return err_; }

  /// Waits until stdout (stderr) holds `text`; false when it ended or the limit passed without. The limits
  /// are long: a busy machine may keep a process waiting for seconds, and then again.
  bool read_until(std::string_view text, double limit = 30);
  bool read_err_until(std::string_view text, double limit = 30);
  /// Keeps reading for that long; for "nothing more comes".
  void read_for(double seconds);

  void send(std::string_view bytes);  ///< to stdin, which is a pipe or the terminal
  void close_stdin();
  void close_stdout();  ///< our end of it: its reader is gone
  void signal(int number);
  void pause();  ///< SIGSTOP; returns when every thread has stopped
  void resume();
  [[nodiscard]] bool running();

  /// Waits for its end and the end of its outputs; at the limit it is killed and Result says so.
  Result wait(double limit = 30);

 protected:
  struct Tty {
    int rows, cols;
    bool in, out, err;
  };
  Process(Run what, std::optional<Tty> tty);
  bool read_until(const std::string& where, std::string_view text, double limit);

  std::string screen_;
  int master_ = -1;  // open until the end, so that sane() can ask after the program is gone

 private:
  using Clock = std::chrono::steady_clock;
  void start(const Run& what, std::optional<Tty> tty);
  bool pump(double seconds);  // one poll; false when every descriptor has ended
  [[nodiscard]] bool exited();
  void reap(Result& result);
  void close_all();

  pid_t pid_ = -1;
  bool reaped_ = false;
  Result ended_;  // what the first wait() saw
  int in_ = -1, out_fd_ = -1, err_fd_ = -1;
  std::string input_, out_, err_;
  bool keep_stdin_ = false, hung_up_ = false;
  Clock::time_point started_;
};

/// Which of the three are the terminal (the others are as Run says), and its size.
struct Screen {
  int rows = 24, cols = 80;
  bool in = true, out = true, err = true;
};

/// A program in a session of its own on a pseudo-terminal. out() and err() hold only what is not on the
/// terminal.
class Terminal : public Process {
 public:
  explicit Terminal(Run what, Screen screen = {});
  /// Raw bytes the terminal got, newlines as \r\n, what was typed echoed unless the program turned that off.
  [[nodiscard]] const std::string& screen() const noexcept { return screen_; }
  bool read_until(std::string_view text, double limit = 30) {
    return Process::read_until(screen_, text, limit);
  }
  void resize(int rows, int cols);
  /// Whether the terminal is as at the start: echo and line mode on.
  [[nodiscard]] bool sane() const;
};

}  // namespace natskv::test
