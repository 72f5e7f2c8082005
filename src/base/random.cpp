#include "base/random.hpp"

#include "base/failure.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sys/random.h>

#include <vector>

namespace natskv {

void fill_randomly(void* to, std::size_t bytes) {
  if (::getrandom(to, bytes, 0) != static_cast<ssize_t>(bytes))
    throw Failure(Exit::failure, "cannot get random bytes");
}

std::string random_hex(std::size_t bytes) {
  std::vector<unsigned char> all(bytes);
  fill_randomly(all.data(), bytes);
  return fmt::format("{:02x}", fmt::join(all, ""));
}

}  // namespace natskv
