#include "terminal/foreground.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace natskv::terminal {

Foreground::Foreground()
    : terminal_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)),
      shared_(terminal_.fd() >= 0 && ::tcgetpgrp(terminal_.fd()) == ::getpgrp()),
      known_(shared_ && ::tcgetattr(terminal_.fd(), &modes_) == 0) {}

void Foreground::put_back(int wait_status) {
  if (!shared_) return;
  // Changing the terminal from the background would stop this process.
  sigset_t output;
  sigset_t before;
  ::sigemptyset(&output);
  ::sigaddset(&output, SIGTTOU);
  ::pthread_sigmask(SIG_BLOCK, &output, &before);
  if (::tcgetpgrp(terminal_.fd()) != ::getpgrp()) ::tcsetpgrp(terminal_.fd(), ::getpgrp());
  if (known_ && WIFSIGNALED(wait_status)) ::tcsetattr(terminal_.fd(), TCSADRAIN, &modes_);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace natskv::terminal
