// Runs a program and writes its seconds and peak memory (KiB) to descriptor 3. What starts it counts into the
// peak that the kernel reports, so it has to be small itself: measure PROGRAM ARGUMENT...
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char** argv) {
  struct timespec from, upto;
  struct rusage usage;
  int status = 0;
  if (argc < 2) return 2;
  clock_gettime(CLOCK_MONOTONIC, &from);
  const pid_t pid = fork();
  if (pid == 0) {
    close(3);
    execvp(argv[1], argv + 1);
    _exit(127);
  }
  if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) return 1;
  clock_gettime(CLOCK_MONOTONIC, &upto);
  const double took = (double)(upto.tv_sec - from.tv_sec) + (double)(upto.tv_nsec - from.tv_nsec) / 1e9;
  dprintf(3, "%.6f %ld\n", took, usage.ru_maxrss);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
