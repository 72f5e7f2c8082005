#include "terminal/foreground.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace natskv::terminal {

Foreground::Foreground()
    : terminal_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)),
      shared_(terminal_ >= 0 && ::tcgetpgrp(terminal_) == ::getpgrp()),
      known_(shared_ && ::tcgetattr(terminal_, &modes_) == 0) {}

Foreground::~Foreground() {
  if (terminal_ >= 0) ::close(terminal_);
}

void Foreground::put_back(int wait_status) {
  if (!shared_) return;
  // Changing the terminal from the background would stop us.
  sigset_t output;
  sigset_t before;
  ::sigemptyset(&output);
  ::sigaddset(&output, SIGTTOU);
  ::pthread_sigmask(SIG_BLOCK, &output, &before);
  if (::tcgetpgrp(terminal_) != ::getpgrp()) ::tcsetpgrp(terminal_, ::getpgrp());
  if (known_ && WIFSIGNALED(wait_status)) ::tcsetattr(terminal_, TCSADRAIN, &modes_);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace natskv::terminal
